package inbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// listOf is a service's list; a last element that is nil stands for its failure.
func listOf(all ...*inbox.Listed) iter.Seq2[inbox.Listed, error] {
	return func(yield func(inbox.Listed, error) bool) {
		for _, l := range all {
			if l == nil {
				yield(inbox.Listed{}, errTest)
				return
			}
			if !yield(*l, nil) {
				return
			}
		}
	}
}

// What never arrived is taken in, once, and runs once though it is delivered after all.
func testReconcile(t *testing.T, d database) {
	s := newShop(t, d)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	require.Equal(t, 200, postStripe(h, paid("evt_1")))

	// A list renders what a delivery has in its own way.
	spaced := []byte(strings.ReplaceAll(string(paid("evt_2")), ":", ": "))
	all := listOf(&inbox.Listed{ID: "evt_1", Body: []byte(strings.ReplaceAll(string(paid("evt_1")), ":", ": "))}, &inbox.Listed{ID: "evt_2", Body: spaced}, &inbox.Listed{ID: "evt_2", Body: spaced})
	got, err := s.Reconcile(t.Context(), h, all)
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 2, Taken: 1}, got)
	require.Equal(t, 200, postStripe(h, paid("evt_2")), "it is delivered after all")

	stop := start(t, s.Inbox, h)
	s.settled()
	stop()
	require.Empty(t, s.dead(), "nothing is quarantined")
	events := j.all()
	require.Len(t, events, 2)
	for _, e := range events {
		if e.ID == "evt_2" {
			require.Equal(t, "fetched", e.Receipt.Scheme)
			require.Equal(t, spaced, e.Request.Body)
		}
	}
	got, err = s.Reconcile(t.Context(), h, all)
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 3}, got, "what was handled is known")
}

// An event that is delivered while it is taken in is one, however the two are rendered.
func testReconcileRaces(t *testing.T, d database) {
	var h *webhook.Handler
	begun := false
	s := newShop(t, d, inbox.OrderBy(func(string, webhook.Raw) string { // between the look and the insert
		if !begun {
			begun = true
			require.Equal(t, 200, postStripe(h, paid("evt_1")))
		}
		return ""
	}, time.Minute))
	h = handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", (&diary{}).note))
	_, err := s.Reconcile(t.Context(), h, listOf(&inbox.Listed{ID: "evt_1", Body: []byte(strings.ReplaceAll(string(paid("evt_1")), ":", ": "))}))
	require.NoError(t, err)
	require.True(t, begun)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_event`))
	require.Empty(t, s.dead())
}

// What a list has no body of is asked for again, unless it has arrived: under its
// unsigned identifier, with whatever content.
func testReconcileAsks(t *testing.T, d database) {
	s := newShop(t, d)
	h := handler(t, github, webhook.WithQueue(s), webhook.On("push", func(context.Context, webhook.Event[struct{}]) error { return nil }))
	require.Equal(t, 200, postGitHub(h, "d1", `{"a":1}`))
	again := func(id string) func(context.Context) error {
		return func(context.Context) error {
			if code := postGitHub(h, id, `{"b":1}`); code != 200 {
				return fmt.Errorf("status %d", code)
			}
			return nil
		}
	}
	all := listOf(&inbox.Listed{ID: "d1", Again: again("d1")}, &inbox.Listed{ID: "d2", Again: again("d2")})
	got, err := s.Reconcile(t.Context(), h, all)
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 1, Asked: 1}, got)
	got, err = s.Reconcile(t.Context(), h, all)
	require.NoError(t, err)
	require.Equal(t, inbox.Reconciled{Known: 2}, got)

	got, err = s.Reconcile(t.Context(), h, listOf(&inbox.Listed{ID: "d3", Body: []byte(`{"b":1}`)}))
	require.ErrorIs(t, err, webhook.ErrPayload, "by a body alone it would not be known again")
	require.Zero(t, got)
}

// One that fails costs itself alone; the list's own failure is told with what was done.
func testReconcileFails(t *testing.T, d database) {
	s := newShop(t, d)
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", (&diary{}).note))
	bad := []*inbox.Listed{
		{ID: "", Body: paid("evt_0")},
		{ID: "evt_1"},
		{ID: "evt_2", Body: paid("evt_9")},
		{ID: "evt_3", Body: []byte(`[`)},
		{ID: "evt_4", Again: func(context.Context) error { return errTest }},
		{ID: "evt_5", Again: func(context.Context) error { panic("canary") }},
	}
	for i := range 7 {
		bad = append(bad, &inbox.Listed{ID: fmt.Sprintf("evt_1%d", i)})
	}
	got, err := s.Reconcile(t.Context(), h, listOf(append(bad, &inbox.Listed{ID: "evt_6", Body: paid("evt_6")}, nil, &inbox.Listed{ID: "evt_7", Body: paid("evt_7")})...))
	require.Equal(t, inbox.Reconciled{Taken: 1}, got)
	require.ErrorIs(t, err, errTest)
	for _, text := range []string{"it has no identifier", `"evt_1": it has neither`, `its body is of the event "evt_9"`, `"evt_3": webhook: stripe`, `"evt_5": the function Again panicked`, "the list: ", "and 3 more"} {
		require.ErrorContains(t, err, text)
	}
	require.NotContains(t, err.Error(), "canary")
	require.Equal(t, 1, s.count(`SELECT count(*) FROM %s_due`))

	for _, none := range []func() error{
		func() error { _, err := s.Reconcile(t.Context(), nil, listOf()); return err },
		func() error { _, err := s.Reconcile(t.Context(), h, nil); return err },
	} {
		require.ErrorContains(t, none(), "is nil")
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Reconcile(ctx, h, listOf(&inbox.Listed{ID: "evt_8", Body: paid("evt_8")}))
	require.ErrorIs(t, err, context.Canceled)
}

// C37: a panic in the list is the call's error, and what came before is taken in.
func TestReconcileWithAListThatPanics(t *testing.T) {
	s := newShop(t, sqliteFile(t))
	h := handler(t, stripe, webhook.WithQueue(s), webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error { return nil }))
	got, err := s.Reconcile(t.Context(), h, func(yield func(inbox.Listed, error) bool) {
		yield(inbox.Listed{ID: "evt_1", Body: paid("evt_1")}, nil)
		yield(inbox.Listed{ID: "evt_2"}, nil)
		panic("canary")
	})
	require.ErrorContains(t, err, "the list panicked")
	require.ErrorContains(t, err, `"evt_2": it has neither`)
	require.NotContains(t, err.Error(), "canary")
	require.Equal(t, inbox.Reconciled{Taken: 1}, got)
}

// C37: an event on which the function that splits events panics costs itself alone.
func TestReconcileWithAnEventThatCannotBeSplit(t *testing.T) {
	s := newShop(t, sqliteFile(t))
	scheme := func() (*webhook.Scheme, error) {
		return webhook.NewScheme("odd", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
			return webhook.Receipt{}, nil
		}, webhook.WithSplit(func(r *webhook.Request, _ webhook.Receipt) ([]webhook.Raw, error) {
			if string(r.Body) == "odd" {
				panic("canary")
			}
			return []webhook.Raw{{ID: string(r.Body), IDSigned: true, Type: "push", Payload: r.Body}}, nil
		}))
	}
	h := handler(t, scheme, webhook.WithQueue(s), webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error { return nil }))
	got, err := s.Reconcile(t.Context(), h, listOf(&inbox.Listed{ID: "odd", Body: []byte("odd")}, &inbox.Listed{ID: "even", Body: []byte("even")}))
	require.ErrorContains(t, err, `"odd": the function that splits events panicked`)
	require.NotContains(t, err.Error(), "canary")
	require.Equal(t, inbox.Reconciled{Taken: 1}, got)
}
