package client_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// C39, X1: a Location that repeats a credential of the stack, in whatever form and
// place, is refused before anybody can follow it or show it.
func TestC39_LocationThatRepeatsTheCredential(t *testing.T) {
	t.Parallel()
	const key = "sk_live/canary+0123"
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + key))
	partly := strings.ReplaceAll(url.QueryEscape(key), "canary", "%63an%61ry")
	auths := map[string]client.Auth{
		"bearer": client.Bearer(secret.Static(key)),
		"header": client.HeaderPrefix("X-Auth", "key=", secret.Static(key)),
		"query":  client.APIKeyQuery("api_key", secret.Static(key)),
		"basic":  client.Basic("user", secret.Static(key)),
	}
	locations := map[string]string{
		"malformed":            "http://[::1/?api_key=" + key,
		"malformed escape":     "/%zz/" + url.QueryEscape(key),
		"own path":             "/next/" + url.PathEscape(key),
		"own path, plain":      "/next/" + key,
		"own parameter":        "/next?api_key=" + url.QueryEscape(key),
		"another parameter":    "/next?other=" + url.QueryEscape(key),
		"lower-case escapes":   "/next?other=" + strings.ToLower(url.QueryEscape(key)),
		"needless escapes":     "/next?other=" + partly,
		"escaped twice":        "/next?url=" + url.QueryEscape("/x?k="+url.QueryEscape(key)),
		"base64":               "/next?k=" + base64.RawURLEncoding.EncodeToString([]byte(key)),
		"fragment":             "/next#" + key,
		"user info":            "https://u:" + url.QueryEscape(key) + "@api.example.com/next",
		"another origin":       foreign + "/?k=" + url.QueryEscape(key),
		"no scheme of a page":  "myapp://done?k=" + url.QueryEscape(key),
		"the basic credential": "/next?k=" + url.QueryEscape(basic),
	}
	for kind, auth := range auths {
		for name, location := range locations {
			if name == "the basic credential" && kind != "basic" {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				for _, status := range []int{301, 302, 303, 307, 308} {
					w := &wire{routes: map[string]http.HandlerFunc{own + "/x": to(status, location)}}
					c := w.on(t, client.WithAuth(auth))
					_, callErr := client.Get[client.None](t.Context(), c, "/x")
					_, doErr := c.Do(t.Context(), client.Request{Path: "/x"})
					_, sdkErr := c.HTTPClient().Get(own + "/x")
					last := c.HTTPClient()
					last.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
					_, lastErr := last.Get(own + "/x")
					for _, err := range []error{callErr, doErr, sdkErr, lastErr} {
						require.ErrorIs(t, err, client.ErrRedirect)
						require.Equal(t, status, asError(t, err).Status)
						for _, form := range []string{key, url.QueryEscape(key), url.PathEscape(key), partly, basic, "canary"} {
							require.NotContains(t, show(err), form)
						}
					}
					require.Len(t, w.seen, 4, "nobody followed it")
				}
			})
		}
	}
}

// C39: every other Location stays as it came, to the byte.
func TestC39_OtherLocationsStayAsTheyCame(t *testing.T) {
	for _, location := range []string{
		"next?a=b", "../x", "?q", "//files.example.net/x", foreign + "/x?z=1&a=2;b&c=%7e#frag", own + "/x?api_key=&b", "/x?api_key=of-somebody-else&b=%20",
		"http://[::1", "%zz", "mailto:a@b.example",
	} {
		for target, path := range map[string]string{own: "/dir/", foreign: "/dir/"} {
			w := &wire{routes: map[string]http.HandlerFunc{target + path: to(302, location)}}
			c := w.on(t, client.WithAuth(client.APIKeyQuery("api_key", secret.Static("canary-secret"))))
			hc := c.HTTPClient()
			hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			resp, err := hc.Transport.RoundTrip(newRequest(t, "GET", target+path, ""))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, []string{location}, resp.Header["Location"])
		}
		w := &wire{routes: map[string]http.HandlerFunc{own + "/dir/": to(302, location)}}
		resp, err := w.on(t, client.WithMaxRedirects(0)).Do(t.Context(), client.Request{Path: "/dir/"})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, []string{location}, resp.Header["Location"])
	}
}

// What an Auth of one's own adds beside the credential, a date say, is no secret.
func TestC39_WhatIsNoCredentialMayBeRepeated(t *testing.T) {
	w := &wire{routes: map[string]http.HandlerFunc{own + "/x": to(302, "/log/2026-11-26")}}
	_, err := client.Get[client.None](t.Context(), w.on(t, client.WithAuth(dated{})), "/x")
	require.NoError(t, err)
	require.Equal(t, own+"/log/2026-11-26", w.last().url)
}

type dated struct{}

func (dated) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Signature canary-secret")
	r.Header.Set("Date", "2026-11-26")
	return nil
}

func newRequest(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	if body == "" {
		req.Body = http.NoBody
	}
	return req
}
