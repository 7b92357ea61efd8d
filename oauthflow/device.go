package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/oauth2"
)

const (
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	defaultDeviceInterval  = 5 * time.Second // RFC 8628 section 3.2
	slowDownStep           = 5 * time.Second // RFC 8628 section 3.5
	maxDeviceInterval      = time.Minute
	fallbackDeviceLifetime = 15 * time.Minute
)

// DeviceAuth starts the device flow (RFC 8628 section 3.1): show UserCode and
// VerificationURI to the user, then call [Client.DeviceToken]. Scopes, if any
// are given, are asked for instead of Config.Scopes.
func (c *Client) DeviceAuth(ctx context.Context, scopes ...string) (*oauth2.DeviceAuthResponse, error) {
	const op = "device authorization"
	if c.cfg.Provider.Endpoint.DeviceAuthURL == "" {
		return nil, fmt.Errorf("oauthflow: %s: %w", op, ErrUnsupported)
	}
	if len(scopes) == 0 {
		scopes = c.cfg.Scopes
	}
	form := url.Values{}
	if len(scopes) > 0 {
		form.Set(c.scopeParam(), c.joinScopes(scopes))
	}
	now := c.now()
	r, err := c.post(ctx, call{op: op, url: c.cfg.Provider.Endpoint.DeviceAuthURL, form: form})
	if err != nil {
		return nil, err
	}
	m, perr := parseParams(r.body)
	if te := r.refusal(now, m); te != nil {
		return nil, te
	}
	if perr != nil {
		return nil, r.malformed(perr.Error())
	}
	da := &oauth2.DeviceAuthResponse{
		DeviceCode: textMember(m, "device_code"), UserCode: textMember(m, "user_code"),
		VerificationURI:         cmp.Or(textMember(m, "verification_uri"), textMember(m, "verification_url")), // as Google calls it
		VerificationURIComplete: textMember(m, "verification_uri_complete"),
	}
	if da.DeviceCode == "" || !isPrintable(da.UserCode) || !isWebURL(da.VerificationURI) {
		return nil, r.unusable(now, m, "it lacks device_code, user_code or verification_uri")
	}
	if da.VerificationURIComplete != "" && !isWebURL(da.VerificationURIComplete) {
		da.VerificationURIComplete = ""
	}
	life := fallbackDeviceLifetime
	if n, ok := numberMember(m, "expires_in"); ok && n > 0 {
		life = seconds(n)
	}
	da.Expiry = now.Add(life)
	interval, _ := numberMember(m, "interval")
	da.Interval = int64(seconds(interval) / time.Second)
	return da, nil
}

// isPrintable keeps a server's text from steering the terminal it is shown on.
func isPrintable(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// isWebURL keeps a program from opening something else than a page.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && isPrintable(s) && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

// DeviceToken polls until the user has decided, the device code expires, or ctx
// ends. It obeys slow_down, and goes on after network errors and 5xx, at a
// lower rate (RFC 8628 section 3.5). errors.Is tells [ErrAccessDenied],
// [ErrDeviceExpired] and the context's errors apart.
func (c *Client) DeviceToken(ctx context.Context, da *oauth2.DeviceAuthResponse) (*oauth2.Token, error) {
	const op = "device token"
	if da == nil || da.DeviceCode == "" {
		return nil, errors.New("oauthflow: device token: the device code is empty")
	}
	interval := defaultDeviceInterval
	if da.Interval > 0 {
		interval = seconds(float64(da.Interval))
	}
	form := c.tokenParams(grantDeviceCode)
	form.Set("device_code", da.DeviceCode)
	timer := time.NewTimer(c.untilPoll(interval, da))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, &TokenError{Op: op, Err: context.Cause(ctx)}
		case <-timer.C:
		}
		if !da.Expiry.IsZero() && !c.now().Before(da.Expiry) {
			return nil, &TokenError{Op: op, Code: "expired_token"}
		}
		g, err := c.poll(ctx, op, form)
		if err == nil {
			return g.token, nil
		}
		var goOn bool
		if interval, goOn = nextPoll(interval, err); !goOn || ctx.Err() != nil {
			return nil, err
		}
		timer.Reset(c.untilPoll(interval, da))
	}
}

// untilPoll is the interval, or less if the code expires before: what a server
// says about intervals does not keep the caller for longer.
func (c *Client) untilPoll(interval time.Duration, da *oauth2.DeviceAuthResponse) time.Duration {
	if da.Expiry.IsZero() {
		return interval
	}
	return min(interval, max(0, da.Expiry.Sub(c.now())))
}

// poll asks once. The deadline of ctx is that of the flow, which one request
// without a response must not use up.
func (c *Client) poll(ctx context.Context, op string, form url.Values) (*granted, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return c.grant(ctx, op, c.cfg.Provider.Endpoint.TokenURL, form)
}

// nextPoll says whether, and after what interval, to ask again.
func nextPoll(interval time.Duration, err error) (time.Duration, bool) {
	te, ok := errors.AsType[*TokenError](err)
	switch {
	case !ok, te.Code == "access_denied", te.Code == "expired_token", errors.Is(te, ErrInvalidGrant):
		return 0, false
	case te.Code == "authorization_pending":
		return interval, true
	case te.Code == "slow_down":
		return interval + slowDownStep, true
	case te.Status == http.StatusTooManyRequests:
		return max(interval+slowDownStep, te.RetryAfter), true
	case te.MaybeApplied, te.Code == "" && te.Status == 0:
		// No response, or none that decides: exponentially, as section 3.5
		// suggests.
		return max(interval, min(2*interval, maxDeviceInterval), te.RetryAfter), true
	}
	return 0, false
}
