package sentry_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
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

func reporting(t *testing.T, c sentry.ReporterConfig, opts ...client.Option) (*sentry.Reporter, *sentrytest.Server) {
	t.Helper()
	srv := sentrytest.New()
	r, err := srv.Reporter(c, opts...)
	require.NoError(t, err)
	return r, srv
}

// flush waits for what was captured. A bubble's time passes as it needs to.
func flush(t *testing.T, r *sentry.Reporter) {
	t.Helper()
	require.NoError(t, r.Flush(t.Context()))
	synctest.Wait()
	balanced(t, r)
}

// balanced holds a Reporter to the law of its counts.
func balanced(t *testing.T, r *sentry.Reporter) {
	t.Helper()
	s := r.Stats()
	sum := s.Sent + s.Pending
	for _, n := range s.Dropped {
		sum += n
	}
	require.Equal(t, s.Captured, sum, "%+v", s)
	require.LessOrEqual(t, s.Pending, s.Captured, "%+v", s)
}

func TestAnEventArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{Release: "shop@1", Environment: "test", ServerName: "web1", Tags: map[string]string{"a": "1", "b": "2"}})
		tags := map[string]string{"b": "3"}
		id := r.Capture(t.Context(), sentry.Event{
			Message: "out of stock", Tags: tags, Transaction: "POST /orders", Fingerprint: []string{"stock"}, Extra: map[string]any{"order": 7},
			User: &sentry.User{ID: "u_1"}, Attachments: []sentry.Attachment{{Filename: "a.txt", ContentType: "text/plain", Data: []byte("x\ny\n")}},
		})
		tags["b"] = "4" // the caller's again
		flush(t, r)
		require.Regexp(t, `^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$`, id)
		require.Len(t, srv.Events(), 1)
		e := srv.Events()[0]
		require.Equal(t, []sentrytest.Attachment{{Filename: "a.txt", ContentType: "text/plain", Data: []byte("x\ny\n")}}, e.Attachments)
		require.JSONEq(t, `{"event_id":"`+id+`","timestamp":"2000-01-01T00:00:00Z","level":"error","platform":"go","message":"out of stock","transaction":"POST /orders",
			"release":"shop@1","environment":"test","server_name":"web1","fingerprint":["stock"],"tags":{"a":"1","b":"3"},"extra":{"order":7},"user":{"id":"u_1"},
			"sdk":{"name":"standpipe.go","version":"1"}}`, string(e.Raw))
		require.Equal(t, sentry.Stats{Captured: 1, Sent: 1}, r.Stats())

		own := r.Capture(t.Context(), sentry.Event{ID: strings.Repeat("a", 32), Level: sentry.LevelInfo, Release: "r", Environment: "e", ServerName: "s",
			Timestamp: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))})
		require.Equal(t, strings.Repeat("a", 32), own)
		require.NoError(t, r.Close(t.Context()))
		last := srv.Events()[1]
		require.Equal(t, []string{own, "info", "r", "e", "s"}, []string{last.ID, last.Level, last.Release, last.Environment, last.ServerName})
		require.Contains(t, string(last.Raw), `"timestamp":"2026-01-02T02:04:05Z"`)
		require.Equal(t, map[string]string{"a": "1", "b": "2"}, last.Tags)

		require.Empty(t, r.Capture(t.Context(), sentry.Event{Message: "late"}))
		require.Equal(t, sentry.Stats{Captured: 3, Sent: 2, Dropped: map[sentry.DropReason]uint64{sentry.DropClosed: 1}}, r.Stats())
		balanced(t, r)
	})
}

func TestCheckIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{Release: "shop@1", Environment: "test"})
		id := r.CheckIn(sentry.CheckIn{Monitor: "nightly", Status: sentry.CheckInProgress, Config: &sentry.MonitorConfig{Crontab: "0 4 * * *", Timezone: "Europe/Vienna", Margin: 5, MaxRuntime: 30, FailureThreshold: 2}})
		require.Equal(t, id, r.CheckIn(sentry.CheckIn{ID: id, Monitor: "nightly", Status: sentry.CheckInOK, Duration: 1500 * time.Millisecond, Config: &sentry.MonitorConfig{Every: 2, Unit: "hour"}}))
		require.Empty(t, r.CheckIn(sentry.CheckIn{Monitor: strings.Repeat("x", 100<<10)}))
		flush(t, r)
		require.Equal(t, []sentrytest.CheckIn{
			{ID: id, Monitor: "nightly", Status: "in_progress", Release: "shop@1", Environment: "test", Config: json.RawMessage(
				`{"schedule":{"type":"crontab","value":"0 4 * * *"},"timezone":"Europe/Vienna","checkin_margin":5,"max_runtime":30,"failure_issue_threshold":2}`)},
			{ID: id, Monitor: "nightly", Status: "ok", Duration: 1.5, Release: "shop@1", Environment: "test", Config: json.RawMessage(`{"schedule":{"type":"interval","value":2,"unit":"hour"}}`)},
		}, srv.CheckIns())
		require.Equal(t, sentry.Stats{Captured: 3, Sent: 2, Dropped: map[sentry.DropReason]uint64{sentry.DropTooLarge: 1}}, r.Stats())
	})
}

type panicky struct{}

func (panicky) MarshalJSON() ([]byte, error) { panic("s3cret") }
func (panicky) Error() string                { panic("s3cret") }

// A value that cannot be encoded costs itself, and not the event.
func TestWhatCannotBeEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{
			Message: "m\xff", Extra: map[string]any{"chan": make(chan int), "nan": math.NaN(), "panic": panicky{}, "fine": []int{1}},
			Contexts: map[string]any{"f": func() {}, "fine": map[string]int{"a": 1}},
		}))
		require.NotEmpty(t, r.CaptureError(t.Context(), fmt.Errorf("%w", panicky{})))
		require.Empty(t, r.CaptureError(t.Context(), nil))
		flush(t, r)
		require.Equal(t, map[string]json.RawMessage{"chan": json.RawMessage(`"[chan int]"`), "nan": json.RawMessage(`"[float64]"`),
			"panic": json.RawMessage(`"[sentry_test.panicky]"`), "fine": json.RawMessage(`[1]`)}, srv.Events()[0].Extra)
		require.Equal(t, `{"a":1}`, string(srv.Events()[0].Contexts["fine"]))
		require.Equal(t, "[its Error method panicked]", srv.Events()[1].Exceptions[0].Value)
	})
}

// BeforeSend changes an event, or drops it; where it panics nothing is sent that it may
// have been meant to clean.
func TestBeforeSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{BeforeSend: func(_ context.Context, e *sentry.Event) bool {
			if e.Message == "panic" {
				panic("x")
			}
			e.Message += ", cleaned"
			return !strings.HasPrefix(e.Message, "no")
		}})
		for message, taken := range map[string]bool{"yes": true, "no": false, "panic": false} {
			require.Equal(t, taken, r.Capture(t.Context(), sentry.Event{Message: message}) != "", message)
		}
		flush(t, r)
		require.Len(t, srv.Events(), 1)
		require.Equal(t, "yes, cleaned", srv.Events()[0].Message)
		require.Equal(t, map[sentry.DropReason]uint64{sentry.DropBeforeSend: 1, sentry.DropCallbackError: 1}, r.Stats().Dropped)
	})
}

// noise is text that cannot be compressed much.
func noise(t *testing.T, n int) string {
	b := make([]byte, n)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return fmt.Sprintf("%x", b)[:n]
}

// What Sentry takes no more of is found before it is sent: 1 MiB of an event, and 200 kB
// compressed, with attachments or without.
func TestSizesAreCheckedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{ServerName: "s", MaxBytes: 64 << 20})
		empty := sentry.Event{ID: strings.Repeat("a", 32), ServerName: "s", Timestamp: time.Unix(1, 0)}
		r.Capture(t.Context(), sentry.Event{ID: empty.ID, ServerName: "s", Timestamp: time.Unix(1, 0), Message: "x"})
		flush(t, r)
		room := 1<<20 - len(srv.Events()[0].Raw) + 1
		for name, tc := range map[string]struct {
			message string
			attach  int
			taken   bool // by Capture
			sent    bool
		}{
			"exactly 1 MiB":             {strings.Repeat("x", room), 0, true, true},
			"one byte more":             {strings.Repeat("x", room+1), 0, false, false},
			"300 kB that are 150":       {noise(t, 300_000), 0, true, true},
			"500 kB that are 250":       {noise(t, 500_000), 0, true, false},
			"the same, with a file":     {noise(t, 500_000), 1, true, false},
			"a file of 1 MB":            {"x", 1 << 20, true, true},
			"files of 20 MiB":           {"x", 20 << 20, true, true},
			"files of more than 20 MiB": {"x", 20<<20 + 1, false, false},
		} {
			e := empty
			e.Message, e.ID = tc.message, ""
			if tc.attach > 0 {
				data := make([]byte, tc.attach)
				e.Attachments = []sentry.Attachment{{Filename: "a", Data: data[:len(data)/2]}, {Filename: "b", Data: data[len(data)/2:]}}
			}
			before := r.Stats()
			require.Equal(t, tc.taken, r.Capture(t.Context(), e) != "", name)
			flush(t, r)
			require.Equal(t, tc.sent, r.Stats().Sent == before.Sent+1, name)
			require.Equal(t, !tc.sent, r.Stats().Dropped[sentry.DropTooLarge] == before.Dropped[sentry.DropTooLarge]+1, name)
		}
		for _, seen := range srv.Requests() {
			require.Equal(t, 200, seen.Status, "nothing was sent that Sentry refuses")
		}
	})
}

// Small envelopes go as they are, others compressed.
func TestCompression(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		r.Capture(t.Context(), sentry.Event{Message: "x"})
		r.Capture(t.Context(), sentry.Event{Message: strings.Repeat("x", 1<<10)})
		flush(t, r)
		seen := srv.Requests()
		require.Equal(t, []string{"", "gzip"}, []string{seen[0].Header.Get("Content-Encoding"), seen[1].Header.Get("Content-Encoding")})
		require.Less(t, len(seen[1].Body), 700)
		random := make([]byte, 4<<10)
		_, err := rand.Read(random)
		require.NoError(t, err)
		r.Capture(t.Context(), sentry.Event{Attachments: []sentry.Attachment{{Filename: "a", Data: random}}})
		flush(t, r)
		require.Equal(t, random, srv.Events()[2].Attachments[0].Data)
		require.Equal(t, "application/x-sentry-envelope", seen[1].Header.Get("Content-Type"))
		lines := bytes.Split(seen[0].Body, []byte("\n"))
		require.Regexp(t, `^\{"event_id":"[0-9a-f]{32}","sent_at":"2000-01-01T00:00:00Z","sdk":\{"name":"standpipe.go","version":"1"\}\}$`, string(lines[0]), "no DSN in it")
	})
}

// What is lost on the way is sent again, as the same event: Sentry has it once.
func TestFailuresOfTheNetwork(t *testing.T) {
	for name, tc := range map[string]struct {
		faults  []sentrytest.Fault
		sent    bool
		reason  sentry.DropReason
		times   int // that the event came
		request int
	}{
		"refused connections": {[]sentrytest.Fault{sentrytest.DropBefore, sentrytest.DropBefore}, true, "", 1, 3},
		"lost responses":      {[]sentrytest.Fault{sentrytest.DropAfter}, true, "", 2, 2},
		"a gateway's page":    {[]sentrytest.Fault{sentrytest.HTMLPage}, true, "", 1, 2},
		"503":                 {[]sentrytest.Fault{sentrytest.Unavailable, sentrytest.Unavailable}, true, "", 1, 3},
		"no response":         {[]sentrytest.Fault{sentrytest.Hang}, true, "", 2, 2},
		"500":                 {[]sentrytest.Fault{sentrytest.ServerError}, false, sentry.DropSendError, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, srv := reporting(t, sentry.ReporterConfig{NoClientReports: true})
				srv.Inject(tc.faults...)
				r.Capture(t.Context(), sentry.Event{Message: "x"})
				flush(t, r)
				require.Len(t, srv.Requests(), tc.request)
				if tc.sent {
					require.Equal(t, tc.times, srv.Events()[0].Times)
					require.Equal(t, sentry.Stats{Captured: 1, Sent: 1}, r.Stats())
				} else {
					require.Equal(t, sentry.Stats{Captured: 1, Dropped: map[sentry.DropReason]uint64{tc.reason: 1}}, r.Stats())
				}
			})
		})
	}
}

// A status says what becomes of an event, and how soon it is sent again.
func TestStatuses(t *testing.T) {
	for script, want := range map[string]struct {
		sent   int
		after  time.Duration
		reason sentry.DropReason
	}{
		`202`:                     {1, 0, ""},
		`400 {"detail":"bad"}`:    {1, 0, sentry.DropSendError},
		`403`:                     {1, 0, sentry.DropSendError},
		`413`:                     {1, 0, sentry.DropTooLarge},
		`503 Retry-After=90, 200`: {2, 90 * time.Second, ""},
		`504 Retry-After=90, 400`: {2, 90 * time.Second, sentry.DropSendError},
		`503 Retry-After=3600`:    {1, 0, sentry.DropSendError},
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
			r, err := sentry.NewReporter(secret.Static("https://k@h/1"), sentry.ReporterConfig{NoClientReports: true}, client.WithTransport(rt))
			require.NoError(t, err)
			begin := time.Now()
			r.Capture(t.Context(), sentry.Event{Message: "x"})
			flush(t, r)
			require.Equal(t, want.sent, rt.Count(), script)
			require.GreaterOrEqual(t, time.Since(begin), want.after, script)
			if want.reason == "" {
				require.EqualValues(t, 1, r.Stats().Sent, script)
			} else {
				require.Equal(t, map[sentry.DropReason]uint64{want.reason: 1}, r.Stats().Dropped, script)
			}
		})
	}
}

// After ten minutes an event is given up, and the next one has its turn.
func TestASentryThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("no route to host")
		r, _ := reporting(t, sentry.ReporterConfig{}, client.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return nil, gone })))
		r.Capture(t.Context(), sentry.Event{Message: "x"})
		flush(t, r)
		require.Equal(t, map[sentry.DropReason]uint64{sentry.DropNetworkError: 1}, r.Stats().Dropped)
		begin := time.Now()
		for range 3 {
			r.Capture(t.Context(), sentry.Event{Message: "x"})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		require.Error(t, r.Close(ctx))
		require.LessOrEqual(t, time.Since(begin), 2*time.Second)
		require.Equal(t, map[sentry.DropReason]uint64{sentry.DropNetworkError: 1, sentry.DropUnsent: 3}, r.Stats().Dropped)
		balanced(t, r)
	})
}

// What the queue has no room for, though Sentry would take it, is not called too large.
func TestAnEventThatTheQueueCannotHold(t *testing.T) {
	r, _ := reporting(t, sentry.ReporterConfig{NoClientReports: true})
	require.Empty(t, r.Capture(t.Context(), sentry.Event{Message: "x", Attachments: []sentry.Attachment{{Filename: "a", Data: make([]byte, 9<<20)}}}))
	require.Equal(t, map[sentry.DropReason]uint64{sentry.DropQueueOverflow: 1}, r.Stats().Dropped)
}
