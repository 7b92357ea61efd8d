package poll_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type job struct {
	Status string `json:"status"`
	Result int    `json:"result"`
}

func stateOf(j job) poll.State {
	switch j.Status {
	case "succeeded":
		return poll.Done
	case "failed":
		return poll.Failed
	}
	return poll.Running
}

func scripted(t *testing.T, script string) (*client.Client, *clienttest.Transport) {
	t.Helper()
	tr := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := client.New("https://api.example.com", client.WithTransport(tr), client.WithRetry(retry.Never))
	require.NoError(t, err)
	return c, tr
}

const running, done = `200 {"status":"running"}`, `200 {"status":"succeeded","result":42}`

func TestUntil(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		o      poll.Options
		waits  []time.Duration // between two polls; of what a service asks, at least
		told   bool
		err    error
		state  poll.State
		last   string
	}{
		"at once":                   {script: done},
		"backs off":                 {script: "5x " + running + ", " + done, waits: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}},
		"up to half a minute":       {script: "7x " + running + ", " + done, waits: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}},
		"an own backoff":            {script: "2x " + running + ", " + done, o: poll.Options{Backoff: retry.Constant(5 * time.Second)}, waits: []time.Duration{5 * time.Second, 5 * time.Second}},
		"never all the time":        {script: "2x " + running + ", " + done, o: poll.Options{Backoff: retry.Constant(0)}, waits: []time.Duration{100 * time.Millisecond, 100 * time.Millisecond}},
		"as the service asks":       {script: `200 Retry-After=60 {}, 202 Retry-After=7 {}, ` + done, told: true, waits: []time.Duration{time.Minute, 7 * time.Second}},
		"at once, it asks":          {script: `200 Retry-After=0 {}, ` + done, told: true, waits: []time.Duration{100 * time.Millisecond}},
		"its word begins anew":      {script: running + `, 200 Retry-After=7 {}, ` + running + ", " + done, told: true, waits: []time.Duration{time.Second, 7 * time.Second, time.Second}},
		"an unknown status goes on": {script: `200 {"status":"new"}, ` + done, waits: []time.Duration{time.Second}},
		"fails":                     {script: running + `, 200 {"status":"failed"}`, waits: []time.Duration{time.Second}, err: poll.ErrFailed, state: poll.Failed, last: "failed"},
		"a refusal ends it":         {script: running + ", 404", waits: []time.Duration{time.Second}, err: client.ErrNotFound, last: "running"},
		"an outage passes":          {script: running + ", 3x 503, " + done, waits: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}},
		"a throttle says how long":  {script: "429 Retry-After=90, " + done, told: true, waits: []time.Duration{90 * time.Second}},
		"an outage that lasts":      {script: running + ", 503", o: poll.Options{Failures: 2}, waits: []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, err: client.ErrUnavailable, last: "running"},
		"none may fail":             {script: "503, " + done, o: poll.Options{Failures: -1}, err: client.ErrUnavailable},
		"five in a row by default":  {script: "5x 503, " + running + ", 5x 503, " + done, o: poll.Options{Backoff: retry.Constant(time.Second)}, told: true, waits: make([]time.Duration, 11)},
		"six are too many":          {script: "6x 503, " + done, o: poll.Options{Backoff: retry.Constant(time.Second)}, told: true, waits: make([]time.Duration, 5), err: client.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, tr := scripted(t, tt.script)
				var meta client.Meta
				got, err := poll.Until(context.Background(), c, client.Request{Path: "/jobs/1", Meta: &meta}, tt.o, stateOf)
				if tt.err == nil {
					require.NoError(t, err)
					require.Equal(t, 42, got.Result)
					require.Equal(t, 200, meta.Status)
				} else {
					require.ErrorIs(t, err, tt.err)
					var e *poll.Error[job]
					require.ErrorAs(t, err, &e)
					require.Equal(t, tt.state, e.State)
					require.Equal(t, tt.last, e.Last.Status)
					require.Equal(t, e.Last, got)
					require.Equal(t, tr.Count(), e.Polls)
				}
				require.Equal(t, len(tt.waits)+1, tr.Count())
				for i, want := range tt.waits {
					waited := tr.Requests()[i+1].Time.Sub(tr.Requests()[i].Time)
					require.GreaterOrEqual(t, waited, want)
					if !tt.told {
						require.Equal(t, want, waited)
					}
				}
			})
		})
	}
}

func TestTimeRunsOut(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		o      poll.Options
		within time.Duration // of the context; 0 is none
		ends   time.Duration
		polls  int
	}{
		"by default":                         {running, poll.Options{Backoff: retry.Constant(time.Minute)}, 0, 9 * time.Minute, 10},
		"the context's deadline":             {running, poll.Options{}, 10 * time.Second, 7 * time.Second, 4},
		"it may be later than the default":   {running, poll.Options{Backoff: retry.Constant(time.Hour)}, 4*time.Hour + time.Second, 4 * time.Hour, 5},
		"an own timeout":                     {running, poll.Options{Timeout: 2 * time.Second}, time.Hour, time.Second, 2},
		"a wait that would pass it":          {`200 Retry-After=3600 {"status":"running"}`, poll.Options{}, time.Minute, 0, 1},
		"also after a failure":               {`429 Retry-After=3600`, poll.Options{}, time.Minute, 0, 1},
		"a negative timeout is over already": {running, poll.Options{Timeout: -1}, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				if tt.within != 0 {
					bounded, cancel := context.WithTimeout(ctx, tt.within)
					defer cancel()
					ctx = bounded
				}
				c, _ := scripted(t, tt.script)
				began := time.Now()
				_, err := poll.Until(ctx, c, client.Request{}, tt.o, stateOf)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, tt.ends, time.Since(began))
				var e *poll.Error[job]
				require.ErrorAs(t, err, &e)
				require.Equal(t, tt.polls, e.Polls)
				require.Equal(t, poll.Running, e.State)
				require.ErrorIs(t, err, client.ErrTimeout)
			})
		})
	}
}

func TestACancelledWaitEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("the user has gone")
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(500*time.Millisecond, func() { cancel(reason) })
		c, _ := scripted(t, running)
		began := time.Now()
		last, err := poll.Until(ctx, c, client.Request{}, poll.Options{}, stateOf)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, reason)
		require.Equal(t, "running", last.Status)
		require.Equal(t, 500*time.Millisecond, time.Since(began))
	})
}

// C37
func TestC37_AFunctionThatPanicsIsTheCallsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, running)
		_, err := poll.Until(context.Background(), c, client.Request{}, poll.Options{}, func(job) poll.State { panic("theirs") })
		require.ErrorContains(t, err, "panic")
		_, err = poll.Until[job](context.Background(), c, client.Request{}, poll.Options{}, nil)
		require.ErrorIs(t, err, client.ErrRequest)
	})
}

func TestErrorsReadAsASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for script, want := range map[string]string{
			`200 {"status":"failed"}`: "poll: after 1 poll: the operation failed",
			running + ", 404":         "poll: after 2 polls: GET /jobs/1: 404 Not Found",
			`200 Retry-After=3600 {}`: "poll: after 1 poll: timed out: the next poll, in 1h0m0s, would be after the deadline: context deadline exceeded",
		} {
			c, _ := scripted(t, script)
			_, err := poll.Until(context.Background(), c, client.Request{Path: "/jobs/1"}, poll.Options{}, stateOf)
			if len(want) > 60 { // a little is added to what the service asks
				require.Regexp(t, `^poll: after 1 poll: timed out: the next poll, in 1h\d+m[\d.]+s, would be after the deadline: context deadline exceeded$`, err.Error())
				continue
			}
			require.EqualError(t, err, want)
		}
		require.Equal(t, "running done failed", fmt.Sprint(poll.Running, poll.Done, poll.Failed))
	})
}
