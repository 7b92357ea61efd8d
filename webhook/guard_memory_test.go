package webhook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
)

// claims asks a guard, in order, and leaves each event in flight.
func claims(t *testing.T, g *webhook.MemoryGuard, keys ...webhook.GuardKey) (got []webhook.Claim) {
	t.Helper()
	for _, key := range keys {
		c, err := g.Claim(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, key, c.Key)
		got = append(got, c)
	}
	return got
}

// W12, and whatever else a guard promises.
func TestW12_MemoryGuard(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		now := fixedTime
		g := memoryGuard(t, webhook.MemoryGuardConfig{Lease: time.Minute, Now: func() time.Time { return now }})
		return guardtest.Backend{Guards: []webhook.Guard{g}, Lapse: func() { now = now.Add(time.Minute) }}
	})
}

// The bound holds for events in flight, and leases that ended make room.
func TestMemoryGuardHasRoomForItsEvents(t *testing.T) {
	t.Parallel()
	now := fixedTime
	key := func(n int) webhook.GuardKey {
		return webhook.GuardKey{Endpoint: "s", ID: fmt.Sprint("e", n), IDSigned: true}
	}
	g := memoryGuard(t, webhook.MemoryGuardConfig{Events: 2, Lease: time.Minute, Now: func() time.Time { return now }})
	claims(t, g, key(1))
	now = now.Add(time.Second)
	claims(t, g, key(2))
	_, err := g.Claim(t.Context(), key(3))
	require.ErrorIs(t, err, webhook.ErrGuardFull)
	now = now.Add(time.Minute - time.Second - 1)
	_, err = g.Claim(t.Context(), key(3))
	require.ErrorIs(t, err, webhook.ErrGuardFull, "both leases last")
	now = now.Add(1)
	claims(t, g, key(3))
	_, err = g.Claim(t.Context(), key(4))
	require.ErrorIs(t, err, webhook.ErrGuardFull, "only the first has ended")
	require.ErrorContains(t, err, "2")
	require.Equal(t, webhook.InFlight, claims(t, g, key(2))[0].State)
}

// What cannot be known again takes no room from what can.
func TestMemoryGuardKeepsNothingOfEventsWithoutIdentifier(t *testing.T) {
	t.Parallel()
	g := memoryGuard(t, webhook.MemoryGuardConfig{Events: 1})
	known := webhook.GuardKey{Endpoint: "s", ID: "e1", IDSigned: true}
	require.NoError(t, g.Commit(t.Context(), claims(t, g, known)[0]))
	for n := range 3 {
		c := claims(t, g, webhook.GuardKey{Endpoint: "s", Body: [32]byte{byte(n)}})[0]
		require.Equal(t, webhook.Claimed, c.State)
		require.NoError(t, g.Commit(t.Context(), c))
	}
	require.Equal(t, webhook.Handled, claims(t, g, known)[0].State)
}

// The zero value has the defaults that are documented, each of them.
func TestMemoryGuardDefaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg                webhook.MemoryGuardConfig
		ttl, window, lease time.Duration
	}{
		"zero":   {webhook.MemoryGuardConfig{}, 72 * time.Hour, 72 * time.Hour, 5 * time.Minute},
		"ttl":    {webhook.MemoryGuardConfig{TTL: time.Hour}, time.Hour, time.Hour, 5 * time.Minute},
		"window": {webhook.MemoryGuardConfig{Window: time.Hour}, 72 * time.Hour, time.Hour, 5 * time.Minute},
		"lease":  {webhook.MemoryGuardConfig{Lease: time.Hour}, 72 * time.Hour, 72 * time.Hour, time.Hour},
	} {
		now := fixedTime
		c.cfg.Now = func() time.Time { return now }
		key := webhook.GuardKey{Endpoint: "s", ID: "e1", Body: [32]byte{1}}
		guardAfter := func(d time.Duration, commit bool) (*webhook.MemoryGuard, webhook.GuardKey) {
			now = fixedTime
			g := memoryGuard(t, c.cfg)
			first := claims(t, g, key)[0]
			if commit {
				require.NoError(t, g.Commit(t.Context(), first))
			}
			now = now.Add(d)
			return g, key
		}
		for _, edge := range []time.Duration{-1, 0} {
			g, k := guardAfter(c.ttl+edge, true)
			require.Equal(t, edge < 0, claims(t, g, k)[0].State == webhook.Handled, "%s: TTL", name)
			g, k = guardAfter(c.window+edge, true)
			k.ID = "e2"
			require.Equal(t, edge < 0, claims(t, g, k)[0].Suspect, "%s: window", name)
			g, k = guardAfter(c.lease+edge, false)
			require.Equal(t, edge < 0, claims(t, g, k)[0].State == webhook.InFlight, "%s: lease", name)
		}
	}
	for _, bad := range []webhook.MemoryGuardConfig{{Events: -1}, {TTL: -1}, {Window: -1}, {Lease: -1}} {
		g, err := webhook.NewMemoryGuard(bad)
		require.ErrorIs(t, err, webhook.ErrConfig)
		require.Nil(t, g)
	}
	require.NotNil(t, memoryGuard(t, webhook.MemoryGuardConfig{Events: 1, TTL: 1, Window: 1, Lease: 1}))
}
