package webhook_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/stretchr/testify/require"
)

func TestW24_UnknownTypeIsAcknowledged(t *testing.T) {
	t.Parallel()
	j := &journal{}
	h := newHandler(t, fake{}, webhook.On("paid", j.run))
	for _, typ := range []string{"invented.tomorrow", "", "PAID", "paid ", "paid.more"} {
		require.Equal(t, 200, status(h, delivery(event("e1", typ))), typ)
	}
	require.Empty(t, j.list())
}

func TestW24_UnknownTypeReachesTheFallback(t *testing.T) {
	t.Parallel()
	var got webhook.Event[jsonRaw]
	h := newHandler(t, fake{}, webhook.Fallback(func(_ context.Context, e webhook.Event[jsonRaw]) error {
		got = e
		return nil
	}))
	body := event("e1", "invented.tomorrow")
	require.Equal(t, 200, status(h, delivery(body)))
	require.Equal(t, "invented.tomorrow", got.Type)
	require.Equal(t, body, string(got.Data))
}

func TestW24_FallbackThatFailsIsSentAgain(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{}, webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { return errTest }))
	require.Equal(t, 500, status(h, delivery(event("e1", "invented.tomorrow"))))
}

func TestRoutesByPrecedence(t *testing.T) {
	t.Parallel()
	var got string
	to := func(name string) func(context.Context, webhook.Event[fakeEvent]) error {
		return func(context.Context, webhook.Event[fakeEvent]) error {
			got = name
			return nil
		}
	}
	h := newHandler(t, fake{},
		webhook.On("*", to("any")),
		webhook.On("customer.*", to("short")),
		webhook.On("customer.subscription.*", to("long")),
		webhook.On("customer.subscription.deleted", to("exact")),
		webhook.OnObject("v2.core.event", to("object")),
		webhook.Fallback(func(context.Context, webhook.Event[jsonRaw]) error { got = "fallback"; return nil }),
	)
	for _, c := range []struct{ typ, object, want string }{
		{"customer.subscription.deleted", "", "exact"},
		{"customer.subscription.deleted", "v2.core.event", "exact"},
		{"customer.subscription.updated", "", "long"},
		{"customer.subscription.", "", "long"},
		{"customer.created", "", "short"},
		{"customer", "", "any"},
		{"customer", "v2.core.event", "object"},
		{"", "", "any"},
	} {
		got = ""
		body := `{"id":"e1","type":"` + c.typ + `","object":"` + c.object + `"}`
		require.Equal(t, 200, status(h, delivery(body)))
		require.Equal(t, c.want, got, c.typ)
	}
}

// decoder decodes itself.
type decoder struct{ saw string }

func (d *decoder) DecodeEvent(raw webhook.Raw, r *webhook.Request) error {
	if raw.ID == "bad" {
		return errTest
	}
	d.saw = r.Header.Get("Content-Type") + " " + string(raw.Payload)
	return nil
}

func TestPayloadDecodesIntoWhatTheFunctionTakes(t *testing.T) {
	t.Parallel()
	check := func(name string, got, want any) {
		t.Helper()
		require.Equal(t, want, got, name)
	}
	run := func(body string, opt webhook.HandlerOption) int {
		return status(newHandler(t, plainVerifier{}, opt), delivery(body))
	}
	check("bytes", run(`not json`, webhook.On("paid", func(_ context.Context, e webhook.Event[[]byte]) error {
		check("bytes", string(e.Data), "not json")
		return nil
	})), 200)
	check("raw", run(`not json`, webhook.On("paid", func(_ context.Context, e webhook.Event[jsonRaw]) error {
		check("raw", string(e.Data), "not json")
		return nil
	})), 200)
	check("form", run(`a=1&a=2&b=%20`, webhook.On("paid", func(_ context.Context, e webhook.Event[url.Values]) error {
		check("form", e.Data, url.Values{"a": {"1", "2"}, "b": {" "}})
		return nil
	})), 200)
	check("bad form", run(`a=%zz`, webhook.On("paid", func(context.Context, webhook.Event[url.Values]) error {
		return errors.New("must not be called")
	})), 500)
	check("nothing", run(``, webhook.On("paid", func(context.Context, webhook.Event[struct{}]) error { return nil })), 200)
	check("any", run(`{"a":[1]}`, webhook.On("paid", func(_ context.Context, e webhook.Event[any]) error {
		check("any", e.Data, map[string]any{"a": []any{1.0}})
		return nil
	})), 200)
	check("decoder", run(`<xml/>`, webhook.On("paid", func(_ context.Context, e webhook.Event[decoder]) error {
		check("decoder", e.Data.saw, "application/json <xml/>")
		return nil
	})), 200)
	check("trailing", run(`{"id":"x"} {}`, webhook.On("paid", func(context.Context, webhook.Event[fakeEvent]) error {
		return errors.New("must not be called")
	})), 500)
}

func TestDecoderThatFailsFailsTheEvent(t *testing.T) {
	t.Parallel()
	h := newHandler(t, fake{}, webhook.On("paid", func(context.Context, webhook.Event[decoder]) error { return nil }))
	require.Equal(t, 200, status(h, delivery(event("good", "paid"))))
	require.Equal(t, 500, status(h, delivery(event("bad", "paid"))))
}
