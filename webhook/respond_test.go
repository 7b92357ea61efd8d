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
	h := newHandler(t, fake{}, webhook.WithDuplicates(memoryGuard(t, webhook.MemoryGuardConfig{})),
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
