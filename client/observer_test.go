package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// journal keeps what it observes.
type journal struct {
	mu   sync.Mutex
	list []client.Observation
}

func (s *journal) Observe(_ context.Context, o client.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, o)
}

// all returns what has been observed by the time that everything is quiet.
func (s *journal) all() []client.Observation {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// names are the kinds of what was observed, in order.
func names(list []client.Observation) (kinds []string) {
	for _, o := range list {
		kinds = append(kinds, strings.TrimPrefix(fmt.Sprintf("%T", o), "client."))
	}
	return kinds
}

func of[T client.Observation](list []client.Observation) (out []T) {
	for _, o := range list {
		if v, ok := o.(T); ok {
			out = append(out, v)
		}
	}
	return out
}

func callOf(o client.Observation) client.CallID {
	switch o := o.(type) {
	case client.CallBegun:
		return o.Call
	case client.Waited:
		return o.Call
	case client.AttemptEnded:
		return o.Call
	case client.CallEnded:
		return o.Call
	case client.LimitChanged:
		return o.Call
	case client.BreakerChanged:
		return o.Call
	}
	return client.CallID{}
}

type observerFunc func(context.Context, client.Observation)

func (f observerFunc) Observe(ctx context.Context, o client.Observation) { f(ctx, o) }

// sends makes a request with a body in each way that there is, and reads the response.
var sends = map[string]func(context.Context, *client.Client) error{
	"Call": func(ctx context.Context, c *client.Client) error {
		_, err := client.Call[thing](ctx, c, client.Request{Method: "PUT", Path: "/x", Route: "/{x}", Body: thing{}})
		return err
	},
	"Do": func(ctx context.Context, c *client.Client) error {
		return readAll(c.Do(ctx, client.Request{Method: "PUT", Path: "/x", Body: thing{}}))
	},
	"HTTPClient": func(ctx context.Context, c *client.Client) error {
		req, err := http.NewRequestWithContext(ctx, "PUT", base+"/x", strings.NewReader("{}"))
		if err != nil {
			return err
		}
		return readAll(c.HTTPClient().Do(req))
	},
	"Events": func(ctx context.Context, c *client.Client) error {
		for _, err := range client.Events(ctx, c, client.Request{Method: "PUT", Path: "/x", Body: thing{}}) {
			return err // an early break
		}
		return nil
	},
}

// T5: every call that has begun ends exactly once, after all else that is told of it,
// whatever becomes of it.
func TestT5_EveryCallThatBeginsEndsOnce(t *testing.T) {
	t.Parallel()
	middleware := func(f func(next http.RoundTripper, r *http.Request) (*http.Response, error)) client.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) { return f(next, r) })
		}
	}
	pass := middleware(func(next http.RoundTripper, r *http.Request) (*http.Response, error) { return next.RoundTrip(r) })
	twice := middleware(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		again := r.Clone(r.Context())
		if resp, err := next.RoundTrip(r); err != nil {
			return resp, err
		} else if err := resp.Body.Close(); err != nil {
			return nil, err
		}
		if r.GetBody != nil {
			again.Body, _ = r.GetBody()
		}
		return next.RoundTrip(again)
	})
	panics := middleware(func(http.RoundTripper, *http.Request) (*http.Response, error) { panic("mine") })
	none := middleware(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil })
	own := middleware(func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		_ = r.Body.Close()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})
	exits := middleware(func(http.RoundTripper, *http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil })
	for name, tc := range map[string]struct {
		script string
		opts   []client.Option
		calls  int // under HTTPClient, where it is not 1
	}{
		"success":               {script: "200 {}"},
		"error":                 {script: "404 {}"},
		"retried":               {script: "503, 200 {}"},
		"given up":              {script: "503"},
		"no response":           {script: "reset"},
		"what does not decode":  {script: "200 [1]"},
		"events":                {script: "200 Content-Type=text/event-stream"},
		"truncated":             {script: "hang", opts: []client.Option{client.WithTimeout(time.Second)}},
		"redirected":            {script: "307 Location=/y, 307 Location=/z, 200 {}", calls: 3},
		"redirected in vain":    {script: "307 Location=/y, 307 Location=ftp://x.example/", calls: 3},
		"a circle":              {script: "307 Location=/x", calls: 10},
		"a foreign redirect":    {script: "301 Location=https://evil.example/", calls: 2},
		"per call":              {script: "307 Location=/y, 200 {}", opts: []client.Option{client.WithCallMiddleware(pass, pass)}, calls: 2},
		"per call, twice":       {script: "200 {}", opts: []client.Option{client.WithCallMiddleware(twice)}},
		"per call, none":        {script: "200 {}", opts: []client.Option{client.WithCallMiddleware(none)}},
		"per call, its own":     {script: "200 {}", opts: []client.Option{client.WithCallMiddleware(own)}},
		"per call, panics":      {script: "200 {}", opts: []client.Option{client.WithCallMiddleware(panics)}},
		"per call, exits":       {script: "200 {}", opts: []client.Option{client.WithCallMiddleware(exits)}},
		"per attempt":           {script: "503, 200 {}", opts: []client.Option{client.WithAttemptMiddleware(pass)}},
		"per attempt, twice":    {script: "503, 200 {}", opts: []client.Option{client.WithAttemptMiddleware(twice)}},
		"per attempt, none":     {script: "200 {}", opts: []client.Option{client.WithAttemptMiddleware(none)}},
		"per attempt, its own":  {script: "200 {}", opts: []client.Option{client.WithAttemptMiddleware(own)}},
		"per attempt, panics":   {script: "200 {}", opts: []client.Option{client.WithAttemptMiddleware(panics)}},
		"per attempt, exits":    {script: "200 {}", opts: []client.Option{client.WithAttemptMiddleware(exits)}},
		"no credential":         {script: "200 {}", opts: []client.Option{client.WithAuth(failing(func() error { return errors.New("none") }))}},
		"a credential panics":   {script: "200 {}", opts: []client.Option{client.WithAuth(failing(func() error { panic("mine") }))}},
		"a limit that refuses":  {script: "200 {}", opts: []client.Option{client.WithRateLimit(ratelimit.PerSecond(0))}},
		"a breaker that opens":  {script: "503", opts: []client.Option{client.WithBreaker(client.Breaker{Failures: 1})}},
		"a policy that panics":  {script: "503", opts: []client.Option{client.WithRetry(retry.Policy{Retryable: func(error) bool { panic("mine") }})}},
		"an origin not allowed": {script: "200 {}", opts: []client.Option{client.WithBaseURL("https://other.example")}},
	} {
		for way, send := range sends {
			t.Run(name+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var o journal
					c, rt := scripted(t, tc.script, append(tc.opts, client.WithObserver(&o))...)
					done := make(chan struct{})
					go func() { // which code of the user's may end
						defer close(done)
						_ = send(t.Context(), c)
					}()
					<-done
					begun, ended := map[uint64]int{}, map[uint64]int{}
					attempts := 0
					for _, v := range o.all() {
						id := callOf(v)
						require.NotZero(t, id.ID)
						require.Zero(t, ended[id.ID], "nothing is told of a call after its end")
						switch v.(type) {
						case client.CallBegun:
							begun[id.ID]++
						case client.CallEnded:
							ended[id.ID]++
						case client.AttemptEnded:
							attempts++
						}
						require.Equal(t, 1, begun[id.ID], "nothing is told of a call before it has begun")
						if name != "a foreign redirect" { // which http.Client makes a GET of
							require.Equal(t, "PUT", id.Method)
						}
						require.Contains(t, id.Host, ".example")
					}
					require.Equal(t, begun, ended)
					want := 1
					if way == "HTTPClient" && tc.calls > 0 {
						want = tc.calls
					}
					require.Len(t, ended, want)
					if name != "per attempt, twice" {
						require.GreaterOrEqual(t, attempts, rt.Count(), "every request is an attempt")
					}
					total := 0
					for _, e := range of[client.CallEnded](o.all()) {
						total += e.Attempts
						require.Equal(t, e.Call, of[client.CallBegun](o.all())[len(ended)-want].Call, "of one call") // the first
						want--
						if e.Err != nil {
							var typed *client.Error
							require.True(t, errors.As(e.Err, &typed) && error(typed) == e.Err, "%T", e.Err)
						}
					}
					require.Equal(t, attempts, total, "each attempt is of one call")
				})
			})
		}
	}
}

// What cannot be built has not begun.
func TestT5_ARequestThatCannotBeBuiltIsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o journal
		c, _ := scripted(t, "200 {}", client.WithObserver(&o))
		for _, r := range []client.Request{{Path: "/../x"}, {Method: "B AD"}, {Body: make(chan int)}, {URL: "https://evil.example/"}} {
			_, err := client.Call[thing](t.Context(), c, r)
			require.Error(t, err)
			_, err = c.Do(t.Context(), r) //nolint:bodyclose // there is none
			require.Error(t, err)
		}
		// Under an SDK it has: the request is there.
		_, err := c.HTTPClient().Get("ftp://api.example.com/x") //nolint:bodyclose // there is none
		require.Error(t, err)
		require.Equal(t, []string{"CallBegun", "CallEnded"}, names(o.all()))
	})
}

// What is told of a call, in order, with its waits.
func TestObservationsTellACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o journal
		type mark struct{}
		var marks []any
		c, _ := scripted(t, "429 Retry-After=20 X-Request-Id=a, 200 X-Request-Id=b {}, 404 {}",
			client.WithObserver(&o),
			client.WithObserver(observerFunc(func(ctx context.Context, _ client.Observation) {
				marks = append(marks, ctx.Value(mark{}), ctx.Done() == nil)
			})),
			client.WithProfile(client.Profile{Name: "store"}),
			client.WithPacing(ratelimit.NewPacer(ratelimit.WithStagger(0))),
			client.WithAuth(client.OAuth2(sleepy(3*time.Second))),
			client.WithRateLimit(ratelimit.PerMinute(1)))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), mark{}, "mine"))
		began := time.Now()
		_, err := client.Call[thing](ctx, c, client.Request{Path: "/x/7", Route: "/x/{id}"})
		require.NoError(t, err)
		cancel()
		list := o.all()
		require.Equal(t, []string{"CallBegun", "Waited", "LimitChanged", "AttemptEnded", "Waited", "Waited", "Waited", "AttemptEnded", "CallEnded"}, names(list))
		id := client.CallID{ID: callOf(list[0]).ID, Provider: "store", Method: "GET", Host: "api.example.com", Route: "/x/{id}"}
		for _, v := range list {
			require.Equal(t, id, callOf(v))
		}
		require.Equal(t, began, list[0].(client.CallBegun).Time)
		waits := of[client.Waited](list)
		require.Equal(t, client.WaitToken, waits[0].For)
		require.Equal(t, 3*time.Second, waits[0].Wait)
		require.Equal(t, began.Add(3*time.Second), waits[0].Time)
		require.Equal(t, client.WaitBackoff, waits[1].For)
		require.GreaterOrEqual(t, waits[1].Wait, 20*time.Second)
		require.Equal(t, client.WaitLimit, waits[2].For)
		require.Equal(t, 57*time.Second, (waits[1].Wait + waits[2].Wait).Round(time.Second))
		quiet := of[client.LimitChanged](list)[0]
		require.InDelta(t, 57, quiet.Wait.Seconds(), 1, "the limiter asks for more than the service")
		attempts := of[client.AttemptEnded](list)
		require.Equal(t, 429, attempts[0].Attempt.Status)
		require.Equal(t, client.Retried, attempts[0].Attempt.Reason)
		require.Equal(t, "a", attempts[0].Attempt.RequestID)
		require.Equal(t, 3*time.Second, attempts[0].Attempt.TokenWait)
		require.Equal(t, waits[1].Wait, attempts[0].Attempt.Wait)
		require.Equal(t, 2, attempts[1].Attempt.Number)
		require.Equal(t, waits[2].Wait, attempts[1].Attempt.LimitWait)
		require.Equal(t, 3*time.Second, attempts[1].Attempt.TokenWait)
		end := last(list).(client.CallEnded)
		require.Equal(t, client.CallEnded{Call: id, Time: time.Now(), Duration: time.Since(began), Status: 200, Attempts: 2}, end)
		for i := 0; i < len(marks); i += 2 {
			require.Equal(t, []any{"mine", true}, marks[i:i+2], "the values of the caller's context, which is never done")
		}

		_, err = client.Post[thing](t.Context(), c, "/y", thing{})
		require.ErrorIs(t, err, client.ErrNotFound)
		end = last(o.all()).(client.CallEnded)
		require.ErrorIs(t, end.Err, client.ErrNotFound)
		require.Equal(t, 404, end.Status)
		require.Equal(t, client.Rejected, end.Effect)
		require.Greater(t, end.Call.ID, id.ID)
	})
}

// sleepy is a token source that takes that long each time.
type sleepy time.Duration

func (s sleepy) Token() (*oauth2.Token, error) {
	time.Sleep(time.Duration(s))
	return &oauth2.Token{AccessToken: "t"}, nil
}

// Under an SDK a call is one redirect hop, with what that one has taken.
func TestObservationsOfAHop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o journal
		c, _ := scripted(t, "after 2s 307 Location=/y, after 3s 503, after 3s 200", client.WithObserver(&o), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}))
		began := time.Now()
		resp, err := c.HTTPClient().Get(base + "/x")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		ends := of[client.CallEnded](o.all())
		require.Len(t, ends, 2)
		require.Equal(t, 2*time.Second, ends[0].Duration)
		require.Equal(t, 1, ends[0].Attempts)
		require.Equal(t, 307, ends[0].Status)
		require.Equal(t, began.Add(2*time.Second), of[client.CallBegun](o.all())[1].Time)
		require.Equal(t, 7*time.Second, ends[1].Duration)
		require.Equal(t, 2, ends[1].Attempts)
		require.Equal(t, 200, ends[1].Status)
	})
}

// T1: what an observer sees holds no secret, query, body or header.
func TestT1_ObservationsHoldNoSecret(t *testing.T) {
	t.Parallel()
	const pii = "cAnary.jane@example.com"
	for name, step := range map[string]clienttest.Step{
		"success":        clienttest.JSON(200, `{"id":"`+pii+`"}`).Header("X-Customer", pii),
		"error":          clienttest.JSON(422, `{"message":"`+pii+` is taken","code":"taken","customer":"`+pii+`"}`).Header("X-Customer", pii),
		"echo":           clienttest.JSON(400, `{"message":"bad key `+strings.ReplaceAll(canary, `"`, `\"`)+`"}`),
		"no JSON":        clienttest.Text(200, "hello "+pii),
		"reset":          clienttest.Reset(),
		"retried":        clienttest.JSON(503, `{"message":"`+pii+`"}`).Header("Retry-After", "1"),
		"redirect":       clienttest.Redirect(307, "/x?q="+url.QueryEscape(pii)),
		"refused":        clienttest.Redirect(307, "https://evil.example/?k="+url.QueryEscape(canary)),
		"a body too far": clienttest.Truncate(200, `{"id":"`+pii+`"}`, 12),
	} {
		for kind, auth := range map[string]client.Auth{
			"bearer": client.Bearer(secret.Static(canary)), "query": client.APIKeyQuery("k", secret.Static(canary)), "basic": client.Basic("user", secret.Static(canary)),
		} {
			synctest.Test(t, func(t *testing.T) {
				var o journal
				var o2 bytes.Buffer
				rt := clienttest.NewTransport(t, step)
				fails := roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := rt.RoundTrip(r)
					if err != nil { // as a transport that says too much
						err = &url.Error{Op: r.Method, URL: r.URL.String(), Err: errors.New("broken: " + r.URL.String() + " " + r.Header.Get("Authorization"))}
					}
					return resp, err
				})
				c := plain(t, fails, client.WithAuth(auth), client.WithObserver(&o), client.WithIdempotencyHeader("Idempotency-Key"),
					client.WithObserver(observerFunc(func(_ context.Context, v client.Observation) { o2.WriteString(show(v)) })))
				for _, r := range []client.Request{
					{Method: "POST", Path: "/x", Query: url.Values{"q": {pii}}, Header: http.Header{"X-Customer": {pii}, "Cookie": {"s=" + pii}}, Body: thing{ID: pii}, IdempotencyKey: pii},
					{Path: "/x", Query: url.Values{"q": {pii}}, Header: http.Header{"X-Customer": {pii}}},
				} {
					_, _ = client.Call[thing](t.Context(), c, r)
					_ = readAll(c.Do(t.Context(), r))
					for range client.Events(t.Context(), c, r) {
					}
				}
				req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/x?q="+url.QueryEscape(pii), strings.NewReader(pii))
				require.NoError(t, err)
				req.Header.Set("X-Customer", pii)
				req.SetBasicAuth(pii, canary)
				_ = readAll(c.HTTPClient().Do(req))
				list := o.all()
				require.NotEmpty(t, list)
				for _, v := range list {
					text := show(v)
					hunt(t, name+" "+kind, text)
					require.NotContains(t, text, "cAnary.jane", "%s %s: %T", name, kind, v)
					require.NotContains(t, text, url.QueryEscape(pii), "%s %s: %T", name, kind, v)
					if e, ok := v.(client.CallEnded); ok && e.Err != nil {
						var body map[string]any
						require.ErrorIs(t, asError(t, e.Err).DecodeBody(&body), client.ErrEmptyBody, "the body is not to be had from it")
						require.NotContains(t, fmt.Sprintf("%+v", *asError(t, e.Err)), "cAnary.jane")
					}
				}
				hunt(t, name+" "+kind, o2.String())
			})
		}
	}
}

// T1: what per-call middleware fails with is cleaned like all else.
func TestT1_AMiddlewaresErrorIsCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o journal
		c, _ := scripted(t, "200", client.WithObserver(&o), client.WithCallMiddleware(func(http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, &url.Error{Op: "Get", URL: r.URL.String(), Err: errors.New("cache is down")}
			})
		}))
		_, err := c.HTTPClient().Get(base + "/x?q=cAnary") //nolint:bodyclose // there is none
		require.ErrorContains(t, err, "cache is down")
		end := last(o.all()).(client.CallEnded)
		require.NotContains(t, show(end), "cAnary")
		require.Contains(t, asError(t, end.Err).Error(), "cache is down")
	})
}

// T2: an observer that panics, blocks, ends its goroutine or is slow changes no call, and
// no other observer.
func TestT2_AnObserverChangesNoCall(t *testing.T) {
	release := make(chan struct{})
	type result struct {
		took     time.Duration
		attempts []client.Attempt
		err      string
	}
	run := func(t *testing.T, more ...client.Option) (out map[string]result) {
		out = map[string]result{}
		for way, send := range sends {
			c, _ := scripted(t, "503 Retry-After=0, 429 Retry-After=0, 200 {}", append(more, client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}))...)
			var l client.Ledger
			began := time.Now()
			err := send(client.WithLedger(t.Context(), &l), c)
			r := result{took: time.Since(began), attempts: l.Attempts(), err: fmt.Sprint(err)}
			for i := range r.attempts {
				r.attempts[i].Start = time.Time{}
			}
			out[way] = r
		}
		return out
	}
	var want map[string]result
	synctest.Test(t, func(t *testing.T) { want = run(t) })
	for name, f := range map[string]func(){
		"panics": func() { panic("mine") },
		"nil":    func() { panic(nil) },
		"exits":  runtime.Goexit,
		"blocks": func() { <-release },
		"slow":   func() { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release = make(chan struct{})
				var before, after journal
				n := 0
				bad := observerFunc(func(context.Context, client.Observation) { n++; f() })
				require.Equal(t, want, run(t, client.WithObserver(&before), client.WithObserver(bad), client.WithObserver(&after)))
				close(release)
				time.Sleep(1000 * time.Hour) // it gets all in the end
				require.Equal(t, before.all(), after.all())
				require.Len(t, before.all(), n)
			})
		})
	}
}

// What an observer is too slow for is counted, and the rest comes in order.
func TestASlowObserverMissesAKnownNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var o journal
		slow := observerFunc(func(ctx context.Context, v client.Observation) { <-release; o.Observe(ctx, v) })
		c, _ := scripted(t, "200 {}", client.WithObserver(slow))
		const calls = 700
		for range calls {
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.NoError(t, err)
		}
		close(release)
		list := o.all()
		missed := of[client.Missed](list)
		require.Len(t, missed, 1)
		require.IsType(t, client.Missed{}, last(list), "it is told in its place")
		require.Equal(t, 3*calls, len(list)-1+missed[0].Count)
		require.GreaterOrEqual(t, len(list)-1, 1024)
		require.LessOrEqual(t, len(list)-1, 1025)
		for i, v := range list[:len(list)-1] {
			require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded"}[i%3], names([]client.Observation{v})[0])
		}
		// Then all is as before.
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Equal(t, []string{"CallBegun", "AttemptEnded", "CallEnded"}, names(o.all()[len(list):]))
	})
}

// A copy tells the observers of what it is a copy of, and its own.
func TestObserversOfACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first, second, third journal
		c, _ := scripted(t, "200 {}", client.WithObserver(&first))
		two, err := c.With(client.WithObserver(&second))
		require.NoError(t, err)
		three, err := c.With(client.WithObserver(&third))
		require.NoError(t, err)
		for _, c := range []*client.Client{c, two, three} {
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.NoError(t, err)
		}
		require.Len(t, first.all(), 9)
		require.Len(t, second.all(), 3)
		require.Len(t, third.all(), 3)
		_, err = client.New(base, client.WithObserver(nil))
		require.ErrorIs(t, err, client.ErrConfig)
		_, err = client.New(base, client.WithObserver((*journal)(nil)))
		require.ErrorIs(t, err, client.ErrConfig)
	})
}

// The breaker's changes are told, and how it stands can be read.
func TestTheBreakersStateIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o journal
		c, rt := scripted(t, "503, 503, 503, 200 {}", client.WithObserver(&o), client.WithRetry(retry.Never), client.WithBreaker(client.Breaker{Failures: 2, Cooldown: time.Minute}))
		get := func() error { _, err := client.Get[thing](t.Context(), c, "/x"); return err }
		require.Equal(t, client.BreakerState{}, c.BreakerState())
		require.Error(t, get())
		require.Equal(t, client.BreakerState{Failures: 1}, c.BreakerState())
		require.Empty(t, of[client.BreakerChanged](o.all()))
		require.Error(t, get())
		opened := time.Now()
		open := client.BreakerState{Open: true, Failures: 2, RetryAt: opened.Add(time.Minute)}
		require.Equal(t, open, c.BreakerState())
		copied, err := c.With(client.WithUserAgent("x"))
		require.NoError(t, err)
		require.Equal(t, open, copied.BreakerState(), "the origin's")

		time.Sleep(20 * time.Second)
		for _, send := range sends {
			err := send(t.Context(), c)
			require.ErrorIs(t, err, client.ErrCircuitOpen)
			e := asError(t, err)
			require.Equal(t, open.RetryAt, e.RetryAt)
			require.Equal(t, client.NeverSent, e.Effect)
		}
		require.Equal(t, 2, rt.Count())
		time.Sleep(40 * time.Second)
		require.ErrorIs(t, get(), client.ErrUnavailable) // the probe
		require.Equal(t, client.BreakerState{Open: true, Failures: 3, RetryAt: time.Now().Add(time.Minute)}, c.BreakerState())
		time.Sleep(time.Minute)
		require.NoError(t, get())
		require.Equal(t, client.BreakerState{}, c.BreakerState())

		var states []bool
		for _, b := range of[client.BreakerChanged](o.all()) {
			states = append(states, b.State.Open)
		}
		require.Equal(t, []bool{true, true, true, true, false}, states, "opened, probed, opened, probed, closed")
		none, _ := scripted(t, "503")
		_, err = client.Get[thing](t.Context(), none, "/x")
		require.Error(t, err)
		require.Equal(t, client.BreakerState{}, none.BreakerState())
	})
}

// The waits of an attempt stand in the ledger and in the log.
func TestWaitsAreInTheLedgerAndTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c, _ := scripted(t, "200 {}", client.WithLogger(logger), client.WithRateLimit(ratelimit.PerMinute(1)), client.WithAuth(client.OAuth2(sleepy(3*time.Second))))
		var metas [2]client.Meta
		for i := range metas {
			_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &metas[i]})
			require.NoError(t, err)
		}
		require.Zero(t, metas[0].Attempts[0].LimitWait)
		require.Equal(t, 3*time.Second, metas[0].Attempts[0].TokenWait)
		require.Equal(t, 57*time.Second, metas[1].Attempts[0].LimitWait)
		require.Equal(t, 3*time.Second, metas[1].Attempts[0].TokenWait)
		require.Zero(t, metas[1].Attempts[0].Duration, "they are no part of it")
		var lines []map[string]any
		for line := range strings.Lines(text.String()) {
			m := map[string]any{}
			require.NoError(t, json.Unmarshal([]byte(line), &m))
			lines = append(lines, m)
		}
		require.Len(t, lines, 2)
		require.NotContains(t, lines[0], "limit_wait", "what is none is not shown")
		require.EqualValues(t, 3*time.Second, lines[0]["token_wait"])
		require.EqualValues(t, 57*time.Second, lines[1]["limit_wait"])

		// A short moment is none.
		quick, _ := scripted(t, "200 {}", client.WithAuth(client.OAuth2(sleepy(999*time.Microsecond))))
		_, err := client.Call[thing](t.Context(), quick, client.Request{Meta: &metas[0]})
		require.NoError(t, err)
		require.Zero(t, metas[0].Attempts[0].TokenWait)
	})
}

// A wait that was in vain was a wait: the ledger, the log and the observers say where the
// time of a call went that did not come to be sent.
func TestAWaitInVainIsInTheLedgerAndTheLog(t *testing.T) {
	waits := func(name string, want client.Waited, opts ...client.Option) {
		synctest.Test(t, func(t *testing.T) {
			var text bytes.Buffer
			s := new(witness)
			c, rt := scripted(t, "503 Retry-After=20", append(opts, client.WithObserver(s), client.WithLogger(slog.New(slog.NewJSONHandler(&text, nil))))...)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(7*time.Second, cancel)
			_, err := client.Get[thing](ctx, c, "/x")
			last := asError(t, err).Attempts[0]
			require.Contains(t, s.kinds(), "CallEnded", name)
			var told []client.Waited
			for _, o := range s.told {
				if w, ok := o.(client.Waited); ok {
					told = append(told, client.Waited{For: w.For, Wait: w.Wait})
				}
			}
			require.Equal(t, []client.Waited{want}, told, name)
			switch want.For {
			case client.WaitLimit:
				require.Equal(t, want.Wait, last.LimitWait, name)
				require.Contains(t, text.String(), `"limit_wait":7000000000`, name)
			case client.WaitToken:
				require.Equal(t, want.Wait, last.TokenWait, name)
				require.Contains(t, text.String(), `"token_wait":5000000000`, name)
			case client.WaitBackoff:
				require.Equal(t, 1, rt.Count(), name)
			}
		})
	}
	waits("a limit", client.Waited{For: client.WaitLimit, Wait: 7 * time.Second}, client.WithRateLimit(&nth{f: func(ctx context.Context, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}}))
	waits("a token", client.Waited{For: client.WaitToken, Wait: 5 * time.Second}, client.WithAuth(failing(func() error {
		time.Sleep(5 * time.Second)
		return errors.New("the vault is closed")
	})))
	waits("a backoff", client.Waited{For: client.WaitBackoff, Wait: 7 * time.Second})
}

// Middleware can know of which call it is a part.
func TestInfoInMiddleware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var infos []string
		note := func(where string) client.Middleware {
			return func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					info, ok := client.InfoFrom(r.Context())
					infos = append(infos, fmt.Sprint(where, " ", ok, " ", info.Route, " ", info.Attempt))
					return next.RoundTrip(r)
				})
			}
		}
		c, rt := scripted(t, "503, 307 Location=/y, 200 {}", client.WithCallMiddleware(note("call")), client.WithAttemptMiddleware(note("attempt")))
		_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x/7", Route: "/x/{id}"})
		require.NoError(t, err)
		require.Equal(t, []string{"call true /x/{id} 0", "attempt true /x/{id} 1", "attempt true /x/{id} 2", "call true /x/{id} 0", "attempt true /x/{id} 3"}, infos)
		infos = nil
		rt.Script(clienttest.MustParse("503, 200 {}")...)
		resp, err := c.HTTPClient().Get(base + "/x")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, []string{"call true  0", "attempt true  1", "attempt true  2"}, infos)
		_, ok := client.InfoFrom(t.Context())
		require.False(t, ok)
	})
}
