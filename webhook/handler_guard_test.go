package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

func memoryGuard(t *testing.T, cfg webhook.MemoryGuardConfig) *webhook.MemoryGuard {
	t.Helper()
	g, err := webhook.NewMemoryGuard(cfg)
	require.NoError(t, err)
	return g
}

func TestGuardAcknowledgesWhatWasHandled(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	for range 3 {
		require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
	}
	require.Equal(t, 200, status(h, delivery(event("e2", "paid"))))
	// A signed identifier counts alone: the provider renders the event anew.
	require.Equal(t, 200, status(h, delivery(`{"id":"e1","type":"paid","amount":8}`)))
	require.Equal(t, []string{"paid/e1", "paid/e2"}, j.list())
}

func TestGuardDoesNotSuppressTheRedeliveryOfAFailure(t *testing.T) {
	t.Parallel()
	j := &journal{result: func(_ webhook.Event[fakeEvent], nth int) error {
		switch nth {
		case 1:
			return errTest
		case 2:
			panic(errTest)
		}
		return nil
	}}
	for _, unsigned := range []bool{false, true} {
		j.ran, j.events = nil, nil
		h := newHandler(t, fake{unsignedID: unsigned}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
		for _, want := range []int{500, 500, 200, 200} {
			require.Equal(t, want, status(h, delivery(event("e1", "paid"))))
		}
		require.Len(t, j.list(), 3)
		for _, e := range j.events {
			require.False(t, e.Suspect, "a redelivery after a failure is no replay")
		}
	}
}

func TestGuardTellsEndpointsApart(t *testing.T) {
	t.Parallel()
	j := &journal{}
	g := memoryGuard(t, webhook.MemoryGuardConfig{})
	for _, name := range []string{"eu", "us"} {
		h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(g), webhook.WithEndpoint(name))
		require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
	}
	require.Len(t, j.list(), 2)
}

func TestGuardConcurrentDuplicateIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{result: func(webhook.Event[fakeEvent], int) error {
			time.Sleep(time.Second)
			return nil
		}}
		h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
		var ok, later atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				res := serve(h, delivery(event("e1", "paid")))
				switch res.StatusCode {
				case 200:
					ok.Add(1)
				case 503:
					later.Add(1)
					require.NotEmpty(t, res.Header.Get("Retry-After"))
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, ok.Load())
		require.EqualValues(t, 49, later.Load())
		require.Len(t, j.list(), 1)
		require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
		require.Len(t, j.list(), 1)
	})
}

// W12: an unsigned identifier alone makes nothing disappear; what is seen in
// another combination is flagged, not dropped.
func TestW12_UnsignedIdentifierFlagsInsteadOfDropping(t *testing.T) {
	t.Parallel()
	j := &journal{}
	var log buffer
	h := newHandler(t, fake{unsignedID: true}, webhook.On("paid", j.run), log.option(),
		webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	body := func(amount int) string { return fmt.Sprintf(`{"type":"paid","amount":%d}`, amount) }
	for i, step := range []struct {
		id      string
		amount  int
		runs    int
		suspect bool
		why     string
	}{
		{"d1", 1, 1, false, "first"},
		{"d1", 1, 1, false, "the same in every respect: a redelivery, not run again"},
		{"d2", 1, 2, true, "the same body under another identifier: run, flagged"},
		{"d1", 2, 3, true, "the same identifier over another body: run, flagged"},
		{"d3", 3, 4, false, "something new"},
		{"d3", 3, 4, false, "and its redelivery"},
	} {
		require.Equal(t, 200, status(h, withID(delivery(body(step.amount)), step.id)), step.why)
		require.Len(t, j.events, step.runs, step.why)
		if i > 0 && step.runs > 1 {
			last := j.events[len(j.events)-1]
			require.Equal(t, step.suspect, last.Suspect, step.why)
			require.False(t, last.Receipt.EventIDSigned)
			require.Equal(t, []string{"X-Fake-Id"}, last.Receipt.Untrusted)
		}
	}
	require.Contains(t, log.String(), "may be a replay")
}

// W12: equal deliveries without an identifier may well be two alerts.
func TestW12_WithoutAnyIdentifierEveryDeliveryRuns(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	j := &journal{}
	var log buffer
	h := newHandler(t, fake{}, webhook.On("paid", j.run), log.option(),
		webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{Now: func() time.Time { return now }})))
	for i, step := range []struct {
		body    string
		suspect bool
	}{
		{`{"type":"paid"}`, false}, {`{"type":"paid"}`, true}, {`{"type":"paid","amount":2}`, false},
		{`{"type":"paid"}`, true}, {`{"type":"paid","amount":2}`, true},
	} {
		require.Equal(t, 200, status(h, delivery(step.body)))
		require.Len(t, j.events, i+1)
		require.Equal(t, step.suspect, j.events[i].Suspect, i)
		now = now.Add(10 * time.Hour)
	}
	require.Contains(t, log.String(), "may be a replay")
	now = now.Add(72 * time.Hour)
	require.Equal(t, 200, status(h, delivery(`{"type":"paid"}`)))
	require.False(t, j.events[5].Suspect, "the window has passed")
}

// W12: what failed is not what was seen before, what succeeded is.
func TestW12_WithoutAnyIdentifierARedeliveryOfAFailureIsNoSuspect(t *testing.T) {
	t.Parallel()
	j := &journal{result: func(_ webhook.Event[fakeEvent], nth int) error {
		if nth == 1 || nth == 3 {
			return errTest
		}
		return nil
	}}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	for i, want := range []struct {
		code    int
		suspect bool
	}{{500, false}, {200, false}, {500, true}, {200, true}} {
		require.Equal(t, want.code, status(h, delivery(`{"type":"paid"}`)), i)
		require.Equal(t, want.suspect, j.events[i].Suspect, i)
	}
}

// W12: the events of a batch without identifiers are told apart by their position.
func TestW12_BatchWithoutAnyIdentifier(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	batch := `[{"type":"paid"},{"type":"paid"}]`
	for round, suspect := range []bool{false, true} {
		require.Equal(t, 200, status(h, delivery(batch)))
		require.Len(t, j.events, 2*round+2)
		require.Equal(t, suspect, j.events[2*round].Suspect)
		require.Equal(t, suspect, j.events[2*round+1].Suspect)
	}
}

// W12: without an identifier nothing makes a concurrent delivery wait either.
func TestW12_WithoutAnyIdentifierEqualDeliveriesRunAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{result: func(webhook.Event[fakeEvent], int) error {
			time.Sleep(time.Second)
			return nil
		}}
		h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{Events: 1})))
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { require.Equal(t, 200, status(h, delivery(`{"type":"paid"}`))) })
		}
		wg.Wait()
		suspects := 0
		for _, e := range j.events {
			if e.Suspect {
				suspects++
			}
		}
		require.Len(t, j.events, 3)
		require.Equal(t, 2, suspects)
	})
}

// W12: a captured delivery whose unsigned identifier was taken away, or that was
// given one, is the same content.
func TestW12_IdentifierTakenAwayOrPutThere(t *testing.T) {
	t.Parallel()
	for _, ids := range [][2]string{{"d1", ""}, {"", "d1"}} {
		j := &journal{}
		h := newHandler(t, fake{unsignedID: true}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
		for i, id := range ids {
			r := delivery(`{"type":"paid"}`)
			if id != "" {
				r = withID(r, id)
			}
			require.Equal(t, 200, status(h, r))
			require.Len(t, j.events, i+1)
			require.Equal(t, i == 1, j.events[i].Suspect)
		}
	}
}

func TestW12_BatchDoesNotMakeItselfSuspect(t *testing.T) {
	t.Parallel()
	one := `{"type":"paid"}`
	j := &journal{}
	h := newHandler(t, fake{unsignedID: true}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	require.Equal(t, 200, status(h, withID(delivery("["+one+","+one+"]"), "d1")))
	require.Len(t, j.events, 2, "two equal events in one batch are two events")
	require.False(t, j.events[0].Suspect)
	require.False(t, j.events[1].Suspect)
	require.Equal(t, 200, status(h, withID(delivery("["+one+","+one+"]"), "d1")))
	require.Len(t, j.events, 2)
}

func TestW12_TheWindowIsBoundedInTimeAndNumber(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	g := memoryGuard(t, webhook.MemoryGuardConfig{Events: 4, TTL: time.Hour, Window: time.Minute, Now: func() time.Time { return now }})
	handle := func(id string, body byte) webhook.Claim {
		t.Helper()
		c, err := g.Claim(t.Context(), webhook.GuardKey{Endpoint: "gh", ID: id, Body: [32]byte{body}})
		require.NoError(t, err)
		require.NoError(t, g.Commit(t.Context(), c))
		return c
	}
	require.False(t, handle("a", 1).Suspect)
	require.True(t, handle("b", 1).Suspect)
	now = now.Add(time.Minute)
	require.False(t, handle("c", 1).Suspect, "the window has passed")
	require.True(t, handle("d", 1).Suspect)
	for i := range 8 {
		handle(fmt.Sprint("more", i), byte(100+i))
	}
	require.False(t, handle("e", 1).Suspect, "pushed out by newer ones")
}

func TestMemoryGuardForgetsAfterItsTTL(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	g := memoryGuard(t, webhook.MemoryGuardConfig{TTL: time.Hour, Now: func() time.Time { return now }})
	key := webhook.GuardKey{Endpoint: "s", ID: "e1", IDSigned: true}
	claim := func() webhook.Claim {
		c, err := g.Claim(t.Context(), key)
		require.NoError(t, err)
		return c
	}
	require.NoError(t, g.Commit(t.Context(), claim()))
	now = now.Add(time.Hour - 1)
	require.Equal(t, webhook.Handled, claim().State)
	now = now.Add(1)
	require.Equal(t, webhook.Claimed, claim().State)
}

func TestMemoryGuardIsBounded(t *testing.T) {
	t.Parallel()
	g := memoryGuard(t, webhook.MemoryGuardConfig{Events: 3})
	claim := func(id string) (webhook.Claim, error) {
		return g.Claim(t.Context(), webhook.GuardKey{Endpoint: "s", ID: id, IDSigned: true})
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		c, err := claim(id)
		require.NoError(t, err)
		require.NoError(t, g.Commit(t.Context(), c))
	}
	for id, want := range map[string]webhook.ClaimState{"b": webhook.Handled, "c": webhook.Handled, "d": webhook.Handled} {
		c, err := claim(id)
		require.NoError(t, err)
		require.Equal(t, want, c.State, id)
	}
	a, err := claim("a")
	require.NoError(t, err)
	require.Equal(t, webhook.Claimed, a.State, "the oldest was forgotten")

	_, err = claim("e")
	require.NoError(t, err)
	_, err = claim("f")
	require.NoError(t, err)
	_, err = claim("g")
	require.ErrorIs(t, err, webhook.ErrGuardFull)
	require.NoError(t, g.Release(t.Context(), a))
	_, err = claim("g")
	require.NoError(t, err)
}

func TestMemoryGuardConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, cfg := range []webhook.MemoryGuardConfig{{Events: -1}, {TTL: -1}, {Window: -1}, {Lease: -1}} {
		_, err := webhook.NewMemoryGuard(cfg)
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
}

// brokenGuard fails where it is told to.
type brokenGuard struct {
	webhook.Guard
	claim, commit error
}

func (g brokenGuard) Claim(ctx context.Context, k webhook.GuardKey) (webhook.Claim, error) {
	if g.claim != nil {
		return webhook.Claim{}, g.claim
	}
	return g.Guard.Claim(ctx, k)
}

func (g brokenGuard) Commit(ctx context.Context, c webhook.Claim) error {
	return errors.Join(g.commit, ctx.Err())
}

func TestGuardOutOfReachIsUndecidable(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(brokenGuard{claim: errTest}))
	require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
	require.Empty(t, j.list())
}

func TestGuardThatCannotCommitDoesNotUndoTheWork(t *testing.T) {
	t.Parallel()
	j := &journal{}
	var log buffer
	h := newHandler(t, fake{}, webhook.On("paid", j.run), log.option(),
		webhook.WithDeduplication(brokenGuard{Guard: memoryGuard(t, webhook.MemoryGuardConfig{}), commit: errTest}))
	require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
	require.Contains(t, log.String(), "could not record")
	require.Contains(t, log.String(), errTest.Error())
}

func TestGuardIsNotAskedAboutEventsNobodyWants(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{}, webhook.WithDeduplication(brokenGuard{claim: errTest}))
	require.Equal(t, 200, status(h, delivery(event("e1", "unknown"))))
}
