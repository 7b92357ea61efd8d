package oauthflow_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/secret"
)

// attempt is a sign-in that waits for its callback.
func attempt(t *testing.T, s *oauthtest.Server, c *oauthflow.Client) (*browser, *url.URL) {
	t.Helper()
	b := newBrowser(t)
	back, err := s.Authorize(b.start(c), "alice")
	require.NoError(t, err)
	return b, back
}

func TestO1_HostileCallbacks(t *testing.T) {
	t.Parallel()
	set := func(name, value string) func(*browser, *url.URL) {
		return func(_ *browser, u *url.URL) {
			q := u.Query()
			q.Set(name, value)
			if value == "" {
				q.Del(name)
			}
			u.RawQuery = q.Encode()
		}
	}
	cookie := func(f func(string) string) func(*browser, *url.URL) {
		return func(b *browser, _ *url.URL) {
			for name, c := range b.jar {
				c.Value = f(c.Value)
				b.jar[name] = c
			}
		}
	}
	for _, tc := range []struct {
		name string
		edit func(*browser, *url.URL)
		want error
	}{
		{"no cookie", func(b *browser, _ *url.URL) { clear(b.jar) }, oauthflow.ErrState},
		{"no state", set("state", ""), oauthflow.ErrState},
		{"another state", set("state", "AAAAAAAAAAAAAAAAAAAAAAAAAA"), oauthflow.ErrState},
		{"tampered cookie", cookie(func(v string) string { return v[:40] + "AAAA" + v[44:] }), oauthflow.ErrState},
		{"truncated cookie", cookie(func(v string) string { return v[:len(v)/2] }), oauthflow.ErrState},
		{"empty cookie", cookie(func(string) string { return "" }), oauthflow.ErrState},
		{"cookie is no base64", cookie(func(string) string { return "***" }), oauthflow.ErrState},
		{"huge cookie", cookie(func(string) string { return strings.Repeat("A", 100_000) }), oauthflow.ErrState},
		{"state twice", func(_ *browser, u *url.URL) { u.RawQuery += "&state=x" }, oauthflow.ErrCallbackMalformed},
		{"code twice", func(_ *browser, u *url.URL) { u.RawQuery += "&code=x" }, oauthflow.ErrCallbackMalformed},
		{"no code", set("code", ""), oauthflow.ErrCallbackMalformed},
		{"damaged query", func(_ *browser, u *url.URL) { u.RawQuery += "&a=%zz" }, oauthflow.ErrCallbackMalformed},
		{"semicolon", func(_ *browser, u *url.URL) { u.RawQuery += "&a=b;c" }, oauthflow.ErrCallbackMalformed},
		{"wrong iss", set("iss", "https://evil.test"), oauthflow.ErrIssuer},
		{"iss with a slash more", func(_ *browser, u *url.URL) {
			q := u.Query()
			q.Set("iss", q.Get("iss")+"/")
			u.RawQuery = q.Encode()
		}, oauthflow.ErrIssuer},
		{"announced iss missing", set("iss", ""), oauthflow.ErrIssuer},
		{"another path", func(_ *browser, u *url.URL) { u.Path = "/callback/../admin" }, oauthflow.ErrCallbackPath},
		{"a longer path", func(_ *browser, u *url.URL) { u.Path = "/callback/" }, oauthflow.ErrCallbackPath},
		{"access denied", set("error", "access_denied"), oauthflow.ErrAccessDenied},
		{"denied and a code", set("error", "access_denied"), oauthflow.ErrAuthorizationRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := oauthtest.New(oauthtest.Config{})
			c := newClient(t, s, "web", nil)
			b, back := attempt(t, s, c)
			tc.edit(b, back)
			res, err := b.finish(c, back)
			require.Nil(t, res)
			require.ErrorIs(t, err, tc.want)
			callbackError(t, err)
			require.Empty(t, s.Requests(), "no code was sent")
		})
	}
}

// An attempt opens as it was sealed, whole, and only what could be one asks for keys.
func TestO1_WhatIsNotAnAttempt(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, err := s.Authorize(a.URL, "alice")
	require.NoError(t, err)
	for _, more := range []string{"!", "=", "A", "AAAA"} {
		_, err = c.Complete(t.Context(), a.Sealed+more, back.Query())
		require.ErrorIs(t, err, oauthflow.ErrState, more)
	}
	_, err = c.Complete(t.Context(), a.Sealed, back.Query())
	require.NoError(t, err)

	sealed := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.CookieKey = failingFrom(2, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	})
	_, err = sealed.Complete(t.Context(), a.Sealed, back.Query())
	require.ErrorIs(t, err, errVault)
	_, err = sealed.Complete(t.Context(), "", back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState)
	_, err = sealed.Complete(t.Context(), a.Sealed, url.Values{"code": {"x"}})
	require.ErrorIs(t, err, oauthflow.ErrState)
	_, err = sealed.Complete(t.Context(), strings.Repeat("A", 9<<10), back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState)
	_, err = sealed.Complete(t.Context(), "***", back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState)
}

func TestO1_ForeignCookies(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{Clients: []oauthtest.Client{{ID: "web", Secret: "a"}, {ID: "other", Secret: "b"}}})
	key := secret.Static(cookieKey)
	shared := func(cfg *oauthflow.Config) { cfg.CookieKey = key }
	web, other := newClient(t, s, "web", shared), newClient(t, s, "other", shared)

	a, err := other.Begin(t.Context())
	require.NoError(t, err)
	back, err := s.Authorize(a.URL, "alice")
	require.NoError(t, err)
	_, err = web.Complete(t.Context(), a.Sealed, back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState, "of another client under the same key")

	mine, err := web.Begin(t.Context())
	require.NoError(t, err)
	back, err = s.Authorize(mine.URL, "alice")
	require.NoError(t, err)
	yours, err := web.Begin(t.Context())
	require.NoError(t, err)
	_, err = web.Complete(t.Context(), yours.Sealed, back.Query())
	require.ErrorIs(t, err, oauthflow.ErrState, "of another attempt")

	// An attacker's own callback in a victim's browser: the victim has no cookie for it.
	victim, err := newBrowser(t).finish(web, back)
	require.ErrorIs(t, err, oauthflow.ErrState)
	require.Nil(t, victim)
	require.Empty(t, s.Requests())
}

func TestO1_ExpiredCookie(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := oauthtest.New(oauthtest.Config{})
		c := newClient(t, s, "web", nil)
		a, err := c.Begin(t.Context())
		require.NoError(t, err)
		require.Equal(t, 10*time.Minute, time.Until(a.Expires))
		back, err := s.Authorize(a.URL, "alice")
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		_, err = c.Complete(t.Context(), a.Sealed, back.Query())
		require.ErrorIs(t, err, oauthflow.ErrStateExpired)
		require.Empty(t, s.Requests())
	})
}

func TestO1_IssuerOfATenant(t *testing.T) {
	t.Parallel()
	p := oauthflow.Microsoft("tenant-1", "tenant-2")
	c, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web", RedirectURL: "https://app.test/callback"},
		oauthflow.WithHTTPClient(&http.Client{Transport: failing{errors.New("sent")}}))
	require.NoError(t, err)
	for iss, want := range map[string]string{
		"https://login.microsoftonline.com/tenant-2/v2.0":   "sent",
		"https://login.microsoftonline.com/tenant-3/v2.0":   "expected issuer",
		"https://login.microsoftonline.com/{tenantid}/v2.0": "expected issuer",
	} {
		a, err := c.Begin(t.Context())
		require.NoError(t, err)
		_, err = c.Complete(t.Context(), a.Sealed, url.Values{"state": {a.State}, "code": {"x"}, "iss": {iss}})
		require.ErrorContains(t, err, want, iss)
	}
}

func TestAccessDenied(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b := newBrowser(t)
	back, err := s.Deny(b.start(c))
	require.NoError(t, err)
	_, err = b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrAccessDenied)
	ce := callbackError(t, err)
	require.Equal(t, "access_denied", ce.Code)
	require.Equal(t, "the user refused", ce.Description)
	require.EqualError(t, err, `oauthflow: callback: the provider refused authorization: "access_denied" "the user refused"`)
	require.Empty(t, b.jar)
}

func TestCallbackMethodAndProxyPath(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) { cfg.CallbackPath = "/behind/proxy" })
	b, back := attempt(t, s, c)
	_, err := b.finish(c, back)
	require.ErrorIs(t, err, oauthflow.ErrCallbackPath)
	require.ErrorContains(t, err, `the path of the redirect URL, which is "/behind/proxy"`)
	back.Path = "/behind/proxy"
	post := httptest.NewRequestWithContext(t.Context(), http.MethodPost, back.String(), nil)
	_, err = c.Finish(httptest.NewRecorder(), b.send(post))
	require.ErrorIs(t, err, oauthflow.ErrCallbackMalformed)
	_, err = b.finish(c, back)
	require.NoError(t, err)
}

type brokenUses struct{ err error }

func (b brokenUses) Use(ctx context.Context, _ string, _ time.Time) (bool, error) {
	if b.err == nil {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return false, b.err
}

func TestSingleUseStoreThatFailsOrIsSlow(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	broken := errors.New("disk full")
	c := newClient(t, s, "web", nil, oauthflow.WithSingleUse(brokenUses{broken}))
	b, back := attempt(t, s, c)
	_, err := b.finish(c, back)
	require.ErrorIs(t, err, broken)
	callbackError(t, err)

	c = newClient(t, s, "web", nil, oauthflow.WithSingleUse(brokenUses{}))
	a, err := c.Begin(t.Context())
	require.NoError(t, err)
	back, err = s.Authorize(a.URL, "alice")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = c.Complete(ctx, a.Sealed, back.Query())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, s.Requests())
}

func TestCookieKeySourceThatFails(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	broken := errors.New("vault is sealed")
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		calls := 0
		cfg.CookieKey = secret.Func(func(context.Context) ([]secret.Value, error) {
			if calls++; calls > 1 {
				return nil, broken
			}
			return []secret.Value{secret.New("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")}, nil
		})
	})
	_, err := c.Begin(t.Context())
	require.ErrorIs(t, err, broken)
}

func TestShopifyCallbackSignature(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{OptionalPKCE: true, NoIssParameter: true})
	p, err := oauthflow.Shopify("example.myshopify.com")
	require.NoError(t, err)
	p.Endpoint = s.Provider().Endpoint
	c := newClient(t, s, "web", func(cfg *oauthflow.Config) {
		cfg.Provider, cfg.Scopes = p, []string{"read_products", "read_orders"}
		cfg.ClientSecret = secret.Static("web-secret", "older-secret")
		cfg.Provider.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	})
	sign := func(q url.Values, key string) url.Values {
		q.Del("hmac")
		q.Set("shop", "example.myshopify.com")
		q.Set("timestamp", "1337178173")
		text, err := url.QueryUnescape(q.Encode()) // sorted, unescaped: these values need no escaping
		require.NoError(t, err)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		q.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
		return q
	}
	for _, tc := range []struct {
		name, key string
		edit      func(url.Values)
		ok        bool
	}{
		{"signed", "web-secret", func(url.Values) {}, true},
		{"signed with the older secret", "older-secret", func(url.Values) {}, true},
		{"signed by another", "evil", func(url.Values) {}, false},
		{"shop changed", "web-secret", func(q url.Values) { q.Set("shop", "evil.myshopify.com") }, false},
		{"not signed", "web-secret", func(q url.Values) { q.Del("hmac") }, false},
		{"no hex", "web-secret", func(q url.Values) { q.Set("hmac", "zz") }, false},
		{"two parameters passed off as one", "web-secret", func(q url.Values) {
			q.Set("code", q.Get("code")+"&shop="+q.Get("shop"))
			q.Del("shop")
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, back := attempt(t, s, c)
			q := sign(back.Query(), tc.key)
			tc.edit(q)
			back.RawQuery = q.Encode()
			res, err := b.finish(c, back)
			if !tc.ok {
				require.ErrorIs(t, err, oauthflow.ErrCallbackSignature)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "example.myshopify.com", res.Params.Get("shop"))
			require.Nil(t, res.IDToken)
		})
	}
	for _, bad := range []string{"evil.test", "example.myshopify.com.evil.test", "example.myshopify.com/admin", "x@example.myshopify.com", "EXAMPLE.myshopify.com", "", "a.b.myshopify.com", "example.myshopify.com\n"} {
		_, err := oauthflow.Shopify(bad)
		require.Error(t, err, bad)
	}
}

// O1: a check of "iss" against nothing would be none.
func TestO1_IssParameterNeedsAnIssuer(t *testing.T) {
	t.Parallel()
	p := oauthtest.New(oauthtest.Config{}).Provider()
	p.Issuer = ""
	_, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web", ClientSecret: secret.Static("s")})
	require.ErrorContains(t, err, "issuer")
}
