package onredis_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/webhook"
)

// lossy is a connection that loses the response to a script when it is told to, after
// which the client sends the script again by itself.
type lossy struct {
	net.Conn
	lose *atomic.Bool
	sent bool
}

func (c *lossy) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("evalsha")) && c.lose.CompareAndSwap(true, false) {
		c.sent = true
	}
	return c.Conn.Write(p)
}

func (c *lossy) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.sent && err == nil {
		c.sent = false
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// losing returns a client as go-redis makes it, which tries three times more, and what
// makes it lose one response.
func losing(t *testing.T) (*miniredis.Miniredis, *redis.Client, *atomic.Bool) {
	t.Helper()
	s, lose := miniredis.RunT(t), new(atomic.Bool)
	rdb := redis.NewClient(&redis.Options{
		Addr: s.Addr(), Protocol: 2, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &lossy{Conn: conn, lose: lose}, err
		},
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return s, rdb, lose
}

// D6: tokens of a quota come back once, also where the client has to say so twice.
func TestD6_GivenBackOnce(t *testing.T) {
	t.Parallel()
	s, rdb, lose := losing(t)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(10, ratelimit.Month)}}
	l := limiter(t, rdb, cfg)
	back := func(key string) string { return s.HGet("standpipe:{="+key+"}:limits", "q:Month:back") }
	require.NoError(t, l.Wait(t.Context(), "another"))
	l.Return("another")
	require.Eventually(t, func() bool { return back("another") == "1" }, time.Minute, time.Millisecond, "Redis knows the scripts")

	for range 3 {
		require.NoError(t, l.Wait(t.Context(), "k"))
	}
	lose.Store(true)
	l.Return("k")
	require.Eventually(t, func() bool { return back("k") != "0" && !lose.Load() }, time.Minute, time.Millisecond)
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 8, taken(t, rdb, cfg), "of ten, two were used")
}

// An event is claimed also where the client has to say so twice.
func TestGuardClaimsOnce(t *testing.T) {
	t.Parallel()
	_, rdb, lose := losing(t)
	g, err := onredis.NewGuard(rdb, onredis.GuardConfig{})
	require.NoError(t, err)
	claim := func(id string) webhook.Claim {
		c, err := g.Claim(t.Context(), webhook.GuardKey{Endpoint: "e", ID: id, IDSigned: true})
		require.NoError(t, err)
		return c
	}
	require.Equal(t, webhook.Claimed, claim("1").State)
	lose.Store(true)
	c := claim("2")
	require.False(t, lose.Load())
	require.Equal(t, webhook.Claimed, c.State)
	require.Equal(t, webhook.InFlight, claim("2").State)
	require.NoError(t, g.Commit(t.Context(), c))
	require.Equal(t, webhook.Handled, claim("2").State)
}

// What the state holds of a process goes when its lease has ended, however it did.
func TestProcessesAreForgotten(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	began := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	s.SetTime(began)
	cfg := onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Quota(10, ratelimit.Month), onredis.InFlight(5)}}
	const state = "standpipe:{=k}:limits"
	fields := func() (kinds []string) {
		all, err := s.HKeys(state)
		require.NoError(t, err)
		for _, field := range all {
			if kind, _, ok := strings.Cut(field, ":"); ok && len(kind) == 1 && kind != "q" {
				kinds = append(kinds, kind)
			}
		}
		slices.Sort(kinds)
		return kinds
	}
	cut := new(cut)
	mortal := redis.NewClient(rdb.Options())
	mortal.AddHook(cut)
	t.Cleanup(func() { _ = mortal.Close() })
	dead := limiter(t, mortal, cfg)
	require.NoError(t, dead.Wait(t.Context(), "k"))
	require.NoError(t, dead.Wait(t.Context(), "k"))
	dead.Return("k")
	require.Eventually(t, func() bool { return slices.Equal(fields(), []string{"b", "h", "m"}) }, time.Minute, time.Millisecond)
	cut.on.Store(true) // its process has ended
	s.SetTime(began.Add(11 * time.Second))
	require.NoError(t, limiter(t, rdb, cfg).Wait(t.Context(), "k"))
	require.Equal(t, []string{"h", "m"}, fields(), "of the one that is there")
}

// Everything but the tokens and their index ends by itself.
func TestKeysEnd(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{
		onredis.Rate(100, time.Minute).Burst(10), onredis.Quota(10, ratelimit.Month), onredis.InFlight(5),
	}})
	p := onredis.NewPacer(l)
	require.NoError(t, l.WaitN(t.Context(), "k", 2))
	l.ReturnN("k", 2)
	p.Observe("k", 429, map[string][]string{"Retry-After": {"60"}}, true)
	g, err := onredis.NewGuard(rdb, onredis.GuardConfig{})
	require.NoError(t, err)
	for _, signed := range []bool{true, false} {
		c, err := g.Claim(t.Context(), webhook.GuardKey{Endpoint: "e", ID: "1", IDSigned: signed})
		require.NoError(t, err)
		require.NoError(t, g.Commit(t.Context(), c))
	}
	out, err := onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Hour})
	require.NoError(t, err)
	require.NoError(t, out.Add(t.Context(), "iss", "sid", ""))
	require.NoError(t, out.Add(t.Context(), "iss", "", "sub"))
	require.Eventually(t, func() bool { return s.Exists("standpipe:{=k}:pauses") }, time.Minute, time.Millisecond)
	require.NoError(t, l.Close(t.Context()))
	keys := s.Keys()
	require.Len(t, keys, 8, "%v", keys)
	for _, key := range keys {
		require.Positive(t, s.TTL(key), key)
	}
	s.FastForward(32 * 24 * time.Hour)
	require.Empty(t, s.Keys())
}

// Numbers that would overflow are refused, and those that are large make a wait long and
// not negative.
func TestLargeNumbers(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	for _, lim := range []onredis.Limit{
		onredis.Rate(1_000_000, 24*time.Hour).Burst(999_999), onredis.Rate(1<<30, 366*24*time.Hour).Burst(1<<30 - 1),
	} {
		_, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{Limits: []onredis.Limit{lim}})
		require.ErrorContains(t, err, "200 years")
	}
	const n = 999_999
	l := limiter(t, rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(n+1, time.Hour).Burst(n)}})
	require.NoError(t, l.WaitN(t.Context(), "k", n))
	err := l.WaitN(soon(t), "k", n)
	require.ErrorIs(t, err, ratelimit.ErrDeadline)
	var typed *ratelimit.Error
	require.ErrorAs(t, err, &typed)
	const year = 365 * 24 * time.Hour
	require.Greater(t, typed.Wait, 100*year)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() { ended <- l.WaitN(ctx, "k", n) }()
	}
	require.Eventually(t, func() bool { return l.DelayN("k", n) > 200*year }, time.Minute, time.Millisecond)
	require.Less(t, l.Stats().Asked, int64(20), "Redis is not asked all the time")
	cancel()
	for range cap(ended) {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}
