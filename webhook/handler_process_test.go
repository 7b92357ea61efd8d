package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

// W25
func TestW25_TheAnswerFollowsTheHandler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fn     func(ctx context.Context, e webhook.Event[fakeEvent]) error
		status int
		logged string
	}{
		"nil":       {func(context.Context, webhook.Event[fakeEvent]) error { return nil }, 200, ""},
		"error":     {func(context.Context, webhook.Event[fakeEvent]) error { return errTest }, 500, errTest.Error()},
		"panic":     {func(context.Context, webhook.Event[fakeEvent]) error { panic("panicked: " + errTest.Error()) }, 500, "panicked: " + errTest.Error()},
		"nil panic": {func(context.Context, webhook.Event[fakeEvent]) error { panic(nil) }, 500, "nil"},
		"abort":     {func(context.Context, webhook.Event[fakeEvent]) error { panic(http.ErrAbortHandler) }, 500, "abort"},
		"goexit":    {func(context.Context, webhook.Event[fakeEvent]) error { runtime.Goexit(); return nil }, 500, "ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log buffer
			h := newHandler(t, fake{}, webhook.On("paid", c.fn), log.option())
			res := serve(h, delivery(event("e1", "paid")))
			require.Equal(t, c.status, res.StatusCode)
			require.NotContains(t, read(t, res), errTest.Error())
			require.Contains(t, log.String(), c.logged)
		})
	}
}

// W25
func TestW25_DeadlineIsTheProvidersLessATenth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ack  time.Duration
		opts []webhook.HandlerOption
		want time.Duration
	}{
		{10 * time.Second, nil, 9 * time.Second},
		{time.Second, nil, 900 * time.Millisecond},
		{0, nil, webhook.DefaultDeadline},
		{10 * time.Second, []webhook.HandlerOption{webhook.WithDeadline(3 * time.Second)}, 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			h := newHandler(t, fake{ack: c.ack}, append(c.opts, webhook.On("paid", func(ctx context.Context, _ webhook.Event[fakeEvent]) error {
				end, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, c.want, end.Sub(begin))
				<-ctx.Done()
				require.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
				return ctx.Err()
			}))...)
			res := serve(h, delivery(event("e1", "paid")))
			require.Equal(t, 503, res.StatusCode)
			require.NotEmpty(t, res.Header.Get("Retry-After"))
			require.Equal(t, c.want, time.Since(begin))
			require.NoError(t, h.Drain(t.Context()))
		})
	}
}

// W25
func TestW25_HandlerThatIgnoresItsContextDoesNotHoldTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var finished atomic.Bool
		var log buffer
		h := newHandler(t, fake{ack: 10 * time.Second}, log.option(), webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
			time.Sleep(time.Minute)
			finished.Store(true)
			return nil
		}))
		begin := time.Now()
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
		require.Equal(t, 9*time.Second, time.Since(begin))
		require.False(t, finished.Load())
		require.Contains(t, log.String(), "ignores its context")

		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, h.Drain(soon), context.DeadlineExceeded)
		require.NoError(t, h.Drain(t.Context()))
		require.True(t, finished.Load())
		require.Equal(t, time.Minute, time.Since(begin))
		require.NoError(t, h.Drain(t.Context()))
	})
}

// W25
func TestW25_LateSuccessIsKnownToTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		guard := memoryGuard(t, webhook.MemoryGuardConfig{})
		j := &journal{result: func(webhook.Event[fakeEvent], int) error {
			time.Sleep(20 * time.Second)
			return nil
		}}
		h := newHandler(t, fake{ack: 10 * time.Second}, webhook.WithDeduplication(guard), webhook.On("paid", j.run))
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))), "late")
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))), "still running")
		require.NoError(t, h.Drain(t.Context()))
		require.Equal(t, 200, status(h, delivery(event("e1", "paid"))), "handled meanwhile")
		require.Len(t, j.list(), 1)
	})
}

func TestVerifierThatHangsDoesNotHoldTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		h := newHandler(t, fake{ack: 10 * time.Second, verify: func(context.Context, *webhook.Request) error {
			time.Sleep(time.Minute)
			return nil
		}}, webhook.On("paid", j.run))
		begin := time.Now()
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
		require.Equal(t, 9*time.Second, time.Since(begin))
		require.NoError(t, h.Drain(t.Context()))
		require.Empty(t, j.list(), "what was answered 503 before it was begun is not begun any more")
	})
}

func TestCallerWhoLeavesDoesNotStopWorkThatEndsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.On("paid", func(ctx context.Context, _ webhook.Event[fakeEvent]) error {
			<-ctx.Done()
			require.ErrorIs(t, ctx.Err(), context.Canceled)
			time.Sleep(time.Second)
			return nil
		}))
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		begin := time.Now()
		require.Equal(t, 200, status(h, delivery(event("e1", "paid")).WithContext(ctx)))
		require.Equal(t, 2*time.Second, time.Since(begin))
	})
}

func TestPanicOutsideTheFunctionsIsUndecidable(t *testing.T) {
	t.Parallel()
	var log buffer
	h := newHandler(t, fake{verify: func(context.Context, *webhook.Request) error { panic("in the verifier") }}, log.option())
	require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
	require.Contains(t, log.String(), "in the verifier")
}

func TestBatchRunsEveryEventAndFailsAsAWhole(t *testing.T) {
	t.Parallel()
	batch := "[" + event("a", "paid") + "," + event("b", "paid") + "," + event("c", "paid") + "]"
	j := &journal{result: func(e webhook.Event[fakeEvent], nth int) error {
		require.Equal(t, map[string]int{"a": 0, "b": 1, "c": 2}[e.ID], e.Index)
		if e.ID == "b" && nth < 5 {
			return errTest
		}
		return nil
	}}
	h := newHandler(t, fake{}, webhook.On("paid", j.run))
	require.Equal(t, 500, status(h, delivery(batch)))
	require.Equal(t, []string{"paid/a", "paid/b", "paid/c"}, j.list())
	require.Equal(t, 200, status(h, delivery(batch)), "without a guard the whole batch runs again")
	require.Len(t, j.list(), 6)
}

func TestBatchWithGuardRepeatsOnlyWhatFailed(t *testing.T) {
	t.Parallel()
	batch := "[" + event("a", "paid") + "," + event("b", "paid") + "," + event("c", "paid") + "]"
	j := &journal{result: func(e webhook.Event[fakeEvent], nth int) error {
		if e.ID == "b" && nth < 4 {
			return errTest
		}
		return nil
	}}
	h := newHandler(t, fake{}, webhook.On("paid", j.run), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
	require.Equal(t, 500, status(h, delivery(batch)))
	require.Equal(t, 200, status(h, delivery(batch)))
	require.Equal(t, []string{"paid/a", "paid/b", "paid/c", "paid/b"}, j.list())
	require.Equal(t, 200, status(h, delivery(batch)))
	require.Len(t, j.list(), 4)
}

func TestBatchStopsAtTheDeadlineAndGoesOnNextTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		batch := "[" + event("a", "paid") + "," + event("b", "paid") + "," + event("c", "paid") + "]"
		j := &journal{result: func(webhook.Event[fakeEvent], int) error {
			time.Sleep(5 * time.Second)
			return nil
		}}
		h := newHandler(t, fake{ack: 10 * time.Second}, webhook.On("paid", j.run),
			webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})))
		require.Equal(t, 503, status(h, delivery(batch)))
		require.NoError(t, h.Drain(t.Context()))
		require.Equal(t, []string{"paid/a", "paid/b"}, j.list())
		require.Equal(t, 200, status(h, delivery(batch)))
		require.Equal(t, []string{"paid/a", "paid/b", "paid/c"}, j.list())
	})
}

func TestEmptyBatchIsAcknowledged(t *testing.T) {
	t.Parallel()
	require.Equal(t, 200, status(newHandler(t, fake{}), delivery("[]")))
}

func TestGenuinePayloadThatIsNotUnderstoodIsSentAgain(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run))
	require.Equal(t, 500, status(h, delivery(`{"id":`)), "the provider's own, so not a 4xx")
	require.Equal(t, 500, status(h, delivery(`{"id":"e1","type":"paid","amount":1.5}`)), "not what the function takes")
	require.Empty(t, j.list())
}

func TestDispatchRunsWhatWasVerifiedBefore(t *testing.T) {
	t.Parallel()
	j := &journal{result: func(e webhook.Event[fakeEvent], _ int) error {
		switch e.ID {
		case "a":
			return errTest
		case "b":
			panic("b")
		}
		return nil
	}}
	h := newHandler(t, fake{}, webhook.On("paid", j.run))
	d := &webhook.Delivery{Endpoint: "fake", Request: &webhook.Request{}}
	for _, id := range []string{"a", "b", "c"} {
		d.Events = append(d.Events, webhook.Raw{ID: id, Type: "paid", Payload: []byte(event(id, "paid"))})
	}
	err := h.Dispatch(t.Context(), d)
	require.ErrorIs(t, err, errTest)
	require.ErrorContains(t, err, `event 0, "paid"`)
	require.ErrorContains(t, err, "panicked with a string")
	require.Equal(t, []string{"paid/a", "paid/b", "paid/c"}, j.list())

	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	require.ErrorIs(t, h.Dispatch(ended, d), errTest)
	require.Len(t, j.list(), 3)
}

// Bad input at the handler's surface: which status, and that the log alone has
// the reason.
func TestW4_RefusalsLookAlike(t *testing.T) {
	t.Parallel()
	refusal := func(reason error) func(context.Context, *webhook.Request) error {
		return func(context.Context, *webhook.Request) error {
			return &webhook.Error{Provider: "fake", Reason: reason, Detail: "detail-" + reason.Error(), Hint: "hint-for-the-developer", Skew: 90 * time.Second}
		}
	}
	var bodies []string
	var headers []http.Header
	for _, reason := range []error{
		webhook.ErrMissing, webhook.ErrMalformed, webhook.ErrMismatch, webhook.ErrStale, webhook.ErrFuture,
		webhook.ErrDuplicate, webhook.ErrNotAllowed, webhook.ErrPayload,
	} {
		var log buffer
		h := newHandler(t, fake{verify: refusal(reason)}, log.option())
		res := serve(h, delivery(event("e1", "paid")))
		require.Equal(t, 401, res.StatusCode, reason)
		bodies, headers = append(bodies, read(t, res)), append(headers, res.Header)
		require.Contains(t, log.String(), reason.Error())
		require.Contains(t, log.String(), `"hint":"hint-for-the-developer"`)
		require.Contains(t, log.String(), `"skew_seconds":90`)
		require.NotContains(t, fmt.Sprint(bodies, headers), "hint")
	}
	for i := range bodies {
		require.Equal(t, bodies[0], bodies[i])
		require.Equal(t, headers[0], headers[i])
	}
}

func TestW4_AFailureToDecideIsNever4xx(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"unavailable":          &webhook.Error{Reason: webhook.ErrUnavailable, Err: errTest},
		"configuration":        &webhook.Error{Reason: webhook.ErrConfig},
		"context":              context.Canceled,
		"wrapped deadline":     fmt.Errorf("fetch keys: %w", context.DeadlineExceeded),
		"no reason given":      errTest,
		"mismatch unavailable": errors.Join(webhook.ErrMismatch, webhook.ErrUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, fake{verify: func(context.Context, *webhook.Request) error { return err }})
			res := serve(h, delivery(event("e1", "paid")))
			require.Equal(t, 503, res.StatusCode)
			require.NotEmpty(t, res.Header.Get("Retry-After"))
			require.NotContains(t, read(t, res), errTest.Error())
		})
	}
}

func TestVerifiersOwnSizeAndMethodVerdicts(t *testing.T) {
	t.Parallel()
	for reason, want := range map[error]int{webhook.ErrTooLarge: 413, webhook.ErrMethod: 405} {
		h := newHandler(t, fake{verify: func(context.Context, *webhook.Request) error {
			return &webhook.Error{Reason: reason}
		}})
		require.Equal(t, want, status(h, delivery(event("e1", "paid"))))
	}
}

// plainVerifier is a scheme of the caller's own that has nothing but its function.
type plainVerifier struct{}

func (plainVerifier) Verify(context.Context, *webhook.Request) (webhook.Receipt, error) {
	return webhook.Receipt{EventID: "e1", EventIDSigned: true, EventType: "paid", EventTypeSigned: true}, nil
}

func TestVerifierOfOnesOwnNeedsOnlyVerify(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, plainVerifier{}, webhook.On("paid", j.run))
	require.Equal(t, "webhook", h.Endpoint())
	require.Equal(t, 200, status(h, delivery(`{"amount":3}`)))
	require.Equal(t, []string{"paid/e1"}, j.list())
	require.Equal(t, 3, j.events[0].Data.Amount)
	r := delivery("")
	r.Method = "GET"
	require.Equal(t, 405, status(h, r))
}

func TestChallengeIsAnsweredByTheHandler(t *testing.T) {
	t.Parallel()
	j := &journal{}
	v := challenging{fake: fake{methods: []string{"GET"}}}
	h := newHandler(t, v, webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error {
		return j.run(t.Context(), webhook.Event[fakeEvent]{})
	}))
	r := delivery("")
	r.Method, r.URL.RawQuery = "GET", "challenge=abc"
	res := serve(h, r)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	require.Equal(t, `{"answer":"abc"}`, read(t, res))

	r.URL.RawQuery = "challenge=%7B"
	require.Equal(t, 401, status(h, r))
	r.URL.RawQuery = "challenge=unavailable"
	require.Equal(t, 503, status(h, r))
	require.Empty(t, j.list())
	require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
	require.Len(t, j.list(), 1)
}

type challenging struct{ fake }

func (c challenging) scheme(...webhook.Option) *webhook.Scheme {
	return c.fake.scheme(webhook.WithChallenge(c.Challenge))
}

func (challenging) Challenge(_ context.Context, r *webhook.Request) (*webhook.Answer, bool, error) {
	switch c := r.URL.Query().Get("challenge"); c {
	case "":
		return nil, false, nil
	case "{":
		return nil, true, &webhook.Error{Reason: webhook.ErrMalformed}
	case "unavailable":
		return nil, true, &webhook.Error{Reason: webhook.ErrUnavailable}
	default:
		return &webhook.Answer{Status: 200, Header: http.Header{"content-type": {"application/json"}}, Body: []byte(`{"answer":"` + c + `"}`)}, true, nil
	}
}

func TestNewHandlerRefusesMistakes(t *testing.T) {
	t.Parallel()
	ok := func(context.Context, webhook.Event[fakeEvent]) error { return nil }
	respond := func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) { return nil, nil }
	raw := func(context.Context, webhook.Event[jsonRaw]) error { return nil }
	for name, c := range map[string]struct {
		v    verifier
		opts []webhook.HandlerOption
	}{
		"no verifier":      {nil, nil},
		"nil scheme":       {(*webhook.Scheme)(nil), nil},
		"zero scheme":      {&webhook.Scheme{}, nil},
		"nil On":           {fake{}, []webhook.HandlerOption{webhook.On[fakeEvent]("x", nil)}},
		"nil OnObject":     {fake{}, []webhook.HandlerOption{webhook.OnObject[fakeEvent]("x", nil)}},
		"nil Fallback":     {fake{}, []webhook.HandlerOption{webhook.Fallback(nil)}},
		"nil Respond":      {fake{}, []webhook.HandlerOption{webhook.Respond[fakeEvent]("x", nil)}},
		"empty type":       {fake{}, []webhook.HandlerOption{webhook.On("", ok)}},
		"empty object":     {fake{}, []webhook.HandlerOption{webhook.OnObject("", ok)}},
		"asterisk inside":  {fake{}, []webhook.HandlerOption{webhook.On("a.*.b", ok)}},
		"two asterisks":    {fake{}, []webhook.HandlerOption{webhook.On("a.**", ok)}},
		"type twice":       {fake{}, []webhook.HandlerOption{webhook.On("a", ok), webhook.Respond("a", respond)}},
		"pattern twice":    {fake{}, []webhook.HandlerOption{webhook.On("a.*", ok), webhook.On("a.*", ok)}},
		"object twice":     {fake{}, []webhook.HandlerOption{webhook.OnObject("a", ok), webhook.OnObject("a", ok)}},
		"fallback twice":   {fake{}, []webhook.HandlerOption{webhook.Fallback(raw), webhook.Fallback(raw)}},
		"nil guard":        {fake{}, []webhook.HandlerOption{webhook.WithDeduplication(nil)}},
		"nil queue":        {fake{}, []webhook.HandlerOption{webhook.WithQueue(nil)}},
		"nil logger":       {fake{}, []webhook.HandlerOption{webhook.WithLogger(nil)}},
		"no deadline":      {fake{}, []webhook.HandlerOption{webhook.WithDeadline(0)}},
		"no name":          {fake{}, []webhook.HandlerOption{webhook.WithEndpoint("")}},
		"queue and answer": {fake{}, []webhook.HandlerOption{webhook.WithQueue(&queue{}), webhook.Respond("a", respond)}},
	} {
		h, err := webhook.NewHandler(schemeOf(c.v), c.opts...)
		require.ErrorIs(t, err, webhook.ErrConfig, name)
		require.Nil(t, h, name)
	}
}

// Only what the guard suspects is logged as suspicious.
func TestSuspicionIsLoggedWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for _, suspect := range []bool{false, true} {
		var log buffer
		h := newHandler(t, fake{unsignedID: true}, log.option(), webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})), webhook.On("paid", nothing))
		require.Equal(t, 200, status(h, delivery(event("e1", "paid"))))
		if suspect {
			require.Equal(t, 200, status(h, delivery(`{"id":"e1","type":"paid","amount":8}`)))
		}
		require.Equal(t, suspect, strings.Contains(log.String(), "may be a replay"))
	}
}

// All who wait for the work to end are told.
func TestDrainTellsEveryoneWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{}, webhook.WithDeadline(time.Second), webhook.On("paid", func(context.Context, webhook.Event[struct{}]) error {
			time.Sleep(time.Minute)
			return nil
		}))
		require.NoError(t, h.Drain(t.Context()), "nothing is at work")
		require.Equal(t, 503, status(h, delivery(event("e1", "paid"))))
		begin := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := h.Drain(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 59*time.Second, time.Since(begin))
		require.NoError(t, h.Drain(t.Context()))
	})
}
