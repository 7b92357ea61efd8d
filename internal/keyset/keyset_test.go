package keyset_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/loopback/loopbacktest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const (
	issuer  = "https://issuer.example/tenant"
	keysURL = "https://keys.example/jwks"
)

// jwks returns a key set with one Ed25519 key per ID, derived from seed.
func jwks(seed byte, ids ...string) string {
	keys := make([]*jose.Key, len(ids))
	for i, id := range ids {
		private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed + byte(i)}, ed25519.SeedSize))
		key, err := jose.NewKey(id, jose.EdDSA, private.Public())
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	set, err := jose.NewSet(keys...)
	if err != nil {
		panic(err)
	}
	data, err := set.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return string(data)
}

// server is a key server in memory. Its fields may be changed between requests.
type server struct {
	mu      sync.Mutex
	pages   map[string]string
	status  int
	control string
	age     string
	delay   time.Duration
	hits    atomic.Int64
	last    *http.Request
	redir   map[string]string
}

func newServer() *server {
	return &server{pages: map[string]string{keysURL: jwks(1, "k1", "k2")}, status: http.StatusOK}
}

func (s *server) set(f func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	s.hits.Add(1)
	s.mu.Lock()
	page, ok := s.pages[req.URL.String()]
	status, control, age, delay := s.status, s.control, s.age, s.delay
	to := s.redir[req.URL.String()]
	s.last = req
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	if !ok && to == "" {
		status = http.StatusNotFound
	}
	h := http.Header{}
	if to != "" {
		status = http.StatusFound
		h.Set("Location", to)
	}
	if control != "" {
		h.Set("Cache-Control", control)
	}
	if age != "" {
		h.Set("Age", age)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(page)), Request: req}, nil
}

func (s *server) client() *http.Client { return &http.Client{Transport: s} }

func newCache(t *testing.T, s *server, change func(*keyset.Config)) *keyset.Cache {
	t.Helper()
	c := keyset.Config{URL: keysURL, Client: s.client()}
	if change != nil {
		change(&c)
	}
	cache, err := keyset.New(c)
	require.NoError(t, err)
	return cache
}

func header(id string) jose.Header { return jose.Header{Algorithm: jose.EdDSA, KeyID: id} }

func TestKeyIsFetchedOnceAndKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.Zero(t, s.hits.Load(), "New makes no request")
		for range 3 {
			key, err := c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			require.Equal(t, "k1", key.ID())
		}
		_, err := c.Key(t.Context(), jose.Header{Algorithm: jose.RS256, KeyID: "k1"})
		require.ErrorIs(t, err, jose.ErrAlgorithm)
		_, err = c.Key(t.Context(), header(""))
		require.ErrorIs(t, err, jose.ErrUnknownKey)
		require.EqualValues(t, 1, s.hits.Load())
		require.Equal(t, "application/json", s.last.Header.Get("Accept"))
	})
}

func TestWarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 1, s.hits.Load())
		s.status = 0
		_, err := c.Key(t.Context(), header("k2"))
		require.NoError(t, err)
		require.EqualValues(t, 1, s.hits.Load())

		cold := newCache(t, s, nil)
		require.ErrorIs(t, cold.Warm(t.Context()), keyset.ErrUnavailable)
	})
}

// J8: a cold cache waits, bounded by the context and five seconds; all who wait
// share one fetch, and one caller's cancel fails no other (J9).
func TestJ8_ColdCacheWaitsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.delay = 3 * time.Second
		c := newCache(t, s, nil)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Key(ctx, header("k1"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Second, time.Since(start))
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				_, err := c.Key(t.Context(), header("k1"))
				require.NoError(t, err)
				require.Equal(t, 3*time.Second, time.Since(start))
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, s.hits.Load())

		s.delay = time.Hour
		slow := newCache(t, s, nil)
		start = time.Now()
		_, err := slow.Key(t.Context(), header("k1"))
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.Equal(t, 5*time.Second, time.Since(start))
		synctest.Wait()
	})
}

// J8: ten thousand tokens with made-up key IDs cause one fetch per cooldown,
// and callers with known keys never wait.
func TestJ8_RandomKeyIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		time.Sleep(keyset.DefaultCooldown)
		s.set(func(s *server) { s.delay = 2 * time.Second })
		var wg sync.WaitGroup
		for i := range 10_000 {
			wg.Go(func() {
				_, err := c.Key(t.Context(), header(fmt.Sprintf("../../%d", i)))
				require.ErrorIs(t, err, jose.ErrUnknownKey)
			})
		}
		synctest.Wait()
		start := time.Now()
		for range 100 {
			_, err := c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(start), "known keys do not wait for the fetch")
		wg.Wait()
		require.EqualValues(t, 2, s.hits.Load())

		// For a minute, 100 unknown IDs a second.
		for range 60 {
			for i := range 100 {
				_, err := c.Key(t.Context(), header(fmt.Sprint("x", i)))
				require.ErrorIs(t, err, jose.ErrUnknownKey)
			}
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, s.hits.Load(), int64(2+6))
		require.GreaterOrEqual(t, s.hits.Load(), int64(2+4))
	})
}

func TestUnknownKeyIDFindsARotatedKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		time.Sleep(keyset.DefaultCooldown)
		s.pages[keysURL] = jwks(9, "k3")
		key, err := c.Key(t.Context(), header("k3"))
		require.NoError(t, err)
		require.Equal(t, "k3", key.ID())
		_, err = c.Key(t.Context(), header("k1"))
		require.ErrorIs(t, err, jose.ErrUnknownKey)
		require.EqualValues(t, 2, s.hits.Load())
	})
}

// J9: refreshed ahead of expiry in the background, so that a key removed from
// the set stops verifying within its lifetime and nobody waits.
func TestJ9_RemovedKeyStopsWithinItsLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.control = "public, max-age=600, must-revalidate"
		s.delay = time.Second
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		removed := time.Now()
		s.set(func(s *server) { s.pages[keysURL] = jwks(1, "k1") })
		for {
			before := time.Now()
			_, err := c.Key(t.Context(), header("k2"))
			if err != nil {
				require.ErrorIs(t, err, jose.ErrUnknownKey)
				break
			}
			_, err = c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			require.Equal(t, before, time.Now(), "nobody waits")
			time.Sleep(100 * time.Millisecond)
		}
		age := time.Since(removed)
		require.GreaterOrEqual(t, age, 480*time.Second)
		require.Less(t, age, 600*time.Second)
	})
}

// After an idle time longer than the lifetime the next caller waits for the
// fetch, rather than trusting keys that may have been withdrawn.
func TestIdleBeyondTheLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		s.set(func(s *server) { s.pages[keysURL] = jwks(1, "k1"); s.delay = time.Second })
		time.Sleep(keyset.DefaultLifetime)
		start := time.Now()
		_, err := c.Key(t.Context(), header("k2"))
		require.ErrorIs(t, err, jose.ErrUnknownKey)
		require.Equal(t, time.Second, time.Since(start))
	})
}

// J9: in an outage the known keys serve up to a bound, nobody waits once the
// outage is known, and unknown keys are a question nobody can answer.
func TestJ9_OutageServesKnownKeysUpToABound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.control = "max-age=600"
		c := newCache(t, s, func(c *keyset.Config) { c.StaleFor = 20 * time.Minute })
		require.NoError(t, c.Warm(t.Context()))
		start := time.Now()
		s.set(func(s *server) { s.status = 0 })
		for time.Since(start) < 30*time.Minute {
			before := time.Now()
			_, err := c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			require.Equal(t, before, time.Now())
			if since := time.Since(start); since > 10*time.Minute {
				_, err = c.Key(t.Context(), header("k9"))
				require.ErrorIs(t, err, keyset.ErrUnavailable)
			}
			time.Sleep(250 * time.Millisecond)
		}
		_, err := c.Key(t.Context(), header("k1"))
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		hits := s.hits.Load()
		require.Less(t, hits, int64(70), "attempts are spaced")

		s.set(func(s *server) { s.status = http.StatusOK })
		time.Sleep(keyset.MaxCooldown)
		_, err = c.Key(t.Context(), header("k1"))
		require.NoError(t, err)
	})
}

func TestNoStaleness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, func(c *keyset.Config) { c.StaleFor = -1 })
		require.NoError(t, c.Warm(t.Context()))
		s.set(func(s *server) { s.status = http.StatusInternalServerError })
		time.Sleep(keyset.DefaultLifetime)
		_, err := c.Key(t.Context(), header("k1"))
		require.ErrorIs(t, err, keyset.ErrUnavailable)
	})
}

func TestColdFailuresAreSpaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.status = http.StatusServiceUnavailable
		c := newCache(t, s, nil)
		for range 1000 {
			_, err := c.Key(t.Context(), header("k1"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
		}
		require.EqualValues(t, 1, s.hits.Load())
		for range 600 {
			_, err := c.Key(t.Context(), header("k1"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			time.Sleep(time.Second)
		}
		require.Less(t, s.hits.Load(), int64(30))
	})
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		control, age string
		want         time.Duration
	}{
		{"", "", keyset.DefaultLifetime},
		{"public", "", keyset.DefaultLifetime},
		{"max-age=3600", "", time.Hour},
		{"public, MAX-AGE=3600", "600", 50 * time.Minute},
		{`max-age="120"`, "", 2 * time.Minute},
		{"max-age=1", "", keyset.MinLifetime},
		{"max-age=3600", "4000", keyset.MinLifetime},
		{"no-store", "", keyset.MinLifetime},
		{"max-age=3600, no-cache", "", keyset.MinLifetime},
		{"max-age=99999999", "", keyset.MaxLifetime},
		{"max-age=-5", "", keyset.DefaultLifetime},
		{"max-age=99999999999999999999", "", keyset.DefaultLifetime},
		{"s-maxage=5", "", keyset.DefaultLifetime},
		{"max-age=600", "-3", 10 * time.Minute},
	} {
		t.Run(tt.control+"/"+tt.age, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.control, s.age = tt.control, tt.age
				c := newCache(t, s, nil)
				require.NoError(t, c.Warm(t.Context()))
				time.Sleep(tt.want*4/5 - time.Second)
				_, err := c.Key(t.Context(), header("k1"))
				require.NoError(t, err)
				synctest.Wait()
				require.EqualValues(t, 1, s.hits.Load())
				time.Sleep(2 * time.Second)
				_, err = c.Key(t.Context(), header("k1"))
				require.NoError(t, err)
				synctest.Wait()
				require.EqualValues(t, 2, s.hits.Load())
			})
		})
	}
}

// J9: one cache per issuer and address.
func TestJ9_CachesAreSeparate(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.pages["https://b.example/jwks"] = jwks(50, "k1")
	a := newCache(t, s, nil)
	b := newCache(t, s, func(c *keyset.Config) { c.URL = "https://b.example/jwks" })
	fromA, err := a.Key(t.Context(), header("k1"))
	require.NoError(t, err)
	fromB, err := b.Key(t.Context(), header("k1"))
	require.NoError(t, err)
	require.NotEqual(t, fromA.Public(), fromB.Public())
}

// J9: one unknown key type does not void the set.
func TestJ9_UnknownKeyTypeIsLeftOut(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.pages[keysURL] = strings.Replace(jwks(1, "k1"), `{"keys":[`, `{"keys":[{"kty":"PQ","kid":"q","pub":"x"},7,`, 1)
	var log bytes.Buffer
	c := newCache(t, s, func(c *keyset.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.Key(t.Context(), header("k1"))
	require.NoError(t, err)
	_, err = c.Key(t.Context(), header("q"))
	require.ErrorIs(t, err, jose.ErrUnknownKey)
	require.Equal(t, 2, strings.Count(log.String(), "left out"))
}

// J9
func TestJ9_HostileKeyServers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":          "",
		"html":           "<html>",
		"array":          "[]",
		"no keys":        "{}",
		"keys null":      `{"keys":null}`,
		"duplicate keys": `{"keys":[],"keys":[]}`,
		"too large":      `{"keys":[],"x":"` + strings.Repeat("a", keyset.MaxBytes) + `"}`,
		"trailing":       jwks(1, "k1") + "x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer()
			s.pages[keysURL] = body
			_, err := newCache(t, s, nil).Key(t.Context(), header("k1"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.Less(t, len(err.Error()), 300)
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for to, ok := range map[string]bool{
		"https://keys.example/moved":         true,
		"/moved":                             true,
		"https://keys.example:444/moved":     false,
		"http://keys.example/moved":          false,
		"https://evil.example/moved":         false,
		"https://user:pw@keys.example/moved": false,
		keysURL:                              false, // a loop
	} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			s := newServer()
			s.redir = map[string]string{keysURL: to}
			for _, u := range []string{"https://keys.example/moved", "https://keys.example:444/moved", "http://keys.example/moved", "https://evil.example/moved"} {
				s.pages[u] = jwks(1, "k1")
			}
			_, err := newCache(t, s, nil).Key(t.Context(), header("k1"))
			if ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.NotEqual(t, "evil.example", s.last.URL.Host, "never followed")
		})
	}
}

func discovery(issuer, jwksURI string) string {
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"authorization_endpoint":"https://issuer.example/auth"}`, issuer, jwksURI)
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	const (
		openID = "https://issuer.example/tenant/.well-known/openid-configuration"
		oauth  = "https://issuer.example/.well-known/oauth-authorization-server/tenant"
	)
	tests := []struct {
		name   string
		pages  map[string]string
		change func(*keyset.Config)
		ok     bool
	}{
		{"OpenID", map[string]string{openID: discovery(issuer, keysURL)}, nil, true},
		{"OAuth", map[string]string{oauth: discovery(issuer, keysURL)}, func(c *keyset.Config) { c.Discovery = keyset.OAuth }, true},
		{"OAuth falls back", map[string]string{openID: discovery(issuer, keysURL)}, func(c *keyset.Config) { c.Discovery = keyset.OAuth }, true},
		{"OpenID does not fall back", map[string]string{oauth: discovery(issuer, keysURL)}, nil, false},
		{"wrong OAuth document is final", map[string]string{oauth: discovery("https://evil.example", keysURL), openID: discovery(issuer, keysURL)}, func(c *keyset.Config) { c.Discovery = keyset.OAuth }, false},
		{"override", map[string]string{"https://issuer.example/common": discovery("https://issuer.example/{tenantid}", keysURL)}, func(c *keyset.Config) {
			c.DiscoveryURL, c.Issuer = "https://issuer.example/common", "https://issuer.example/{tenantid}"
		}, true},
		{"trailing slash of the issuer", map[string]string{openID: discovery(issuer+"/", keysURL)}, func(c *keyset.Config) { c.Issuer += "/" }, true},

		{"other issuer", map[string]string{openID: discovery("https://issuer.example", keysURL)}, nil, false},
		{"issuer with slash", map[string]string{openID: discovery(issuer+"/", keysURL)}, nil, false},
		{"no issuer", map[string]string{openID: `{"jwks_uri":"` + keysURL + `"}`}, nil, false},
		{"ISSUER", map[string]string{openID: `{"ISSUER":"` + issuer + `","jwks_uri":"` + keysURL + `"}`}, nil, false},
		{"duplicate jwks_uri", map[string]string{openID: `{"issuer":"` + issuer + `","jwks_uri":"` + keysURL + `","jwks_uri":"` + keysURL + `"}`}, nil, false},
		{"no jwks_uri", map[string]string{openID: `{"issuer":"` + issuer + `"}`}, nil, false},
		{"plain jwks_uri", map[string]string{openID: discovery(issuer, "http://keys.example/jwks"), "http://keys.example/jwks": jwks(1, "k1")}, nil, false},
		{"file jwks_uri", map[string]string{openID: discovery(issuer, "file:///etc/passwd")}, nil, false},
		{"loopback jwks_uri", map[string]string{openID: discovery(issuer, "http://127.0.0.1/jwks"), "http://127.0.0.1/jwks": jwks(1, "k1")}, nil, false},
		{"not JSON", map[string]string{openID: "<html>"}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer()
			for u, page := range tt.pages {
				s.pages[u] = page
			}
			c := newCache(t, s, func(c *keyset.Config) {
				c.URL, c.Issuer = "", issuer
				if tt.change != nil {
					tt.change(c)
				}
			})
			_, err := c.Key(t.Context(), header("k1"))
			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, keyset.ErrUnavailable)
			}
		})
	}
}

// The jwks_uri is looked up again after an hour, and when it stops answering.
func TestDiscoveryFollowsAMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const at = issuer + "/.well-known/openid-configuration"
		s := newServer()
		s.pages[at] = discovery(issuer, keysURL)
		c := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer = "", issuer })
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 2, s.hits.Load())
		time.Sleep(keyset.DefaultLifetime)
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 3, s.hits.Load(), "the document is not asked for each time")

		s.pages["https://keys.example/new"] = jwks(30, "k9")
		delete(s.pages, keysURL)
		s.pages[at] = discovery(issuer, "https://keys.example/new")
		time.Sleep(keyset.DefaultLifetime)
		_, err := c.Key(t.Context(), header("k1"))
		require.NoError(t, err, "stale, since the old address has gone")
		time.Sleep(time.Second)
		_, err = c.Key(t.Context(), header("k1"))
		require.NoError(t, err)
		synctest.Wait()
		_, err = c.Key(t.Context(), header("k9"))
		require.NoError(t, err)
	})
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]keyset.Config{
		"empty":             {},
		"http":              {URL: "http://keys.example/jwks"},
		"http allowed":      {URL: "http://keys.example/jwks", AllowPlainHTTPToLoopback: true},
		"http look-alike":   {URL: "http://localhost.example/jwks", AllowPlainHTTPToLoopback: true},
		"http loopback":     {URL: "http://127.0.0.1/jwks"},
		"relative":          {URL: "/jwks"},
		"user":              {URL: "https://u:p@keys.example/jwks"},
		"fragment":          {URL: "https://keys.example/jwks#x"},
		"no host":           {URL: "https:///jwks"},
		"no host, port":     {URL: "https://:443/jwks"},
		"ftp":               {URL: "ftp://keys.example"},
		"bad":               {URL: "https://%zz/"},
		"issuer http":       {Issuer: "http://issuer.example"},
		"issuer text":       {Issuer: "accounts.example.com"},
		"issuer text OAuth": {Issuer: "accounts.example.com", Discovery: keyset.OAuth},
		"discovery http":    {Issuer: issuer, DiscoveryURL: "http://issuer.example/x"},
		"cooldown":          {URL: keysURL, Cooldown: time.Minute},
		"lifetime":          {URL: keysURL, Lifetime: 25 * time.Hour},
		"negative wait":     {URL: keysURL, Wait: -1},
	} {
		_, err := keyset.New(c)
		require.Error(t, err, name)
	}
	for _, u := range []string{"http://127.0.0.1:8080/jwks", "http://[::1]/jwks", "http://localhost:1/jwks", "https://keys.example/jwks?v=1"} {
		_, err := keyset.New(keyset.Config{URL: u, AllowPlainHTTPToLoopback: true})
		require.NoError(t, err, u)
	}
}

// C40: keys come over plain http from this machine alone, as the module's one rule
// has it.
func TestC40_PlainHTTPIsForThisMachine(t *testing.T) {
	t.Parallel()
	for host, want := range loopbacktest.Hosts {
		_, err := keyset.New(keyset.Config{URL: loopbacktest.URL(host) + "/jwks", AllowPlainHTTPToLoopback: true})
		require.Equal(t, want, err == nil, "%q: %v", host, err)
	}
}

// X1: the query of a key address, which may hold a secret, is in no error.
func TestErrorsHoldNoQuery(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.status = 0
	c := newCache(t, s, func(c *keyset.Config) { c.URL = "https://keys.example/jwks?code=canary" })
	err := c.Warm(t.Context())
	require.ErrorIs(t, err, keyset.ErrUnavailable)
	require.NotContains(t, err.Error(), "canary")
	require.Contains(t, err.Error(), "keys.example/jwks")
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s := newServer()
	s.pages[keysURL] = `{"k1":"not a certificate"}`
	c := newCache(t, s, func(c *keyset.Config) { c.Format = keyset.Certificates })
	_, err := c.Key(t.Context(), header("k1"))
	require.ErrorIs(t, err, jose.ErrUnknownKey)
}

func TestStatic(t *testing.T) {
	t.Parallel()
	set, err := jose.ParseSet([]byte(jwks(1, "k1", "k2")))
	require.NoError(t, err)
	source := keyset.Static(set)
	require.NoError(t, source.Warm(t.Context()))
	key, err := source.Key(t.Context(), header("k2"))
	require.NoError(t, err)
	require.Equal(t, "k2", key.ID())
	_, err = source.Key(t.Context(), header("k3"))
	require.ErrorIs(t, err, jose.ErrUnknownKey)
}

func TestWarmLookupsDoNotAllocate(t *testing.T) {
	s := newServer()
	c := newCache(t, s, nil)
	require.NoError(t, c.Warm(t.Context()))
	h, ctx := header("k1"), t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := c.Key(ctx, h); err != nil {
			panic(err)
		}
	}))
}
