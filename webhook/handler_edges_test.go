package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

func TestSchemeThatSaysNothingOfItselfGetsTheDefaults(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	h := newHandler(t, plainVerifier{}, webhook.On("paid", func(ctx context.Context, _ webhook.Event[struct{}]) error {
		end, ok := ctx.Deadline()
		require.True(t, ok)
		require.False(t, end.Before(begin.Add(webhook.DefaultDeadline)))
		require.False(t, end.After(time.Now().Add(webhook.DefaultDeadline)))
		return nil
	}))
	require.Equal(t, "webhook", h.Endpoint())
	require.Equal(t, 200, status(h, delivery(strings.Repeat(" ", webhook.DefaultMaxBody))))
	require.Equal(t, 413, status(h, delivery(strings.Repeat(" ", webhook.DefaultMaxBody+1))))
	r := delivery("")
	r.Method = http.MethodGet
	res := serve(h, r)
	require.Equal(t, 405, res.StatusCode)
	require.Equal(t, "POST", res.Header.Get("Allow"))
}

func TestNewHandlerRefusesNegativeDeadlinesAndNilEnvelopes(t *testing.T) {
	t.Parallel()
	for _, opt := range []webhook.HandlerOption{
		webhook.WithDeadline(-1), webhook.OnEnvelope[fakeEvent]("x", nil), webhook.OnEnvelope("", nothing), webhook.OnEnvelope("a*b", nothing),
	} {
		require.ErrorIs(t, refused(fake{}, opt), webhook.ErrConfig)
	}
	require.ErrorIs(t, refused(fake{}, webhook.On("x", nothing), webhook.OnEnvelope("x", nothing)), webhook.ErrConfig, "a type is given to one of the two")
	require.NoError(t, refused(fake{}, webhook.WithDeadline(1)))
}

// claimed is a guard that answers as it is told, by the event's identifier.
type claimed map[string]webhook.ClaimState

func (c claimed) Claim(_ context.Context, k webhook.GuardKey) (webhook.Claim, error) {
	if state, ok := c[k.ID]; ok {
		return webhook.Claim{Key: k, State: state}, nil
	}
	return webhook.Claim{}, errTest
}
func (claimed) Commit(context.Context, webhook.Claim) error  { return nil }
func (claimed) Release(context.Context, webhook.Claim) error { return nil }

// W25: 503 says that nothing is known of the event but that it should come again.
// One event that failed makes it a 500.
func TestW25_WhatFailedOutweighsWhatIsPutOff(t *testing.T) {
	t.Parallel()
	guard := claimed{"ok": webhook.Claimed, "bad": webhook.Claimed, "busy": webhook.InFlight, "done": webhook.Handled, "odd": 0}
	for batch, want := range map[string]int{
		"ok": 200, "done": 200, "ok done": 200, "busy": 503, "odd": 503, "unknown": 503, "busy unknown": 503, "ok busy": 503, "busy ok": 503,
		"bad": 500, "busy bad": 500, "bad busy": 500, "bad ok": 500,
	} {
		h := newHandler(t, fake{}, webhook.WithDeduplication(guard), webhook.On("paid", func(_ context.Context, e webhook.Event[fakeEvent]) error {
			if e.ID == "bad" {
				return errTest
			}
			return nil
		}))
		var parts []string
		for _, id := range strings.Fields(batch) {
			parts = append(parts, event(id, "paid"))
		}
		require.Equal(t, want, status(h, delivery("["+strings.Join(parts, ",")+"]")), batch)
	}
	// An error of a function's own that happens to join others is the function's.
	h := newHandler(t, fake{}, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error { return errors.Join(errTest, errTest) }))
	require.Equal(t, 500, status(h, delivery(event("e", "paid"))))
}

// W25: whoever left may have been told nothing; the provider sends again.
func TestW25_FailureAfterTheCallerHasLeftIsPutOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := newHandler(t, fake{}, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
		cancel()
		return errTest
	}))
	require.Equal(t, 503, status(h, delivery(event("e", "paid")).WithContext(ctx)))
}

func TestRespondThatCannotDecodeFails(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{}, webhook.Respond("paid", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
		return webhook.Reply("text/plain", []byte("run"))
	}))
	require.Equal(t, 500, status(h, delivery(`{"type":"paid","amount":"many"}`)))
	require.Equal(t, 200, status(h, delivery(`{"type":"paid","amount":1}`)))
}

// Answers of functions and challenges are completed, not replaced.
func TestAnswersAreCompleted(t *testing.T) {
	t.Parallel()
	var answer *webhook.Answer
	h := newHandler(t, fake{}, webhook.Respond("paid", func(context.Context, webhook.Event[struct{}]) (*webhook.Answer, error) { return answer, nil }))
	for _, c := range []struct {
		answer  *webhook.Answer
		status  int
		nosniff string
		cache   string
	}{
		{nil, 200, "", "no-store"},
		{&webhook.Answer{}, 200, "", "no-store"},
		{&webhook.Answer{Status: 201, Body: []byte("x")}, 201, "nosniff", "no-store"},
		{&webhook.Answer{Header: http.Header{"cache-control": {"max-age=1"}, "x-content-type-options": {"own"}}, Body: []byte("x")}, 200, "own", "max-age=1"},
	} {
		answer = c.answer
		res := serve(h, delivery(event("e", "paid")))
		require.Equal(t, c.status, res.StatusCode)
		require.Equal(t, c.nosniff, res.Header.Get("X-Content-Type-Options"))
		require.Equal(t, c.cache, res.Header.Get("Cache-Control"))
	}
	for status, ok := range map[int]bool{199: false, 200: true, 599: true, 600: false, 0: true, -1: false} {
		answer = &webhook.Answer{Status: status}
		require.Equal(t, ok, serve(h, delivery(event("e", "paid"))).StatusCode != 500, status)
	}
	for value, ok := range map[string]bool{"a\tb": true, "a\x1fb": false, "a\nb": false, "a\x7fb": false, "a b~": true} {
		answer = &webhook.Answer{Header: http.Header{"X-A": {value}}}
		require.Equal(t, ok, serve(h, delivery(event("e", "paid"))).StatusCode == 200, "%q", value)
	}
}

// What comes from outside is bounded in the log.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	for n, cut := range map[int]bool{1 << 10: false, 1<<10 + 1: true} {
		var log buffer
		text := strings.Repeat("x", n)
		h := newHandler(t, fake{}, log.option(), webhook.WithDeduplication(claimed{text: webhook.Handled}), webhook.On("paid", nothing))
		require.Equal(t, 200, status(h, delivery(event(text, "paid"))))
		require.Equal(t, cut, strings.Contains(log.String(), "…"), n)
		require.Contains(t, log.String(), strings.Repeat("x", 1<<10))
		require.NotContains(t, log.String(), strings.Repeat("x", 1<<10+1))
	}
}

// The log tells what anyone can cause from what the operator has to look at, and
// leaves out what is not known.
func TestLogLevelsAndAttributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err      error
		level    string
		has, not []string
	}{
		{&webhook.Error{Reason: webhook.ErrMismatch}, "WARN", []string{`"status":401`}, []string{"hint", "skew_seconds"}},
		{&webhook.Error{Reason: webhook.ErrUnavailable, Hint: "look"}, "ERROR", []string{`"status":503`, `"hint":"look"`}, []string{"skew_seconds"}},
		{&webhook.Error{Reason: webhook.ErrFuture, Skew: -time.Second}, "WARN", []string{`"skew_seconds":-1`}, []string{"hint"}},
		{errTest, "ERROR", []string{errTest.Error()}, []string{"hint"}},
	} {
		var log buffer
		h := newHandler(t, fake{verify: func(context.Context, *webhook.Request) error { return c.err }}, log.option())
		status(h, delivery("{}"))
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(log.String()), &line), "one line")
		require.Equal(t, c.level, line["level"])
		require.Equal(t, "fake", line["endpoint"])
		require.Equal(t, "fake", line["provider"])
		for _, want := range c.has {
			require.Contains(t, log.String(), want)
		}
		for _, not := range c.not {
			require.NotContains(t, line, not)
		}
	}
	var log buffer
	fail := func(context.Context, webhook.Event[struct{}]) error { return errTest }
	h := newHandler(t, fake{}, log.option(), webhook.On("paid", fail))
	require.Equal(t, 500, status(h, withID(delivery(event("e", "paid")), "d1")))
	require.Contains(t, log.String(), `"event_id":"e"`)
	require.Contains(t, log.String(), `"type":"paid"`)
	log = buffer{}
	require.Equal(t, 500, status(h, delivery(event("e", "paid"))))
	require.Contains(t, log.String(), `"event_id":"e"`)
	require.Contains(t, log.String(), `event 0, \"paid\"`)
	// The first of several, an identifier in a header, and neither.
	log = buffer{}
	require.Equal(t, 500, status(h, delivery("["+event("ok", "other")+","+event("e2", "paid")+","+event("e3", "paid")+"]")))
	require.Contains(t, log.String(), `"type":"paid","event_id":"e2"`)
	log = buffer{}
	require.Equal(t, 500, status(h, withID(delivery(`{"type":"paid"}`), "d1")))
	require.Contains(t, log.String(), `"type":"paid","event_id":"d1"`)
	log = buffer{}
	require.Equal(t, 500, status(newHandler(t, fake{}, log.option(), webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { return errTest })), delivery(`{}`)))
	require.NotContains(t, log.String(), `"type"`)
	require.NotContains(t, log.String(), "event_id")
	// What could not be queued, and what could not be split.
	log = buffer{}
	require.Equal(t, 503, status(newHandler(t, fake{}, log.option(), webhook.WithQueue(&queue{err: errTest})), delivery(event("e4", "paid"))))
	require.Contains(t, log.String(), `"type":"paid","event_id":"e4"`)
	log = buffer{}
	require.Equal(t, 500, status(h, withID(delivery(`[1]`), "d2")))
	require.Contains(t, log.String(), `"event_id":"d2"`)
}

// Not parallel: the default logger is the program's.
func TestDefaultLoggerIsTheProgramsOfTheMoment(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	var log buffer
	h, err := webhook.NewHandler(fake{}.scheme())
	require.NoError(t, err)
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	require.Equal(t, 401, status(h, func() *http.Request { r := delivery("{}"); r.Header.Del("X-Fake-Key"); return r }()))
	require.Contains(t, log.String(), "webhook refused")
	require.Equal(t, 200, status(h, delivery(event("e", "other"))))
	require.NotContains(t, log.String(), "has no function", "below its level")
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.Equal(t, 200, status(h, delivery(event("e", "other"))))
	require.Contains(t, log.String(), "has no function", "what was not logged is not taken as said")
}

// Every mistake is named, all of them in one error.
func TestNewHandlerNamesEachMistake(t *testing.T) {
	t.Parallel()
	answer := func(context.Context, webhook.Event[struct{}]) (*webhook.Answer, error) { return nil, nil }
	raw := func(context.Context, webhook.Event[jsonRaw]) error { return nil }
	mistakes := map[string]webhook.HandlerOption{
		`On("a"): the function is nil`:                            webhook.On[fakeEvent]("a", nil),
		`OnEnvelope("b"): the function is nil`:                    webhook.OnEnvelope[fakeEvent]("b", nil),
		`OnObject("c"): the function is nil`:                      webhook.OnObject[fakeEvent]("c", nil),
		`Respond("d"): the function is nil`:                       webhook.Respond[fakeEvent]("d", nil),
		"Fallback: the function is nil":                           webhook.Fallback(nil),
		"OnObject: the object is empty":                           webhook.OnObject("", nothing),
		"the event type is empty":                                 webhook.On("", nothing),
		`event type "e*f": an asterisk may only stand at the end`: webhook.On("e*f", nothing),
		`event type "g**": an asterisk may only stand at the end`: webhook.On("g**", nothing),
		"WithDeadline: 0s is not positive":                        webhook.WithDeadline(0),
		"WithEndpoint: the name is empty":                         webhook.WithEndpoint(""),
		"WithLogger: the logger is nil":                           webhook.WithLogger(nil),
		"WithQueue: the queue is nil":                             webhook.WithQueue(nil),
	}
	var all []webhook.HandlerOption
	for says, opt := range mistakes {
		err := refused(fake{}, opt)
		require.ErrorIs(t, err, webhook.ErrConfig)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "constructor")
		all = append(all, opt)
	}
	err := refused(nil, all...)
	require.ErrorContains(t, err, "the scheme was not made by a constructor")
	for says := range mistakes {
		require.ErrorContains(t, err, says)
	}
	for says, pair := range map[string][2]webhook.HandlerOption{
		`event type "a" is handled twice`:  {webhook.On("a", nothing), webhook.Respond("a", answer)},
		`event type "a*" is handled twice`: {webhook.On("a*", nothing), webhook.OnEnvelope("a*", nothing)},
		`event type "*" is handled twice`:  {webhook.On("*", nothing), webhook.On("*", nothing)},
		`OnObject("a") is given twice`:     {webhook.OnObject("a", nothing), webhook.OnObject("a", nothing)},
		"Fallback is given twice":          {webhook.Fallback(raw), webhook.Fallback(raw)},
		"WithQueue and Respond exclude":    {webhook.WithQueue(&queue{}), webhook.Respond("a", answer)},
	} {
		require.ErrorContains(t, refused(fake{}, pair[:]...), says)
		require.NoError(t, refused(fake{}, pair[0]))
		require.NoError(t, refused(fake{}, pair[1]))
	}
	require.NoError(t, refused(fake{}, webhook.On("a", nothing), webhook.On("a*", nothing), webhook.On("ab*", nothing), webhook.On("*", nothing), webhook.OnObject("a", nothing)))
}
