package redact

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"strconv"
	"strings"
)

const (
	maxEscapes = 4        // behind how many escapes a secret is looked for,
	maxEscaped = 64 << 10 // and in how many bytes
)

// unescape undoes one layer of the escapes of URLs, of JSON and of HTML, and leaves
// what is none.
func unescape(text string) string {
	if strings.ContainsRune(text, '%') {
		text = unpercent(text)
	}
	if strings.ContainsRune(text, '\\') {
		text = unslash(text)
	}
	if strings.ContainsRune(text, '&') {
		text = html.UnescapeString(text)
	}
	return text
}

func unpercent(text string) string {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				b = append(b, c[0])
				i += 2
				continue
			}
		}
		b = append(b, text[i])
	}
	return string(b)
}

// unslash undoes the escapes of JSON, and those of quoted text in Go and in other
// languages.
func unslash(text string) string {
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, `\`)
		b.WriteString(before)
		if !found {
			break
		}
		if strings.HasPrefix(rest, "/") {
			b.WriteByte('/')
			text = rest[1:]
			continue
		}
		text = text[len(before):]
		r, multibyte, tail, err := strconv.UnquoteChar(text, 0)
		for _, quote := range `"'` {
			if err != nil {
				r, multibyte, tail, err = strconv.UnquoteChar(text, byte(quote))
			}
		}
		switch {
		case err != nil:
			b.WriteByte('\\')
			text = text[1:]
			continue
		case multibyte:
			b.WriteRune(r)
		default:
			b.WriteByte(byte(r))
		}
		text = tail
	}
	return b.String()
}

// minBase64 is how long a part of a base64 text has to be to be told from others.
const minBase64 = 8

// withinBase64 returns what the base64 of any text that holds s has in it: one form
// for each of the three places in a group where s may begin, in both alphabets,
// without the characters that belong to its neighbours too.
func withinBase64(s string) (fs []string) {
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before, shared := range []int{0, 2, 3} {
			text := enc.EncodeToString(append(make([]byte, before), s...))[shared:]
			if (before+len(s))%3 != 0 {
				text = text[:len(text)-1]
			}
			if len(text) >= minBase64 {
				fs = append(fs, text)
			}
		}
	}
	return fs
}
