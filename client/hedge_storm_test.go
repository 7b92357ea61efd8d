package client_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// morsels is a body that comes in pieces, and heeds its request's context.
type morsels struct {
	ctx  context.Context
	text *strings.Reader
	end  error
}

func (b *morsels) Read(p []byte) (int, error) {
	time.Sleep(rand.N(300 * time.Microsecond))
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.text.Read(p[:min(len(p), 1+rand.IntN(200))])
	if err == io.EOF {
		err = b.end
	}
	return n, err
}

func (b *morsels) Close() error { return nil }

// moody is a service in any of its moods, which repeats what it was sent.
func moody(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	time.Sleep(rand.N(600 * time.Microsecond))
	h := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {r.Header.Get("Authorization")}}
	body, status, end := `{"id":"a","n":3}`, 200, io.EOF
	switch rand.IntN(20) {
	case 0:
		return nil, errors.New("the connection broke: " + r.Header.Get("Authorization"))
	case 1:
		status, body = 503, `{"error":{"message":"not for `+r.Header.Get("Authorization")+`"}}`
	case 2:
		status = 429
		h.Set("Retry-After", "0")
	case 3:
		status, body = 401, `{"message":"`+r.Header.Get("Authorization")+`"}`
	case 4:
		status = 307
		h.Set("Location", "/elsewhere")
	case 5:
		end = io.ErrUnexpectedEOF
	case 6:
		status, body = 204, ""
	case 7:
		body = strings.Repeat(" ", 5000) + body
	case 8:
		status, body = 500, "<html>"
	case 9:
		h.Set("Deprecation", "@1")
	}
	if status == 200 && r.URL.Path == "/events" {
		h.Set("Content-Type", "text/event-stream")
		body = "data: 1\n\ndata: 2\n\n"
	}
	return &http.Response{StatusCode: status, Header: h, Request: r, ContentLength: -1, ProtoMajor: 1 + rand.IntN(2),
		Body: &morsels{r.Context(), strings.NewReader(body), end}}, nil
}

// upToThree sends a request one to three times, and takes what comes first.
func upToThree(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		type result struct {
			resp *http.Response
			err  error
		}
		n := 1 + rand.IntN(3)
		if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
			n = 1
		}
		results := make(chan result, n)
		for i := range n {
			again := r.Clone(r.Context())
			if r.GetBody != nil {
				again.Body, _ = r.GetBody()
			}
			wait := time.Duration(i) * rand.N(400*time.Microsecond)
			go func() {
				time.Sleep(wait)
				resp, err := next.RoundTrip(again)
				results <- result{resp, err}
			}()
		}
		first := <-results
		go func() {
			for range n - 1 {
				if other := <-results; other.err == nil {
					_, _ = io.Copy(io.Discard, other.resp.Body)
					_ = other.resp.Body.Close()
				}
			}
		}()
		return first.resp, first.err
	})
}

// mindful is an observer that looks at what it is told.
type mindful struct{ t *testing.T }

func (m mindful) Observe(_ context.Context, o client.Observation) {
	if a, ok := o.(client.AttemptEnded); ok && a.Attempt.Duration < 0 {
		m.t.Errorf("an attempt of %v", a.Attempt.Duration)
	}
}

// C12, C22, X1: whatever hedged requests meet, and however late they are, each call ends
// once, times are no less than none, and no credential is shown. What one request of a
// call does while another is judged is for the race detector to see.
func TestHedgesInAStorm(t *testing.T) {
	t.Parallel()
	calls := 3000
	if testing.Short() || costtest.Race {
		calls = 1500
	}
	for name, use := range map[string]func(...client.Middleware) client.Option{
		"per attempt": client.WithAttemptMiddleware, "per call": client.WithCallMiddleware,
	} {
		t.Run(name, func(t *testing.T) {
			var keys atomic.Int64
			source := secret.Func(func(context.Context) ([]secret.Value, error) {
				return []secret.Value{secret.New("canary-" + strconv.FormatInt(keys.Add(1), 10) + "-canary")}, nil
			})
			var clients []*client.Client
			for i := range 8 {
				opts := []client.Option{client.WithTransport(roundTripper(moody)), use(upToThree), client.WithAuth(client.Bearer(source)),
					client.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), client.WithIdempotencyHeader("Idempotency-Key"),
					client.WithRetry(retry.Policy{MaxAttempts: 4, Backoff: retry.Constant(time.Millisecond), Throttled: retry.Constant(time.Millisecond)})}
				if i&1 != 0 {
					opts = append(opts, client.WithBreaker(client.Breaker{Failures: 200, Cooldown: time.Millisecond}))
				}
				if i&2 != 0 {
					opts = append(opts, client.WithRateLimit(ratelimit.PerSecond(50_000)), client.WithAttemptTimeout(20*time.Millisecond))
				}
				if i&4 != 0 {
					opts = append(opts, client.WithObserver(mindful{t}), client.WithTimeout(200*time.Millisecond))
				}
				c, err := client.New(base, opts...)
				require.NoError(t, err)
				clients = append(clients, c)
			}
			var made, succeeded atomic.Int64
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for made.Add(1) <= int64(calls) {
						ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond+rand.N(300*time.Millisecond))
						err := anyCall(ctx, clients[rand.IntN(len(clients))])
						cancel()
						if err == nil {
							succeeded.Add(1)
						} else if strings.Contains(err.Error(), "canary") {
							t.Errorf("shown: %v", err)
						}
					}
				})
			}
			wg.Wait()
			require.Greater(t, succeeded.Load(), int64(calls)/20)
		})
	}
}

// anyCall makes a call in one of the ways to make one.
func anyCall(ctx context.Context, c *client.Client) (err error) {
	read := func(resp *http.Response, err error) error {
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Body.Close()
	}
	switch rand.IntN(6) {
	case 0:
		_, err = client.Get[thing](ctx, c, "/x")
	case 1:
		_, err = client.Post[thing](ctx, c, "/x", thing{N: 1})
	case 2:
		err = read(c.Do(ctx, client.Request{Path: "/x", CheckStatus: rand.IntN(2) == 0}))
	case 3:
		for _, err = range client.Events(ctx, c, client.Request{Path: "/events"}) {
			if rand.IntN(4) == 0 {
				break
			}
		}
	case 4:
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, base+"/y", strings.NewReader("{}"))
		err = read(c.HTTPClient().Do(req))
	default:
		_, err = client.Call[thing](ctx, c, client.Request{Method: "PUT", Path: "/x", Body: client.Stream("text/plain", strings.NewReader("hello"), -1)})
	}
	return err
}
