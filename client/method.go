package client

import (
	"io"
	"net/http"
)

// safeMethod and idempotentMethod are RFC 9110 §9.2.1 and §9.2.2.
func safeMethod(m string) bool {
	switch m {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

func idempotentMethod(m string) bool {
	return safeMethod(m) || m == http.MethodPut || m == http.MethodDelete
}

func redirectStatus(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// keepsRequest reports whether a redirect is followed with the same method and body
// (RFC 9110 §15.4): all but 303, which leads to the result of what has been done, and
// but for a POST that meets 301 or 302, which everybody turns into a GET.
func keepsRequest(status int, method string) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound:
		return method != http.MethodPost
	case http.StatusSeeOther:
		return false
	}
	return true
}

func hasBody(req *http.Request) bool {
	return req.Body != nil && req.Body != http.NoBody && req.Body != unopened{}
}

// sendsBody reports whether the body of req, which open opens again, has a byte in
// it. SDKs give a GET an empty one, whose length nobody has told.
func sendsBody(req *http.Request, open func() (io.ReadCloser, error)) bool {
	if !hasBody(req) || req.ContentLength > 0 || open == nil {
		return hasBody(req)
	}
	rc, err := open()
	if err != nil || rc == nil {
		return true // whoever sends it says what is wrong with it
	}
	defer rc.Close()
	_, err = io.ReadFull(rc, make([]byte, 1))
	return err != io.EOF
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// lower lowers ASCII letters and no others: Unicode folds "İ" onto "i", which
// would make two hosts one. The usual case has nothing to do.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if c := b[j]; c >= 'A' && c <= 'Z' {
					b[j] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
