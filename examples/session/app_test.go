package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// start returns the API and an issuer in memory that plays Clerk, Auth0 and Firebase.
func start(t *testing.T) (http.Handler, *sessiontest.Issuer) {
	t.Helper()
	issuer := sessiontest.New()
	h, err := api(issuers{issuer.Clerk(), issuer.Auth0(), issuer.Firebase()}, issuer.Options()...)
	require.NoError(t, err)
	return h, issuer
}

func get(path, token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://api.example.com"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func respond(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhoComesIn(t *testing.T) {
	h, issuer := start(t)
	type claims = sessiontest.Claims
	past := issuer.Now().Add(-time.Minute).Unix()
	for name, tt := range map[string]struct {
		path, token string
		want        int
	}{
		"an administrator of the team":   {"/team/", issuer.ClerkToken(nil), 200},
		"another member of the team":     {"/team/", issuer.ClerkToken(claims{"o": claims{"id": "org_1", "rol": "member"}}), 403},
		"a session that has expired":     {"/team/", issuer.ClerkToken(claims{"exp": past}), 401},
		"a session of another site":      {"/team/", issuer.ClerkToken(claims{"azp": "https://evil.example"}), 401},
		"who may read invoices":          {"/invoices/", issuer.Auth0Token(nil), 200},
		"who may not":                    {"/invoices/", issuer.Auth0Token(claims{"permissions": []string{}}), 403},
		"a token for another API":        {"/invoices/", issuer.Auth0Token(claims{"aud": "https://other.example"}), 401},
		"a user of the mobile app":       {"/mobile/", issuer.FirebaseToken(nil), 200},
		"what the emulator did not sign": {"/mobile/", issuer.FirebaseEmulatorToken(nil), 401},
		"a token for another door":       {"/mobile/", issuer.ClerkToken(nil), 401},
		"nobody":                         {"/mobile/", "", 401},
	} {
		require.Equal(t, tt.want, respond(h, get(tt.path, tt.token)).Code, name)
	}
}

func TestTheHandlerKnowsTheUser(t *testing.T) {
	h, issuer := start(t)
	require.Equal(t, "hello user_1 of org_1", respond(h, get("/team/", issuer.ClerkToken(nil))).Body.String())
	require.Equal(t, "hello user_1", respond(h, get("/mobile/", issuer.FirebaseToken(nil))).Body.String())
}

// A browser sends Clerk's cookie by itself, and so it does for another site's form.
func TestTheCookieIsTakenFromThisSiteOnly(t *testing.T) {
	h, issuer := start(t)
	for site, want := range map[string]int{"same-origin": 200, "cross-site": 403} {
		r := get("/team/", "")
		r.Method = http.MethodPost
		r.Header.Set("Sec-Fetch-Site", site)
		r.AddCookie(&http.Cookie{Name: "__session", Value: issuer.ClerkToken(nil)})
		require.Equal(t, want, respond(h, r).Code, site)
	}
}
