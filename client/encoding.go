package client

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
)

// maxEncodings bounds how often a body may have been encoded.
const maxEncodings = 4

// unpacked undoes the content encodings (RFC 9110 §8.4) that are left: net/http
// has undone the gzip that it asked for itself, and taken the field away. The
// result has at most limit+1 bytes, so that the caller can tell what is over the
// limit. On an error it is what could be read, or nil where the encoding is not
// one of gzip.
func unpacked(h http.Header, body []byte, limit int64) ([]byte, error) {
	fields := h["Content-Encoding"]
	if len(fields) == 0 || len(body) == 0 {
		return body, nil
	}
	field := strings.Join(fields, ",")
	if n := strings.Count(field, ",") + 1; n > maxEncodings {
		return nil, failf(ErrDecode, "the response body is encoded %d times", n)
	}
	codings := strings.Split(lower(field), ",")
	for i := len(codings) - 1; i >= 0; i-- {
		switch coding := strings.TrimSpace(codings[i]); coding {
		case "", "identity":
		case "gzip", "x-gzip":
			if looksLikeJSON(withoutMark(body)) {
				continue // the label is wrong: no gzip begins like that
			}
			var err error
			if body, err = gunzip(body, limit); err != nil {
				return body, failf(ErrDecode, "the response body is not the gzip that its Content-Encoding says")
			}
		default:
			return nil, failf(ErrDecode, "the response body has the content encoding %s, which nobody asked for", printable(coding))
		}
	}
	return body, nil
}

func gunzip(body []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, limit+1))
}
