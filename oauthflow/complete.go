package oauthflow

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Result is what a completed authorization yields.
type Result struct {
	// Token is what the token endpoint returned. Keep it in a manager of package
	// tokens if it can be refreshed.
	Token *oauth2.Token

	// IDToken holds the verified claims of who signed in. It is nil unless the
	// scope "openid" was asked for, and at a provider that does not speak OpenID
	// Connect, such as GitHub: [Client.UserInfo] asks there.
	IDToken *IDToken

	// Params are the parameters of the redirect that Provider.CallbackMetadata
	// names.
	Params url.Values

	// ReturnTo is the path given to [WithReturnTo], empty if there was none.
	ReturnTo string
}

// Complete finishes what [Client.Begin] started: sealed is Attempt.Sealed as it
// was kept for this user, params are the parameters of the redirect. It checks
// state, age, single use (see [WithSingleUse]) and issuer, exchanges the code
// once, and verifies the ID token. The error is a [*CallbackError] if the
// redirect is refused or reports an error, a [*TokenError] if the exchange
// fails, an [*IDTokenError] if the ID token is refused.
func (c *Client) Complete(ctx context.Context, sealed string, params url.Values) (*Result, error) {
	in, err := c.openAttempt(ctx, sealed, params)
	if err != nil {
		return nil, err
	}
	if err := c.checkCallback(ctx, params); err != nil {
		return nil, err
	}
	g, err := c.exchange(ctx, params.Get("code"), in.Verifier, in.Redirect)
	if err != nil {
		return nil, err
	}
	res := &Result{Token: g.token, ReturnTo: in.ReturnTo, Params: url.Values{}}
	for _, name := range c.cfg.Provider.CallbackMetadata {
		if v, ok := params[name]; ok {
			res.Params[name] = v
		}
	}
	if in.Nonce != "" {
		if res.IDToken, err = c.signedIn(ctx, g.token, in); err != nil {
			return nil, err
		}
	}
	return res, nil
}

func (c *Client) signedIn(ctx context.Context, tok *oauth2.Token, in *sealedAttempt) (*IDToken, error) {
	return c.VerifyIDToken(ctx, tok, IDTokenCheck{Nonce: in.Nonce, MaxAge: time.Duration(in.MaxAge) * time.Second})
}

// openAttempt finds out whether params belong to the attempt, and uses it up.
func (c *Client) openAttempt(ctx context.Context, sealed string, params url.Values) (*sealedAttempt, error) {
	state := params.Get("state")
	for name, v := range params {
		if len(v) > 1 {
			// RFC 6749 section 3.1: a parameter must not be given twice. Which
			// of two is meant would be a guess. The name is the sender's own
			// text.
			return nil, newCallbackError(params, fmt.Errorf("%w: %s is given twice", ErrCallbackMalformed, quote.Text(name, 64)))
		}
	}
	if state == "" || sealed == "" {
		return nil, newCallbackError(params, ErrState)
	}
	plaintext, err := c.cookies.open(ctx, sealed, c.attemptBinding(state))
	if err != nil {
		return nil, newCallbackError(params, err)
	}
	var in sealedAttempt
	if err := json.Unmarshal(plaintext, &in); err != nil || in.State != state {
		return nil, newCallbackError(params, ErrState)
	}
	if c.now().Unix() >= in.Expires {
		return nil, newCallbackError(params, ErrStateExpired)
	}
	if err := c.useOnce(ctx, &in); err != nil {
		return nil, newCallbackError(params, err)
	}
	return &in, nil
}

// checkCallback looks at an authorization response whose state is right.
func (c *Client) checkCallback(ctx context.Context, params url.Values) error {
	if err := c.checkIssuer(params); err != nil {
		return err
	}
	if c.cfg.Provider.CallbackHMAC {
		if err := c.checkCallbackHMAC(ctx, params); err != nil {
			return err
		}
	}
	if params.Get("error") != "" {
		return newCallbackError(params, ErrAuthorizationRefused)
	}
	if params.Get("code") != "" {
		return nil
	}
	e := newCallbackError(params, ErrAuthorizationRefused)
	if e.Code == "" {
		e.Err = fmt.Errorf("%w: there is no code", ErrCallbackMalformed)
	}
	return e
}

// checkIssuer is RFC 9207 section 2.4: a response from another issuer than the
// one that was asked is a mix-up attack.
func (c *Client) checkIssuer(params url.Values) error {
	p := &c.cfg.Provider
	if !params.Has("iss") {
		if p.IssParameter {
			return newCallbackError(params, fmt.Errorf("%w: it names none, and %s was expected", ErrIssuer, p.issuerName()))
		}
		return nil
	}
	if p.Issuer != "" && !p.isIssuer(params.Get("iss")) {
		return newCallbackError(params, otherIssuer(params.Get("iss"), p.issuerName()))
	}
	return nil
}

func (p *Provider) isIssuer(iss string) bool {
	for _, tenant := range p.Tenants {
		if iss == strings.ReplaceAll(p.Issuer, claims.TenantPlaceholder, tenant) {
			return true
		}
	}
	return iss == p.Issuer && len(p.Tenants) == 0 || slices.Contains(p.aliases(), iss)
}

// checkCallbackHMAC: see Provider.CallbackHMAC.
func (c *Client) checkCallbackHMAC(ctx context.Context, params url.Values) error {
	given, err := hex.DecodeString(params.Get("hmac"))
	if err != nil {
		return newCallbackError(params, ErrCallbackSignature)
	}
	secrets, err := panics.Do(ctx, "its source", c.cfg.ClientSecret.Secrets)
	if err != nil {
		return newCallbackError(params, fmt.Errorf("the client secret: %w", err))
	}
	var pairs []string
	for k := range params {
		if strings.ContainsAny(k, "&=") || strings.Contains(params.Get(k), "&") {
			// What is signed could be read as other parameters than these.
			return newCallbackError(params, ErrCallbackSignature)
		}
		if k != "hmac" {
			pairs = append(pairs, k+"="+params.Get(k))
		}
	}
	slices.Sort(pairs)
	for _, s := range secrets {
		mac := hmac.New(sha256.New, []byte(s.Reveal()))
		mac.Write([]byte(strings.Join(pairs, "&")))
		if hmac.Equal(mac.Sum(nil), given) {
			return nil
		}
	}
	return newCallbackError(params, ErrCallbackSignature)
}

// Exchange trades an authorization code for a token (RFC 6749 section 4.1.3)
// for transports that keep state by themselves; everyone else calls
// [Client.Finish] or [Client.Complete], which check before they exchange. The
// verifier is the one of RFC 7636, empty without PKCE. The code is sent once,
// whatever happens.
func (c *Client) Exchange(ctx context.Context, code, verifier string) (*oauth2.Token, error) {
	g, err := c.exchange(ctx, code, verifier, c.cfg.RedirectURL)
	if err != nil {
		return nil, err
	}
	return g.token, nil
}

func (c *Client) exchange(ctx context.Context, code, verifier, redirect string) (*granted, error) {
	form := c.tokenParams("authorization_code")
	form.Set("code", code)
	if redirect != "" {
		form.Set("redirect_uri", redirect)
	}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	return c.grant(ctx, "exchange code", c.cfg.Provider.Endpoint.TokenURL, form)
}
