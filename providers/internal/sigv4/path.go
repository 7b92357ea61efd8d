package sigv4

import (
	"net/url"
	"strings"
)

// appendPath appends the canonical path of u.
func (s *Signer) appendPath(dst []byte, u *url.URL) []byte {
	path := u.Path
	if !s.EncodeOnce {
		path = u.EscapedPath()
	}
	if path == "" {
		path = "/" // as it is sent
	}
	if !s.KeepPath {
		path = normalized(path)
	}
	return appendEncoded(dst, path, true)
}

// normalized removes dot segments and empty ones.
func normalized(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	last := ""
	for last = range strings.SplitSeq(path, "/") {
		switch last {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, last)
		}
	}
	folder := last == "" || last == "." || last == ".."
	if len(kept) == 0 {
		return "/"
	}
	path = "/" + strings.Join(kept, "/")
	if folder {
		path += "/"
	}
	return path
}

const upperHex = "0123456789ABCDEF"

// appendEncoded appends s with everything but the unreserved characters of RFC 3986
// §2.3, and slashes where they are to stay, percent-encoded byte by byte.
func appendEncoded(dst []byte, s string, slashes bool) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] || c == '/' && slashes {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
)

var unreserved = setOf("-._~", letters, digits)

// setOf is the set of the bytes of some strings.
func setOf(parts ...string) (set [256]bool) {
	for _, part := range parts {
		for i := range len(part) {
			set[part[i]] = true
		}
	}
	return set
}
