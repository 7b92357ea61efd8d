package session_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// adminSDK returns Firebase's own library, with www.googleapis.com played by the
// issuer: the library fetches keys with a clone of http.DefaultTransport.
func adminSDK(t *testing.T, i *sessiontest.Issuer) *auth.Client {
	t.Helper()
	google := httptest.NewTLSServer(i)
	t.Cleanup(google.Close)
	pool := x509.NewCertPool()
	pool.AddCert(google.Certificate())
	standard := http.DefaultTransport
	own := standard.(*http.Transport).Clone()
	own.TLSClientConfig.RootCAs = pool
	own.TLSClientConfig.ServerName = "example.com" // what the certificate of httptest is for
	own.DisableKeepAlives = true
	own.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, google.Listener.Addr().String())
	}
	http.DefaultTransport = own
	t.Cleanup(func() { http.DefaultTransport = standard })
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: sessiontest.FirebaseProject}, option.WithoutAuthentication())
	require.NoError(t, err)
	client, err := app.Auth(t.Context())
	require.NoError(t, err)
	return client
}

// Firebase's own library takes every token that package session takes.
func TestFirebaseLibraryAgrees(t *testing.T) {
	i := sessiontest.New()
	sdk := adminSDK(t, i)
	ids, err := session.NewVerifier(i.Firebase(), i.Options()...)
	require.NoError(t, err)
	cookies, err := session.NewVerifier(i.FirebaseCookie(), i.Options()...)
	require.NoError(t, err)
	now := time.Now().Unix()
	type claims = sessiontest.Claims
	absent := sessiontest.Absent
	accepted := 0
	for name, change := range map[string]claims{
		"as it is":         nil,
		"tenant":           {"firebase": claims{"tenant": "tenant-1", "sign_in_provider": "password"}},
		"custom claims":    {"admin": true},
		"expired":          {"exp": now - 3600},
		"issued later":     {"iat": now + 3600},
		"signed in later":  {"auth_time": now + 3600},
		"other project":    {"aud": "other"},
		"audience list":    {"aud": []string{sessiontest.FirebaseProject}},
		"other issuer":     {"iss": "https://securetoken.google.com/other"},
		"no subject":       {"sub": absent},
		"empty subject":    {"sub": ""},
		"long subject":     {"sub": string(bytes.Repeat([]byte("a"), 129))},
		"longest subject":  {"sub": string(bytes.Repeat([]byte("a"), 128))},
		"no expiry":        {"exp": absent},
		"no issue time":    {"iat": absent},
		"issuer with case": {"iss": "https://Securetoken.google.com/" + sessiontest.FirebaseProject},
	} {
		t.Run(name, func(t *testing.T) {
			id, cookie := i.FirebaseToken(change), i.FirebaseCookieToken(change)
			ours, err := ids.Verify(t.Context(), id)
			theirs, theirErr := sdk.VerifyIDToken(t.Context(), id)
			if err == nil {
				accepted++
				require.NoError(t, theirErr)
				require.Equal(t, theirs.UID, ours.Subject)
				require.Equal(t, theirs.AuthTime, ours.AuthTime.Unix())
				require.Equal(t, theirs.Expires, ours.Expiry.Unix())
				require.Equal(t, theirs.Firebase.Tenant, ours.Organization.ID)
			}
			_, err = cookies.Verify(t.Context(), cookie)
			_, theirErr = sdk.VerifySessionCookie(t.Context(), cookie)
			if err == nil {
				require.NoError(t, theirErr)
			}
			// J4
			_, err = ids.Verify(t.Context(), cookie)
			require.Error(t, err)
			_, err = cookies.Verify(t.Context(), id)
			require.Error(t, err)
		})
	}
	require.Equal(t, 4, accepted)
}

// J1: the emulator's tokens, which nobody signed, pass only with the option whose
// name says what it does.
func TestJ1_FirebaseEmulator(t *testing.T) {
	emulator := servers.FirebaseAuth(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	body, err := json.Marshal(map[string]any{"email": "user@example.com", "password": "secret-1", "returnSecureToken": true})
	require.NoError(t, err)
	resp, err := client.Post(emulator.URL+"/identitytoolkit.googleapis.com/v1/accounts:signUp?key=any", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, string(data))
	var user struct {
		IDToken string `json:"idToken"`
		LocalID string `json:"localId"`
	}
	require.NoError(t, json.Unmarshal(data, &user))

	const project = "demo-test"
	i := sessiontest.New()
	strict, err := session.NewVerifier(session.Firebase(project), i.Options()...)
	require.NoError(t, err)
	_, err = strict.Verify(t.Context(), user.IDToken)
	require.Error(t, err)
	_, err = strict.Verify(t.Context(), user.IDToken+"AAAA")
	require.ErrorIs(t, err, session.ErrWrongAlgorithm)

	lax, err := session.NewVerifier(session.Firebase(project), session.DangerouslyAcceptUnsignedEmulatorTokens())
	require.NoError(t, err)
	s, err := lax.Verify(t.Context(), user.IDToken)
	require.NoError(t, err)
	require.Equal(t, user.LocalID, s.Subject)
	var claims struct {
		Email string `json:"email"`
	}
	require.NoError(t, s.Claims(&claims))
	require.Equal(t, "user@example.com", claims.Email)

	other, err := session.NewVerifier(session.Firebase("demo-other"), session.DangerouslyAcceptUnsignedEmulatorTokens())
	require.NoError(t, err)
	_, err = other.Verify(t.Context(), user.IDToken)
	require.ErrorIs(t, err, session.ErrWrongIssuer)
}
