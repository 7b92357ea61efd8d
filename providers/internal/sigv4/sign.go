package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Sign signs req, at the time now, by its header fields Authorization, X-Amz-Date and
// X-Amz-Security-Token, which take the place of others of that name. payload is the
// body's digest in hexadecimal, or what stands for it. The path or the query of req.URL
// may get another spelling, and req.Host loses a default port.
func (s *Signer) Sign(req *http.Request, c Credentials, payload string, now time.Time) error {
	w := s.begin()
	defer s.end(w)
	if err := w.target(s, req); err != nil {
		return err
	}
	if err := w.parse(req.URL.RawQuery); err != nil {
		return err
	}
	stamp := s.stamps.of(now)
	values := [...]string{stamp, c.Token, ""}
	h := req.Header
	delete(h, authorization)
	delete(h, token)
	h[date] = values[0:1:1]
	if c.Token != "" && !s.UnsignedToken {
		h[token] = values[1:2:2]
	}
	if err := w.collect(req, h); err != nil {
		return err
	}
	w.sortQuery()
	s.seal(w, req, c, payload, stamp)
	if c.Token != "" {
		h[token] = values[1:2:2]
	}
	values[2] = w.authorization(s, c.ID, stamp)
	h[authorization] = values[2:3:3]
	if string(w.query) != req.URL.RawQuery {
		req.URL.RawQuery = string(w.query)
	}
	return nil
}

// Presign signs req, at the time now and for the whole seconds of lifetime, by the
// query of req.URL. It returns the names of the header fields that were signed, in
// lower case and in order: host, and all that req has but for those that never are. The
// request must be sent with the same values. payload is as for Sign.
func (s *Signer) Presign(req *http.Request, c Credentials, payload string, now time.Time, lifetime time.Duration) ([]string, error) {
	w := s.begin()
	defer s.end(w)
	if err := w.target(s, req); err != nil {
		return nil, err
	}
	if err := w.parse(req.URL.RawQuery); err != nil {
		return nil, err
	}
	if name := w.presigned(); name != "" {
		return nil, fmt.Errorf("the query has %s already", name)
	}
	if err := w.collect(req, req.Header); err != nil {
		return nil, err
	}
	stamp := s.stamps.of(now)
	w.add("X-Amz-Algorithm", algorithm)
	w.add("X-Amz-Credential", c.ID+"/"+stamp[:8]+"/"+s.Region+"/"+s.Service+"/"+ending)
	w.add("X-Amz-Date", stamp)
	w.add("X-Amz-Expires", strconv.FormatInt(int64(lifetime/time.Second), 10))
	w.add("X-Amz-SignedHeaders", string(w.signed))
	if c.Token != "" && !s.UnsignedToken {
		w.add(token, c.Token)
	}
	w.sortQuery()
	s.seal(w, req, c, payload, stamp)
	if c.Token != "" && s.UnsignedToken {
		w.query = append(w.query, "&"+token+"="...)
		w.query = appendEncoded(w.query, c.Token, false)
	}
	w.query = append(w.query, "&X-Amz-Signature="...)
	w.query = hex.AppendEncode(w.query, w.signature[:])
	req.URL.RawQuery = string(w.query)
	return strings.Split(string(w.signed), ";"), nil
}

// Presigned reports whether a URL carries a signature in its query already.
func Presigned(u *url.URL) bool {
	if u.RawQuery == "" {
		return false
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		if strings.HasPrefix(pair, "X-Amz-Signature=") {
			return true
		}
	}
	return false
}

// presignParams are the query parameters that Presign adds.
var presignParams = [...]string{
	"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", token, "X-Amz-Signature",
}

var (
	errPath = errors.New("the URL is opaque, or its path does not begin with a slash")
	errHost = errors.New("the host is missing or not in ASCII")
)

// target finds the host and the canonical path, and gives the URL of S3 the latter.
func (w *scratch) target(s *Signer, req *http.Request) error {
	u := req.URL
	if u.Opaque != "" || u.Path != "" && u.Path[0] != '/' {
		return errPath
	}
	if bare := withoutDefaultPort(u.Scheme, hostOf(req)); bare != hostOf(req) {
		req.Host = bare
	}
	w.host[0] = hostOf(req)
	if !plainHost(w.host[0]) {
		return errHost
	}
	w.path = s.appendPath(w.path, u)
	// Where nothing had to be encoded, and nothing says otherwise, it is sent like that.
	plain := u.RawPath == "" && len(w.path) == len(u.Path)
	if s.EncodeOnce && s.KeepPath && u.Path != "" && !plain && string(w.path) != u.EscapedPath() {
		u.RawPath = string(w.path)
	}
	return nil
}

// seal makes the canonical request, the string to sign and the signature.
func (s *Signer) seal(w *scratch, req *http.Request, c Credentials, payload, stamp string) {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	b := append(w.text[:0], method...)
	b = append(append(b, '\n'), w.path...)
	b = append(append(b, '\n'), w.query...)
	b = w.appendFields(append(b, '\n'))
	b = append(append(b, '\n'), w.signed...)
	b = append(append(b, '\n'), payload...)
	sum := sha256.Sum256(b)

	b = append(b[:0], algorithm+"\n"...)
	b = append(append(b, stamp...), '\n')
	b = append(s.appendScope(b, stamp), '\n')
	b = hex.AppendEncode(b, sum[:])
	s.keys.of(s, c.Secret, stamp[:8]).sign(w.signature[:0], b)
	w.text = b
}

func (s *Signer) appendScope(b []byte, stamp string) []byte {
	b = append(append(b, stamp[:8]...), '/')
	b = append(append(b, s.Region...), '/')
	b = append(append(b, s.Service...), '/')
	return append(b, ending...)
}

func (w *scratch) authorization(s *Signer, id, stamp string) string {
	b := append(w.text[:0], algorithm+" Credential="...)
	b = append(append(b, id...), '/')
	b = s.appendScope(b, stamp)
	b = append(b, ", SignedHeaders="...)
	b = append(b, w.signed...)
	b = append(b, ", Signature="...)
	b = hex.AppendEncode(b, w.signature[:])
	w.text = b
	return string(b)
}
