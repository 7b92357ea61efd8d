package client_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

type readCloser struct {
	io.Reader
	io.Closer
}

// C12: per-attempt middleware that reads the beginning of a body, to tell its type, and
// sends the whole of it afterwards changes nothing in what bounds it. What is waited for
// between the two is not the body's time either.
func TestC12_ABodyWhoseBeginningMiddlewareHasRead(t *testing.T) {
	peeks := client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			head := bufio.NewReader(r.Body)
			if _, err := head.Peek(512); err != nil {
				return nil, err
			}
			again := r.Clone(r.Context())
			again.Body = readCloser{head, r.Body}
			return next.RoundTrip(again)
		})
	})
	limited := client.WithRateLimit(limiterFunc(func() { time.Sleep(65 * time.Second) }))
	stops := func() io.ReadCloser {
		rest := trickle(time.Hour, 1, "x")()
		return readCloser{io.MultiReader(strings.NewReader(kilobytes), rest), rest}
	}
	for way, upload := range uploads {
		for name, tc := range map[string]struct {
			body  func() io.ReadCloser
			after time.Duration // the response comes this long after the body
			opts  []client.Option
			want  string        // of the error
			took  time.Duration // in all; at least this
			slack time.Duration // and at most so much more, where it is not exact
		}{
			"ten minutes":                   {body: trickle(10*time.Second, 60, kilobytes), took: 10 * time.Minute},
			"a wait in between":             {body: trickle(10*time.Second, 60, kilobytes), opts: []client.Option{limited}, took: 10*time.Minute + 65*time.Second},
			"a slow response":               {body: trickle(10*time.Second, 60, kilobytes), after: 29 * time.Second, took: 10*time.Minute + 29*time.Second},
			"a response that does not come": {body: trickle(10*time.Second, 60, kilobytes), after: 31 * time.Second, want: "within the attempt's timeout", took: 10*time.Minute + 30*time.Second},
			"a stop":                        {body: stops, want: "the request body stalled", took: time.Minute, slack: time.Minute},
			"a deadline":                    {body: trickle(10*time.Second, 60, kilobytes), opts: []client.Option{client.WithTimeout(2 * time.Minute)}, want: "the call's deadline passed", took: 2 * time.Minute},
		} {
			t.Run(way+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					err := upload(t.Context(), plain(t, &swallowing{after: tc.after}, append(tc.opts, peeks, client.WithRetry(retry.Never))...), tc.body())
					requireEnded(t, err, time.Since(began), tc.want, tc.took, tc.slack)
				})
			})
		}
	}
}
