package client

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// T2: without an observer nothing is allocated for one.
func TestT2_NoObserverNoAllocation(t *testing.T) {
	c, err := New("https://api.example.com", WithProfile(Profile{Name: "store"}))
	require.NoError(t, err)
	s := &spec{url: &url.URL{Scheme: "https", Host: "api.example.com"}}
	ctx, call, failed := context.WithoutCancel(t.Context()), &call{}, errors.New("x")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r := report(ctx, c.cfg.observers, c.cfg.profile.Name, s, "/x", time.Time{}, 0)
		r.waited(WaitLimit, time.Second)
		r.attempt(Attempt{Number: 1})
		r.tripped(&Breaker{}, &c.home.breaker, true)
		r.end(call, failed)
	}))
}

// Once a value is missed, those after it are missed too, until the observer has caught
// up: what it gets before Missed is without a gap.
func TestMissedIsToldInItsPlace(t *testing.T) {
	m := &mailbox{running: true} // nobody reads yet
	for range maxMail + 3 {
		m.put(t.Context(), CallBegun{})
	}
	_, ok := m.take()
	require.True(t, ok)
	m.put(t.Context(), CallEnded{})
	for range maxMail - 1 {
		l, ok := m.take()
		require.True(t, ok)
		require.IsType(t, CallBegun{}, l.o)
	}
	l, ok := m.take()
	require.True(t, ok)
	require.Equal(t, Missed{4}, l.o)
	m.put(t.Context(), CallEnded{})
	l, ok = m.take()
	require.True(t, ok)
	require.IsType(t, CallEnded{}, l.o)
	_, ok = m.take()
	require.False(t, ok)
}
