package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestAuthKinds(t *testing.T) {
	src := secret.Static("s3cr3t value")
	for name, tc := range map[string]struct {
		auth client.Auth
		want func(clienttest.Recorded) string
		is   string
	}{
		"bearer":    {client.Bearer(src), func(r clienttest.Recorded) string { return r.Header.Get("Authorization") }, "Bearer s3cr3t value"},
		"header":    {client.APIKeyHeader("x-api-key", src), func(r clienttest.Recorded) string { return r.Header.Get("X-Api-Key") }, "s3cr3t value"},
		"prefix":    {client.HeaderPrefix("Authorization", "Token ", src), func(r clienttest.Recorded) string { return r.Header.Get("Authorization") }, "Token s3cr3t value"},
		"query":     {client.APIKeyQuery("key", src), func(r clienttest.Recorded) string { return r.URL }, "/x?a=1&key=s3cr3t+value"},
		"basic":     {client.Basic("me", src), func(r clienttest.Recorded) string { return r.Header.Get("Authorization") }, "Basic " + base64.StdEncoding.EncodeToString([]byte("me:s3cr3t value"))},
		"basic key": {client.BasicKey(src), func(r clienttest.Recorded) string { return r.Header.Get("Authorization") }, "Basic " + base64.StdEncoding.EncodeToString([]byte("s3cr3t value:"))},
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		c := over(t, rt, client.WithAuth(tc.auth))
		_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Query: map[string][]string{"a": {"1"}}})
		require.NoError(t, err)
		require.Equal(t, tc.is, tc.want(rt.Last()), name)
	}
}

func TestX2_BlankCredentialsAreErrorsAtConstruction(t *testing.T) {
	t.Setenv("BLANK_KEY", " \n")
	t.Setenv("NEWLINE_KEY", "value\n")
	dir := t.TempDir()
	blank := filepath.Join(dir, "blank")
	require.NoError(t, os.WriteFile(blank, []byte("\n"), 0o600))
	good := filepath.Join(dir, "good")
	require.NoError(t, os.WriteFile(good, []byte("value\n"), 0o600))
	for name, src := range map[string]secret.Source{
		"nil": nil, "none": secret.Static(), "empty": secret.Static(""), "white": secret.Static(" \t"), "second": secret.Static("a", ""),
		"unset": secret.Env("NO_SUCH_KEY_IS_SET"), "blank env": secret.Env("BLANK_KEY"),
		"no file": secret.File(filepath.Join(dir, "none")), "blank file": secret.File(blank), "nil func": secret.Func(nil),
	} {
		for kind, auth := range map[string]client.Auth{
			"bearer": client.Bearer(src), "header": client.APIKeyHeader("X-Key", src), "query": client.APIKeyQuery("k", src),
			"basic": client.Basic("u", src), "jwt": client.JWT(client.JWTConfig{Key: src}), "google": client.GoogleServiceAccount(src, "aud"),
		} {
			_, err := client.New(base, client.WithAuth(auth))
			require.ErrorIs(t, err, client.ErrConfig, "%s %s", kind, name)
		}
	}
	for _, src := range []secret.Source{secret.Env("NEWLINE_KEY"), secret.File(good)} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.Bearer(src))), "/x")
		require.NoError(t, err)
		require.Equal(t, "Bearer value", rt.Last().Header.Get("Authorization"), "one trailing newline is trimmed")
	}
}

func TestMalformedAuthIsAnErrorAtConstruction(t *testing.T) {
	src := secret.Static("s3cr3t")
	for name, auth := range map[string]client.Auth{
		"no header": client.APIKeyHeader("", src), "header of two words": client.APIKeyHeader("X Key", src), "header with CR": client.APIKeyHeader("X-Key\r", src),
		"prefix with LF": client.HeaderPrefix("X-Key", "Token\n", src), "no parameter": client.APIKeyQuery("", src), "parameter with LF": client.APIKeyQuery("a\nb", src),
		"colon": client.Basic("a:b", src), "control character": client.Basic("a\x1f", src), "delete": client.Basic("a\x7f", src),
	} {
		_, err := client.New(base, client.WithAuth(auth))
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	_, err := client.New(base, client.WithAuth(client.Basic("Ann Smith", src)))
	require.NoError(t, err)
}

// A secret that has its scheme already is an error at construction where it can be read
// without asking anybody, and else of the call, which sends nothing.
func TestASecretThatHasItsSchemeAlready(t *testing.T) {
	t.Setenv("PASTED_KEY", "bearer s3cr3t")
	path := filepath.Join(t.TempDir(), "pasted")
	require.NoError(t, os.WriteFile(path, []byte("Bearer s3cr3t\n"), 0o600))
	token := func(src secret.Source) client.Auth { return client.HeaderPrefix("X-Auth", "Token ", src) }
	for name, tc := range map[string]struct {
		src  secret.Source
		auth func(secret.Source) client.Auth
		want string
	}{
		"fixed":          {secret.Static("Bearer s3cr3t"), client.Bearer, `header Authorization begins with "Bearer"`},
		"environment":    {secret.Env("PASTED_KEY"), client.Bearer, `begins with "Bearer"`},
		"file":           {secret.File(path), client.Bearer, `begins with "Bearer"`},
		"tab":            {secret.Static(" Bearer\ts3cr3t"), client.Bearer, `begins with "Bearer"`},
		"joined":         {secret.Join(secret.Env("PASTED_KEY"), secret.Static("s3cr3t")), client.Bearer, `begins with "Bearer"`},
		"kept":           {secret.Cache(secret.Env("PASTED_KEY"), time.Minute), client.Bearer, `begins with "Bearer"`},
		"another scheme": {secret.Static("token s3cr3t"), token, `header X-Auth begins with "Token"`},
	} {
		_, err := client.New(base, client.WithAuth(tc.auth(tc.src)))
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.ErrorContains(t, err, tc.want, name)
		require.NotContains(t, err.Error(), "s3cr3t", name)

		values, err := tc.src.Secrets(t.Context())
		require.NoError(t, err, name)
		later := secret.Func(func(context.Context) ([]secret.Value, error) { return values, nil })
		rt := clienttest.NewTransport(t)
		_, err = client.Get[thing](t.Context(), over(t, rt, client.WithAuth(tc.auth(later))), "/x")
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.ErrorContains(t, err, tc.want, name)
		require.NotContains(t, err.Error(), "s3cr3t", name)
		require.Zero(t, rt.Count(), name)
	}
	for name, auth := range map[string]client.Auth{
		"a token that begins like it": client.Bearer(secret.Static("bearerless")),
		"the scheme's name alone":     client.Bearer(secret.Static("Bearer")),
		"a scheme of the user's":      client.APIKeyHeader("Authorization", secret.Static("Bearer s3cr3t")),
		"no scheme":                   client.HeaderPrefix("X-Key", "k", secret.Static("k s3cr3t")),
	} {
		_, err := client.New(base, client.WithAuth(auth))
		require.NoError(t, err, name)
	}
	asked := 0
	vault := secret.Func(func(context.Context) ([]secret.Value, error) {
		asked++
		return []secret.Value{secret.New("Bearer s3cr3t")}, nil
	})
	for _, src := range []secret.Source{vault, secret.Cache(vault, time.Minute), secret.Join(secret.Static("a"), vault)} {
		_, err := client.New(base, client.WithAuth(client.Bearer(src)))
		require.NoError(t, err)
	}
	require.Zero(t, asked, "no vault is asked at construction")
}

// authsOf are all kinds of Auth that send a secret as it is.
func authsOf(src secret.Source) map[string]client.Auth {
	return map[string]client.Auth{
		"bearer": client.Bearer(src), "header": client.APIKeyHeader("X-Key", src), "query": client.APIKeyQuery("k", src),
		"basic": client.Basic("u", src), "basic key": client.BasicKey(src),
	}
}

// C25: a source that turns bad, or fails, lets nothing out.
func TestC25_ASourceThatTurnsBad(t *testing.T) {
	down := errors.New("the vault is sealed")
	for name, tc := range map[string]struct {
		src  secret.Source
		want error
	}{
		"control character": {newRotating("bad\nvalue", ""), client.ErrConfig},
		"failure":           {secret.Func(func(context.Context) ([]secret.Value, error) { return nil, down }), down},
	} {
		for kind, auth := range authsOf(tc.src) {
			rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
			_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(auth), client.WithRetry(retry.Never)), "/x")
			require.ErrorIs(t, err, tc.want, "%s %s", kind, name)
			require.NotContains(t, err.Error(), "bad")
			require.NotContains(t, err.Error(), "panicked")
			require.Zero(t, rt.Count(), kind)
		}
	}
}

// X3: a source that has moved on by itself is not made to again.
func TestX3_EveryKindSendsTheNewestSecret(t *testing.T) {
	for kind := range authsOf(nil) {
		src := newRotating("old", "newer still")
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
			next := "new"
			if src.current.Swap(&next); src.refreshes.Add(100) == 100 {
				w.WriteHeader(401)
				return
			}
			_, _ = w.Write([]byte(`{}`))
		}))
		c := over(t, rt, client.WithAuth(authsOf(src)[kind]))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err, kind)
		require.EqualValues(t, 200, src.refreshes.Load(), "%s: asked for the newest, not renewed", kind)
		was := rt.Requests()
		require.NotEqual(t, credentialIn(was[0]), credentialIn(was[1]), kind)
	}
}

func credentialIn(r clienttest.Recorded) string {
	return r.Header.Get("Authorization") + r.Header.Get("X-Key") + r.URL
}

// rotating is a source whose secret changes when it is told to.
type rotating struct {
	current   atomic.Pointer[string]
	refreshes atomic.Int32
	onRefresh string
}

func newRotating(s, onRefresh string) *rotating {
	r := &rotating{onRefresh: onRefresh}
	r.current.Store(&s)
	return r
}

func (r *rotating) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New(*r.current.Load())}, nil
}

func (r *rotating) Refresh(context.Context) error {
	r.refreshes.Add(1)
	if r.onRefresh != "" {
		s := r.onRefresh
		r.current.Store(&s)
	}
	return nil
}

// wants answers 401 to all but one credential.
func wants(header string, value func() string) clienttest.Step {
	return clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(header) != value() {
			w.WriteHeader(401)
			return
		}
		_, _ = w.Write([]byte(`{"id":"ok"}`))
	})
}

func TestC15_A401CausesOneRefreshAndOneReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, wants("Authorization", func() string { return "Bearer new" }))
		src := newRotating("old", "new")
		budget := retry.NewBudget(0)
		limit := ratelimit.PerSecond(1, ratelimit.WithBurst(1))
		c := over(t, rt, client.WithAuth(client.Bearer(src)), client.WithRateLimit(limit), client.WithRetry(retry.Policy{MaxAttempts: 1, Budget: budget}))
		var meta client.Meta
		start := time.Now()
		got, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: thing{}, Meta: &meta})
		require.NoError(t, err)
		require.Equal(t, "ok", got.ID)
		require.Equal(t, []client.Reason{client.Reauthorized, client.Succeeded}, reasons(meta.Attempts), "the replay is an attempt in the ledger")
		require.InDelta(t, time.Second, time.Since(start), float64(time.Millisecond), "and for the limiter")
		require.EqualValues(t, 1, src.refreshes.Load())

		src = newRotating("old", "other")
		rt.Script(wants("Authorization", func() string { return "Bearer new" }))
		c = over(t, rt, client.WithAuth(client.Bearer(src)))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrUnauthorized)
		require.Len(t, asError(t, err).Attempts, 2, "one replay, not more")

		src = newRotating("old", "")
		c = over(t, rt, client.WithAuth(client.Bearer(src)))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrUnauthorized)
		require.Len(t, asError(t, err).Attempts, 1, "the same secret is not tried again")

		src = newRotating("old", "new")
		c = over(t, rt, client.WithAuth(client.Bearer(src)), client.WithReadAhead(0))
		_, err = client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: client.Stream("a/b", strings.NewReader("x"), -1)})
		require.ErrorIs(t, err, client.ErrUnauthorized)
		require.Zero(t, src.refreshes.Load(), "a body that cannot be replayed")
	})
}

// tokens is an oauth2.TokenSource that refreshes on demand.
type tokens struct {
	mu        sync.Mutex
	n         int
	refreshes int
	asked     int
	delay     time.Duration
}

func (s *tokens) Token() (*oauth2.Token, error) { return s.TokenContext(context.Background()) }

func (s *tokens) TokenContext(context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return &oauth2.Token{AccessToken: fmt.Sprintf("tok-%d", s.n)}, nil
}

func (s *tokens) RefreshToken(_ context.Context, failed *oauth2.Token) (*oauth2.Token, error) {
	time.Sleep(s.delay)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes++
	if failed.AccessToken == fmt.Sprintf("tok-%d", s.n) {
		s.n++
	}
	return &oauth2.Token{AccessToken: fmt.Sprintf("tok-%d", s.n)}, nil
}

func TestC15_ConcurrentCallsShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, wants("Authorization", func() string { return "Bearer tok-1" }))
		src := &tokens{delay: time.Second}
		c := over(t, rt, client.WithAuth(client.OAuth2(src)))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := client.Get[thing](ctx, c, "/x")
			if !errors.Is(err, client.ErrUnauthorized) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient caller: %v", err)
			}
		})
		for range 50 {
			wg.Go(func() {
				if _, err := client.Get[thing](t.Context(), c, "/x"); err != nil {
					t.Errorf("one caller's cancel failed another: %v", err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, src.refreshes)
	})
}

func TestC15_TokenThatWasReplacedMeanwhileIsNotRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &tokens{}
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			src.mu.Lock()
			src.n = 1 // somebody else has refreshed
			src.mu.Unlock()
			if r.Header.Get("Authorization") != "Bearer tok-1" {
				w.WriteHeader(401)
				return
			}
			_, _ = w.Write([]byte(`{}`))
		}))
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.OAuth2(src))), "/x")
		require.NoError(t, err)
		require.Zero(t, src.refreshes)
	})
}

// signing is an Auth whose credential is new every time.
type signing struct{ n int }

func (s *signing) Authorize(r *http.Request) error {
	s.n++
	r.Header.Set("Authorization", fmt.Sprintf("Signed %d", s.n))
	return nil
}

func TestC15_AuthRunsInsideTheRetryLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.MustParse("503, 503, 200 {}")...)
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(&signing{})), "/x")
		require.NoError(t, err)
		for i, r := range rt.Requests() {
			require.Equal(t, fmt.Sprintf("Signed %d", i+1), r.Header.Get("Authorization"))
		}
	})
}

// plainSource is a TokenSource without any context.
type plainSource struct {
	calls atomic.Int32
	block chan struct{}
	tok   atomic.Pointer[oauth2.Token]
}

func (s *plainSource) Token() (*oauth2.Token, error) {
	s.calls.Add(1)
	if s.block != nil {
		<-s.block
	}
	return s.tok.Load(), nil
}

func TestOAuth2PlainSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &plainSource{block: make(chan struct{})}
		src.tok.Store(&oauth2.Token{AccessToken: "a", TokenType: "bearer", Expiry: time.Now().Add(time.Hour)})
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		c := over(t, rt, client.WithAuth(client.OAuth2(src)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.Get[thing](ctx, c, "/x")
		require.ErrorIs(t, err, context.DeadlineExceeded, "a source that hangs does not hold the call past its deadline")
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, client.NoEffect, asError(t, err).Effect)
		require.Zero(t, rt.Count())
		close(src.block)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, "Bearer a", rt.Last().Header.Get("Authorization"))

		rt.Script(clienttest.Status(401))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrUnauthorized)
		require.Len(t, asError(t, err).Attempts, 1, "a plain source cannot refresh on demand")

		src.tok.Store(&oauth2.Token{AccessToken: "bad\r\nX: y"})
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "bad")
	})
	_, err := client.New(base, client.WithAuth(client.OAuth2(nil)))
	require.ErrorIs(t, err, client.ErrConfig)
}

func TestX3_RotationNeedsNoRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		mounted := filepath.Join(dir, "key")
		require.NoError(t, os.WriteFile(mounted, []byte("key-1"), 0o600))
		var valid atomic.Pointer[string]
		one, two := "Bearer key-1", "Bearer key-2"
		valid.Store(&one)
		rt := clienttest.NewTransport(t, wants("Authorization", func() string { return *valid.Load() }))
		c := over(t, rt, client.WithAuth(client.Bearer(secret.File(mounted))))
		sdk := c.HTTPClient()
		call := func(i int) error {
			if i%2 == 0 {
				_, err := client.Get[thing](t.Context(), c, "/x")
				return err
			}
			resp, err := sdk.Get(base + "/x")
			if err != nil {
				return err
			}
			_ = resp.Body.Close()
			if resp.StatusCode != 200 {
				return fmt.Errorf("status %d", resp.StatusCode)
			}
			return nil
		}
		failures := 0
		for i := range 5000 { // five seconds at a thousand calls a second
			if i == 2500 {
				next := filepath.Join(dir, "next")
				require.NoError(t, os.WriteFile(next, []byte("key-2\n"), 0o600))
				require.NoError(t, os.Rename(next, mounted))
				valid.Store(&two)
			}
			if err := call(i); err != nil {
				failures++
			}
			time.Sleep(time.Millisecond)
		}
		require.Zero(t, failures)
		require.LessOrEqual(t, rt.Count(), 5001, "one 401 made the source read again")
	})
}

func TestX3_CallsInFlightKeepTheOldSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newRotating("old", "")
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).After(time.Second))
		c := over(t, rt, client.WithAuth(client.Bearer(src)))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := client.Get[thing](t.Context(), c, "/x"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		next := "new"
		src.current.Store(&next)
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		wg.Wait()
		require.Equal(t, "Bearer old", rt.Requests()[0].Header.Get("Authorization"))
		require.Equal(t, "Bearer new", rt.Requests()[1].Header.Get("Authorization"))
	})
}

func pemKey(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func claimsOf(t *testing.T, r clienttest.Recorded) (header, claims map[string]any) {
	t.Helper()
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	require.True(t, ok)
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	for i, into := range []*map[string]any{&header, &claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, into))
	}
	return header, claims
}

func TestJWTAuth(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	synctest.Test(t, func(t *testing.T) {
		for alg, key := range map[string]string{"RS256": pemKey(t, rsaKey), "ES256": pemKey(t, ecKey), "EdDSA": pemKey(t, edKey)} {
			rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
			c := over(t, rt, client.WithAuth(client.JWT(client.JWTConfig{Key: secret.Static(key), KeyID: "k1", Issuer: "me", Subject: "s", Audience: "a", Claims: map[string]any{"x": 1}})))
			get := func() { _, err := client.Get[thing](t.Context(), c, "/x"); require.NoError(t, err) }
			get()
			h, claims := claimsOf(t, rt.Last())
			require.Equal(t, alg, h["alg"])
			require.Equal(t, "k1", h["kid"])
			require.Equal(t, "me", claims["iss"])
			require.EqualValues(t, 1, claims["x"])
			require.EqualValues(t, time.Now().Add(5*time.Minute).Unix(), claims["exp"])
			first := rt.Last().Header.Get("Authorization")
			time.Sleep(4 * time.Minute)
			get()
			require.Equal(t, first, rt.Last().Header.Get("Authorization"), "a token is signed once")
			time.Sleep(31 * time.Second)
			get()
			require.NotEqual(t, first, rt.Last().Header.Get("Authorization"), "and renewed before it expires")
		}
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		escaped := strings.ReplaceAll(pkcs1, "\n", `\n`)
		c := over(t, rt, client.WithAuth(client.GitHubApp("Iv1.app", secret.Static(escaped))))
		_, err := client.Get[thing](t.Context(), c, "/app")
		require.NoError(t, err)
		h, claims := claimsOf(t, rt.Last())
		require.Equal(t, "RS256", h["alg"])
		require.Equal(t, "Iv1.app", claims["iss"])
		require.EqualValues(t, time.Now().Add(-time.Minute).Unix(), claims["iat"])
		require.EqualValues(t, time.Now().Add(9*time.Minute).Unix(), claims["exp"])

		file, _ := json.Marshal(map[string]string{"type": "service_account", "client_email": "sa@p.iam.example", "private_key": pemKey(t, rsaKey), "private_key_id": "kid-1"})
		c = over(t, rt, client.WithAuth(client.GoogleServiceAccount(secret.Static(string(file)), "", "scope-a", "scope-b")))
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		h, claims = claimsOf(t, rt.Last())
		require.Equal(t, "kid-1", h["kid"])
		require.Equal(t, "scope-a scope-b", claims["scope"])
		require.Equal(t, claims["iss"], claims["sub"])
		require.EqualValues(t, time.Now().Add(-time.Minute).Unix(), claims["iat"], "not from the future for a clock that is slow")
		require.EqualValues(t, time.Now().Add(59*time.Minute).Unix(), claims["exp"], "an hour in all")
	})
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err == nil {
		_, err = client.New(base, client.WithAuth(client.JWT(client.JWTConfig{Key: secret.Static(pemKey(t, weak))})))
		require.ErrorIs(t, err, client.ErrConfig)
	}
	_, err = client.New(base, client.WithAuth(client.JWT(client.JWTConfig{Key: secret.Static("not a key")})))
	require.ErrorIs(t, err, client.ErrConfig)
	_, err = client.New(base, client.WithAuth(client.GoogleServiceAccount(secret.Static(`{"type":"user"}`), "aud")))
	require.ErrorIs(t, err, client.ErrConfig)
}

// seemsFixed is a source with a method Fixed of its own, which means something else.
type seemsFixed struct {
	*rotating
	fixed func() bool
}

func (s *seemsFixed) Fixed() bool { return s.fixed() }

// X3: only a source of package secret's is taken to be one whose secret never changes.
func TestX3_AUsersSourceIsNeverFixed(t *testing.T) {
	for name, fixed := range map[string]func() bool{
		"says that it is": func() bool { return true },
		"panics":          func() bool { panic("not to be called") },
	} {
		for kind := range authsOf(nil) {
			src := &seemsFixed{newRotating("old", ""), fixed}
			rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"), clienttest.JSON(200, "{}"))
			c := over(t, rt, client.WithAuth(authsOf(src)[kind]))
			for _, s := range []string{"old", "new"} {
				src.current.Store(&s)
				_, err := client.Get[thing](t.Context(), c, "/x")
				require.NoError(t, err, "%s %s", kind, name)
			}
			was := rt.Requests()
			require.NotEqual(t, credentialIn(was[0]), credentialIn(was[1]), "%s %s", kind, name)
		}
	}
}
