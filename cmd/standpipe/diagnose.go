package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

// mishap is something that happens to a body between the provider and the
// verifier. undo gives the body as it may have been before, or nil.
type mishap struct {
	says string
	undo func(body []byte) []byte
}

func mishaps() []mishap {
	return []mishap{
		{"the body lost the line break at its end (LF): something trims it", func(b []byte) []byte { return append(bytes.Clone(b), '\n') }},
		{"the body lost the line break at its end (CR LF): something trims it", func(b []byte) []byte { return append(bytes.Clone(b), "\r\n"...) }},
		{"the body gained a line break at its end: an editor or echo added it", func(b []byte) []byte {
			if cut, ok := bytes.CutSuffix(b, []byte("\r\n")); ok {
				return cut
			}
			cut, ok := bytes.CutSuffix(b, []byte("\n"))
			if !ok {
				return nil
			}
			return cut
		}},
		{"the body's CR LF line ends became LF", func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		}},
		{"the body's LF line ends became CR LF", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }},
		{"a byte order mark was put before the body", func(b []byte) []byte {
			cut, ok := bytes.CutPrefix(b, []byte("\ufeff"))
			if !ok {
				return nil
			}
			return cut
		}},
		{"the JSON was parsed and written again with white space: verify the raw bytes, before any parser", compact},
		{"the JSON was parsed and written again without white space: verify the raw bytes, before any parser", indented("  ")},
		{"the JSON was parsed and written again without white space: verify the raw bytes, before any parser", indented("    ")},
		{"the JSON was parsed and written again, and \"<\", \">\" or \"&\" escaped on the way: verify the raw bytes, before any parser", unescaped},
		{"the body was compressed on its way, or is kept compressed: verify it as the provider sent it", inflated},
	}
}

// diagnose looks for a mishap that explains a signature which does not match:
// undone, the body verifies.
func diagnose(ctx context.Context, scheme *webhook.Scheme, d *dump, at time.Time) []string {
	for _, m := range mishaps() {
		body := m.undo(d.body)
		if body == nil || bytes.Equal(body, d.body) {
			continue
		}
		before := *d
		before.body = body
		_, err := scheme.Verify(ctx, before.request(at))
		if err == nil || errors.Is(err, webhook.ErrStale) || errors.Is(err, webhook.ErrFuture) {
			return []string{m.says}
		}
	}
	return nil
}

func compact(body []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, body) != nil {
		return nil
	}
	return b.Bytes()
}

func indented(by string) func([]byte) []byte {
	return func(body []byte) []byte {
		var b bytes.Buffer
		body = bytes.TrimSpace(body)
		if len(body)+len(by)*whiteSpace(body) > maxDump || json.Indent(&b, body, "", by) != nil {
			return nil
		}
		return b.Bytes()
	}
}

// whiteSpace is how many levels the lines of a JSON text are indented by in all, or more:
// a few bytes that are nested deeply become gigabytes.
func whiteSpace(text []byte) (levels int) {
	depth, inText := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if inText {
			if c == '\\' {
				i++ // what it escapes ends no text
			}
			inText = c != '"'
			continue
		}
		switch c {
		case '"':
			inText = true
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
		default:
			continue
		}
		levels += max(depth, 0)
	}
	return levels
}

// unescaped undoes what encoding/json does to HTML by default.
func unescaped(body []byte) []byte {
	for escaped, plain := range map[string]string{`\u003c`: "<", `\u003e`: ">", `\u0026`: "&"} {
		body = bytes.ReplaceAll(body, []byte(escaped), []byte(plain))
	}
	return body
}

func inflated(body []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxDump))
	if err != nil {
		return nil
	}
	return plain
}
