package sentry_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
	"github.com/standpipe-go/standpipe/secret"
)

// T1: a call that fails is reported: what it was, what came of it, and neither a secret
// nor what the service said.
func TestT1_AFailedCallIsReported(t *testing.T) {
	type seen struct{ Value, Level, Route, Status string }
	for name, tc := range map[string]struct {
		step  clienttest.Step
		route string
		want  seen
		call  map[string]any
	}{
		"503": {clienttest.JSON(503, `{"error":{"code":"overloaded","message":"`+canary+`"}}`).Header("Request-Id", "req_1"), "/v1/charges/{id}",
			seen{"POST api.example.com/v1/charges/{id}: 503 Service Unavailable: service failure", "error", "/v1/charges/{id}", "503"},
			map[string]any{"attempts": 1.0, "duration": "0s", "effect": "maybe applied", "code": "overloaded", "request_id": "req_1"}},
		"400, no route": {clienttest.JSON(400, `{"message":"`+canary+`"}`), "",
			seen{"POST api.example.com: 400 Bad Request: bad request", "warning", "", "400"},
			map[string]any{"attempts": 1.0, "duration": "0s", "effect": "rejected"}},
		"429": {clienttest.JSON(429, `{}`).Header("Retry-After", "3600"), "",
			seen{"POST api.example.com: 429 Too Many Requests: rate limited", "warning", "", "429"},
			map[string]any{"attempts": 1.0, "duration": "0s", "effect": "rejected"}},
		"no response": {clienttest.Reset(), "",
			seen{"POST api.example.com: no response", "error", "", "none"},
			map[string]any{"attempts": 1.0, "duration": "0s", "effect": "maybe applied"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, srv := reporting(t, sentry.ReporterConfig{})
				c, err := client.New("https://api.example.com", client.WithAuth(client.Bearer(secret.Static(canary))), client.WithObserver(r.Observer(nil)),
					client.WithTransport(clienttest.NewTransport(t, tc.step)))
				require.NoError(t, err)
				_, err = client.Call[client.None](t.Context(), c, client.Request{
					Method: "POST", Path: "/v1/charges/" + canary, Route: tc.route, Query: map[string][]string{"email": {canary}}, Body: map[string]string{"card": canary},
				})
				require.Error(t, err)
				synctest.Wait()
				flush(t, r)
				require.Len(t, srv.Events(), 1)
				e := srv.Events()[0]
				require.NotContains(t, string(e.Raw), canary)
				require.Equal(t, "call to api.example.com failed", e.Exceptions[0].Type)
				require.Equal(t, tc.want, seen{e.Exceptions[0].Value, e.Level, e.Tags["route"], e.Tags["status"]})
				var call map[string]any
				require.NoError(t, json.Unmarshal(e.Contexts["call"], &call))
				require.Equal(t, tc.call, call)
			})
		})
	}
}

// Failures of one operation are one issue, those of another are not; who gives up has not
// failed; and others can be left out.
func TestWhichCallsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		rt := clienttest.NewTransport(t, clienttest.JSON(404, `{}`), clienttest.JSON(404, `{}`), clienttest.JSON(404, `{}`), clienttest.JSON(200, `{}`), clienttest.JSON(404, `{}`), clienttest.Hang())
		c, err := client.New("https://api.example.com", client.WithTransport(rt), client.WithProfile(client.Profile{Name: "example"}),
			client.WithObserver(r.Observer(func(c client.CallEnded) bool { return c.Call.Route != "/quiet" })))
		require.NoError(t, err)
		for _, route := range []string{"/a/{id}", "/a/{id}", "/b", "/b", "/quiet"} {
			_, _ = client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Route: route})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		gone, giveUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, giveUp)
		_, _ = client.Call[client.None](gone, c, client.Request{Path: "/x", Route: "/gone"})
		_, _ = client.Call[client.None](ctx, c, client.Request{Path: "/x", Route: "/late"})
		cancel()
		synctest.Wait()
		flush(t, r)
		var all []sentrytest.Event = srv.Events()
		require.Len(t, all, 4)
		require.Equal(t, []string{"call", "example", "GET", "api.example.com", "/a/{id}", "404", "not found"}, all[0].Fingerprint)
		require.Equal(t, all[0].Fingerprint, all[1].Fingerprint)
		require.NotEqual(t, all[0].Fingerprint, all[2].Fingerprint)
		require.Equal(t, "GET api.example.com/late: timed out", all[3].Exceptions[0].Value)
	})
}
