package client

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sync"
)

// CallerFrom returns a name for whom the call speaks in whose middleware ctx, the
// request's context, was found, so that middleware can keep apart what belongs to
// different callers: a cache its responses. Two calls have one name only if they would
// be sent with the same credential. The name is a digest that tells nothing about it, and
// is another in each process.
//
// It is the credential as it is now, so the source may be asked. An [Auth] of your own
// whose credential is made anew for each request has its Identity method's name or that
// of [WithIdentity]; where it has neither, and outside of middleware, nobody can tell,
// and the error matches [ErrConfig].
//
// What a request's own headers hold is not part of it.
func CallerFrom(ctx context.Context) (string, error) {
	var x *hop
	if a, ok := ctx.Value(hopKey{}).(*above); ok {
		x = a.hop
	}
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
		x = a.x
	}
	if x == nil {
		return "", failf(ErrConfig, "client: the context is not that of a call's middleware")
	}
	if d := x.call.until(); !d.IsZero() {
		bounded, cancel := context.WithDeadline(ctx, d)
		defer cancel()
		ctx = bounded
	}
	return x.c.caller(ctx)
}

// caller is CallerFrom for the calls of c.
func (c *Client) caller(ctx context.Context) (string, error) {
	switch auth := c.cfg.auth.(type) {
	case nil:
		return callerName("nobody"), nil
	case headerOnly:
		field, err := auth.headerValue(ctx)
		if err != nil {
			return "", uncredited(err)
		}
		return callerName(append([]string{"header", auth.headerName()}, field...)...), nil
	case *queryAuth:
		req := &http.Request{URL: new(url.URL), Header: http.Header{}}
		if err := auth.Authorize(req.WithContext(ctx)); err != nil {
			return "", uncredited(err)
		}
		return callerName("query", req.URL.RawQuery), nil
	case identified:
		if id := cmp.Or(auth.Identity(), c.cfg.identity); id != "" {
			return callerName("identity", id), nil
		}
	}
	if c.cfg.identity != "" {
		return callerName("identity", c.cfg.identity), nil
	}
	return "", failf(ErrConfig, "client: nobody can tell for whom this Auth speaks: give it an Identity method, or name its account with WithIdentity")
}

// callerKey keys the names: who sees one cannot find the credential by trying.
var callerKey = sync.OnceValue(func() []byte { return []byte(rand.Text()) })

func callerName(parts ...string) string {
	mac := hmac.New(sha256.New, callerKey())
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		mac.Write(sum[:])
	}
	return hex.EncodeToString(mac.Sum(nil))
}
