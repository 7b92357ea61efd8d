package client

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/panics"
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
// on a 401. The sources of package oauthflow/tokens have both. A plain TokenSource
// takes no context, so it is asked by a goroutine of its own, once for all who wait,
// each under the deadline of its call. It cannot refresh on demand: its 401 is returned.
func OAuth2(ts oauth2.TokenSource) Auth {
	a := &oauthAuth{ts: ts}
	a.bounded, _ = ts.(tokenContext)
	if r, ok := ts.(tokenRefresher); ok {
		return &renewingAuth{oauthAuth: a, ts: r, renewals: newRenewals[*oauth2.Token](tokenSource)}
	}
	return a
}

// tokenSource is how errors call the user's code.
const tokenSource = "the token source"

type tokenContext interface {
	TokenContext(context.Context) (*oauth2.Token, error)
}

type tokenRefresher interface {
	RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error)
}

type oauthAuth struct {
	ts      oauth2.TokenSource
	bounded tokenContext // ts, if it takes a context
	last    atomic.Pointer[tokenField]

	mu     sync.Mutex
	flight *flight.Flight[*oauth2.Token] // the one call of a plain source
	asked  time.Time                     // when it began
}

// tokenField is a token with the header field made of it.
type tokenField struct {
	token *oauth2.Token
	field []string
}

func (*oauthAuth) headerName() string { return "Authorization" }

// Check reports a nil source.
func (a *oauthAuth) Check() error {
	if isNil(a.ts) {
		return failf(ErrConfig, "the token source is nil")
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

// token asks the source, and returns a token that is not nil.
func (a *oauthAuth) token(ctx context.Context) (tok *oauth2.Token, err error) {
	if a.bounded != nil {
		tok, err = panics.Do(ctx, tokenSource, a.bounded.TokenContext)
	} else {
		tok, err = a.ask(ctx).Wait(ctx)
	}
	if err == nil && (tok == nil || tok.AccessToken == "") {
		err = failf(errAuth, "the token source returned no access token")
	}
	return tok, err
}

// ask calls a plain source, or joins the call that is under way. One that hangs is
// left to itself after a while, so that it does not hold up everyone for ever.
func (a *oauthAuth) ask(ctx context.Context) *flight.Flight[*oauth2.Token] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flight != nil {
		select {
		case <-a.flight.Done():
		default:
			if time.Since(a.asked) < renewalLimit {
				return a.flight
			}
		}
	}
	a.asked = time.Now()
	a.flight = flight.Start(ctx, 0, tokenSource, func(context.Context) (*oauth2.Token, error) { return a.ts.Token() }, nil)
	return a.flight
}

func (a *oauthAuth) headerField(tok *oauth2.Token) ([]string, error) {
	if last := a.last.Load(); last != nil && last.token == tok {
		return last.field, nil
	}
	value := tok.Type() + " " + tok.AccessToken
	if !validHeaderValue(value) {
		return nil, failf(errAuth, "the access token holds a control character")
	}
	last := &tokenField{tok, []string{value}}
	a.last.Store(last)
	return last.field, nil
}

// renewingAuth is a source that can refresh on demand.
type renewingAuth struct {
	*oauthAuth
	ts       tokenRefresher
	renewals *renewals[*oauth2.Token]
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
	tok, err := a.renewals.Do(ctx, sha256.Sum256([]byte(now.AccessToken)), func(ctx context.Context) (*oauth2.Token, error) {
		return a.ts.RefreshToken(ctx, now)
	})
	return err == nil && tok != nil && tok.AccessToken != now.AccessToken, err
}
