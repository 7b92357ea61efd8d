package keyset_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// J9: after failures the attempts come 1, 2, 4, 8, 16 and then always 30 seconds
// apart, to the instant; a success ends that.
func TestJ9_AttemptsAfterFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.status = http.StatusServiceUnavailable
		c := newCache(t, s, nil)
		require.ErrorIs(t, c.Warm(t.Context()), keyset.ErrUnavailable)
		hits := int64(1)
		for _, delay := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
			time.Sleep(delay*time.Second - 1)
			require.ErrorContains(t, c.Warm(t.Context()), "status 503", "of the attempt before")
			require.Equal(t, hits, s.hits.Load(), delay)
			time.Sleep(time.Nanosecond)
			require.ErrorIs(t, c.Warm(t.Context()), keyset.ErrUnavailable)
			hits++
			require.Equal(t, hits, s.hits.Load(), delay)
		}
		s.set(func(s *server) { s.status = http.StatusOK })
		time.Sleep(30 * time.Second)
		require.NoError(t, c.Warm(t.Context()))
	})
}

// J9: once the outage is known nobody waits for the next attempt, however slow it is.
func TestJ9_NobodyWaitsInAKnownOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		s.set(func(s *server) { s.status = 0; s.delay = 3 * time.Second })
		time.Sleep(keyset.DefaultLifetime)
		start := time.Now()
		_, err := c.Key(t.Context(), header("k1"))
		require.NoError(t, err, "stale")
		require.Equal(t, 3*time.Second, time.Since(start), "the first one learns of it")
		for range 5 {
			time.Sleep(keyset.MaxCooldown)
			start = time.Now()
			_, err = c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			require.Zero(t, time.Since(start))
			synctest.Wait()
		}
		require.EqualValues(t, 7, s.hits.Load(), "but attempts are made")
		time.Sleep(10 * time.Second)
	})
}

// J9: the known keys serve until the bound and not at it.
func TestJ9_EndOfStaleness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, func(c *keyset.Config) { c.StaleFor = time.Minute })
		require.NoError(t, c.Warm(t.Context()))
		s.set(func(s *server) { s.status = 0 })
		time.Sleep(keyset.DefaultLifetime + time.Minute - 1)
		_, err := c.Key(t.Context(), header("k1"))
		require.NoError(t, err)
		time.Sleep(time.Nanosecond)
		_, err = c.Key(t.Context(), header("k1"))
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.ErrorContains(t, err, "connection refused")
		require.ErrorIs(t, c.Warm(t.Context()), keyset.ErrUnavailable)
	})
}

// J8: a known key that the algorithm does not suit, or a token without a key ID, is
// no reason to fetch, however long ago the last fetch was.
func TestJ8_OtherErrorsFetchNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newCache(t, s, nil)
		require.NoError(t, c.Warm(t.Context()))
		time.Sleep(keyset.DefaultCooldown * 2)
		_, err := c.Key(t.Context(), jose.Header{Algorithm: jose.RS256, KeyID: "k1"})
		require.ErrorIs(t, err, jose.ErrAlgorithm)
		_, err = c.Key(t.Context(), header(""))
		require.ErrorIs(t, err, jose.ErrUnknownKey)
		key, err := c.Key(t.Context(), header("k2"))
		require.NoError(t, err)
		require.Equal(t, "k2", key.ID())
		synctest.Wait()
		require.EqualValues(t, 1, s.hits.Load())
	})
}

// J8: the cooldown ends at its instant, by default and as configured.
func TestJ8_Cooldown(t *testing.T) {
	t.Parallel()
	for cooldown, want := range map[time.Duration]time.Duration{0: keyset.DefaultCooldown, time.Second: time.Second, keyset.MaxCooldown: keyset.MaxCooldown} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			c := newCache(t, s, func(c *keyset.Config) { c.Cooldown = cooldown })
			require.NoError(t, c.Warm(t.Context()))
			s.pages[keysURL] = jwks(9, "k3")
			time.Sleep(want - 1)
			_, err := c.Key(t.Context(), header("k3"))
			require.ErrorIs(t, err, jose.ErrUnknownKey)
			require.EqualValues(t, 1, s.hits.Load())
			time.Sleep(time.Nanosecond)
			_, err = c.Key(t.Context(), header("k3"))
			require.NoError(t, err)
			require.EqualValues(t, 2, s.hits.Load())
		})
	}
}

// J8: the wait for an unknown key is bounded by the context and by Wait, and ends
// without a decision.
func TestJ8_UnknownKeyWaitsBounded(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]time.Duration{0: keyset.DefaultWait, 2 * time.Second: 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			c := newCache(t, s, func(c *keyset.Config) { c.Wait = wait })
			require.NoError(t, c.Warm(t.Context()))
			time.Sleep(keyset.DefaultCooldown)
			s.set(func(s *server) { s.delay = time.Hour })
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Key(ctx, header("k9"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.ErrorContains(t, err, "takes too long")
			require.Equal(t, time.Second, time.Since(start))
			_, err = c.Key(t.Context(), header("k9"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.Equal(t, want, time.Since(start), "the fetch is given up")
			synctest.Wait()
			_, err = c.Key(t.Context(), header("k9"))
			require.ErrorIs(t, err, keyset.ErrUnavailable)
			require.ErrorContains(t, err, "unknown key ID, and fetch keys from "+keysURL)
			require.Equal(t, want, time.Since(start), "nor tried again at once")
		})
	}
}

// J9: how long keys live whose response does not say.
func TestJ9_ConfiguredLifetimes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lifetime time.Duration
		control  string
		want     time.Duration
	}{
		{0, "", keyset.DefaultLifetime},
		{time.Hour, "", time.Hour},
		{time.Hour, "max-age=60", time.Minute},
		{time.Hour, "max-age=1", keyset.MinLifetime},
		{keyset.MaxLifetime, "", keyset.MaxLifetime},
		{10 * time.Second, "", 10 * time.Second},
		{10 * time.Second, "no-store", 10 * time.Second},
		{10 * time.Second, "max-age=1", 10 * time.Second},
		{10 * time.Second, "max-age=20", 20 * time.Second},
		{keyset.MinLifetime, "max-age=1", keyset.MinLifetime},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			s.control = tt.control
			c := newCache(t, s, func(c *keyset.Config) { c.Lifetime = tt.lifetime })
			require.NoError(t, c.Warm(t.Context()))
			time.Sleep(tt.want - 1)
			require.NoError(t, c.Warm(t.Context()))
			require.EqualValues(t, 1, s.hits.Load(), "%+v", tt)
			time.Sleep(time.Nanosecond)
			require.NoError(t, c.Warm(t.Context()))
			require.EqualValues(t, 2, s.hits.Load(), "%+v", tt)
			// In the background from four fifths of it on.
			time.Sleep(tt.want*4/5 - 1)
			_, err := c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			synctest.Wait()
			require.EqualValues(t, 2, s.hits.Load(), "%+v", tt)
			time.Sleep(time.Nanosecond)
			_, err = c.Key(t.Context(), header("k1"))
			require.NoError(t, err)
			synctest.Wait()
			require.EqualValues(t, 3, s.hits.Load(), "%+v", tt)
		})
	}
}

// The clock of the configuration is the one that counts.
func TestConfiguredClock(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	s := newServer()
	c := newCache(t, s, func(c *keyset.Config) { c.Now = func() time.Time { return now } })
	require.NoError(t, c.Warm(t.Context()))
	require.NoError(t, c.Warm(t.Context()))
	require.EqualValues(t, 1, s.hits.Load())
	now = now.Add(keyset.DefaultLifetime)
	require.NoError(t, c.Warm(t.Context()))
	require.EqualValues(t, 2, s.hits.Load())
}

// J9: what is wrong with a document of keys is said, and is never a panic.
func TestJ9_DocumentErrors(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		`{"keys":[]}`:             "the set has no keys",
		`{"keys":[1]}`:            "the set has no usable key: key 0: ",
		`{"keys":[{"kty":"PQ"}]}`: "the set has no usable key: key 0: ",
		`<html>`:                  "invalid JSON",
		`{}`:                      `no "keys"`,
	} {
		s := newServer()
		s.pages[keysURL] = page
		var log bytes.Buffer
		err := newCache(t, s, func(c *keyset.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) }).Warm(t.Context())
		require.ErrorIs(t, err, keyset.ErrUnavailable)
		require.ErrorContains(t, err, "fetch keys from "+keysURL+": ")
		require.ErrorContains(t, err, want)
		require.Equal(t, 1, strings.Count(log.String(), "\n"))
		require.Contains(t, log.String(), `level=WARN msg="fetching keys failed" failures=1 error=`)
	}
}

// J9: three redirects within an origin are followed, and no fourth.
func TestJ9_RedirectsAreCounted(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{1: true, 3: true, 4: false, 5: false} {
		s := newServer()
		s.redir = map[string]string{keysURL: "https://keys.example/1"}
		for i := 1; i < n; i++ {
			s.redir[fmt.Sprintf("https://keys.example/%d", i)] = fmt.Sprintf("https://keys.example/%d", i+1)
		}
		s.pages[fmt.Sprintf("https://keys.example/%d", n)] = jwks(1, "k1")
		err := newCache(t, s, nil).Warm(t.Context())
		if ok {
			require.NoError(t, err, n)
			continue
		}
		require.EqualError(t, err, "keys unavailable: fetch keys from "+keysURL+": too many redirects")
	}
}

// The discovery document is asked for again after an hour, at the instant, and after
// a failure of the address that it named.
func TestDiscoveryLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.control = "max-age=30"
		s.pages[issuer+"/.well-known/openid-configuration"] = discovery(issuer, keysURL)
		c := newCache(t, s, func(c *keyset.Config) { c.URL, c.Issuer = "", issuer })
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 2, s.hits.Load())
		time.Sleep(time.Hour - 1)
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 3, s.hits.Load())
		time.Sleep(time.Minute)
		require.NoError(t, c.Warm(t.Context()))
		require.EqualValues(t, 5, s.hits.Load())
	})
}
