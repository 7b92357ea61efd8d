package oauthflow_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

// An awkward canary, so that each way of escaping it makes another text.
const canary = `cAnArY+/ "<é>&=%?`

// canaryForms are the texts in which it may turn up.
func canaryForms(t *testing.T) []string {
	t.Helper()
	quoted, err := json.Marshal(canary)
	require.NoError(t, err)
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(canary))
	q := fmt.Sprintf("%q", canary)
	return []string{
		"cAnArY", canary, url.QueryEscape(canary), url.PathEscape(canary), strings.Trim(string(quoted), `"`), strings.Trim(strings.TrimSpace(plain.String()), `"`), q[1 : len(q)-1],
		base64.RawStdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary)),
		base64.StdEncoding.EncodeToString([]byte(url.QueryEscape("web") + ":" + url.QueryEscape(canary))),
	}
}

// printed is v under everything that prints.
func printed(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n%q\n", v, v, v, v, v)
	for e, ok := v.(error); ok && e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&b, "%v\n%+v\n%#v\n", e, e, e)
	}
	if text, err := json.Marshal(v); err == nil {
		b.Write(text)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Error("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Error("x", "v", v)
	return b.String()
}

func noCanary(t *testing.T, v any) {
	t.Helper()
	text := printed(t, v)
	for _, form := range canaryForms(t) {
		require.False(t, strings.Contains(text, form), "%q in %.2000s", form, text)
	}
}

// echo answers with the request's own words, in every form.
func echo(status int, contentType string, wrap func(string) string) http.RoundTripper {
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		var seen []string
		if req.Body != nil {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			seen = append(seen, string(body))
			form, _ := url.ParseQuery(string(body))
			for _, v := range form {
				seen = append(seen, v...)
			}
			var m map[string]any
			if json.Unmarshal(body, &m) == nil {
				seen = append(seen, fmt.Sprint(m))
			}
		}
		user, pass, _ := req.BasicAuth()
		pass, _ = url.QueryUnescape(pass)
		seen = append(seen, user, pass, req.Header.Get("Authorization"), strings.TrimPrefix(req.Header.Get("Authorization"), "Basic "))
		text := strings.Join(seen, " | ")
		if status == 0 {
			return nil, &url.Error{Op: "Post", URL: "https://x.test/?secret=" + url.QueryEscape(canary), Err: fmt.Errorf("proxy said: %s", text)}
		}
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Request: req,
			Body: readCloser(wrap(text)),
		}, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func jsonMember(names ...string) func(string) string {
	return func(text string) string {
		m := map[string]string{}
		for _, n := range names {
			m[n] = text
		}
		out, err := json.Marshal(m)
		if err != nil {
			return err.Error()
		}
		return string(out)
	}
}

func TestX1_NoSecretInAnyErrorOrFormat(t *testing.T) {
	t.Parallel()
	answers := map[string]http.RoundTripper{
		"transport":        echo(0, "", nil),
		"OAuth error":      echo(400, "application/json", jsonMember("error", "error_description", "error_uri")),
		"invalid_client":   echo(401, "application/json", jsonMember("error_description")),
		"form error":       echo(200, "text/plain", func(s string) string { return "error=x&error_description=" + url.QueryEscape(s) }),
		"page":             echo(502, "text/html", func(s string) string { return "<html>" + s }),
		"page in a 200":    echo(200, "text/html", func(s string) string { return "<html>" + s }),
		"truncated":        echo(200, "application/json", func(s string) string { return `{"access_token":"` + s }),
		"redirect":         echo(307, "", func(s string) string { return s }),
		"unexpected":       echo(200, "application/json", jsonMember("access_tocken")),
		"wrong ID token":   echo(200, "application/json", func(string) string { return `{"access_token":"` + "a" + `","id_token":"cAnArY.x.y"}` }),
		"boolean active":   echo(200, "application/json", jsonMember("active")),
		"device responses": echo(200, "application/json", jsonMember("device_code")),
	}
	for name, rt := range answers {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
			for _, asJSON := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/%v", name, style, asJSON), func(t *testing.T) {
					t.Parallel()
					cfg := oauthflow.Config{
						Provider: oauthflow.Provider{
							Endpoint: oauth2.Endpoint{
								AuthURL: "https://a.test/authorize", TokenURL: "https://a.test/token", DeviceAuthURL: "https://a.test/device", AuthStyle: style,
							},
							Issuer: "https://a.test", JWKSURL: "https://a.test/keys", RevocationURL: "https://a.test/revoke", IntrospectionURL: "https://a.test/introspect",
							UserInfoURL: "https://a.test/userinfo", PushedAuthorizationURL: "https://a.test/par", RequirePAR: true, JSONBody: asJSON,
						},
						ClientID: "web", ClientSecret: secret.Static(canary), RedirectURL: "https://app.test/cb", Scopes: []string{"openid"},
					}
					c, err := oauthflow.New(cfg, oauthflow.WithHTTPClient(&http.Client{Transport: rt}))
					require.NoError(t, err)
					noCanary(t, cfg)
					noCanary(t, c)
					noCanary(t, *c)
					tok := &oauth2.Token{AccessToken: canary, RefreshToken: canary}
					calls := map[string]func(context.Context) error{
						"refresh":    func(ctx context.Context) error { _, err := c.Refresh(ctx, tok); return err },
						"exchange":   func(ctx context.Context) error { _, err := c.Exchange(ctx, canary, canary); return err },
						"revoke":     func(ctx context.Context) error { return c.Revoke(ctx, tok) },
						"introspect": func(ctx context.Context) error { _, err := c.Introspect(ctx, canary); return err },
						"exchangetoken": func(ctx context.Context) error {
							_, err := c.ExchangeToken(ctx, oauthflow.TokenExchange{SubjectToken: canary, ActorToken: canary})
							return err
						},
						"credentials": func(ctx context.Context) error { _, err := c.ClientCredentials(ctx); return err },
						"device":      func(ctx context.Context) error { _, err := c.DeviceAuth(ctx); return err },
						"par":         func(ctx context.Context) error { _, err := c.Begin(ctx); return err },
						"userinfo":    func(ctx context.Context) error { return c.UserInfo(ctx, tok, &struct{}{}) },
						"idtoken": func(ctx context.Context) error {
							_, err := c.VerifyIDToken(ctx, withIDToken("a", canary), oauthflow.IDTokenCheck{Nonce: canary})
							return err
						},
						"complete": func(ctx context.Context) error {
							_, err := c.Complete(ctx, canary, url.Values{"state": {canary}, "code": {canary}})
							return err
						},
					}
					for op, call := range calls {
						if err := call(t.Context()); err != nil {
							noCanary(t, err)
						} else {
							// Some answers are fine for some endpoints; no call may
							// succeed for all.
							require.Contains(t, []string{"revoke", "userinfo", "refresh", "exchange", "exchangetoken", "credentials"}, op, name)
						}
					}
				})
			}
		}
	}
}

func TestX1_KeysDoNotPrint(t *testing.T) {
	t.Parallel()
	text := pemOf(t, ecKey(t))
	line := strings.Split(text, "\n")[1][:20]
	key, err := oauthflow.NewSigningKey(ecKey(t), "", "k1")
	require.NoError(t, err)
	d, err := oauthflow.NewDPoP(key)
	require.NoError(t, err)
	cfg := oauthflow.Config{ClientKey: oauthflow.KeyFrom(secret.Static(text), "")}
	_, err = cfg.ClientKey.SigningKey(t.Context())
	require.NoError(t, err)
	for _, v := range []any{key, *key, d, cfg, cfg.ClientKey, d.Auth(nil)} {
		out := printed(t, v)
		require.NotContains(t, out, line)
		require.NotRegexp(t, `\bD:`, out, "no private exponent")
	}
}

func TestX1_SealedAttemptsShowNothing(t *testing.T) {
	t.Parallel()
	c, err := oauthflow.New(oauthflow.Config{
		Provider: oauthflow.GitHub(), ClientID: "web", RedirectURL: "https://app.test/cb",
	})
	require.NoError(t, err)
	a, err := c.Begin(t.Context(), oauthflow.WithReturnTo("/secret-place"))
	require.NoError(t, err)
	raw, err := base64.RawURLEncoding.DecodeString(a.Sealed)
	require.NoError(t, err)
	for _, text := range []string{a.Sealed, string(raw)} {
		require.NotContains(t, text, a.State)
		require.NotContains(t, text, "secret-place")
	}
}
