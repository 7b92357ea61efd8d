package s3

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/providers/internal/sigv4"
)

// PresignRequest is a request that somebody else is to make. URL and Expires are
// required.
type PresignRequest struct {
	Method string // GET or PUT as a rule; "" is GET
	URL    string // absolute: https, or http on this machine

	// Header are fields that the request must be sent with, exactly so, such as the
	// Content-Type of an upload, or a Content-Length that bounds it.
	Header http.Header

	// Expires is how long the URL works: whole seconds, from one second to seven days.
	// It ends with temporary credentials in any case.
	Expires time.Duration

	// InsecureCleartext permits plain http to any host. Whoever can see the URL on its
	// way can use it.
	InsecureCleartext bool
}

// Presigned is a request that needs no credential: whoever has its URL can make it until
// it expires. Treat the URL as a secret; this module's logs and errors hold no query.
type Presigned struct {
	Method  string
	URL     string
	Header  http.Header // the fields that were signed but for Host; to be sent as they are
	Expires time.Time   // when it ceases to work, by the service's clock
}

// The bounds of a presigned URL's life.
const (
	minPresign = time.Second
	maxPresign = 7 * 24 * time.Hour
)

// Presign signs a request by the query of its URL ("Authenticating Requests: Using Query
// Parameters" in the Amazon S3 API Reference). Nothing is sent. The body is not signed,
// unless Header has its X-Amz-Content-Sha256; for another service than S3 there is none
// then. The signature covers the fields of Header, though not those that clients and
// proxies set for themselves, such as User-Agent. Errors do not repeat the URL.
func (s *Signer) Presign(ctx context.Context, r PresignRequest) (Presigned, error) {
	fail := func(format string, args ...any) (Presigned, error) {
		return Presigned{}, fmt.Errorf("s3: presigning: "+format, args...)
	}
	if err := s.Check(); err != nil {
		return fail("%w", err)
	}
	if r.Expires < minPresign || r.Expires > maxPresign || r.Expires%time.Second != 0 {
		return fail("%w: a URL works for whole seconds, from 1 s to 7 days, not for %s", client.ErrRequest, r.Expires)
	}
	req, err := r.request(ctx)
	if err != nil {
		return fail("%w", err)
	}
	now := s.clock.now().Truncate(time.Second)
	c, err := s.credentials(ctx, now)
	if err != nil {
		return fail("%w", err)
	}
	payload := sigv4.EmptyPayload
	if given := req.Header.Get(sigv4.ContentHash); given != "" {
		payload = given
	} else if s.s3 {
		payload = sigv4.UnsignedPayload
	}
	names, err := s.sign.Presign(req, c.signing(), payload, now, r.Expires)
	if err != nil {
		return fail("%w: %w", client.ErrRequest, err)
	}
	p := Presigned{Method: req.Method, URL: req.URL.String(), Header: http.Header{}, Expires: now.Add(r.Expires)}
	for _, name := range names {
		if values := req.Header.Values(name); len(values) > 0 {
			p.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if !c.Expires.IsZero() && c.Expires.Before(p.Expires) {
		p.Expires = c.Expires
	}
	return p, nil
}

// request makes the request that is presigned.
func (r *PresignRequest) request(ctx context.Context) (*http.Request, error) {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil: // which repeats the URL
		return nil, fmt.Errorf("%w: the URL cannot be parsed", client.ErrRequest)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return nil, fmt.Errorf("%w: the URL must begin with https:// and a host", client.ErrRequest)
	case u.User != nil, u.Fragment != "":
		return nil, fmt.Errorf("%w: the URL has user info or a fragment", client.ErrRequest)
	case u.Scheme == "http" && !r.InsecureCleartext && !loopback.Host(u.Hostname()):
		return nil, fmt.Errorf("%w: the URL is plain http: use https, or InsecureCleartext", client.ErrRequest)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://host", nil)
	if err != nil {
		return nil, fmt.Errorf("%w: the method is malformed", client.ErrRequest)
	}
	req.URL, req.Host, req.Header = u, "", http.Header{}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		key := http.CanonicalHeaderKey(name)
		req.Header[key] = append(req.Header[key], r.Header[name]...)
	}
	if req.Header.Get("Host") != "" {
		return nil, fmt.Errorf("%w: the host is the URL's, and no header field", client.ErrRequest)
	}
	if n := req.Header.Get("Content-Length"); n != "" {
		if req.ContentLength, err = strconv.ParseInt(n, 10, 64); err != nil || req.ContentLength <= 0 {
			return nil, fmt.Errorf("%w: a Content-Length to be signed must be a number above 0", client.ErrRequest)
		}
	}
	return req, nil
}
