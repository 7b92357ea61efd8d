package providers

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	sentrygo "github.com/getsentry/sentry-go"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// official is sentry-go, which sends at once.
func official(t *testing.T, dsn string, rt http.RoundTripper) *sentrygo.Client {
	t.Helper()
	c, err := sentrygo.NewClient(sentrygo.ClientOptions{
		Dsn: dsn, HTTPTransport: rt, Transport: sentrygo.NewHTTPSyncTransport(), Release: "shop@1.4.2", Environment: "test", ServerName: "web1",
		DisableClientReports: true, Integrations: func([]sentrygo.Integration) []sentrygo.Integration { return nil },
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// P1: for the same event a Reporter and sentry-go send the same: where, under which
// credential, and what of the event Sentry groups and shows.
func TestP1_AReporterSendsWhatSentryGoSends(t *testing.T) {
	at := time.Date(2026, 11, 26, 15, 4, 5, 678_000_000, time.UTC)
	const id = "fc6d8c0c43fc4630ad850ee518f1b9d0"
	inner := errors.New("no stock")
	failed := fmt.Errorf("charge: %w", errors.Join(fmt.Errorf("reserve: %w", inner), errors.New("declined")))
	for _, dsn := range []string{"https://k1@o1.ingest.sentry.io/42", "http://k1:s1@127.0.0.1:9000/sentry/42"} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		r, err := sentry.NewReporter(secret.Static(dsn), sentry.ReporterConfig{Release: "shop@1.4.2", Environment: "test", ServerName: "web1", NoClientReports: true}, client.WithTransport(rt))
		require.NoError(t, err)
		sdk := official(t, dsn, rt)
		for name, p := range map[string]pair{
			"a message": {
				func() error {
					r.Capture(t.Context(), sentry.Event{
						ID: id, Timestamp: at, Level: sentry.LevelWarning, Message: "out of stock\n", Logger: "shop", Transaction: "POST /orders", Fingerprint: []string{"a", "b"},
						Tags: map[string]string{"k": "v"}, Contexts: map[string]any{"order": map[string]any{"id": "7"}}, User: &sentry.User{ID: "u_1", Username: "ada", Email: "a@example.com"},
						Request:     &sentry.Request{Method: "POST", URL: "https://example.com/orders", Headers: map[string]string{"Accept": "x"}},
						Attachments: []sentry.Attachment{{Filename: "a.txt", ContentType: "text/plain", Data: []byte("x\ny\r\n")}},
					})
					return r.Flush(t.Context())
				},
				func() error {
					scope := sentrygo.NewScope()
					sdk.CaptureEvent(&sentrygo.Event{
						EventID: id, Timestamp: at, Level: sentrygo.LevelWarning, Message: "out of stock\n", Logger: "shop", Transaction: "POST /orders", Fingerprint: []string{"a", "b"},
						Tags: map[string]string{"k": "v"}, Contexts: map[string]sentrygo.Context{"order": {"id": "7"}}, User: sentrygo.User{ID: "u_1", Username: "ada", Email: "a@example.com"},
						Request:     &sentrygo.Request{Method: "POST", URL: "https://example.com/orders", Headers: map[string]string{"Accept": "x"}},
						Attachments: []*sentrygo.Attachment{{Filename: "a.txt", ContentType: "text/plain", Payload: []byte("x\ny\r\n")}},
					}, nil, scope)
					return nil
				},
			},
			"an error and what it wraps": {
				func() error { r.CaptureError(t.Context(), failed); return r.Flush(t.Context()) },
				func() error { sdk.CaptureException(failed, nil, sentrygo.NewScope()); return nil },
			},
			"a single error": {
				func() error { r.CaptureError(t.Context(), inner); return r.Flush(t.Context()) },
				func() error { sdk.CaptureException(inner, nil, sentrygo.NewScope()); return nil },
			},
			"a check-in": {
				func() error {
					r.CheckIn(sentry.CheckIn{ID: id, Monitor: "nightly", Status: sentry.CheckInOK, Duration: 1500 * time.Millisecond,
						Config: &sentry.MonitorConfig{Crontab: "0 4 * * *", Timezone: "Europe/Vienna", Margin: 5, MaxRuntime: 30, FailureThreshold: 2}})
					return r.Flush(t.Context())
				},
				func() error {
					sdk.CaptureCheckIn(&sentrygo.CheckIn{ID: id, MonitorSlug: "nightly", Status: sentrygo.CheckInStatusOK, Duration: 1500 * time.Millisecond},
						&sentrygo.MonitorConfig{Schedule: sentrygo.CrontabSchedule("0 4 * * *"), Timezone: "Europe/Vienna", CheckInMargin: 5, MaxRuntime: 30, FailureIssueThreshold: 2}, sentrygo.NewScope())
					return nil
				},
			},
			"a check-in by interval": {
				func() error {
					r.CheckIn(sentry.CheckIn{ID: id, Monitor: "nightly", Status: sentry.CheckInProgress, Config: &sentry.MonitorConfig{Every: 2, Unit: "hour"}})
					return r.Flush(t.Context())
				},
				func() error {
					sdk.CaptureCheckIn(&sentrygo.CheckIn{ID: id, MonitorSlug: "nightly", Status: sentrygo.CheckInStatusInProgress},
						&sentrygo.MonitorConfig{Schedule: sentrygo.IntervalSchedule(2, sentrygo.MonitorScheduleUnitHour)}, sentrygo.NewScope())
					return nil
				},
			},
		} {
			t.Run(name, func(t *testing.T) {
				before := rt.Count()
				require.NoError(t, p.ours())
				require.Equal(t, before+1, rt.Count())
				ours := rt.Last()
				require.NoError(t, p.sdks())
				require.Equal(t, before+2, rt.Count())
				sdks := rt.Last()
				require.Equal(t, sdks.Method+" "+sdks.Host+sdks.URL, ours.Method+" "+ours.Host+ours.URL)
				require.Equal(t, sdks.Header.Get("Content-Type"), ours.Header.Get("Content-Type"))
				require.Equal(t, sentryAuth(sdks), sentryAuth(ours))
				require.Equal(t, envelope(t, sdks), envelope(t, ours))
			})
		}
		require.NoError(t, r.Close(t.Context()))
	}
}

// What a Reporter would have Sentry see of an error's stack is what sentry-go would.
func TestP1_AReportersStackIsSentryGos(t *testing.T) {
	const dsn = "https://k1@o1.ingest.sentry.io/42"
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	r, err := sentry.NewReporter(secret.Static(dsn), sentry.ReporterConfig{NoClientReports: true}, client.WithTransport(rt))
	require.NoError(t, err)
	sdk := official(t, dsn, rt)
	through(func() { r.CaptureError(t.Context(), errors.New("x")) })
	require.NoError(t, r.Close(t.Context()))
	ours := functions(t, rt.Last())
	through(func() { sdk.CaptureException(errors.New("x"), nil, sentrygo.NewScope()) })
	sdks := functions(t, rt.Last())
	n := len(sdks) - 1 // the closure at the top is another one, and sentry-go calls it func1
	require.Equal(t, len(sdks), len(ours))
	require.Equal(t, sdks[:n], ours[:n])
}

// through is a function in a stack.
func through(f func()) { f() }

// P6: what sentry-go sends, and how it takes a limit, the fake knows.
func TestSentryGoOnTheFake(t *testing.T) {
	srv := sentrytest.NewServer(t)
	sdk := official(t, srv.DSN(), http.DefaultTransport)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	id := sdk.CaptureException(fmt.Errorf("charge: %w", errors.New("no stock")), nil, sentrygo.NewScope())
	require.NotNil(t, id)
	sdk.CaptureCheckIn(&sentrygo.CheckIn{MonitorSlug: "nightly", Status: sentrygo.CheckInStatusOK}, nil, sentrygo.NewScope())
	require.Len(t, srv.Events(), 1)
	e := srv.Events()[0]
	require.Equal(t, string(*id), e.ID)
	require.Equal(t, []sentrytest.Exception{{Type: "*errors.errorString", Value: "no stock"}, {Type: "*fmt.wrapError", Value: "charge: no stock"}}, e.Exceptions)
	require.Equal(t, "nightly", srv.CheckIns()[0].Monitor)
	srv.Limit(time.Hour, "error")
	for range 3 {
		sdk.CaptureMessage("x", nil, sentrygo.NewScope())
	}
	require.Len(t, srv.Requests(), 3, "the first one met the limit, the others were not sent")
	require.True(t, sdk.FlushWithContext(context.Background()))
}

// sentryAuth is the credential without the name of the SDK.
func sentryAuth(r clienttest.Recorded) map[string]string {
	fields := map[string]string{}
	for _, field := range splitFields(r.Header.Get("X-Sentry-Auth")) {
		if field[0] != "sentry_client" {
			fields[field[0]] = field[1]
		}
	}
	return fields
}

// envelope is what is in an envelope, without what differs from SDK to SDK or from call
// to call.
func envelope(t *testing.T, r clienttest.Recorded) any {
	t.Helper()
	header, items := readEnvelope(t, r)
	for _, name := range []string{"sent_at", "sdk", "dsn", "trace"} {
		delete(header, name)
	}
	var all []any
	for _, i := range items {
		if i.header["type"] == "event" || i.header["type"] == "check_in" {
			delete(i.header, "length")
			delete(i.header, "content_type")
			var body map[string]any
			require.NoError(t, json.Unmarshal(i.payload, &body))
			if i.header["type"] == "event" {
				for _, name := range []string{"sdk", "modules"} {
					delete(body, name)
				}
				if contexts, ok := body["contexts"].(map[string]any); ok {
					delete(contexts, "trace")
					if len(contexts) == 0 {
						delete(body, "contexts")
					}
				}
				if body["event_id"] != "fc6d8c0c43fc4630ad850ee518f1b9d0" { // made by the SDK
					delete(body, "event_id")
					delete(body, "timestamp")
					delete(header, "event_id")
				}
				if user, ok := body["user"].(map[string]any); ok && len(user) == 0 {
					delete(body, "user")
				}
				exceptions(body)
			}
			all = append(all, i.header, body)
			delete(header, "event_id") // of a check-in it is of no use
		} else {
			all = append(all, i.header, string(i.payload))
		}
	}
	return []any{header, all}
}

type envelopeItem struct {
	header  map[string]any
	payload []byte
}

// readEnvelope reads an envelope line by line and length by length.
func readEnvelope(t *testing.T, r clienttest.Recorded) (header map[string]any, items []envelopeItem) {
	t.Helper()
	in := io.Reader(bytes.NewReader(r.Body))
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		in, err = gzip.NewReader(in)
		require.NoError(t, err)
	}
	lines := bufio.NewReader(in)
	object := func() (m map[string]any) {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		require.NoError(t, json.Unmarshal(line, &m))
		return m
	}
	header = object()
	for {
		h := object()
		if h == nil {
			return header, items
		}
		payload := make([]byte, int(h["length"].(float64))+1)
		_, err := io.ReadFull(lines, payload)
		require.NoError(t, err)
		last := len(payload) - 1
		require.Equal(t, byte('\n'), payload[last])
		items = append(items, envelopeItem{h, payload[:last]})
	}
}

// exceptions takes the stack traces out of an event's exceptions, and brings these into
// the one form of two that Sentry takes.
func exceptions(event map[string]any) {
	list, ok := event["exception"].([]any)
	if !ok {
		values, _ := event["exception"].(map[string]any)
		list, _ = values["values"].([]any)
	}
	for _, x := range list {
		delete(x.(map[string]any), "stacktrace")
	}
	if len(list) > 0 {
		event["exception"] = list
	}
}

// functions are those of the stack trace of an event's only exception.
func functions(t *testing.T, r clienttest.Recorded) (names []string) {
	t.Helper()
	_, items := readEnvelope(t, r)
	var event struct {
		Exception json.RawMessage `json:"exception"`
	}
	require.NoError(t, json.Unmarshal(items[0].payload, &event))
	var list []sentry.Exception
	if json.Unmarshal(event.Exception, &list) != nil {
		var values struct {
			Values []sentry.Exception `json:"values"`
		}
		require.NoError(t, json.Unmarshal(event.Exception, &values))
		list = values.Values
	}
	for _, f := range list[0].Stacktrace.Frames {
		if f.Module == "testing" {
			continue // which sentry-go leaves out
		}
		names = append(names, fmt.Sprint(f.Module, " ", f.Function, " ", f.InApp))
	}
	return names
}

// splitFields splits "Sentry a=1, b=2".
func splitFields(auth string) (fields [][2]string) {
	for field := range strings.SplitSeq(strings.TrimPrefix(auth, "Sentry "), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields = append(fields, [2]string{name, value})
	}
	return fields
}
