package main

import (
	"bytes"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

func TestEachEventIsRunByOneProcess(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, "process one handles evt_1\nevt_1: 200\nevt_1: 200\nprocess one handles evt_2\nevt_2: 200\nevt_2: 200\n", out.String())
}

// guards returns n guards over one database, each with connections of its own.
func guards(t *testing.T, n int, now func() time.Time) []*guard {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.db")
	all := make([]*guard, n)
	for i := range all {
		db, err := open(path)
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		all[i], err = newGuard(t.Context(), db)
		require.NoError(t, err)
		all[i].now = now
	}
	return all
}

func TestGuardKeepsItsPromises(t *testing.T) {
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		var mu sync.Mutex
		now := time.Unix(1_750_000_000, 0)
		b := guardtest.Backend{NoSuspects: true}
		all := guards(t, 4, func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
		for _, g := range all {
			b.Guards = append(b.Guards, g)
		}
		b.Lapse = func() { mu.Lock(); defer mu.Unlock(); now = now.Add(all[0].lease) }
		b.Away = func() {
			for _, g := range all {
				require.NoError(t, g.db.Close())
			}
		}
		return b
	})
}

func TestWhatWasHandledIsForgottenInTime(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	g := guards(t, 1, func() time.Time { return now })[0]
	key := webhook.GuardKey{Endpoint: "stripe", ID: "evt_1", IDSigned: true}
	for _, wait := range []time.Duration{0, g.memory} {
		now = now.Add(wait)
		c, err := g.Claim(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, webhook.Claimed, c.State)
		require.NoError(t, g.Commit(t.Context(), c))
	}
}

func TestATableThatCannotBeMadeIsAnError(t *testing.T) {
	g := guards(t, 1, time.Now)[0]
	require.NoError(t, g.db.Close())
	_, err := newGuard(t.Context(), g.db)
	require.Error(t, err)
}
