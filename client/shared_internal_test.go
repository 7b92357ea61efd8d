package client

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// C36: origins are bounded, and one that has taught something goes last.
func TestC36_OriginsAreBounded(t *testing.T) {
	t.Parallel()
	s := newShared()
	at := func(i int) origin { return origin{"https", fmt.Sprint(i)} }
	taught := map[string]func(*hostState){
		"a budget":  func(h *hostState) { h.budget.Withdraw(1) },
		"limits":    func(h *hostState) { h.paced.Store(true) },
		"a failure": func(h *hostState) { h.breaker.row = 1 },
		"an outage": func(h *hostState) { h.breaker.opened = time.Now() },
	}
	kept := map[string]*hostState{}
	for name, teach := range taught {
		kept[name] = s.host(origin{"https", name})
		teach(kept[name])
	}
	for i := range 3 * maxOrigins {
		require.Same(t, s.host(at(i)), s.host(at(i)))
	}
	require.Len(t, s.hosts, maxOrigins)
	for name, h := range kept {
		require.Same(t, h, s.host(origin{"https", name}), "%s is remembered", name)
	}
	for i := range 3 * maxOrigins {
		s.host(at(-i)).paced.Store(true)
	}
	require.Len(t, s.hosts, maxOrigins)
	require.Len(t, s.origins(), maxOrigins)
}

// C36: to make room, what was used goes to the front, and what is idle goes first.
func TestC36_TheLeastRecentlyUsedGoes(t *testing.T) {
	t.Parallel()
	var s identities
	idle := func(*identity) bool { return true }
	busy := func(*identity) bool { return false }
	ids := make([]*identity, maxIdentities)
	for i := range ids {
		ids[i] = s.of(i, idle)
	}
	require.Same(t, ids[0], s.of(0, idle), "asked for again: at the front")
	ids[1].touch()
	ids[1].touch()
	require.NotSame(t, ids[2], s.of("new", idle))
	require.Same(t, ids[0], s.of(0, busy))
	require.Same(t, ids[1], s.of(1, busy), "in use")
	require.NotContains(t, s.known, any(2), "the least recently used")
	require.Len(t, s.known, maxIdentities)
	require.Equal(t, maxIdentities, s.order.Len())

	rest := s.of("no room", busy)
	require.Same(t, rest, s.of("nor here", busy))
	require.NotContains(t, ids, rest)
	asked := 0
	one := s.of("room", func(*identity) bool { asked++; return asked == 64 })
	require.NotSame(t, rest, one, "64 are looked at")
	require.Same(t, one, s.of("room", busy))
	asked = 0
	require.Same(t, rest, s.of("none", func(*identity) bool { asked++; return asked == 65 }))
	require.Equal(t, 64, asked)
	for i := range ids {
		ids[i].touch()
	}
	require.NotSame(t, rest, s.of("after a round", idle), "that all are in use ends no search")
	require.Len(t, s.known, maxIdentities)

	require.NotSame(t, s.of(func() {}, idle), s.of(func() {}, idle), "what cannot be compared")
	require.Len(t, s.known, maxIdentities)
}
