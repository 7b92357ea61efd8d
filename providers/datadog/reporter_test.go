package datadog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// reporting returns a Reporter over a Datadog that follows the script.
func reporting(t *testing.T, script string, c datadog.ReporterConfig, opts ...client.Option) (*datadog.Reporter, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	r, err := datadog.NewReporter(both, c, append([]client.Option{client.WithTransport(rt)}, opts...)...)
	require.NoError(t, err)
	return r, rt
}

var prod = datadog.ReporterConfig{Service: "shop", Hostname: "web-1", Tags: []string{"env:prod"}}

// entries are the logs that a service was sent.
func entries(t *testing.T, r clienttest.Recorded) (all []map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(plain(t, r), &all))
	return all
}

func balanced(t *testing.T, c datadog.Counts) {
	t.Helper()
	sum := c.Sent + uint64(c.Pending)
	for _, n := range c.Dropped {
		sum += n
	}
	require.Equal(t, c.Captured, sum, "%+v", c)
}

// What is taken goes out together, to the hosts of its kind, with the API key alone.
func TestAReporterSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, prod)
		attributes := map[string]any{"order": "1042"}
		require.True(t, r.Log(datadog.Log{Message: "one", Attributes: attributes, Tags: []string{"a:b"}}))
		attributes["order"] = "changed" // it is the caller's again
		require.True(t, r.Log(datadog.Log{Message: "two", Service: "mail", Source: "c", Hostname: "web-2"}))
		require.Zero(t, rt.Count())
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		require.Zero(t, rt.Count(), "they wait for others")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, 1, rt.Count())
		require.Equal(t, "http-intake.logs.datadoghq.com/api/v2/logs", rt.Last().Host+rt.Last().URL)
		require.Equal(t, "api-key-0123456789", rt.Last().Header.Get("Dd-Api-Key"))
		require.NotContains(t, rt.Last().Header, "Dd-Application-Key")
		require.Equal(t, []map[string]any{
			{"message": "one", "timestamp": "2000-01-01T00:00:00.000Z", "service": "shop", "ddsource": "go", "hostname": "web-1", "ddtags": "env:prod,a:b", "order": "1042"},
			{"message": "two", "timestamp": "2000-01-01T00:00:00.000Z", "service": "mail", "ddsource": "c", "hostname": "web-2", "ddtags": "env:prod"},
		}, entries(t, rt.Last()))

		at := now()
		require.True(t, r.Metric(datadog.Series{Metric: "m", Type: datadog.Gauge, Points: []datadog.Point{{Time: at, Value: 1}}, Tags: []string{"a"}}))
		require.True(t, r.Metric(datadog.Series{Metric: "n", Points: []datadog.Point{{Time: at, Value: 2}}, Resources: []datadog.Resource{{Type: "host", Name: "other"}}}))
		require.NoError(t, r.Flush(t.Context()))
		require.Equal(t, "api.datadoghq.com/api/v2/series", rt.Last().Host+rt.Last().URL)
		require.JSONEq(t, `{"series":[{"metric":"m","type":3,"points":[{"timestamp":946684801,"value":1}],"tags":["env:prod","a"],"resources":[{"type":"host","name":"web-1"}]},
			{"metric":"n","points":[{"timestamp":946684801,"value":2}],"tags":["env:prod"],"resources":[{"type":"host","name":"other"}]}]}`, string(rt.Last().Body))
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, datadog.Stats{
			Logs:    datadog.Counts{Captured: 2, Sent: 2, Dropped: map[datadog.DropReason]uint64{}},
			Metrics: datadog.Counts{Captured: 2, Sent: 2, Dropped: map[datadog.DropReason]uint64{}},
		}, r.Stats())
		require.False(t, r.Log(datadog.Log{Message: "late"}))
		require.Equal(t, uint64(1), r.Stats().Logs.Dropped[datadog.DropClosed])
	})
}

func TestAReporterIsMadeOfAKey(t *testing.T) {
	for name, cfg := range map[string]datadog.Config{"no key": {}, "a blank key": {APIKey: secret.Static(" ")}, "no site": {APIKey: secret.Static("k"), Site: "example.com"}} {
		_, err := datadog.NewReporter(cfg, datadog.ReporterConfig{})
		require.ErrorIs(t, err, client.ErrConfig, name)
	}
	for _, tag := range []string{"", "env:prod,team:a"} { // else every log would be dropped for it
		_, err := datadog.NewReporter(datadog.Config{APIKey: secret.Static("k")}, datadog.ReporterConfig{Tags: []string{"env:prod", tag}})
		require.ErrorIs(t, err, client.ErrConfig, tag)
	}
	r, err := datadog.NewReporter(datadog.Config{APIKey: secret.Static("key-0123456789")}, datadog.ReporterConfig{})
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%+v %#v", r, r), "key-0123456789")
	require.NoError(t, r.Flush(t.Context()))
	require.NoError(t, r.Close(t.Context()))
}

// panicky is an attribute whose own method panics.
type panicky struct{}

func (panicky) MarshalJSON() ([]byte, error) { panic("canary-51c7") }

// C37: an attribute that panics costs its log, and not who logs.
func TestC37_AnAttributeThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := reporting(t, `202 {}`, datadog.ReporterConfig{})
		l := datadog.Log{Message: "m", Attributes: map[string]any{"a": []any{panicky{}}}}
		require.False(t, r.Log(l))
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, map[datadog.DropReason]uint64{datadog.DropInvalid: 1}, r.Stats().Logs.Dropped)

		_, err := datadog.SubmitLogs.Request([]datadog.Log{l})
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, "the log at index 0 cannot be encoded as JSON")
		require.NotContains(t, fmt.Sprintf("%+v", err), "canary")
	})
}

// What Datadog would cut or drop is dropped here, and counted.
func TestWhatAReporterDropsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, datadog.ReporterConfig{MaxItems: 2, Hostname: "h"})
		old := time.Now().Add(-19 * time.Hour)
		point := datadog.Point{Time: now(), Value: 1}
		for _, l := range []datadog.Log{
			{}, {Message: "m", Time: old}, {Message: strings.Repeat("x", 1_000_000)}, {Message: "m", Attributes: map[string]any{"status": 1}},
			{Message: "m", Attributes: map[string]any{"f": func() {}}}, {Message: "m", Tags: []string{"a,b"}},
		} {
			require.False(t, r.Log(l))
		}
		for _, s := range []datadog.Series{{}, {Metric: "m"}, {Metric: "m", Points: []datadog.Point{{Time: now(), Value: math.NaN()}}}, {Metric: strings.Repeat("m", 600_000), Points: []datadog.Point{point}}} {
			require.False(t, r.Metric(s))
		}
		for i := range 4 {
			require.Equal(t, i < 2, r.Log(datadog.Log{Message: "m"}))
		}
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, 1, rt.Count())
		require.Equal(t, datadog.Stats{
			Logs: datadog.Counts{Captured: 10, Sent: 2, Dropped: map[datadog.DropReason]uint64{
				datadog.DropInvalid: 4, datadog.DropTooOld: 1, datadog.DropTooLarge: 1, datadog.DropQueueOverflow: 2}},
			Metrics: datadog.Counts{Captured: 4, Dropped: map[datadog.DropReason]uint64{datadog.DropInvalid: 3, datadog.DropTooLarge: 1}},
		}, r.Stats())
		s := r.Stats()
		s.Logs.Dropped[datadog.DropInvalid] = 99
		require.Equal(t, uint64(4), r.Stats().Logs.Dropped[datadog.DropInvalid], "the caller's own copy")
	})
}

// A batch never has more than Datadog takes, in entries and in bytes.
func TestBatchesFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, datadog.ReporterConfig{Hostname: "h", MaxBytes: 64 << 20})
		for i := range 2500 {
			require.True(t, r.Log(datadog.Log{Message: fmt.Sprint(i)}))
		}
		long := strings.Repeat("x", 900_000)
		for range 11 {
			require.True(t, r.Log(datadog.Log{Message: long}))
		}
		require.NoError(t, r.Flush(t.Context()))
		n, next := 0, 0
		for _, req := range rt.Requests() {
			require.LessOrEqual(t, len(plain(t, req)), 5_000_000)
			got := entries(t, req)
			require.LessOrEqual(t, len(got), 1000)
			n += len(got)
			for _, e := range got {
				if e["message"] == fmt.Sprint(next) {
					next++
				}
			}
		}
		require.Equal(t, 2511, n)
		require.Equal(t, 2500, next, "in order")
		bare, err := json.Marshal(datadog.Log{Time: time.Now(), Source: "go", Hostname: "h"})
		require.NoError(t, err)
		for range 5 { // of which one more byte would be too much for one batch
			require.True(t, r.Log(datadog.Log{Message: strings.Repeat("x", 999_999-len(bare))}))
		}
		require.NoError(t, r.Flush(t.Context()))
		require.Len(t, entries(t, rt.Last()), 1)
		before := rt.Count()
		for i := range 30 {
			require.True(t, r.Metric(datadog.Series{Metric: fmt.Sprint("m.", i, strings.Repeat("é", 20_000)), Points: []datadog.Point{{Time: now(), Value: 1}}}))
		}
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, 3, rt.Count()-before)
		for _, req := range rt.Requests()[before:] {
			require.Less(t, len(plain(t, req)), 512_000, "even where nothing can be compressed")
			require.True(t, json.Valid(plain(t, req)))
		}
	})
}

// What passes is waited for, as long as Datadog asks; what does not is dropped with its
// reason.
func TestWhatBecomesOfABatch(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		sent   int // requests
		reason datadog.DropReason
		after  time.Duration // at least
	}{
		"408":                         {`408, 202 {}`, 2, "", 0},
		"500":                         {`500, 500, 202 {}`, 3, "", 0},
		"503 with a wait":             {`503 Retry-After=90, 202 {}`, 2, "", 90 * time.Second},
		"reset":                       {`reset, 202 {}`, 2, "", 0},
		"429 with a wait":             {`429 Retry-After=30, 202 {}`, 2, "", 30 * time.Second},
		"429 of a limit":              {`429 X-RateLimit-Limit=10 X-RateLimit-Remaining=0 X-RateLimit-Reset=45 X-RateLimit-Name=logs {"errors":["Too many"]}, 202 {}`, 2, "", 45 * time.Second},
		"429 of an hour":              {`429 Retry-After=3600`, 1, datadog.DropRateLimited, 0},
		"429 for ten minutes":         {`429`, -1, datadog.DropRateLimited, 9 * time.Minute},
		"503 for ten minutes":         {`503`, -1, datadog.DropUnavailable, 9 * time.Minute},
		"no network for ten minutes":  {`reset`, -1, datadog.DropNetworkError, 9 * time.Minute},
		"400":                         {`400 {"errors":["bad"]}`, 1, datadog.DropRefused, 0},
		"401":                         {`401 {"errors":["Unauthorized"]}`, 1, datadog.DropUnauthorized, 0},
		"403, an invalid key":         {`403 {"errors":["Forbidden"]}`, 1, datadog.DropUnauthorized, 0},
		"403, another":                {`403 {"errors":["No logs for you"]}`, 1, datadog.DropRefused, 0},
		"413":                         {`413`, 1, datadog.DropTooLarge, 0},
		"errors inside a 202":         {`202 {"errors":["bad"]}`, 1, datadog.DropRefused, 0},
		"a redirect to another host":  {`302 Location=https://elsewhere.example.net/`, -1, datadog.DropInternal, 0},
		"a page of somebody's, a 200": {`200 Content-Type=text/html`, 1, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, rt := reporting(t, tc.script, prod)
				begin := time.Now()
				r.Log(datadog.Log{Message: "m"})
				time.Sleep(time.Second)
				for r.Stats().Logs.Pending > 0 {
					time.Sleep(time.Second)
				}
				if tc.sent >= 0 {
					require.Equal(t, tc.sent, rt.Count())
				}
				require.GreaterOrEqual(t, time.Since(begin), tc.after)
				require.LessOrEqual(t, time.Since(begin), 12*time.Minute)
				c := r.Stats().Logs
				if tc.reason == "" {
					require.Equal(t, uint64(1), c.Sent, "%+v", c)
				} else {
					require.Equal(t, map[datadog.DropReason]uint64{tc.reason: 1}, c.Dropped)
				}
				balanced(t, c)
				require.NoError(t, r.Close(t.Context()))
			})
		})
	}
}

// C29: where Datadog says that nothing more may come for a while, nothing does.
func TestC29_AReporterKeepsToTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 X-RateLimit-Limit=1 X-RateLimit-Remaining=0 X-RateLimit-Reset=90 X-RateLimit-Name=logs {}, 202 {}`, prod)
		begin := time.Now()
		r.Log(datadog.Log{Message: "one"})
		require.NoError(t, r.Flush(t.Context()))
		r.Log(datadog.Log{Message: "two"})
		require.True(t, r.Metric(datadog.Series{Metric: "m", Points: []datadog.Point{{Time: now(), Value: 1}}}))
		time.Sleep(89 * time.Second)
		synctest.Wait()
		require.Equal(t, 2, rt.Count(), "metrics have a limit of their own")
		require.NoError(t, r.Close(t.Context()))
		require.GreaterOrEqual(t, time.Since(begin), 90*time.Second)
		require.Equal(t, uint64(2), r.Stats().Logs.Sent)
	})
}

// X3: a key that was rotated is read again, and nothing is lost.
func TestX3_AReportersKeyIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := []string{"old", "new"}
		src := secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(keys[0])}, nil })
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("DD-API-KEY") != "new" {
				keys = keys[1:]
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(403)
				_, _ = w.Write([]byte(`{"errors":["Forbidden"]}`))
				return
			}
			w.WriteHeader(202)
		}))
		r, err := datadog.NewReporter(datadog.Config{APIKey: src}, prod, client.WithTransport(rt))
		require.NoError(t, err)
		r.Log(datadog.Log{Message: "m"})
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, uint64(1), r.Stats().Logs.Sent)
	})
}

// A service that is slow, then dead, then limited: 10,000 logs a second for 10 s are
// taken or counted at once, memory is bounded, and what was accepted arrives.
func TestARush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		arrived := 0
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			switch age := time.Since(begin); {
			case age < 4*time.Second:
				time.Sleep(700 * time.Millisecond)
			case age < 7*time.Second:
				panic(http.ErrAbortHandler)
			case age < 9*time.Second:
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(429)
				return
			}
			body := make([]byte, 0, 1<<20)
			for buf := make([]byte, 32<<10); ; {
				n, err := r.Body.Read(buf)
				if body = append(body, buf[:n]...); err != nil {
					break
				}
			}
			n := len(entries(t, clienttest.Recorded{Header: r.Header, Body: body}))
			mu.Lock()
			defer mu.Unlock()
			arrived += n
			w.WriteHeader(202)
		}))
		r, err := datadog.NewReporter(both, datadog.ReporterConfig{Hostname: "h", MaxItems: 5_000, MaxBytes: 1 << 20}, client.WithTransport(rt))
		require.NoError(t, err)
		accepted, most := 0, 0
		for range 1000 {
			for range 100 {
				if r.Log(datadog.Log{Message: "an entry of some length"}) {
					accepted++
				}
			}
			s := r.Stats().Logs
			most = max(most, s.PendingBytes)
			require.LessOrEqual(t, s.Pending, 5_000)
			time.Sleep(10 * time.Millisecond)
		}
		require.InDelta(t, 10*time.Second, time.Since(begin), float64(time.Millisecond), "nobody was held up")
		require.NoError(t, r.Close(t.Context()))
		c := r.Stats().Logs
		balanced(t, c)
		require.EqualValues(t, 100_000, c.Captured)
		require.EqualValues(t, accepted, c.Sent)
		require.Equal(t, accepted, arrived)
		require.Equal(t, map[datadog.DropReason]uint64{datadog.DropQueueOverflow: uint64(100_000 - accepted)}, c.Dropped)
		require.LessOrEqual(t, most, 1<<20)
		require.Greater(t, accepted, 5_000)
	})
}

func TestFlushAndCloseEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := reporting(t, `503`, prod)
		r.Log(datadog.Log{Message: "m"})
		r.Metric(datadog.Series{Metric: "m", Points: []datadog.Point{{Time: now(), Value: 1}}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		err := r.Flush(ctx)
		require.ErrorContains(t, err, "datadog logs: 1 item not sent yet")
		require.ErrorContains(t, err, "datadog metrics: 1 item not sent yet")
		require.LessOrEqual(t, time.Since(begin), 5*time.Second, "both at once")
		err = r.Close(ctx)
		require.ErrorContains(t, err, "datadog logs: 1 item not sent")
		s := r.Stats()
		require.Equal(t, map[datadog.DropReason]uint64{datadog.DropUnsent: 1}, s.Logs.Dropped)
		require.Equal(t, map[datadog.DropReason]uint64{datadog.DropUnsent: 1}, s.Metrics.Dropped)
	})
}

// A log of the program is a log at Datadog, with its error and its attributes.
func TestTheProgramsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, prod)
		log := slog.New(r.SlogHandler(datadog.LogConfig{}))
		log.Warn("not this one")
		log.With("order", 1042).Error("no mail", "error", errors.New("refused"), "status", "x", "api_key", "secret-0123")
		slog.New(r.SlogHandler(datadog.LogConfig{Level: slog.LevelDebug})).Debug("")
		log.Log(t.Context(), slog.LevelError+4, "worse")
		slog.New(r.SlogHandler(datadog.LogConfig{Level: slog.LevelDebug})).Info("i")
		slog.New(r.SlogHandler(datadog.LogConfig{Level: slog.LevelDebug})).Warn("w")
		require.NoError(t, r.Close(t.Context()))
		got := entries(t, rt.Last())
		require.Len(t, got, 5)
		require.NotContains(t, string(plain(t, rt.Last())), "secret-0123")
		require.Equal(t, map[string]any{
			"message": "no mail", "status": "error", "timestamp": "2000-01-01T00:00:00.000Z", "service": "shop", "ddsource": "go", "hostname": "web-1", "ddtags": "env:prod",
			"order": 1042.0, "api_key": "[redacted]", "slog": map[string]any{"status": "x"}, "error": map[string]any{"kind": "*errors.errorString", "message": "refused"},
		}, got[0])
		for i, want := range []string{"error", "debug", "critical", "info", "warn"} {
			require.Equal(t, want, got[i]["status"])
		}
		require.Equal(t, "(no message)", got[1]["message"])
	})
}

// Calls that fail and webhooks that are refused are reported, and a reporter's own
// failure is not.
func TestWhatOfTheStackIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, prod)
		mails, err := client.New("https://api.example.com", client.WithProfile(client.Profile{Name: "mail"}), client.WithRetry(retry.Never),
			client.WithTransport(clienttest.NewTransport(t, clienttest.MustParse(`503 X-Request-Id=req_1 {"error":{"code":"down"}}, 404, reset`)...)), client.WithObserver(r.Observer(nil)))
		require.NoError(t, err)
		for range 3 {
			_, err = client.Call[client.None](t.Context(), mails, client.Request{Method: "POST", Path: "/mails/secret-0123", Route: "/mails/{id}"})
			require.Error(t, err)
		}
		scheme, err := webhook.GitHub(secret.Static("a-secret-of-a-hook"))
		require.NoError(t, err)
		hook, err := webhook.NewHandler(scheme, webhook.WithLogger(slog.New(r.SlogHandler(datadog.LogConfig{Level: slog.LevelWarn}))))
		require.NoError(t, err)
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, webhooktest.GitHub("another-secret-here").WithEvent("push").Request([]byte(`{}`)))
		require.Equal(t, 401, w.Code)
		synctest.Wait()
		require.NoError(t, r.Close(t.Context()))
		got := entries(t, rt.Last())
		require.Len(t, got, 4)
		require.NotContains(t, string(plain(t, rt.Last())), "secret-0123")
		refused := got[0] // which is taken at once; observers are told later
		byMessage := map[string]map[string]any{}
		for _, e := range got {
			byMessage[e["message"].(string)] = e
			if e["message"] == "webhook refused" {
				refused = e
			}
		}
		require.Equal(t, "webhook refused", refused["message"])
		require.Equal(t, "warn", refused["status"])
		call := byMessage["call to mail failed: POST api.example.com/mails/{id}: 503 Service Unavailable: service failure"]
		require.Equal(t, "error", call["status"])
		require.Equal(t, map[string]any{"method": "POST", "status_code": 503.0}, call["http"])
		require.Equal(t, map[string]any{"service": "mail", "host": "api.example.com", "route": "/mails/{id}", "cause": "service failure", "code": "down",
			"request_id": "req_1", "attempts": 1.0, "effect": "maybe applied"}, call["call"])
		require.Equal(t, "warn", byMessage["call to mail failed: POST api.example.com/mails/{id}: 404 Not Found: "+client.ErrNotFound.Error()]["status"])
		require.Equal(t, "error", byMessage["call to mail failed: POST api.example.com/mails/{id}: no response"]["status"])
	})
	synctest.Test(t, func(t *testing.T) {
		var r *datadog.Reporter
		rt := clienttest.NewTransport(t, clienttest.MustParse(`400`)...)
		late := lateObserver{func(ctx context.Context, o client.Observation) { r.Observer(nil).Observe(ctx, o) }}
		r, err := datadog.NewReporter(both, prod, client.WithTransport(rt), client.WithObserver(late))
		require.NoError(t, err)
		r.Log(datadog.Log{Message: "m"})
		require.NoError(t, r.Flush(t.Context()))
		synctest.Wait()
		require.Equal(t, uint64(1), r.Stats().Logs.Captured, "a reporter does not report that it could not report")
		require.NoError(t, r.Close(t.Context()))
	})
}

type lateObserver struct {
	observe func(context.Context, client.Observation)
}

func (l lateObserver) Observe(ctx context.Context, o client.Observation) { l.observe(ctx, o) }

func TestPanicsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, rt := reporting(t, `202 {}`, prod)
		h := r.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret-0123") }))
		require.PanicsWithValue(t, "secret-0123", func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders?key=secret-0123", nil))
		})
		func() {
			defer func() { r.CapturePanic(recover()) }()
			var list []int
			_ = list[len(t.Name())]
		}()
		r.CapturePanic(nil)
		require.NoError(t, r.Close(t.Context()))
		got := entries(t, rt.Last())
		require.Len(t, got, 2)
		require.NotContains(t, string(plain(t, rt.Last())), "secret-0123")
		require.Equal(t, "the program panicked with a string", got[0]["message"])
		require.Equal(t, "critical", got[0]["status"])
		require.Equal(t, "http://example.com/orders?key=[redacted]", got[0]["http"].(map[string]any)["url"])
		failure := got[1]["error"].(map[string]any)
		require.Equal(t, []any{"panic", fmt.Sprintf("the program panicked: runtime error: index out of range [%d] with length 0", len(t.Name()))}, []any{failure["kind"], failure["message"]})
		require.Contains(t, failure["stack"], "TestPanicsAreReported")
	})
}
