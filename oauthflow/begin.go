package oauthflow

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/option"
)

// attemptLifetime is how long a user may take between redirect and callback.
const attemptLifetime = 10 * time.Minute

// Attempt is one authorization under way, as [Client.Begin] makes it.
type Attempt struct {
	// URL is where to send the user's browser.
	URL string

	// State is the "state" parameter of the authorization response that belongs
	// to this attempt.
	State string

	// Sealed is to be kept where only this user's browser, or this user's
	// session, can bring it back, and given to [Client.Complete]. It holds
	// state, nonce, PKCE verifier and ReturnTo, encrypted and bound to this
	// client.
	Sealed string

	// Expires is when Sealed is of no use any more: ten minutes from the start.
	Expires time.Time
}

// sealedAttempt is the content of Attempt.Sealed.
type sealedAttempt struct {
	State    string `json:"s"`
	Nonce    string `json:"n,omitempty"`
	Verifier string `json:"v,omitempty"`
	Redirect string `json:"u"`
	ReturnTo string `json:"r,omitempty"`
	Expires  int64  `json:"e"`
	MaxAge   int64  `json:"a,omitempty"` // seconds
}

var errTooLong = errors.New("the path to return to, or the redirect URL, is too long to keep")

// BeginOption changes one attempt. An argument that will not do is an error of
// [Client.Begin] and of [Client.Start].
type BeginOption func(*begin) error

type begin struct {
	scopes   []string
	params   map[string]string
	returnTo string
	maxAge   time.Duration // zero: any
	redirect string
}

// WithScopes asks for these scopes instead of those in Config.
func WithScopes(scopes ...string) BeginOption {
	return func(b *begin) error { b.scopes = scopes; return nil }
}

// WithParam adds a parameter to the authorization request, such as "prompt",
// "login_hint", "audience" or "acr_values". Parameters that the flow itself
// sets are an error in Begin.
func WithParam(name, value string) BeginOption {
	return func(b *begin) error {
		if slices.Contains(reservedParams[:], name) {
			return fmt.Errorf("the parameter %q belongs to the flow", name)
		}
		b.params[name] = value
		return nil
	}
}

// WithReturnTo keeps a path of the application for Result.ReturnTo. Anything
// but a path on the same host is an error in Begin, so that a query parameter
// of the sign-in link can be passed without becoming an open redirect; so is one
// that is too long to keep, in a cookie about 2 KiB.
func WithReturnTo(path string) BeginOption {
	return func(b *begin) error {
		if path != "" && !isLocalPath(path) {
			return errors.New("the path to return to must be a path on this host")
		}
		b.returnTo = path
		return nil
	}
}

// WithMaxAge demands that the user signed in at most d ago ("max_age", OpenID
// Connect Core section 3.1.2.1); the ID token must then say when. Whole
// seconds; d must be positive.
func WithMaxAge(d time.Duration) BeginOption {
	return func(b *begin) error {
		if d <= 0 || d%time.Second != 0 {
			return errors.New("the maximum age must be positive whole seconds")
		}
		b.maxAge = d
		return nil
	}
}

// reservedParams belong to the flow.
var reservedParams = [...]string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "dpop_jkt", "request", "request_uri", "max_age", "client_secret",
}

// Begin starts an authorization code flow (RFC 6749 section 4.1) over any
// transport: send the user to Attempt.URL, keep Attempt.Sealed, and give it to
// [Client.Complete] together with the parameters of the redirect. Web
// applications call [Client.Start], which keeps it in a cookie.
//
// With Provider.RequirePAR the request is pushed first (RFC 9126), which is the
// only case in which Begin sends something.
func (c *Client) Begin(ctx context.Context, opts ...BeginOption) (*Attempt, error) {
	b := begin{scopes: c.cfg.Scopes, params: map[string]string{}, redirect: c.cfg.RedirectURL}
	if err := option.Apply(&b, opts); err != nil {
		return nil, fmt.Errorf("oauthflow: begin: %w", err)
	}
	if err := c.checkBegin(&b); err != nil {
		return nil, fmt.Errorf("oauthflow: begin: %w", err)
	}
	expires := c.now().Add(attemptLifetime)
	in := sealedAttempt{
		State: rand.Text(), Redirect: b.redirect, ReturnTo: b.returnTo,
		Expires: expires.Unix(), MaxAge: int64(b.maxAge / time.Second),
	}
	if !c.cfg.Provider.NoPKCE {
		in.Verifier = oauth2.GenerateVerifier()
	}
	if asksForIDToken(b.scopes) {
		in.Nonce = rand.Text()
	}
	form := c.authorizationParams(&b, &in)
	if c.cfg.Provider.RequirePAR {
		pushed, err := c.push(ctx, form)
		if err != nil {
			return nil, err
		}
		form = pushed
	}
	sealed, err := c.sealAttempt(ctx, &in)
	if err != nil {
		return nil, fmt.Errorf("oauthflow: begin: %w", err)
	}
	return &Attempt{URL: withQuery(c.cfg.Provider.Endpoint.AuthURL, form), State: in.State, Sealed: sealed, Expires: expires}, nil
}

func (c *Client) checkBegin(b *begin) error {
	if c.cfg.Provider.Endpoint.AuthURL == "" {
		return fmt.Errorf("authorization: %w", ErrUnsupported)
	}
	if b.redirect == "" {
		return errors.New("the redirect URL is missing")
	}
	openID := asksForIDToken(b.scopes)
	if openID && c.keys == nil {
		return errors.New("the scope openid needs a provider with Issuer and JWKSURL, to verify ID tokens")
	}
	if b.maxAge != 0 && !openID {
		return errors.New("a maximum age needs the scope openid: the ID token says when the user signed in")
	}
	return nil
}

// asksForIDToken looks for "openid" in what is sent: a list may hold several
// scopes in one string.
func asksForIDToken(scopes []string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(strings.Fields(s), "openid") })
}

// isLocalPath refuses everything that a browser may read as another host:
// "//host", "/\host", and control characters, which browsers drop.
func isLocalPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsRune(s, '\\') {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.Host == "" && u.Scheme == ""
}

func (c *Client) authorizationParams(b *begin, in *sealedAttempt) url.Values {
	p := &c.cfg.Provider
	form := url.Values{}
	for _, params := range []map[string]string{p.AuthParams, b.params} {
		for k, v := range params {
			form.Set(k, v)
		}
	}
	form.Set("response_type", "code")
	form.Set(c.clientIDParam(), c.cfg.ClientID)
	form.Set("redirect_uri", b.redirect)
	form.Set("state", in.State)
	if len(b.scopes) > 0 {
		form.Set(c.scopeParam(), c.joinScopes(b.scopes))
	}
	if p.ResponseMode != "" {
		form.Set("response_mode", p.ResponseMode)
	}
	if in.Nonce != "" {
		form.Set("nonce", in.Nonce)
	}
	if in.Verifier != "" {
		form.Set("code_challenge", challenge(in.Verifier))
		form.Set("code_challenge_method", "S256")
	}
	if c.dpop != nil {
		form.Set("dpop_jkt", c.dpop.thumbprint)
	}
	if in.MaxAge > 0 {
		form.Set("max_age", fmt.Sprint(in.MaxAge))
	}
	return form
}

// challenge is S256 of RFC 7636 section 4.2.
func challenge(verifier string) string { return oauth2.S256ChallengeFromVerifier(verifier) }

func (c *Client) scopeParam() string { return c.cfg.Provider.scopeParam() }

func (c *Client) joinScopes(scopes []string) string {
	return strings.Join(scopes, cmp.Or(c.cfg.Provider.ScopeSeparator, " "))
}

func withQuery(base string, params url.Values) string {
	sep := "?"
	if strings.Contains(base, "?") {
		sep = "&"
	}
	return base + sep + params.Encode()
}

// attemptBinding ties a sealed attempt to its client and to its state, so that
// one made for another client, or under another state, does not open.
func (c *Client) attemptBinding(state string) string {
	text, _ := json.Marshal([]string{c.cfg.Provider.Endpoint.TokenURL, c.cfg.ClientID, state}) // strings always encode
	return string(text)
}

func (c *Client) sealAttempt(ctx context.Context, in *sealedAttempt) (string, error) {
	plaintext, _ := json.Marshal(in) // strings and numbers always encode
	sealed, err := c.cookies.seal(ctx, plaintext, c.attemptBinding(in.State))
	if err == nil && len(sealed) > maxSealed {
		return "", errTooLong
	}
	return sealed, err
}

// tokenParams starts a token request with what the provider wants in each.
func (c *Client) tokenParams(grantType string) url.Values {
	form := url.Values{"grant_type": {grantType}}
	for k, v := range c.cfg.Provider.TokenParams {
		form.Set(k, v)
	}
	return form
}
