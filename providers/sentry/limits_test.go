package sentry_test

import (
	"context"
	"net/http"
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

// C17, C29: a limit comes with any status, by category, and lasts as long as it says. The
// event that met it is counted.
func TestC29_RateLimits(t *testing.T) {
	const never = -1
	for name, tc := range map[string]struct {
		status   int
		limits   string        // the header X-Sentry-Rate-Limits
		after    string        // the header Retry-After
		events   time.Duration // how long no event is sent
		checkIns time.Duration
		met      sentry.DropReason // by the event that was responded to
	}{
		"429, a category":                 {429, "60:error:organization", "", time.Minute, never, sentry.DropRateLimited},
		"200, a category":                 {200, "60:error:organization", "", time.Minute, never, ""},
		"400, a category":                 {400, "60:error:organization", "", time.Minute, never, sentry.DropSendError},
		"429, every category":             {429, "60::organization", "", time.Minute, time.Minute, sentry.DropRateLimited},
		"200, every category":             {200, "60::organization", "", time.Minute, time.Minute, ""},
		"429, of others alone":            {429, "60:transaction;log_item:organization", "", never, never, sentry.DropRateLimited},
		"an unknown one beside ours":      {429, "60:tomorrow;monitor:organization", "", never, time.Minute, sentry.DropRateLimited},
		"several, the longer is kept":     {429, "90:error:key, 30:error:organization, 10::key", "", 90 * time.Second, 10 * time.Second, sentry.DropRateLimited},
		"spaces and case":                 {429, " 45 : Error ; monitor : organization", "", 45 * time.Second, 45 * time.Second, sentry.DropRateLimited},
		"a reason and more":               {429, "60:error:organization:quota_exceeded:custom:new", "", time.Minute, never, sentry.DropRateLimited},
		"a fraction":                      {429, "1.5:error:key", "", 1500 * time.Millisecond, never, sentry.DropRateLimited},
		"429, Retry-After":                {429, "", "30", 30 * time.Second, 30 * time.Second, sentry.DropRateLimited},
		"429, Retry-After and ours":       {429, "30:error:key", "300", 30 * time.Second, never, sentry.DropRateLimited},
		"429, bare":                       {429, "", "", time.Minute, time.Minute, sentry.DropRateLimited},
		"429, a header that says nothing": {429, "soon", "", time.Minute, time.Minute, sentry.DropRateLimited},
		"200, Retry-After":                {200, "", "30", never, never, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := clienttest.JSON(tc.status, `{}`)
				for name, value := range map[string]string{"X-Sentry-Rate-Limits": tc.limits, "Retry-After": tc.after} {
					if value != "" {
						first = first.Header(name, value)
					}
				}
				rt := clienttest.NewTransport(t, first, clienttest.JSON(200, `{}`))
				r, err := sentry.NewReporter(secret.Static("https://k@o1.ingest.sentry.io/42"), sentry.ReporterConfig{NoClientReports: true}, client.WithTransport(rt))
				require.NoError(t, err)
				begin := time.Now()
				require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{Message: "met it"}))
				flush(t, r)
				dropped := r.Stats().Dropped
				if tc.met == "" {
					require.Empty(t, dropped)
				} else {
					require.Equal(t, map[sentry.DropReason]uint64{tc.met: 1}, dropped)
				}
				taken := func() (event, checkIn bool) {
					event = r.Capture(t.Context(), sentry.Event{Message: "x"}) != ""
					checkIn = r.CheckIn(sentry.CheckIn{Monitor: "m", Status: sentry.CheckInOK}) != ""
					flush(t, r)
					return event, checkIn
				}
				for _, after := range []time.Duration{0, 10*time.Second - 1, 10 * time.Second, 30*time.Second - 1, 30 * time.Second, 45*time.Second - 1, 45 * time.Second, time.Minute - 1, time.Minute, 90*time.Second - 1, 90 * time.Second} {
					time.Sleep(time.Until(begin.Add(after)))
					event, checkIn := taken()
					require.Equal(t, after >= tc.events, event, "event after %s", after)
					require.Equal(t, after >= tc.checkIns, checkIn, "check-in after %s", after)
				}
			})
		})
	}
}

// C35: what claims to last for years ends after a day, and one event asks again.
func TestC35_ALimitEndsAfterADay(t *testing.T) {
	for name, header := range map[string][2]string{
		"Sentry's own":   {"X-Sentry-Rate-Limits", "99999999::organization"},
		"Retry-After":    {"Retry-After", "99999999"},
		"no time at all": {"Retry-After", "99999999999999999999"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, clienttest.JSON(429, `{}`).Header(header[0], header[1]), clienttest.JSON(200, `{}`))
				r, err := sentry.NewReporter(secret.Static("https://k@o1.ingest.sentry.io/42"), sentry.ReporterConfig{NoClientReports: true}, client.WithTransport(rt))
				require.NoError(t, err)
				r.Capture(t.Context(), sentry.Event{Message: "met it"})
				flush(t, r)
				time.Sleep(24*time.Hour - time.Second)
				require.Empty(t, r.Capture(t.Context(), sentry.Event{Message: "x"}))
				time.Sleep(2 * time.Second)
				require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{Message: "x"}))
				flush(t, r)
				require.EqualValues(t, 1, r.Stats().Sent)
			})
		})
	}
}

// What is in the queue when a limit comes is not sent either.
func TestALimitEmptiesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{NoClientReports: true}, client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				time.Sleep(time.Second)
				return next.RoundTrip(req)
			})
		}))
		srv.Limit(time.Hour, "error")
		for range 100 {
			require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{Message: "x"}))
		}
		require.NotEmpty(t, r.CheckIn(sentry.CheckIn{Monitor: "m", Status: sentry.CheckInOK}))
		flush(t, r)
		require.Len(t, srv.Requests(), 2, "the first event and the check-in")
		require.Equal(t, sentry.Stats{Captured: 101, Sent: 1, Dropped: map[sentry.DropReason]uint64{sentry.DropRateLimited: 1, sentry.DropBackoff: 99}}, r.Stats())
		time.Sleep(time.Hour)
		require.NotEmpty(t, r.Capture(t.Context(), sentry.Event{Message: "x"}))
		flush(t, r)
		require.Len(t, srv.Events(), 1)
	})
}

// An event whose attachments are not wanted goes without them.
func TestALimitOfAttachments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		srv.Limit(time.Hour, "attachment")
		e := sentry.Event{Message: "x", Attachments: []sentry.Attachment{{Filename: "a", Data: []byte("12345")}}}
		r.Capture(t.Context(), e)
		flush(t, r)
		r.Capture(t.Context(), e)
		flush(t, r)
		srv.Inject(sentrytest.Unavailable)
		r.Capture(t.Context(), e) // which is sent twice, and has lost its file once
		flush(t, r)
		require.NoError(t, r.Close(t.Context()))
		require.Len(t, srv.Events(), 3)
		require.Equal(t, []sentrytest.Attachment(nil), srv.Events()[2].Attachments)
		lost := sentrytest.Discarded{Reason: "ratelimit_backoff", Category: "attachment", Quantity: 5}
		require.Equal(t, []sentrytest.Discarded{lost, lost}, srv.Discarded(), "of the second and the third, in bytes")
	})
}

// Sentry is told what was dropped, but for what it has refused itself: not at once, not
// for each, each once, and not while it wants nothing at all.
func TestClientReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		srv.Limit(time.Minute)
		r.Capture(t.Context(), sentry.Event{Message: "met it"})
		flush(t, r)
		for range 10 {
			r.Capture(t.Context(), sentry.Event{Message: "x"})
			r.CheckIn(sentry.CheckIn{Monitor: "m"})
		}
		flush(t, r)
		require.Len(t, srv.Requests(), 1, "a limit of everything stops reports too")
		time.Sleep(time.Minute)
		r.Capture(t.Context(), sentry.Event{Message: "y"})
		flush(t, r)
		require.Equal(t, []sentrytest.Discarded{{Reason: "ratelimit_backoff", Category: "error", Quantity: 10}, {Reason: "ratelimit_backoff", Category: "monitor", Quantity: 10}}, srv.Discarded())
		require.Equal(t, sentry.Stats{Captured: 22, Sent: 1, Dropped: map[sentry.DropReason]uint64{sentry.DropRateLimited: 1, sentry.DropBackoff: 20}}, r.Stats(), "a report counts for nothing")

		before := len(srv.Requests())
		for range 10 { // in the half minute after a report there is none
			require.Empty(t, r.Capture(t.Context(), sentry.Event{Message: string(make([]byte, 1<<20))}))
			time.Sleep(time.Second)
		}
		flush(t, r)
		require.Len(t, srv.Requests(), before)
		time.Sleep(20 * time.Second)
		r.Capture(t.Context(), sentry.Event{Message: "z"})
		flush(t, r)
		require.Equal(t, sentrytest.Discarded{Reason: "send_error", Category: "error", Quantity: 10}, srv.Discarded()[2])

		require.Empty(t, r.Capture(t.Context(), sentry.Event{Message: string(make([]byte, 1<<20))}))
		srv.Inject(sentrytest.ServerError)
		require.NoError(t, r.Close(t.Context()))
		require.Len(t, srv.Discarded(), 3, "Close tells too; this one was lost")
		balanced(t, r)
	})
	synctest.Test(t, func(t *testing.T) { // a report that is lost is in the next one
		r, srv := reporting(t, sentry.ReporterConfig{})
		srv.Inject(sentrytest.ServerError)
		require.Empty(t, r.CheckIn(sentry.CheckIn{Monitor: string(make([]byte, 100<<10))}))
		flush(t, r)
		require.Empty(t, srv.Discarded())
		time.Sleep(30 * time.Second)
		require.Empty(t, r.CheckIn(sentry.CheckIn{Monitor: string(make([]byte, 100<<10))}))
		flush(t, r)
		require.Equal(t, []sentrytest.Discarded{{Reason: "send_error", Category: "monitor", Quantity: 2}}, srv.Discarded())
	})
	synctest.Test(t, func(t *testing.T) { // nor does Close tell it while it wants nothing
		r, srv := reporting(t, sentry.ReporterConfig{})
		srv.Limit(time.Hour)
		r.Capture(t.Context(), sentry.Event{Message: "met it"})
		flush(t, r)
		r.Capture(t.Context(), sentry.Event{Message: "x"})
		require.NoError(t, r.Close(t.Context()))
		require.Len(t, srv.Requests(), 1)
	})
	synctest.Test(t, func(t *testing.T) { // or has asked to be left alone
		rt := clienttest.NewTransport(t, clienttest.Status(503).Header("Retry-After", "300"))
		r, err := sentry.NewReporter(secret.Static("https://k@o1.ingest.sentry.io/42"), sentry.ReporterConfig{}, client.WithTransport(rt))
		require.NoError(t, err)
		r.Capture(t.Context(), sentry.Event{Message: "x"})
		synctest.Wait()
		require.Empty(t, r.CheckIn(sentry.CheckIn{Monitor: string(make([]byte, 100<<10))}))
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.Error(t, r.Close(ctx))
		require.Zero(t, time.Since(begin))
		require.Equal(t, 1, rt.Count())
	})
	synctest.Test(t, func(t *testing.T) { // unless nobody wants that
		r, srv := reporting(t, sentry.ReporterConfig{NoClientReports: true})
		require.Empty(t, r.CheckIn(sentry.CheckIn{Monitor: string(make([]byte, 100<<10))}))
		require.NoError(t, r.Close(t.Context()))
		require.Empty(t, srv.Requests())
	})
}
