package webhook_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
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

// W12: a signed identifier says by itself which event it is; an unsigned one does so
// only together with the content.
func TestW12_WhatMakesTwoEventsTheSame(t *testing.T) {
	t.Parallel()
	one, other := [32]byte{1}, [32]byte{2}
	signed := webhook.GuardKey{Endpoint: "s", ID: "e1", IDSigned: true, Body: one}
	unsigned := webhook.GuardKey{Endpoint: "s", ID: "e1", Body: one}
	change := func(k webhook.GuardKey, f func(k *webhook.GuardKey)) webhook.GuardKey { f(&k); return k }
	for name, c := range map[string]struct {
		first, second webhook.GuardKey
		same, suspect bool
	}{
		"signed":                           {signed, signed, true, false},
		"signed, other content":            {signed, change(signed, func(k *webhook.GuardKey) { k.Body = other }), true, false},
		"signed, other identifier":         {signed, change(signed, func(k *webhook.GuardKey) { k.ID = "e2" }), false, false},
		"signed, other place":              {signed, change(signed, func(k *webhook.GuardKey) { k.Index = 1 }), false, false},
		"signed, other endpoint":           {signed, change(signed, func(k *webhook.GuardKey) { k.Endpoint = "t" }), false, false},
		"signed, then not":                 {signed, unsigned, false, false},
		"unsigned, then signed":            {unsigned, signed, false, false},
		"unsigned":                         {unsigned, unsigned, true, false},
		"unsigned, other content":          {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.Body = other }), false, true},
		"unsigned, other identifier":       {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.ID = "e2" }), false, true},
		"unsigned, both other":             {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.ID, k.Body = "e2", other }), false, false},
		"unsigned, other place":            {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.Index = 1 }), false, false},
		"unsigned, other endpoint":         {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.Endpoint = "t" }), false, false},
		"parts that touch":                 {unsigned, change(unsigned, func(k *webhook.GuardKey) { k.Endpoint, k.ID = "se", "1" }), false, false},
		"no content, other identifier":     {change(unsigned, func(k *webhook.GuardKey) { k.Empty = true }), change(unsigned, func(k *webhook.GuardKey) { k.ID, k.Empty = "e2", true }), false, false},
		"no identifier":                    {change(unsigned, func(k *webhook.GuardKey) { k.ID = "" }), change(unsigned, func(k *webhook.GuardKey) { k.ID = "" }), false, true},
		"no identifier, other content":     {change(unsigned, func(k *webhook.GuardKey) { k.ID = "" }), change(unsigned, func(k *webhook.GuardKey) { k.ID, k.Body = "", other }), false, false},
		"no identifier, called signed":     {change(signed, func(k *webhook.GuardKey) { k.ID = "" }), change(signed, func(k *webhook.GuardKey) { k.ID = "" }), false, true},
		"no identifier and then one":       {change(unsigned, func(k *webhook.GuardKey) { k.ID = "" }), unsigned, false, true},
		"no identifier and nothing at all": {webhook.GuardKey{Endpoint: "s", Empty: true}, webhook.GuardKey{Endpoint: "s", Empty: true}, false, false},
	} {
		got := claims(t, memoryGuard(t, webhook.MemoryGuardConfig{}), c.first, c.second)
		require.Equal(t, webhook.Claimed, got[0].State, name)
		require.NotEmpty(t, got[0].Token, name)
		require.False(t, got[0].Suspect, name)
		want := webhook.Claimed
		if c.same {
			want = webhook.InFlight
		}
		require.Equal(t, want, got[1].State, name)
		require.Equal(t, c.same, got[1].Token == "", name)
		require.Equal(t, c.suspect, got[1].Suspect, name)

		// Handled is the same for one and the same event.
		g := memoryGuard(t, webhook.MemoryGuardConfig{})
		require.NoError(t, g.Commit(t.Context(), claims(t, g, c.first)[0]))
		want = webhook.Claimed
		if c.same {
			want = webhook.Handled
		}
		require.Equal(t, want, claims(t, g, c.second)[0].State, name)

		// What was released was never there.
		g = memoryGuard(t, webhook.MemoryGuardConfig{})
		require.NoError(t, g.Release(t.Context(), claims(t, g, c.first)[0]))
		again := claims(t, g, c.second)[0]
		require.Equal(t, webhook.Claimed, again.State, name)
		require.False(t, again.Suspect, name)
	}
}

// Whoever lost a claim neither ends nor forgets what the next one has.
func TestMemoryGuardLateReleaseChangesNothing(t *testing.T) {
	t.Parallel()
	now := fixedTime
	g := memoryGuard(t, webhook.MemoryGuardConfig{Lease: time.Minute, Now: func() time.Time { return now }})
	key := webhook.GuardKey{Endpoint: "s", ID: "e1", Body: [32]byte{1}}
	late := claims(t, g, key)[0]
	now = now.Add(time.Minute - 1)
	require.Equal(t, webhook.InFlight, claims(t, g, key)[0].State, "the lease lasts")
	now = now.Add(1)
	taken := claims(t, g, key)[0]
	require.Equal(t, webhook.Claimed, taken.State, "and ends on the moment")
	require.False(t, taken.Suspect, "the same event again is no replay of another")
	require.NoError(t, g.Release(t.Context(), late))
	require.Equal(t, webhook.InFlight, claims(t, g, key)[0].State)
	other := key
	other.ID = "e2"
	require.True(t, claims(t, g, other)[0].Suspect, "the content is still that of the first")

	// Of two with the same content the second takes no sighting of the first with it.
	g = memoryGuard(t, webhook.MemoryGuardConfig{})
	first, second := key, key
	second.ID = "e2"
	both := claims(t, g, first, second)
	require.NoError(t, g.Release(t.Context(), both[1]))
	third := key
	third.ID = "e3"
	require.True(t, claims(t, g, third)[0].Suspect)
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
