package keyset_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
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

	statuses map[string]int // of single addresses
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
	if own := s.statuses[req.URL.String()]; own != 0 {
		ok, status = true, own
	}
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
		"no key":         `{"keys":[]}`,
		"no usable key":  `{"keys":[{"kty":"PQ","kid":"k1"},{"kty":"oct","kid":"k1","k":"AAAA"},` + strings.Repeat(`null,`, 1000) + `1]}`,
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
		{"a page in place of OAuth's", map[string]string{oauth: "<html>", openID: discovery(issuer, keysURL)}, func(c *keyset.Config) { c.Discovery = keyset.OAuth }, true},
		{"OAuth document without keys is final", map[string]string{oauth: `{"issuer":"` + issuer + `"}`, openID: discovery(issuer, keysURL)}, func(c *keyset.Config) { c.Discovery = keyset.OAuth }, false},
		{"several slashes of the issuer", map[string]string{openID: discovery(issuer+"//", keysURL)}, func(c *keyset.Config) { c.Issuer += "//" }, true},
		{"several slashes, OAuth", map[string]string{oauth: discovery(issuer+"//", keysURL)}, func(c *keyset.Config) { c.Issuer, c.Discovery = c.Issuer+"//", keyset.OAuth }, true},
		{"odd members beside", map[string]string{openID: `{"x":1,"x":2,"y":"\ud800","z":1e999,"issuer":"` + issuer + `","jwks_uri":"` + keysURL + `","d":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`}, nil, true},
		{"duplicate issuer", map[string]string{openID: `{"issuer":"` + issuer + `","issuer":"` + issuer + `","jwks_uri":"` + keysURL + `"}`}, nil, false},
		{"issuer list", map[string]string{openID: `{"issuer":["` + issuer + `"],"jwks_uri":"` + keysURL + `"}`}, nil, false},
		{"jwks_uri null", map[string]string{openID: `{"issuer":"` + issuer + `","jwks_uri":null}`}, nil, false},
		{"document list", map[string]string{openID: `[]`}, nil, false},
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

// What is wrong with a discovery document is said by name.
func TestDiscoveryErrors(t *testing.T) {
	t.Parallel()
	const at = issuer + "/.well-known/openid-configuration"
	for page, want := range map[string]string{
		`{"issuer":["x"],"jwks_uri":"x"}`:                                `"issuer"`,
		`{"issuer":null}`:                                                `"issuer"`,
		`{"issuer":"\ud800"}`:                                            `"issuer"`,
		`{"issuer":"` + issuer + `","jwks_uri":1}`:                       `"jwks_uri"`,
		`{"issuer":"` + issuer + `","jwks_uri":"` + keysURL + `\ud800"}`: `"jwks_uri"`,
		`{"issuer":"` + issuer + `"}`:                                    "no jwks_uri",
		`{"jwks_uri":"` + keysURL + `"}`:                                 "another issuer",
		`{"issuer":"x","issuer":"x"}`:                                    "duplicate",
		`{"issuer":"` + issuer + `","jwks_uri":"http://keys.example/"}`:  "https only",
		`<html>`: "no document",
		`[]`:     "another type",
	} {
		s := newServer()
		s.pages[at] = page
		err := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer = "", issuer }).Warm(t.Context())
		require.ErrorIs(t, err, keyset.ErrUnavailable, page)
		require.ErrorContains(t, err, want, page)
		require.ErrorContains(t, err, at, page)
	}
}

// J9: the size is capped, at the byte.
func TestJ9_DocumentSize(t *testing.T) {
	t.Parallel()
	set := jwks(1, "k1")
	for size, ok := range map[int]bool{keyset.MaxBytes: true, keyset.MaxBytes + 1: false} {
		s := newServer()
		s.pages[keysURL] = set + strings.Repeat(" ", size-len(set))
		_, err := newCache(t, s, nil).Key(t.Context(), header("k1"))
		if ok {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "larger than")
		}
	}
}

// A server that has no document at the first address says so in its own way.
func TestDiscoveryGoesOn(t *testing.T) {
	t.Parallel()
	const (
		openID = "https://issuer.example/tenant/.well-known/openid-configuration"
		oauth  = "https://issuer.example/.well-known/oauth-authorization-server/tenant"
	)
	for status, ok := range map[int]bool{
		399: false, 400: true, 401: true, 403: true, 404: true, 405: true, 410: true, 429: true, 499: true,
		204: false, 304: false, 500: false, 502: false, 503: false,
	} {
		s := newServer()
		s.pages[openID] = discovery(issuer, keysURL)
		s.statuses = map[string]int{oauth: status}
		c := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer, c.Discovery = "", issuer, keyset.OAuth })
		_, err := c.Key(t.Context(), header("k1"))
		if ok {
			require.NoError(t, err, status)
			continue
		}
		require.ErrorIs(t, err, keyset.ErrUnavailable, status)
		require.EqualValues(t, 1, s.hits.Load(), "%d: an ill server is not asked for more", status)
		require.ErrorContains(t, err, fmt.Sprint(status))
	}
	for to, ok := range map[string]bool{"https://login.example/": true, "http://issuer.example/x": true, oauth: false} {
		s := newServer()
		s.pages[openID] = discovery(issuer, keysURL)
		s.redir = map[string]string{oauth: to}
		c := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer, c.Discovery = "", issuer, keyset.OAuth })
		_, err := c.Key(t.Context(), header("k1"))
		require.Equal(t, ok, err == nil, to)
	}
	// With no document anywhere the error says of the last address what it said.
	s := newServer()
	s.statuses = map[string]int{oauth: 403, openID: 410}
	c := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer, c.Discovery = "", issuer, keyset.OAuth })
	require.ErrorContains(t, c.Warm(t.Context()), openID+": no document: status 410")
}

// J9: a set without a usable key, as a deployment in progress serves it, does not
// take the place of the known keys.
func TestJ9_SetWithoutUsableKey(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"empty":         `{"keys":[]}`,
		"nothing known": `{"keys":[{"kty":"PQ","kid":"k1"},{"kty":"OKP","crv":"X25519","kid":"k2","x":"AA"}]}`,
		"keys of TLS":   `{"keys":[{"kty":"RSA","use":"enc","kid":"k1","n":"AQAB","e":"AQAB"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				c := newCache(t, s, nil)
				require.NoError(t, c.Warm(t.Context()))
				s.set(func(s *server) { s.pages[keysURL] = page })
				time.Sleep(keyset.DefaultLifetime)
				require.NoError(t, c.Warm(t.Context()))
				_, err := c.Key(t.Context(), header("k1"))
				require.NoError(t, err)
				_, err = c.Key(t.Context(), header("k3"))
				require.ErrorIs(t, err, keyset.ErrUnavailable, "whether there is such a key cannot be told")
				s.set(func(s *server) { s.pages[keysURL] = jwks(1, "k3") })
				time.Sleep(keyset.MaxCooldown)
				_, err = c.Key(t.Context(), header("k3"))
				require.NoError(t, err)
				synctest.Wait()
				_, err = c.Key(t.Context(), header("k1"))
				require.ErrorIs(t, err, jose.ErrUnknownKey)

				s.set(func(s *server) { s.pages[keysURL] = page })
				time.Sleep(keyset.DefaultLifetime + keyset.DefaultStaleFor)
				_, err = c.Key(t.Context(), header("k3"))
				require.ErrorIs(t, err, keyset.ErrUnavailable, "up to a bound")
			})
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
		"neither":           {},
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
		"lifetime":          {URL: keysURL, Lifetime: keyset.MaxLifetime + 1},
		"negative lifetime": {URL: keysURL, Lifetime: -1},
		"negative wait":     {URL: keysURL, Wait: -1},
		"cooldown ":         {URL: keysURL, Cooldown: keyset.MaxCooldown + 1},
		"negative cooldown": {URL: keysURL, Cooldown: -1},
		"opaque":            {URL: "https:keys.example"},
		"no URL":            {Issuer: "https://%zz"},
		"no URL, OAuth":     {Issuer: "https://%zz", Discovery: keyset.OAuth},
		"discovery user":    {Issuer: issuer, DiscoveryURL: "https://u@issuer.example/x"},
	} {
		_, err := keyset.New(c)
		require.Error(t, err, name)
		want := "keyset: "
		switch {
		case strings.Contains(name, "lifetime"), strings.Contains(name, "wait"), strings.Contains(name, "cooldown"):
			want = "a lifetime over 24h0m0s, a cooldown over 30s, or a negative duration"
		case name == "neither":
			want = "neither a key address nor an issuer"
		case name == "bad", strings.HasPrefix(name, "no URL"):
			want = "not a URL"
		case strings.Contains(name, "user"), strings.Contains(name, "host"), strings.Contains(name, "fragment"), name == "relative", name == "opaque":
			want = "must be absolute"
		case strings.Contains(name, "http"), name == "ftp":
			want = "over https only"
		}
		require.ErrorContains(t, err, want, name)
	}
	for _, c := range []keyset.Config{{Lifetime: keyset.MaxLifetime}, {Lifetime: 1}, {Cooldown: keyset.MaxCooldown}, {Cooldown: 1}, {Wait: 1}, {StaleFor: -1}} {
		c.URL = keysURL
		_, err := keyset.New(c)
		require.NoError(t, err)
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
	require.ErrorIs(t, err, keyset.ErrUnavailable, "a map without a usable certificate says nothing about the key")

	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(nil, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, public, private)
	require.NoError(t, err)
	page, err := json.Marshal(map[string]string{"c1": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))})
	require.NoError(t, err)
	s.pages[keysURL] = string(page)
	key, err := newCache(t, s, func(c *keyset.Config) { c.Format = keyset.Certificates }).Key(t.Context(), header("c1"))
	require.NoError(t, err)
	require.Equal(t, public, key.Public())
	_, err = newCache(t, s, nil).Key(t.Context(), header("c1"))
	require.ErrorIs(t, err, keyset.ErrUnavailable, "a map is no JWK set")
}

// J9: half a document is none.
func TestJ9_TruncatedDocument(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		body := io.MultiReader(strings.NewReader(jwks(1, "k1")), iotest.ErrReader(io.ErrUnexpectedEOF))
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
	})}
	c := newCache(t, newServer(), func(c *keyset.Config) { c.Client = client })
	_, err := c.Key(t.Context(), header("k1"))
	require.ErrorIs(t, err, keyset.ErrUnavailable)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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

// C37: a transport or a log handler of the user's that panics, or that ends its
// goroutine, is a failed fetch, and the next one works.
func TestC37_APanicInAFetch(t *testing.T) {
	for name, blow := range map[string]func(){"a panic": func() { panic("canary") }, "its own end": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				blows := true
				c := newCache(t, s, func(c *keyset.Config) {
					c.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
						if blows {
							blow()
						}
						return s.RoundTrip(r)
					})}
					c.Logger = slog.New(blowingLog{})
				})
				_, err := c.Key(t.Context(), header("k1"))
				require.ErrorIs(t, err, keyset.ErrUnavailable)
				require.NotContains(t, err.Error(), "canary")
				blows = false
				time.Sleep(time.Minute)
				_, err = c.Key(t.Context(), header("k1"))
				require.NoError(t, err)
			})
		})
	}
}

type blowingLog struct{}

func (blowingLog) Enabled(context.Context, slog.Level) bool  { return true }
func (blowingLog) Handle(context.Context, slog.Record) error { panic("canary") }
func (l blowingLog) WithAttrs([]slog.Attr) slog.Handler      { return l }
func (l blowingLog) WithGroup(string) slog.Handler           { return l }
