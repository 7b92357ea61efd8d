package main

import (
	"bytes"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/webhook"
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

var key = webhook.GuardKey{Endpoint: "stripe", ID: "evt_1", IDSigned: true}

func TestOneOfManyHasTheEvent(t *testing.T) {
	all := guards(t, 4, time.Now)
	var claimed atomic.Int32
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			c, err := all[i%len(all)].Claim(t.Context(), key)
			if err == nil && c.State == webhook.Claimed {
				claimed.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, claimed.Load())
}

func state(t *testing.T, g *guard, key webhook.GuardKey) webhook.Claim {
	t.Helper()
	c, err := g.Claim(t.Context(), key)
	require.NoError(t, err)
	return c
}

func TestAClaimIsCommittedReleasedOrLapses(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	both := guards(t, 2, func() time.Time { return now })
	one, two := both[0], both[1]

	first := state(t, one, key)
	require.Equal(t, webhook.Claimed, first.State)
	require.Equal(t, webhook.InFlight, state(t, two, key).State)
	require.NoError(t, one.Release(t.Context(), first))

	second := state(t, two, key) // the first has failed, so the redelivery is run
	require.Equal(t, webhook.Claimed, second.State)
	require.NoError(t, one.Release(t.Context(), first)) // too late: it is another's
	require.Equal(t, webhook.InFlight, state(t, one, key).State)

	now = now.Add(one.lease) // the second process has died
	third := state(t, one, key)
	require.Equal(t, webhook.Claimed, third.State)
	require.NoError(t, two.Commit(t.Context(), second)) // and was only slow
	require.Equal(t, webhook.Handled, state(t, one, key).State)
	require.NoError(t, one.Release(t.Context(), third))
	require.Equal(t, webhook.Handled, state(t, one, key).State)

	now = now.Add(one.memory)
	require.Equal(t, webhook.Claimed, state(t, one, key).State)
}

func TestWhatIsTheSameEvent(t *testing.T) {
	g := guards(t, 1, time.Now)[0]
	require.Equal(t, webhook.Claimed, state(t, g, key).State)
	rendered := key
	rendered.Body = [32]byte{1}
	require.Equal(t, webhook.InFlight, state(t, g, rendered).State, "a signed identifier counts without the body")
	for name, other := range map[string]webhook.GuardKey{
		"another endpoint":          {Endpoint: "stripe-test", ID: "evt_1", IDSigned: true},
		"another identifier":        {Endpoint: "stripe", ID: "evt_2", IDSigned: true},
		"the same, not signed":      {Endpoint: "stripe", ID: "evt_1", Body: [32]byte{1}},
		"not signed, another body":  {Endpoint: "stripe", ID: "evt_1", Body: [32]byte{2}},
		"none":                      {Endpoint: "stripe"},
		"none, once more":           {Endpoint: "stripe"},
		"another place in the list": {Endpoint: "stripe", ID: "evt_1", IDSigned: true, Index: 1},
	} {
		require.Equal(t, webhook.Claimed, state(t, g, other).State, name)
	}
}

func TestADatabaseThatIsAwayDecidesNothing(t *testing.T) {
	g := guards(t, 1, time.Now)[0]
	c := state(t, g, key)
	require.NoError(t, g.db.Close())
	_, err := g.Claim(t.Context(), key)
	require.Error(t, err)
	require.Error(t, g.Commit(t.Context(), c))
	require.Error(t, g.Release(t.Context(), c))
	_, err = newGuard(t.Context(), g.db)
	require.Error(t, err)
}
