package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

const panicCanary = "canary-4f1d"

// blowing is whatever a user may give to a client, with a fuse.
type blowing struct{ on bool }

func (b *blowing) up() {
	if b.on {
		panic(panicCanary)
	}
}

func (b *blowing) before(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		b.up()
		return next.RoundTrip(r)
	})
}

func (b *blowing) after(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		b.up()
		return resp, err
	})
}

func (b *blowing) inBody(next http.RoundTripper) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			resp.Body = blowingBody{b, resp.Body}
		}
		return resp, err
	})
}

type blowingBody struct {
	*blowing
	io.ReadCloser
}

func (b blowingBody) Read(p []byte) (int, error) { b.up(); return b.ReadCloser.Read(p) }

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (b *blowing) Authorize(*http.Request) error { b.up(); return nil }

type blowingChallenger struct{ *blowing }

func (blowingChallenger) Authorize(*http.Request) error { return nil }
func (c blowingChallenger) Challenge(*http.Request, *http.Response) (bool, error) {
	c.up()
	return false, nil
}

func (b *blowing) Token() (*oauth2.Token, error) {
	b.up()
	return &oauth2.Token{AccessToken: "tok"}, nil
}

type blowingContextSource struct{ *blowing }

func (s blowingContextSource) TokenContext(context.Context) (*oauth2.Token, error) {
	return s.Token()
}

type blowingRefresher struct{ *blowing }

func (blowingRefresher) Token() (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: "tok"}, nil
}
func (s blowingRefresher) RefreshToken(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return s.blowing.Token()
}

func (b *blowing) secrets(context.Context) ([]secret.Value, error) {
	b.up()
	return []secret.Value{secret.New("a-secret")}, nil
}

type blowingSecret struct{ *blowing }

func (blowingSecret) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New("a-secret")}, nil
}
func (s blowingSecret) Refresh(context.Context) error { s.up(); return nil }

func (b *blowing) Wait(context.Context, string) error { b.up(); return nil }

func (b *blowing) Enabled(context.Context, slog.Level) bool  { return true }
func (b *blowing) Handle(context.Context, slog.Record) error { b.up(); return nil }
func (b *blowing) WithAttrs([]slog.Attr) slog.Handler        { return b }
func (b *blowing) WithGroup(string) slog.Handler             { return b }

type blowingJSON struct{ b *blowing }

func (j blowingJSON) MarshalJSON() ([]byte, error)  { j.b.up(); return []byte("{}"), nil }
func (j *blowingJSON) UnmarshalJSON(_ []byte) error { return nil }

// C37: wherever code of the user's panics, that is the error of its call; what the
// call held is free again, and the next one works.
func TestC37_APanicIsTheErrorOfItsCall(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		option func(*blowing) client.Option
		body   func(*blowing) any
		effect client.Effect
		status int
	}{
		"call middleware":         {option: func(b *blowing) client.Option { return client.WithCallMiddleware(b.before) }},
		"call middleware, after":  {option: func(b *blowing) client.Option { return client.WithCallMiddleware(b.after) }, effect: client.MaybeApplied},
		"attempt middleware":      {option: func(b *blowing) client.Option { return client.WithAttemptMiddleware(b.before) }, effect: client.MaybeApplied},
		"attempt, after":          {option: func(b *blowing) client.Option { return client.WithAttemptMiddleware(b.after) }, effect: client.MaybeApplied},
		"a response body":         {option: func(b *blowing) client.Option { return client.WithAttemptMiddleware(b.inBody) }, effect: client.MaybeApplied, status: 200},
		"a body of call's":        {option: func(b *blowing) client.Option { return client.WithCallMiddleware(b.inBody) }, effect: client.MaybeApplied},
		"a credential":            {option: func(b *blowing) client.Option { return client.WithAuth(b) }, effect: client.NeverSent},
		"a challenger":            {script: "401", option: func(b *blowing) client.Option { return client.WithAuth(blowingChallenger{b}) }, effect: client.Rejected, status: 401},
		"a plain source":          {option: func(b *blowing) client.Option { return client.WithAuth(client.OAuth2(b)) }, effect: client.NeverSent},
		"a source":                {option: func(b *blowing) client.Option { return client.WithAuth(client.OAuth2(blowingContextSource{b})) }, effect: client.NeverSent},
		"a source that refreshes": {script: "401", option: func(b *blowing) client.Option { return client.WithAuth(client.OAuth2(blowingRefresher{b})) }, effect: client.Rejected, status: 401},
		"a secret":                {option: func(b *blowing) client.Option { return client.WithAuth(client.Bearer(secret.Func(b.secrets))) }, effect: client.NeverSent},
		"a secret that refreshes": {script: "401", option: func(b *blowing) client.Option { return client.WithAuth(client.Bearer(blowingSecret{b})) }, effect: client.Rejected, status: 401},
		"a query secret": {option: func(b *blowing) client.Option {
			return client.WithAuth(client.APIKeyQuery("key", secret.Func(b.secrets)))
		}, effect: client.NeverSent},
		"a policy": {script: "429", option: func(b *blowing) client.Option {
			return client.WithRetry(retry.Policy{Retryable: func(error) bool { b.up(); return true }})
		}, effect: client.Rejected, status: 429},
		"a notify hook": {script: "429", option: func(b *blowing) client.Option {
			return client.WithRetry(retry.Policy{Notify: func(context.Context, retry.Attempt) { b.up() }})
		}, effect: client.Rejected, status: 429},
		"a backoff": {script: "429", option: func(b *blowing) client.Option {
			return client.WithRetry(retry.Policy{Throttled: func(int) time.Duration { b.up(); return 0 }})
		}, effect: client.Rejected, status: 429},
		"a log handler": {option: func(b *blowing) client.Option { return client.WithLogger(slog.New(b)) }, effect: client.MaybeApplied, status: 200},
		"a limiter":     {option: func(b *blowing) client.Option { return client.WithRateLimit(b) }, effect: client.NeverSent},
		"a limit key": {option: func(b *blowing) client.Option {
			return client.WithLimitKey(func(*http.Request) string { b.up(); return "" })
		}, effect: client.NeverSent},
		"a profile's hint": {script: "500", option: func(b *blowing) client.Option {
			return client.WithProfile(client.Profile{Hint: func(int, http.Header) client.Hint { b.up(); return client.NoHint }})
		}, effect: client.MaybeApplied, status: 500},
		"a profile's throttle": {script: "400", option: func(b *blowing) client.Option {
			return client.WithProfile(client.Profile{Throttled: func(int, http.Header, []byte) bool { b.up(); return false }})
		}, effect: client.Rejected, status: 400},
		"a profile's errors": {script: "400", option: func(b *blowing) client.Option {
			return client.WithProfile(client.Profile{DecodeError: func(int, http.Header, []byte) client.ErrorDetail { b.up(); return client.ErrorDetail{} }})
		}, effect: client.Rejected},
		"an encoder": {body: func(b *blowing) any { return blowingJSON{b} }, effect: client.NeverSent},
		"a stream": {body: func(b *blowing) any {
			return client.Stream("text/plain", blowingBody{b, io.NopCloser(strings.NewReader("x"))}, -1)
		}, effect: client.NeverSent},
		"an opened body": {body: func(b *blowing) any {
			return client.Open("text/plain", func() (io.ReadCloser, error) { b.up(); return io.NopCloser(strings.NewReader("x")), nil }, 1)
		}, effect: client.NeverSent},
		"what it opened": {body: func(b *blowing) any {
			return client.Open("text/plain", func() (io.ReadCloser, error) {
				return blowingBody{b, io.NopCloser(strings.NewReader("x"))}, nil
			}, 1)
		}, effect: client.MaybeApplied},
		"a part": {body: func(b *blowing) any {
			return client.Multipart(client.Part{Name: "f", FileName: "f", Open: func() (io.ReadCloser, error) { b.up(); return io.NopCloser(strings.NewReader("x")), nil }})
		}, effect: client.MaybeApplied},
	} {
		for _, way := range []string{"Call", "Do", "HTTPClient"} {
			if way == "HTTPClient" && c.body != nil || way != "Call" && (name == "a profile's errors" || name == "a body of call's") {
				continue // it is not run there
			}
			t.Run(name+"/"+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := &blowing{}
					limits := &counting{}
					rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
						_, _ = w.Write([]byte("{}"))
					}))
					opts := []client.Option{client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second}), client.WithRateLimit(limits)}
					if c.option != nil {
						opts = append(opts, c.option(b))
					}
					cl := over(t, rt, opts...)
					request := func() client.Request {
						r := client.Request{Method: "POST", Path: "/x"}
						if c.body != nil {
							r.Body = c.body(b)
						}
						return r
					}
					makeOne := func() error {
						switch way {
						case "Call":
							_, err := client.Call[client.None](t.Context(), cl, request())
							return err
						case "Do":
							resp, err := cl.Do(t.Context(), request())
							return readAll(resp, err)
						}
						resp, err := cl.HTTPClient().Post(base+"/x", "text/plain", strings.NewReader("x"))
						return readAll(resp, err)
					}
					_, _ = client.Get[client.None](t.Context(), cl, "/warm") // closed, and known
					if c.script != "" {
						rt.Script(clienttest.MustParse(c.script)...)
					}
					b.on = true
					err := makeOne()
					if surfacesLate := way != "Call" && c.script == "401"; surfacesLate && err == nil {
						return // the response itself is the outcome
					}
					requirePanic(t, err)
					if e, ok := errors.AsType[*client.Error](err); ok && way == "Call" {
						require.Equal(t, c.effect, e.Effect)
						require.Equal(t, c.status, e.Status)
					}
					b.on = false
					rt.Script(clienttest.Handle(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("{}")) }))
					time.Sleep(2 * time.Second) // whatever was opened or cooling
					require.NoError(t, makeOne(), "the next call works")
					if name == "a limiter" {
						return // which took the place of the one that counts
					}
					require.Equal(t, rt.Count(), limits.taken-limits.given, "what was not sent holds no token, and what was does")
				})
			})
		}
	}
}

func readAll(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err
}

// requirePanic holds an error to what one for a panic says: not the value.
func requirePanic(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	p, ok := errors.AsType[*client.PanicError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, panicCanary, p.Value())
	require.Contains(t, string(p.Stack()), "(*blowing).up")
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, err), panicCanary)
	}
	require.Contains(t, err.Error(), "panicked with a string")
}

// C37: a transport reads bodies in goroutines of its own, where nobody's stack is
// above.
func TestC37_ABodyThatPanicsUnderARealTransport(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte("{}"))
	}))
	defer srv.Close()
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	b := &blowing{on: true}
	open := func() (io.ReadCloser, error) { return blowingBody{b, io.NopCloser(strings.NewReader("x"))}, nil }
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", open, -1)})
	requirePanic(t, err)
	require.Len(t, asError(t, err).Attempts, 1, "it is not tried again")

	req, err := http.NewRequestWithContext(t.Context(), "PUT", srv.URL, nil)
	require.NoError(t, err)
	req.Body, _ = open()
	req.GetBody, req.ContentLength = open, 1
	_, err = c.HTTPClient().Do(req)
	requirePanic(t, err)
}

// C37: code that ends its goroutine instead of returning hangs nobody.
func TestC37_AGoroutineThatEndsHangsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exits := false
		src := plainSourceFunc(func() (*oauth2.Token, error) {
			if exits {
				runtime.Goexit()
			}
			return &oauth2.Token{AccessToken: "tok"}, nil
		})
		exits = true
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		c := over(t, rt, client.WithAuth(client.OAuth2(src)), client.WithBreaker(client.Breaker{}))
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := client.Get[client.None](t.Context(), c, "/x"); err == nil || !strings.Contains(err.Error(), "ended its goroutine") {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		exits = false
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)

		// In the caller's own goroutine it takes the caller with it, and leaves
		// nothing held.
		limits := &counting{}
		blow := true
		c = over(t, rt, client.WithRateLimit(limits), client.WithAuth(authFunc(func(*http.Request) {
			if blow {
				runtime.Goexit()
			}
		})))
		wg.Go(func() { _, _ = client.Get[client.None](t.Context(), c, "/x") })
		wg.Wait()
		require.Equal(t, 1, limits.given)
		blow = false
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
	})
}

type plainSourceFunc func() (*oauth2.Token, error)

func (f plainSourceFunc) Token() (*oauth2.Token, error) { return f() }

// C37: the predicate runs where a request is built and where a redirect is judged.
func TestC37_APanicInAnOriginPredicate(t *testing.T) {
	b := &blowing{}
	rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
	c := over(t, rt, client.WithProfile(client.Profile{BaseURL: base, OriginMatch: func(*url.URL) bool { b.up(); return false }}))
	b.on = true
	_, err := client.Call[client.None](t.Context(), c, client.Request{URL: "https://elsewhere.example/x"})
	requirePanic(t, err)
	require.Equal(t, client.NoEffect, asError(t, err).Effect)
	rt.Script(clienttest.MustParse("302 Location=https://elsewhere.example/x")...)
	_, err = client.Get[client.None](t.Context(), c, "/x")
	requirePanic(t, err)
}

// C37: so is a panic in what says which page follows.
func TestC37_APanicBetweenPages(t *testing.T) {
	c, _ := scripted(t, "200 {}")
	b := &blowing{on: true}
	var last error
	for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, func(client.Page[thing]) (client.Request, bool) {
		b.up()
		return client.Request{}, false
	}) {
		last = err
	}
	requirePanic(t, last)
}

// C37: middleware may send from goroutines of its own, as one that hedges does. What
// panics there is the error of that request, and holds neither the breaker's probe
// nor a token.
func TestC37_APanicUnderMiddlewareThatHedges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hedge := func(next http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
				type result struct {
					resp *http.Response
					err  error
				}
				got := make(chan result, 2)
				for range 2 {
					go func() {
						resp, err := next.RoundTrip(r)
						got <- result{resp, err}
					}()
				}
				first := <-got
				<-got
				return first.resp, first.err
			})
		}
		b := &blowing{on: true}
		limits := &counting{}
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		c := over(t, rt, client.WithAuth(b), client.WithAttemptMiddleware(hedge), client.WithRateLimit(limits),
			client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second}))
		_, err := client.Get[client.None](t.Context(), c, "/x")
		requirePanic(t, err)
		require.Len(t, asError(t, err).Attempts, 1)
		require.Equal(t, limits.taken, limits.given)
		b.on = false
		time.Sleep(time.Second)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
	})
}

// C37: a body that middleware has made is closed, at the call's deadline, by a timer.
func TestC37_APanicInACloseAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scripted(t, "200 {}", client.WithTimeout(time.Second), client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTripFunc(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err == nil {
					resp.Body = &endless{closed: make(chan struct{})}
				}
				return resp, err
			})
		}))
		_, err := client.Get[thing](t.Context(), c, "/x")
		require.ErrorIs(t, err, client.ErrTimeout)
	})
}

// endless is a body that blocks until it is closed, and panics when it is.
type endless struct {
	once   sync.Once
	closed chan struct{}
}

func (e *endless) Read([]byte) (int, error) { <-e.closed; return 0, io.ErrClosedPipe }
func (e *endless) Close() error {
	blow := false
	e.once.Do(func() { close(e.closed); blow = true })
	if blow {
		panic(panicCanary)
	}
	return nil
}

// C23: the ledger says when what was cut off was sent, and how long it went on.
func TestC23_AnAttemptThatAPanicCutsOff(t *testing.T) {
	for sent, want := range map[bool]time.Duration{true: 2 * time.Second, false: 0} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, "200 {}", client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripFunc(func(r *http.Request) (*http.Response, error) {
					time.Sleep(time.Second)
					if sent {
						_, _ = next.RoundTrip(r) //nolint:bodyclose // it panics
					}
					time.Sleep(2 * time.Second)
					panic(panicCanary)
				})
			}))
			began := time.Now()
			_, err := client.Get[thing](t.Context(), c, "/x")
			attempts := asError(t, err).Attempts
			require.Len(t, attempts, 1)
			require.Equal(t, want, attempts[0].Duration)
			require.Equal(t, began.Add(3*time.Second-want), attempts[0].Start)
			require.Equal(t, sent, rt.Count() == 1)
		})
	}
}

// closeTold tells of its Close.
type closeTold struct {
	io.Reader
	closed *bool
}

func (b closeTold) Close() error { *b.closed = true; return nil }

// C37: what a panic leaves open is closed.
func TestC37_ThePanickingCallsResponseIsClosed(t *testing.T) {
	var closed bool
	c, _ := scripted(t, "200", client.WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 500, Header: http.Header{}, Body: closeTold{strings.NewReader("x"), &closed}, Request: r}, nil
	})), client.WithProfile(client.Profile{Hint: func(int, http.Header) client.Hint { panic(panicCanary) }}))
	for _, call := range []func() error{
		func() error { _, err := client.Get[thing](t.Context(), c, "/x"); return err },
		func() error { return readAll(c.Do(t.Context(), client.Request{Path: "/x"})) },
		func() error { return readAll(c.HTTPClient().Get(base + "/x")) },
	} {
		closed = false
		require.ErrorContains(t, call(), "panicked")
		require.True(t, closed)
	}
}

// C37: a renewal has a context of its own. A panic in it ends that of the attempt too.
func TestC37_APanicInARenewalEndsItsAttempt(t *testing.T) {
	var sent context.Context
	c, _ := scripted(t, "200", client.WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r.Context()
		return &http.Response{StatusCode: 401, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})), client.WithAuth(blowingChallenger{&blowing{on: true}}))
	_, err := client.Get[thing](t.Context(), c, "/x")
	requirePanic(t, err)
	require.Error(t, sent.Err())
}

// C37: a body that is opened again is guarded as the first was.
func TestC37_AReplayedBodyThatPanicsUnderARealTransport(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader(503)
		}
	}))
	defer srv.Close()
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	b, opened := &blowing{}, 0
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Open("text/plain", func() (io.ReadCloser, error) {
		opened++
		b.on = opened > 1
		return blowingBody{b, io.NopCloser(strings.NewReader("x"))}, nil
	}, -1)})
	requirePanic(t, err)
	require.Len(t, asError(t, err).Attempts, 2)
}

// C37: middleware that panics before it sends the request leaves its body open, which is
// closed once, also where no timeout would end the attempt.
func TestC37_ABodyThatAPanicHasKeptFromBeingSentIsClosed(t *testing.T) {
	b := &blowing{on: true}
	unbounded := []client.Option{client.WithTimeout(client.NoTimeout), client.WithAttemptTimeout(client.NoTimeout), client.WithIdleTimeout(client.NoTimeout)}
	for name, slot := range map[string]client.Option{"per call": client.WithCallMiddleware(b.before), "per attempt": client.WithAttemptMiddleware(b.before)} {
		for _, bounds := range [][]client.Option{nil, unbounded} {
			for kept, readAhead := range map[string]int64{"read ahead": 100, "sent as it comes": 0} {
				c, rt := scripted(t, "200", append(bounds, slot, client.WithReadAhead(readAhead))...)
				for source, r := range map[string]io.Reader{"pipe": io.MultiReader(strings.NewReader("x")), "file": strings.NewReader("x")} {
					var closed atomic.Int32
					body := io.ReadCloser(closer{r, &closed})
					if seeker, ok := r.(io.ReadSeeker); ok {
						body = struct {
							io.ReadSeeker
							io.Closer
						}{seeker, body}
					}
					_, err := client.Call[client.None](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", body, 1)})
					requirePanic(t, err)
					require.EqualValues(t, 1, closed.Load(), "%s, %s, %s", name, kept, source)
					req, _ := http.NewRequest("PUT", base+"/x", body)
					_, err = c.HTTPClient().Do(req)
					requirePanic(t, err)
					require.GreaterOrEqual(t, closed.Load(), int32(2), "%s, %s, %s", name, kept, source)
				}
				require.Zero(t, rt.Count())
			}
		}
	}
}
