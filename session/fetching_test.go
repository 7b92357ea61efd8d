package session_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// web is a network in memory that remembers what was asked for.
type web struct {
	mu    sync.Mutex
	pages map[string]string
	asked []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.String())
	page, ok := w.pages[r.URL.String()]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(page)), Request: r}, nil
}

// J11: the keys of a tenant template come from the document of the tenant
// "common", whose issuer is the template itself.
func TestJ11_TenantDiscovery(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	const issuer = "https://login.example.com/{tenantid}/v2.0"
	network := &web{pages: map[string]string{
		"https://login.example.com/common/v2.0/.well-known/openid-configuration": `{"issuer":"` + issuer + `","jwks_uri":"https://login.example.com/keys"}`,
		"https://login.example.com/keys":                                         string(i.JWKS()),
	}}
	v, err := session.NewVerifier(session.OIDC(issuer, sessiontest.ClientID), session.WithTenants("t-1"),
		session.WithClock(i.Now), session.WithHTTPClient(&http.Client{Transport: network}))
	require.NoError(t, err)
	accepted(t, v, i.IDToken(claims{"iss": "https://login.example.com/t-1/v2.0", "tid": "t-1"}))
	refused(t, v, i.IDToken(claims{"iss": "https://login.example.com/t-2/v2.0", "tid": "t-2"}), session.ErrWrongIssuer)
	require.Equal(t, []string{"https://login.example.com/common/v2.0/.well-known/openid-configuration", "https://login.example.com/keys"}, network.asked)
}

// J1: keys that come with a token, or addresses of keys, are never used or
// fetched; keys come from the issuer's address alone.
func TestJ1_J9_NothingElseIsFetched(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	const keys = sessiontest.ClerkIssuer + "/.well-known/jwks.json"
	network := &web{pages: map[string]string{keys: string(i.JWKS()), "https://evil.example/keys": string(sessiontest.New().JWKS())}}
	v, err := session.NewVerifier(i.Clerk(), session.WithClock(i.Now), session.WithHTTPClient(&http.Client{Transport: network}))
	require.NoError(t, err)
	payload := decode(t, strings.Split(i.ClerkToken(nil), ".")[1])
	for _, kid := range []string{i.KeyID(), "https://evil.example/keys"} {
		for _, extra := range []string{`"jku":"https://evil.example/keys"`, `"x5u":"https://evil.example/keys"`, `"jwk":{"kty":"oct","k":"AAAA"}`, `"x5c":["AAAA"]`} {
			raw := i.Sign([]byte(`{"alg":"RS256","kid":"`+kid+`",`+extra+`}`), payload)
			if kid == i.KeyID() {
				accepted(t, v, raw) // the issuer's key verifies, the rest is ignored
			} else {
				refused(t, v, raw, session.ErrUnknownKey)
			}
		}
	}
	for _, asked := range network.asked {
		require.Equal(t, keys, asked)
	}
}

// J6, through the middleware: the answer to a huge header costs no memory.
func TestJ6_MiddlewareAllocations(t *testing.T) {
	i, _ := shared()
	h := session.Middleware(verifier(t, i, i.Clerk()), session.FromCookie("__session"))(whoAmI)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+strings.Repeat(".", 10<<20))
	var before, after memory
	before.read()
	for range 100 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusUnauthorized, w.Code)
	}
	after.read()
	require.Less(t, after.total-before.total, uint64(2<<20))
}

func TestPublicKeyPEM(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	set, err := jose.ParseSet(i.JWKS())
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(set.Keys()[0].Public())
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	for _, form := range []string{text, strings.ReplaceAll(text, "\n", `\n`)} {
		accepted(t, verifier(t, i, i.Clerk(), session.WithPublicKeyPEM("", form)), i.ClerkToken(nil))
		accepted(t, verifier(t, i, i.Clerk(), session.WithPublicKeyPEM(i.KeyID(), form)), i.ClerkToken(nil))
		refused(t, verifier(t, i, i.Clerk(), session.WithPublicKeyPEM("other", form)), i.ClerkToken(nil), session.ErrUnknownKey)
	}
}

func TestLoopbackAndLogger(t *testing.T) {
	t.Parallel()
	i, _ := shared()
	network := &web{pages: map[string]string{"http://127.0.0.1:1/keys": string(i.JWKS())}}
	var log bytes.Buffer
	options := []session.Option{
		session.WithHTTPClient(&http.Client{Transport: network}), session.WithClock(i.Now), session.WithKeysURL("http://127.0.0.1:1/keys"),
		session.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
	}
	_, err := session.NewVerifier(i.Clerk(), options...)
	require.Error(t, err)
	v, err := session.NewVerifier(i.Clerk(), append(options, session.AllowPlainHTTPToLoopback())...)
	require.NoError(t, err)
	accepted(t, v, i.ClerkToken(nil))
	require.Empty(t, log.String())
	v, err = session.NewVerifier(i.Clerk(), append(options, session.AllowPlainHTTPToLoopback(), session.WithKeysURL("http://localhost/none"))...)
	require.NoError(t, err)
	refused(t, v, i.ClerkToken(nil), session.ErrKeysUnavailable)
	require.Contains(t, log.String(), "level=WARN")
}
