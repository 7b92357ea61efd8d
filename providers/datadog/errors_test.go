package datadog_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/retry"
)

// P5: the same failure is the same sentinel as elsewhere, and no other: Datadog's word
// for a key that is not valid is its own.
func TestP5_FailuresAndTheirSentinels(t *testing.T) {
	sentinels := []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
	}
	for script, want := range map[string]error{
		`403 {"errors":["Forbidden"]}`: client.ErrUnauthorized,
		`403 {"status":"error","code":403,"errors":["Forbidden"],"email":"support@datadoghq.com"}`: client.ErrUnauthorized,
		`403 {"errors":[{"status":"403","title":"Forbidden","detail":"Forbidden"}]}`:               client.ErrUnauthorized,
		`403 {"errors":[{"title":"Forbidden","detail":"API key is invalid"}]}`:                     client.ErrUnauthorized,
		`403 {"errors":["Forbidden","Failed permission authorization checks"]}`:                    client.ErrForbidden,
		`403 {"errors":["This API key may not do that"]}`:                                          client.ErrForbidden,
		`403 {"errors":["The scope is invalid"]}`:                                                  client.ErrForbidden,
		`403`:                                client.ErrForbidden,
		`401 {"errors":["Unauthorized"]}`:    client.ErrUnauthorized,
		`404 {"errors":["Not found"]}`:       client.ErrNotFound,
		`409 {"errors":["Already exists"]}`:  client.ErrConflict,
		`400 {"errors":["Forbidden"]}`:       client.ErrBadRequest,
		`422 {"errors":["Bad"]}`:             client.ErrBadRequest,
		`413 {"errors":["Too large"]}`:       nil,
		`429 {"errors":["Too many"]}`:        client.ErrRateLimited,
		`500 {"errors":[]}`:                  client.ErrUnavailable,
		`202 {"errors":["no"]}`:              client.ErrBadRequest,
		`202 {"errors":[{"title":"no"}]}`:    client.ErrBadRequest,
		`200 {"status":"error","error":"x"}`: client.ErrBadRequest,
		`200 {"errors":"x","data":{}}`:       client.ErrBadRequest,
		`200 {"errors":["x"],"data":null}`:   client.ErrBadRequest,
	} {
		c, _ := scripted(t, script, client.WithRetry(retry.Never))
		_, err := datadog.PostEvent.Do(t.Context(), c.HTTP, event)
		require.Error(t, err, script)
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %v: %v", script, sentinel, err)
		}
	}
	for _, fine := range []string{
		`202 {"errors":[]}`, `202 {"errors":null}`, `202 {"errors":[""]}`, `202 {"errors":{}}`, `202 {"status":"ok"}`, `200 {"errors":["of one"],"data":[]}`,
		`200 {"error":"","status":"ok"}`, `200 {"event":{"text":"\"errors\":[\"x\"]"}}`, `202 {"errors":[{"unknown":1}]}`, `202 {"errors":[7]}`,
	} {
		c, _ := scripted(t, fine)
		_, err := datadog.PostEvent.Do(t.Context(), c.HTTP, event)
		require.NoError(t, err, fine)
	}
}

// All that Datadog says is told, in each of its forms.
func TestAnErrorTellsAllThatDatadogSays(t *testing.T) {
	for script, want := range map[string]string{
		`400 {"errors":["One.","Two."]}`: `datadog: POST /api/v1/events: 400 Bad Request "One.; Two."`,
		`400 {"errors":[{"status":"400","title":"Generic Error","detail":"bad time","source":{"pointer":"/data/attributes/timestamp"}},"x"],"meta":{"request_id":"r_1"}}`: `datadog: POST /api/v1/events: 400 Bad Request "/data/attributes/timestamp: Generic Error: bad time; x" (request r_1)`,
		`400 {"message":"Bad."}`:    `datadog: POST /api/v1/events: 400 Bad Request "Bad."`,
		`400 {"errors":[]}`:         `datadog: POST /api/v1/events: 400 Bad Request`,
		`400 {"errors":[1,[],{}]}`:  `datadog: POST /api/v1/events: 400 Bad Request`,
		`202 {"errors":["No, no"]}`: `datadog: POST /api/v1/events: 202 Accepted, but the response body holds an error: "No, no" (maybe applied)`,
	} {
		c, _ := scripted(t, script)
		_, err := datadog.PostEvent.Do(t.Context(), c.HTTP, event)
		require.EqualError(t, err, want, script)
	}
}

// C5: what counts twice is sent once, and what does not is sent again after what Datadog
// names as worth it: 408, 429, 500 and 503.
func TestC5_WhatIsSentAgain(t *testing.T) {
	calls := map[string]func(context.Context, *datadog.Client) error{
		"logs": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.SubmitLogs.Do(ctx, c.HTTP, []datadog.Log{{Message: "m"}})
			return err
		},
		"metrics": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: []datadog.Series{{Metric: "m", Points: []datadog.Point{{Time: now(), Value: 1}}}}})
			return err
		},
		"checks": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.SubmitChecks.Do(ctx, c.HTTP, []datadog.Check{{Check: "app.ok"}})
			return err
		},
		"distributions, once": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.SubmitDistributions.Do(ctx, c.HTTP, datadog.Distributions{
				Series: []datadog.Distribution{{Metric: "m", Points: []datadog.Sample{{Time: now(), Values: []float64{1}}}}}})
			return err
		},
		"events, once": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.PostEvent.Do(ctx, c.HTTP, event)
			return err
		},
		"monitors, once": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.CreateMonitor.Do(ctx, c.HTTP, datadog.MonitorInput{Type: "query alert", Query: "q"})
			return err
		},
		"downtimes, once": func(ctx context.Context, c *datadog.Client) error {
			_, err := datadog.CreateDowntime.Do(ctx, c.HTTP, datadog.DowntimeInput{MonitorID: "1", Scope: "*"})
			return err
		},
	}
	for name, call := range calls {
		for script, again := range map[string]bool{`408`: true, `500`: true, `503`: true, `reset`: true, `413`: false, `400`: false} {
			synctest.Test(t, func(t *testing.T) {
				c, rt := scripted(t, script)
				e, ok := errors.AsType[*client.Error](call(t.Context(), c))
				require.True(t, ok)
				sent := 1
				if again && len(name) < len("metrics, ") {
					sent = 3
				}
				require.Equal(t, sent, rt.Count(), "%s after %s", name, script)
				want := client.Rejected
				if again && script != `408` {
					want = client.MaybeApplied
				}
				if script != `408` {
					require.Equal(t, want, e.Effect, "%s after %s", name, script)
				}
			})
		}
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, `429 X-RateLimit-Reset=7 X-RateLimit-Remaining=0 {"errors":["Too many requests"]}, 202 {}`)
			require.NoError(t, call(t.Context(), c), name)
			require.Equal(t, 2, rt.Count(), name)
		})
	}
}
