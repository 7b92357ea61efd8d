package client

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// OAuth2 sends the token of ts as its type says, Bearer as a rule (RFC 6750).
//
// Any [oauth2.TokenSource] will do. One that also has the method
//
//	TokenContext(context.Context) (*oauth2.Token, error)
//
// is asked under the call's deadline, and one that has
//
//	RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error)
//
// is asked, once for all calls that failed with the same token, for a newer one
// on a 401. The sources of package oauthflow have both. A plain TokenSource
// cannot refresh on demand, so its 401 is returned.
func OAuth2(ts oauth2.TokenSource) Auth {
	a := &oauthAuth{ts: ts}
	a.bounded, _ = ts.(tokenContext)
	if r, ok := ts.(tokenRefresher); ok {
		return &renewingAuth{oauthAuth: a, ts: r, flights: map[string]*tokenFlight{}}
	}
	return a
}

type tokenContext interface {
	TokenContext(context.Context) (*oauth2.Token, error)
}

type tokenRefresher interface {
	RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error)
}

type oauthAuth struct {
	ts      oauth2.TokenSource
	bounded tokenContext // ts, if it takes a context

	mu     sync.Mutex
	last   *oauth2.Token
	field  []string // made of last
	flight *tokenFlight
}

// tokenFlight is one call of a source that several requests wait for.
type tokenFlight struct {
	done  chan struct{}
	token *oauth2.Token
	err   error
}

func (f *tokenFlight) wait(ctx context.Context) (*oauth2.Token, error) {
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (*oauthAuth) headerName() string { return "Authorization" }

// Check reports a nil source.
func (a *oauthAuth) Check() error {
	if isNil(a.ts) {
		return failf(ErrConfig, "nil token source")
	}
	return nil
}

func (a *oauthAuth) Authorize(req *http.Request) error { return setHeader(a, req) }

func (a *oauthAuth) headerValue(ctx context.Context) ([]string, error) {
	tok, err := a.token(ctx)
	if err != nil {
		return nil, err
	}
	return a.headerField(tok)
}

// token asks the source. A plain one takes no context: while its last token is
// good for a while it is taken to answer at once, and otherwise, since it may
// talk to a server, it is asked by a goroutine that all callers wait for, each
// under its own deadline.
func (a *oauthAuth) token(ctx context.Context) (*oauth2.Token, error) {
	if a.bounded != nil {
		return a.bounded.TokenContext(ctx)
	}
	a.mu.Lock()
	if fresh(a.last) {
		a.mu.Unlock()
		return a.ts.Token()
	}
	f := a.flight
	if f == nil {
		f = &tokenFlight{done: make(chan struct{})}
		a.flight = f
		go func() {
			defer close(f.done)
			f.token, f.err = a.ts.Token()
			a.mu.Lock()
			a.flight = nil
			if f.err == nil {
				a.last, a.field = f.token, nil
			}
			a.mu.Unlock()
		}()
	}
	a.mu.Unlock()
	return f.wait(ctx)
}

// freshFor is how long a token must still live for its source to be taken to
// have it at hand: more than oauth2.ReuseTokenSource's own margin.
const freshFor = 15 * time.Second

func fresh(t *oauth2.Token) bool {
	return t != nil && (t.Expiry.IsZero() || time.Until(t.Expiry) > freshFor)
}

func (a *oauthAuth) headerField(tok *oauth2.Token) ([]string, error) {
	if tok == nil || tok.AccessToken == "" {
		return nil, failf(errAuth, "the token source returned no access token")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == tok && a.field != nil {
		return a.field, nil
	}
	value := tok.Type() + " " + tok.AccessToken
	if !validHeaderValue(value) {
		return nil, failf(errAuth, "the access token holds a control character")
	}
	a.last, a.field = tok, []string{value}
	return a.field, nil
}

// renewingAuth is a source that can refresh on demand.
type renewingAuth struct {
	*oauthAuth
	ts tokenRefresher

	mu      sync.Mutex
	flights map[string]*tokenFlight // by the access token that failed
}

// Challenge refreshes the token that failed, once for all who failed with it,
// and not at all if another has replaced it meanwhile.
func (a *renewingAuth) Challenge(req *http.Request, _ *http.Response) (bool, error) {
	ctx := req.Context()
	sent := req.Header.Get("Authorization")
	now, err := a.token(ctx)
	if err != nil {
		return false, err
	}
	if now.Type()+" "+now.AccessToken != sent {
		return true, nil // somebody has replaced it
	}
	a.mu.Lock()
	f := a.flights[now.AccessToken]
	if f == nil {
		f = &tokenFlight{done: make(chan struct{})}
		a.flights[now.AccessToken] = f
		go func() {
			defer close(f.done)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshLimit)
			defer cancel()
			f.token, f.err = a.ts.RefreshToken(ctx, now)
			a.mu.Lock()
			delete(a.flights, now.AccessToken)
			a.mu.Unlock()
		}()
	}
	a.mu.Unlock()
	tok, err := f.wait(ctx)
	if err != nil {
		return false, err
	}
	return tok != nil && tok.AccessToken != now.AccessToken, nil
}

// refreshLimit bounds a refresh whose callers have gone.
const refreshLimit = 30 * time.Second
