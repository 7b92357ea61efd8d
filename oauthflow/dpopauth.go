package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// DPoPAuth authorizes requests to an API with a token bound to a key, as the
// client package's kind of auth. It satisfies a server that demands a
// nonce (RFC 9449 section 9) and, if its token source can, replaces a token that the
// API does not accept any more. It is safe for concurrent use.
type DPoPAuth struct {
	dpop *DPoP
	src  oauth2.TokenSource
}

// Auth returns the auth for requests with the tokens of src: a source of
// package tokens, or any other. If src has a method TokenContext(context.Context),
// that is called with the request's context; if it has
// RefreshToken(context.Context, *oauth2.Token), that is called once after a 401
// that blames the token.
func (d *DPoP) Auth(src oauth2.TokenSource) *DPoPAuth { return &DPoPAuth{dpop: d, src: src} }

// Identity is that of the token source, such as the key of a tokens.Source; "" where
// it has none.
func (a *DPoPAuth) Identity() string {
	if i, ok := a.src.(interface{ Identity() string }); ok {
		return i.Identity()
	}
	return ""
}

// Authorize sets the headers Authorization and DPoP.
func (a *DPoPAuth) Authorize(req *http.Request) error {
	tok, err := a.token(req.Context())
	if err != nil {
		return err
	}
	if err := a.dpop.authorize(req, tok); err != nil {
		return fmt.Errorf("oauthflow: %w", err)
	}
	return nil
}

// authorize sets the headers for a token.
func (d *DPoP) authorize(req *http.Request, tok *oauth2.Token) error {
	if !strings.EqualFold(tok.TokenType, "DPoP") {
		return fmt.Errorf("dpop: the token is of type %s, not bound to a key", quote.Text(tok.Type(), 64))
	}
	proof, err := d.proof(cmp.Or(req.Method, http.MethodGet), sentTo(req).String(), tok.AccessToken)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "DPoP "+tok.AccessToken)
	req.Header.Set("DPoP", proof)
	return nil
}

// sentTo is the request's URL under the host that it names.
func sentTo(req *http.Request) *url.URL {
	target := *req.URL
	target.Host = cmp.Or(req.Host, target.Host)
	return &target
}

func (a *DPoPAuth) token(ctx context.Context) (*oauth2.Token, error) {
	if src, ok := a.src.(interface {
		TokenContext(context.Context) (*oauth2.Token, error)
	}); ok {
		return src.TokenContext(ctx)
	}
	if a.src == nil {
		return nil, errors.New("oauthflow: dpop: the token source is nil")
	}
	return a.src.Token()
}

// Challenge looks at a response with status 401 to req, which Authorize had
// prepared. It reports whether a replay, authorized anew, has a chance: the
// server asked for a nonce that it had not given before, or the token was
// refreshed.
func (a *DPoPAuth) Challenge(req *http.Request, resp *http.Response) (replay bool, err error) {
	fresh := a.dpop.learn(sentTo(req), req.Header.Get("DPoP"), resp.Header)
	if resp.StatusCode != http.StatusUnauthorized {
		return false, nil
	}
	challenge := strings.Join(resp.Header.Values("WWW-Authenticate"), ", ")
	if strings.Contains(challenge, "use_dpop_nonce") {
		return fresh, nil
	}
	if strings.Contains(challenge, "invalid_dpop_proof") {
		return false, nil
	}
	src, ok := a.src.(interface {
		RefreshToken(context.Context, *oauth2.Token) (*oauth2.Token, error)
	})
	failed, found := strings.CutPrefix(req.Header.Get("Authorization"), "DPoP ")
	if !ok || !found {
		return false, nil
	}
	if _, err := src.RefreshToken(req.Context(), &oauth2.Token{AccessToken: failed}); err != nil {
		return false, err
	}
	return true, nil
}
