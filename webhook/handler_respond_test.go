package webhook_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

func TestRespondSendsTheFunctionsAnswer(t *testing.T) {
	t.Parallel()
	h := newHandler(t, plainVerifier{}, webhook.Respond("paid", func(_ context.Context, e webhook.Event[url.Values]) (*webhook.Answer, error) {
		switch e.Data.Get("as") {
		case "json":
			return webhook.JSON(map[string]string{"text": "hi"})
		case "xml":
			return webhook.Reply("text/xml", []byte("<Response/>"))
		case "refusal":
			return &webhook.Answer{Status: 403, Header: http.Header{"content-type": {"application/json"}}, Body: []byte(`{"error":{}}`)}, nil
		case "zero":
			return &webhook.Answer{Body: []byte("ok")}, nil
		case "status":
			return &webhook.Answer{Status: 99}, nil
		case "header":
			return &webhook.Answer{Header: http.Header{"X-A": {"a\r\nSet-Cookie: b"}}}, nil
		case "media type":
			return webhook.Reply("text/xml\n", nil)
		case "not json":
			return webhook.JSON(func() {})
		case "error":
			return nil, errTest
		case "panic":
			panic(errTest)
		}
		return nil, nil
	}))
	for _, c := range []struct {
		as        string
		status    int
		mediaType string
		body      string
	}{
		{"json", 200, "application/json", `{"text":"hi"}`},
		{"xml", 200, "text/xml", "<Response/>"},
		{"refusal", 403, "application/json", `{"error":{}}`},
		{"zero", 200, "", "ok"},
		{"", 200, "", ""},
		{"status", 500, "text/plain; charset=utf-8", "internal server error\n"},
		{"header", 500, "text/plain; charset=utf-8", "internal server error\n"},
		{"media+type", 500, "text/plain; charset=utf-8", "internal server error\n"},
		{"not+json", 500, "text/plain; charset=utf-8", "internal server error\n"},
		{"error", 500, "text/plain; charset=utf-8", "internal server error\n"},
		{"panic", 500, "text/plain; charset=utf-8", "internal server error\n"},
	} {
		res := serve(h, delivery("as="+c.as))
		require.Equal(t, c.status, res.StatusCode, c.as)
		require.Equal(t, c.mediaType, res.Header.Get("Content-Type"), c.as)
		require.Equal(t, c.body, read(t, res), c.as)
	}
}

func TestRespondIsHeldToTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fake{ack: 3 * time.Second}, webhook.Respond("cmd", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
			time.Sleep(time.Minute)
			return webhook.JSON("late")
		}))
		begin := time.Now()
		require.Equal(t, 503, status(h, delivery(event("e1", "cmd"))))
		require.Equal(t, 2700*time.Millisecond, time.Since(begin))
		require.NoError(t, h.Drain(t.Context()))
	})
}

func TestRespondAnswersARepetitionToo(t *testing.T) {
	t.Parallel()
	runs := 0
	h := newHandler(t, fake{}, webhook.WithDeduplication(memoryGuard(t, webhook.MemoryGuardConfig{})),
		webhook.Respond("cmd", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
			runs++
			return webhook.JSON(runs)
		}))
	require.Equal(t, "1", read(t, serve(h, delivery(event("e1", "cmd")))))
	require.Equal(t, "2", read(t, serve(h, delivery(event("e1", "cmd")))))
}

func TestRespondTakesOneEvent(t *testing.T) {
	t.Parallel()
	runs := 0
	h := newHandler(t, fake{}, webhook.Respond("cmd", func(context.Context, webhook.Event[fakeEvent]) (*webhook.Answer, error) {
		runs++
		return nil, nil
	}))
	require.Equal(t, 500, status(h, delivery("["+event("a", "cmd")+","+event("b", "cmd")+"]")))
	require.Zero(t, runs)
}

// What net/http would panic on or alter is refused, and no more than that.
func TestAnswersAreChecked(t *testing.T) {
	t.Parallel()
	var give *webhook.Answer
	h := newHandler(t, fake{}, webhook.Respond("cmd", func(context.Context, webhook.Event[struct{}]) (*webhook.Answer, error) { return give, nil }))
	for _, c := range []struct {
		answer *webhook.Answer
		want   int
	}{
		{nil, 200}, {&webhook.Answer{}, 200}, {&webhook.Answer{Status: 200}, 200}, {&webhook.Answer{Status: 599}, 599}, {&webhook.Answer{Status: 201}, 201},
		{&webhook.Answer{Status: 199}, 500}, {&webhook.Answer{Status: 600}, 500}, {&webhook.Answer{Status: 1}, 500}, {&webhook.Answer{Status: -1}, 500}, {&webhook.Answer{Status: 101}, 500},
		{&webhook.Answer{Header: http.Header{"X-A": {"a b\tc", "§"}}}, 200},
		{&webhook.Answer{Header: http.Header{"X-A": {"fine", "a\x7f"}}}, 500},
		{&webhook.Answer{Header: http.Header{"X-A": {"a\x1f"}}}, 500},
		{&webhook.Answer{Header: http.Header{"X-A": {"\x00"}}}, 500},
		{&webhook.Answer{Header: http.Header{"X-A": {"a\n"}}}, 500},
		{&webhook.Answer{Header: http.Header{"X\rA": {"a"}}}, 500},
		{&webhook.Answer{Header: http.Header{"X\r": nil}}, 500},
	} {
		give = c.answer
		require.Equal(t, c.want, status(h, delivery(event("e", "cmd"))), "%+v", c.answer)
	}
}

func TestReplyAndJSONSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := webhook.Reply("text/xml\n", nil)
	require.ErrorContains(t, err, `control character in header "Content-Type"`)
	a, err := webhook.Reply("text/xml", []byte("x"))
	require.NoError(t, err)
	require.Equal(t, &webhook.Answer{Status: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Body: []byte("x")}, a)
	a, err = webhook.JSON(func() {})
	require.ErrorContains(t, err, "webhook: response: ")
	require.Nil(t, a)
	a, err = webhook.JSON(nil)
	require.NoError(t, err)
	require.Equal(t, "null", string(a.Body))
}

func TestRespondToABatchSaysHowMany(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{}, webhook.Respond("*", func(context.Context, webhook.Event[struct{}]) (*webhook.Answer, error) { return nil, errTest }))
	for n, want := range map[int]string{2: "the delivery holds 2 events", 1: errTest.Error()} {
		err := h.Dispatch(t.Context(), &webhook.Delivery{Request: &webhook.Request{}, Events: make([]webhook.Raw, n)})
		require.ErrorContains(t, err, want)
	}
}

// A function is not run for what its type cannot hold, and does not answer it.
func TestRespondIsNotRunForWhatDoesNotDecode(t *testing.T) {
	t.Parallel()
	h := newHandler(t, plainVerifier{}, webhook.Respond("*", func(context.Context, webhook.Event[[]int]) (*webhook.Answer, error) {
		return webhook.Reply("text/plain", []byte("run"))
	}))
	require.Equal(t, 200, status(h, delivery("[1]")))
	for _, body := range []string{`["x"]`, `{}`, ``} {
		require.Equal(t, 500, status(h, delivery(body)), body)
	}
}
