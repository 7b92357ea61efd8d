package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

const key = "sk_canary_0123456789"

func TestSpansOfACall(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
	srv := clienttest.NewServer(t, clienttest.MustParse(`503, 503, 200 {"id":"cus_1"}`)...)
	c, err := newClient(srv.URL, key, tp)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	_, err = client.Get[struct{ ID string }](t.Context(), c, "/v1/customers/cus_1")
	require.NoError(t, err)

	got := spans.GetSpans()
	require.Len(t, got, 4, "three attempts and their call")
	var names []string
	for _, s := range got {
		names = append(names, s.Name)
		require.Equal(t, got[3].SpanContext.TraceID(), s.SpanContext.TraceID(), "one trace")
	}
	require.ElementsMatch(t, []string{"attempt GET", "attempt GET", "attempt GET", "call GET"}, names)
	byName := map[string][]tracetest.SpanStub{}
	for _, s := range got {
		byName[s.Name] = append(byName[s.Name], s)
	}
	for _, s := range byName["attempt GET"] {
		require.Equal(t, byName["call GET"][0].SpanContext.SpanID(), s.Parent.SpanID(), "an attempt is the call's child")
	}
	for i, r := range srv.Requests() {
		require.Equal(t, "Bearer "+key, r.Header.Get("Authorization"))
		require.Contains(t, r.Header.Get("Traceparent"), got[3].SpanContext.TraceID().String(), "the service sees the trace (attempt %d)", i)
	}
}

// X1: spans hold no credential, of whichever kind, also where the service
// repeats it.
func TestX1_SpansHoldNoCredential(t *testing.T) {
	for name, auth := range map[string]client.Auth{
		"bearer": client.Bearer(secret.Static(key)), "query": client.APIKeyQuery("api_key", secret.Static(key)), "basic": client.BasicKey(secret.Static(key)),
	} {
		t.Run(name, func(t *testing.T) {
			spans := tracetest.NewInMemoryExporter()
			tp := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
			t.Cleanup(func() { _ = tp.Shutdown(context.Background()) })
			srv := clienttest.NewServer(t, clienttest.Redirect(307, "/next?api_key="+key), clienttest.Reset(), clienttest.JSON(401, `{"message":"bad key `+key+`"}`))
			c, err := newClient(srv.URL, "other", tp)
			require.NoError(t, err)
			c, err = c.With(client.WithAuth(auth))
			require.NoError(t, err)
			t.Cleanup(c.CloseIdleConnections)
			_, err = c.HTTPClient().Get(srv.URL + "/start") //nolint:bodyclose // there is none
			require.ErrorIs(t, err, client.ErrRedirect, "a Location that repeats the credential is refused")
			require.NotContains(t, err.Error(), key)
			_, err = client.Get[struct{}](t.Context(), c, "/again")
			require.ErrorIs(t, err, client.ErrUnauthorized)

			require.NotEmpty(t, spans.GetSpans())
			shown, err := json.Marshal(spans.GetSpans())
			require.NoError(t, err)
			text := string(shown) + fmt.Sprintf("%+v", spans.GetSpans())
			forms := []string{key, base64.StdEncoding.EncodeToString([]byte(key + ":"))}
			for _, form := range forms {
				require.NotContains(t, text, form)
			}
		})
	}
}

func TestMainRuns(t *testing.T) { require.NoError(t, run()) }
