package oauthflow_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/secret"
)

// fuzzClient answers every request with body.
func fuzzClient(t testing.TB, status int, body []byte) *oauthflow.Client {
	rt := roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), Request: req}, nil
	})
	p := oauthflow.SlackUser()
	p.DefaultLifetime = time.Hour
	p.Endpoint.DeviceAuthURL, p.IntrospectionURL = "https://a.test/device", "https://a.test/introspect"
	c, err := oauthflow.New(oauthflow.Config{
		Provider: p, ClientID: "web", ClientSecret: secret.Static("fuzz-client-secret"), RedirectURL: "https://app.test/cb",
		CookieKey: secret.Static(cookieKey),
	}, oauthflow.WithHTTPClient(&http.Client{Transport: rt}), oauthflow.WithClock(func() time.Time { return epoch }))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func FuzzTokenResponse(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"a","token_type":"Bearer","expires_in":3599.5,"refresh_token":"r"}`, `{"ok":false,"error":"x"}`,
		`{"authed_user":{"access_token":"u","expires_in":"43200"}}`, "access_token=a&scope=b%2Cc", `{"expires_in":1e400}`, "\ufeff{}", "<html>", "",
		`{"error":{"message":"m","code":190,"type":"OAuthException"}}`, `{"errcode":40030,"errmsg":"m"}`, `{"fault":{"detail":{"errorcode":"x"}}}`,
		`{"errors":[{"code":"x"}],"status":"BAD"}`, `{"error":[{"error":{"errors":[]}}]}`, `{"id":90071992547409931,"expires_in":1e400}`,
		`{"active":true,"exp":253402300800,"aud":[1,"a",null],"cnf":{"jkt":1}}`, `{"device_code":"d","user_code":"u","verification_uri":"https://x"}`,
	} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return
		}
		c := fuzzClient(t, status, body)
		ctx := context.Background()
		check := func(err error) {
			if err == nil {
				return
			}
			if _, ok := errors.AsType[*oauthflow.TokenError](err); !ok {
				t.Fatalf("untyped: %v", err)
			}
			if len(err.Error()) > 4096 || strings.Contains(err.Error(), "fuzz-client-secret") || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Fatalf("bad error: %q", err)
			}
		}
		tok, err := c.Refresh(ctx, &oauth2.Token{RefreshToken: "old"})
		check(err)
		if err == nil && (tok.AccessToken == "" || tok.RefreshToken == "" || tok.Expiry.IsZero() || tok.Expiry.Before(epoch) || tok.Expiry.After(epoch.AddDate(70, 0, 0))) {
			t.Fatalf("bad token: expires %v", tok.Expiry)
		}
		if err == nil && (status < 200 || status > 299) {
			t.Fatalf("a token with status %d", status)
		}
		_, err = c.DeviceAuth(ctx)
		check(err)
		_, err = c.Introspect(ctx, "x")
		check(err)
	})
}

func FuzzCallback(f *testing.F) {
	for _, q := range []string{
		"code=a&state=b", "state=b&error=access_denied&error_description=no", "iss=https%3A%2F%2Fx&code=a&state=b", "code=a&code=b&state=c", "state=%zz", "a;b", "",
	} {
		f.Add("GET", q, "cookie-value")
		f.Add("POST", q, "")
	}
	f.Fuzz(func(t *testing.T, method, rawQuery, value string) {
		if method != http.MethodGet && method != http.MethodPost {
			return
		}
		c := fuzzClient(t, 200, []byte(`{"access_token":"a"}`))
		r := httptest.NewRequest(method, "https://app.test/cb", nil)
		r.URL.RawQuery = rawQuery
		a, err := c.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", "__Host-oauth-AAAAAAAAAAAAAAAA="+value+"; x="+a.Sealed)
		res, err := c.Finish(httptest.NewRecorder(), r)
		if res != nil || err == nil {
			t.Fatal("a callback without its cookie was taken")
		}
		if _, ok := errors.AsType[*oauthflow.CallbackError](err); !ok {
			t.Fatalf("untyped: %v", err)
		}
	})
}

func FuzzCookie(f *testing.F) {
	c := fuzzClient(f, 200, []byte(`{"access_token":"a"}`))
	a, err := c.Begin(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.Sealed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("AQ"), "state", uint16(0), byte(1))
	f.Add([]byte{1, 2, 3}, "", uint16(9), byte(0x80))
	f.Add(make([]byte, 64), a.State, uint16(40), byte(0xff))
	f.Fuzz(func(t *testing.T, sealed []byte, state string, at uint16, flip byte) {
		if flip == 0 {
			return
		}
		damaged := append([]byte(nil), raw...)
		damaged[int(at)%len(raw)] ^= flip
		b64 := base64.RawURLEncoding.EncodeToString
		// Nothing that the key did not seal opens, whatever its form.
		for _, attempt := range []struct{ sealed, state string }{
			{string(sealed), state}, {b64(sealed), state}, {b64(damaged), a.State}, {a.Sealed, a.State + state + "x"},
		} {
			_, err := c.Complete(context.Background(), attempt.sealed, url.Values{"state": {attempt.state}, "code": {"x"}})
			if !errors.Is(err, oauthflow.ErrState) {
				t.Fatalf("%q: %v", attempt.sealed, err)
			}
		}
	})
}

func FuzzDiscovery(f *testing.F) {
	for _, doc := range []string{
		`{"issuer":"https://i.test","token_endpoint":"https://i.test/t","jwks_uri":"https://i.test/k","code_challenge_methods_supported":["S256"]}`,
		`{"issuer":"https://i.test","issuer":"https://i.test","token_endpoint":"https://i.test/t"}`,
		`{"issuer":"https://i.test","token_endpoint":"http://127.0.0.1/t","token_endpoint_auth_methods_supported":["client_secret_post",1,null]}`, `[]`, ``,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := oauthflow.ParseMetadata(doc, "https://i.test")
		if err != nil {
			return
		}
		if p.Issuer != "https://i.test" || p.Endpoint.AuthStyle == oauth2.AuthStyleAutoDetect {
			t.Fatalf("%+v", p)
		}
		// What it yields must do for a client.
		if _, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "x", ClientSecret: secret.Static("y")}); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzReturnTo(f *testing.F) {
	for _, s := range []string{"/", "/a?b#c", "//x", "/\\x", "/%2f/x", "https://x", "/\t/x"} {
		f.Add(s)
	}
	base, err := url.Parse("https://app.test/dir/page")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !oauthflow.IsLocalPath(s) {
			return
		}
		u, err := base.Parse(s)
		if err != nil || u.Host != "app.test" || u.Scheme != "https" {
			t.Fatalf("%q leads to %v %v", s, u, err)
		}
	})
}
