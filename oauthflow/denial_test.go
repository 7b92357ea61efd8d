package oauthflow_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

// O1: whatever else is wrong with a redirect, what the provider reports in it is
// not lost; and it is still no answer to an attempt.
func TestO1_ADenialKeepsItsCode(t *testing.T) {
	t.Parallel()
	denied := url.Values{"error": {"access_denied"}, "error_description": {"the user said no"}, "error_uri": {"https://auth.test/why"}}
	s := oauthtest.New(oauthtest.Config{})
	used := &oauthflow.MemoryUses{}
	c := newClient(t, s, "web", nil, oauthflow.WithSingleUse(used))
	with := func(name, value string) url.Values {
		q := url.Values{name: {value}}
		for k, v := range denied {
			q[k] = v
		}
		return q
	}
	b := newBrowser(t)
	back, err := s.Deny(b.start(c))
	require.NoError(t, err)
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	complete := func(sealed string, q url.Values) error { _, err := c.Complete(t.Context(), sealed, q); return err }
	finish := func(q url.Values) error {
		u := *back
		u.RawQuery = q.Encode()
		_, err := b.finish(c, &u)
		return err
	}
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"without a state", finish(denied), oauthflow.ErrState},
		{"with an empty one", finish(with("state", "")), oauthflow.ErrState},
		{"with another's", finish(with("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA")), oauthflow.ErrState},
		{"without a state, over another transport", complete(a.Sealed, denied), oauthflow.ErrState},
		{"with a state of nobody's", complete("", with("state", a.State)), oauthflow.ErrState},
		{"with a damaged attempt", complete(a.Sealed[1:], with("state", a.State)), oauthflow.ErrState},
		{"without an issuer", complete(a.Sealed, with("state", a.State)), oauthflow.ErrIssuer},
		{"a second time", complete(a.Sealed, with("state", a.State)), oauthflow.ErrStateUsed},
	} {
		require.ErrorIs(t, tc.err, tc.want, tc.name)
		require.ErrorIs(t, tc.err, oauthflow.ErrAccessDenied, tc.name)
		ce := callbackError(t, tc.err)
		require.Equal(t, []string{"access_denied", "the user said no", "https://auth.test/why"}, []string{ce.Code, ce.Description, ce.URI}, tc.name)
		require.ErrorContains(t, tc.err, `"access_denied" "the user said no"`)
	}
	require.Len(t, b.jar, 1, "the attempt is still under way")
	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrAuthorizationRefused)
	require.ErrorIs(t, err, oauthflow.ErrAccessDenied)
	require.Empty(t, b.jar)
	require.Empty(t, s.Requests())

	// Which of two is meant would be a guess.
	ce := callbackError(t, complete(a.Sealed, url.Values{"error": {"access_denied", "server_error"}}))
	require.ErrorIs(t, ce, oauthflow.ErrCallbackMalformed)
	require.Empty(t, ce.Code)
	// Without an error there is nothing to be kept.
	ce = callbackError(t, complete(a.Sealed, url.Values{"error_description": {"x"}, "error_uri": {"y"}}))
	require.Equal(t, oauthflow.CallbackError{Err: oauthflow.ErrState}, *ce)
	// The text is limited, and quoted.
	ce = callbackError(t, finish(url.Values{"error": {strings.Repeat("e", 5000)}, "error_description": {"a\nb" + strings.Repeat("d", 5000)}}))
	require.Len(t, ce.Code, 1024)
	require.Len(t, ce.Description, 1024)
	require.LessOrEqual(t, len(ce.Error()), 1<<10+200)
	require.NotContains(t, ce.Error(), "\n")
}

// O1: Facebook reports errors under names of its own, Apple and LinkedIn denials
// under codes of theirs.
func TestO1_DenialsInTheServicesOwnShape(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{NoIssParameter: true})
	c := newClient(t, s, "web", nil)
	for _, tc := range []struct {
		name, query, code, text string
		denied                  bool
		want                    error
	}{
		{"Facebook", "error_code=1349126&error_message=App+not+active", "1349126", "App not active", false, oauthflow.ErrAuthorizationRefused},
		{"Facebook, denied", "error=access_denied&error_code=200&error_description=Permissions+error&error_reason=user_denied", "access_denied", "Permissions error", true, oauthflow.ErrAuthorizationRefused},
		{"Apple", "error=user_cancelled_authorize", "user_cancelled_authorize", "", true, oauthflow.ErrAuthorizationRefused},
		{"LinkedIn", "error=user_cancelled_login&error_description=x", "user_cancelled_login", "x", true, oauthflow.ErrAuthorizationRefused},
		{"another error", "error=server_error", "server_error", "", false, oauthflow.ErrAuthorizationRefused},
		{"no error and no code", "error_code=0&error_message=x", "", "", false, oauthflow.ErrCallbackMalformed},
		{"nothing", "", "", "", false, oauthflow.ErrCallbackMalformed},
	} {
		a, err := c.Begin(t.Context())
		require.NoError(t, err)
		q, err := url.ParseQuery(tc.query)
		require.NoError(t, err)
		q.Set("state", a.State)
		_, err = c.Complete(t.Context(), a.Sealed, q)
		require.ErrorIs(t, err, tc.want, tc.name)
		ce := callbackError(t, err)
		require.Equal(t, []string{tc.code, tc.text}, []string{ce.Code, ce.Description}, tc.name)
		require.Equal(t, tc.denied, ce.Is(oauthflow.ErrAccessDenied), tc.name)
		require.False(t, ce.Is(oauthflow.ErrState))
	}
	// A code beside Facebook's error_code is a code.
	b, back := attempt(t, s, c)
	back.RawQuery += "&error_code=7"
	_, err := b.finish(c, back)
	require.NoError(t, err)
}

// Of a command line too a denial without a state is told, when the time is over.
func TestLoopbackTellsOfADenialWithoutAState(t *testing.T) {
	t.Parallel()
	s := cliServer()
	c := newClient(t, s, "cli", nil)
	run := func(rawQuery string) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := oauthflow.Loopback{Open: func(_ context.Context, authURL string) error {
			back, err := url.Parse(query(t, authURL).Get("redirect_uri"))
			if err != nil {
				return err
			}
			back.RawQuery = rawQuery
			go func() {
				defer cancel()
				_, _ = get(t, back.String(), nil)
			}()
			return nil
		}}.Run(ctx, c)
		require.ErrorIs(t, err, context.Canceled)
		return err
	}
	err := run("error=access_denied&error_description=no")
	require.ErrorIs(t, err, oauthflow.ErrAccessDenied)
	require.ErrorIs(t, err, oauthflow.ErrState)
	require.ErrorContains(t, err, `"access_denied" "no"`)
	for _, other := range []string{"error=access_denied&state=forged", "code=x", "", "error_description=x"} {
		require.NotErrorIs(t, run(other), oauthflow.ErrState, other)
	}
}

// O1: an "iss" that is there is checked, also an empty one, and also where the
// server does not announce it.
func TestO1_AnEmptyIssuerIsAnother(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{NoIssParameter: true})
	c := newClient(t, s, "web", nil)
	for iss, want := range map[string]error{"": oauthflow.ErrIssuer, " ": oauthflow.ErrIssuer, "https://evil.test": oauthflow.ErrIssuer, s.URL: nil} {
		b, back := attempt(t, s, c)
		back.RawQuery += "&" + url.Values{"iss": {iss}}.Encode()
		_, err := b.finish(c, back)
		require.ErrorIs(t, err, want, "%q", iss)
	}
	// A provider without an issuer has nothing to compare with.
	none := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Provider.Issuer, cfg.Scopes = "", []string{"profile"}
	})
	b, back := attempt(t, s, none)
	back.RawQuery += "&iss=https%3A%2F%2Fanybody.test"
	_, err := b.finish(none, back)
	require.NoError(t, err)
}

// O1: what is sealed is an attempt of this state.
func TestO1_WhatIsSealedMustBeTheAttempt(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	for _, plaintext := range []string{"", "null", "{", `{"s":"another","e":9999999999}`, `{"e":9999999999}`, `[]`} {
		sealed, err := oauthflow.SealFor(c, "the-state", []byte(plaintext))
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), sealed, url.Values{"state": {"the-state"}, "code": {"x"}})
		require.ErrorIs(t, err, oauthflow.ErrState, plaintext)
	}
	require.Empty(t, s.Requests())
}

// O1: of two cookies under one name neither is this browser's for sure: a
// subdomain can set the other.
func TestO1_TwoStateCookies(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.RedirectURL = "http://localhost:8080/callback" // no __Host- prefix, which would forbid that
		cfg.CookieKey = secret.Static(cookieKey)
	})
	sent := 0
	for _, second := range []func(string) string{func(v string) string { return v }, func(string) string { return "tossed" }} {
		for _, first := range []bool{true, false} {
			b, back := attempt(t, s, c)
			_, err := c.Finish(httptest.NewRecorder(), twoCookies(t, b, back, second, first))
			require.ErrorIs(t, err, oauthflow.ErrState)
			require.Len(t, s.Requests(), sent, "no code was sent")
			_, err = b.finish(c, back)
			require.NoError(t, err, "the browser's own alone")
			sent++
		}
	}
}

// O1: what the HMAC covers can be read in one way alone, so that no name or
// value holds what stands between them.
func TestO1_SignedParametersReadOneWay(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{OptionalPKCE: true, NoIssParameter: true})
	p, err := oauthflow.Shopify("example.myshopify.com")
	require.NoError(t, err)
	p.Endpoint = s.Provider().Endpoint
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.Provider, cfg.Scopes = p, nil })
	for _, tc := range []struct {
		name, value string
		ok          bool
	}{
		{"extra", "x", true},
		{"extra", "x=y", true}, // the first "=" ends the name
		{"a&shop", "evil.myshopify.com", false},
		{"a=b&shop", "evil.myshopify.com", false},
		{"shop=evil.myshopify.com&z", "x", false},
		{"a=b", "c", false},
		{"&", "", false},
		{"=", "", false},
		{"extra", "x&shop=evil.myshopify.com", false},
	} {
		b, back := attempt(t, s, c)
		q := back.Query()
		q.Set(tc.name, tc.value)
		signed := hmacSigned(q, "web-secret")
		back.RawQuery = signed.Encode()
		_, err := b.finish(c, back)
		if tc.ok {
			require.NoError(t, err, tc.name)
			continue
		}
		require.ErrorIs(t, err, oauthflow.ErrCallbackSignature, "%s=%s", tc.name, tc.value)
	}
	vault := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Provider, cfg.Scopes, cfg.ClientSecret = p, nil, failingFrom(1, "")
	})
	sealed, err := vault.Begin(t.Context())
	require.NoError(t, err)
	_, err = vault.Complete(t.Context(), sealed.Sealed, hmacSigned(url.Values{"state": {sealed.State}, "code": {"c"}}, "web-secret"))
	require.ErrorIs(t, err, errVault)
	require.NotErrorIs(t, err, oauthflow.ErrCallbackSignature, "nothing is known of it")
	// The signature over one reading does not pass for the other.
	b, back := attempt(t, s, c)
	q := back.Query()
	q.Set("shop", "example.myshopify.com")
	signed := hmacSigned(q, "web-secret")
	signed.Del("shop")
	signed.Del("code")
	signed.Set("code", q.Get("code")+"&shop=example.myshopify.com")
	back.RawQuery = signed.Encode()
	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrCallbackSignature)
}

// hmacSigned adds the "hmac" of Shopify: over all other parameters, sorted,
// without any escaping.
func hmacSigned(q url.Values, key string) url.Values {
	var pairs []string
	for name := range q {
		pairs = append(pairs, name+"="+q.Get(name))
	}
	slices.Sort(pairs)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join(pairs, "&")))
	q.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	return q
}

// twoCookies is the redirect with the attempt's cookie and a second one of the
// same name, before or behind it.
func twoCookies(t *testing.T, b *browser, back *url.URL, second func(string) string, first bool) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, back.String(), nil)
	for name, cookie := range b.jar {
		other := &http.Cookie{Name: name, Value: second(cookie.Value)}
		if first {
			r.AddCookie(other)
		}
		r.AddCookie(cookie)
		if !first {
			r.AddCookie(other)
		}
	}
	return r
}
