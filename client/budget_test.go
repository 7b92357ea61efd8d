package client_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// refusing is a limiter that keeps nothing.
type refusing func() error

func (f refusing) Wait(context.Context, string) error { return f() }

// C18: a retry that succeeds returns its cost, one that fails does not, and a success
// adds 1.
func TestC18_WhatARetryCostsIsSettledByItsOutcome(t *testing.T) {
	const full, spent = retry.DefaultBudget, 100
	github := client.Profile{Throttled: func(status int, _ http.Header, _ []byte) bool { return status == 403 }}
	for name, tt := range map[string]struct {
		script string
		opts   []client.Option
		want   int // of what is left
	}{
		"cured":                      {"503, 200 {}", nil, retry.SuccessGain},
		"cured after a throttle":     {"429, 200 {}", nil, retry.SuccessGain},
		"cured by the second":        {"503, 503, 200 {}", nil, -retry.RetryCost + retry.SuccessGain},
		"throttled, then cured":      {"429, 503, 200 {}", nil, -retry.ThrottleCost + retry.SuccessGain},
		"failed":                     {"503", nil, -2 * retry.RetryCost},
		"throttled":                  {"429", nil, -2 * retry.ThrottleCost},
		"throttled by the profile":   {"403", []client.Option{client.WithProfile(github)}, -2 * retry.ThrottleCost},
		"another error":              {"503, 404", nil, -retry.RetryCost},
		"a request that is wrong":    {"503, 400", nil, -retry.RetryCost},
		"not modified":               {"503, 304", nil, 0},
		"a redirect, then a success": {"503, 302 Location=/y, 200 {}", nil, retry.SuccessGain},
		"renewed":                    {"503, 401, 200 {}", []client.Option{client.WithAuth(renewing{})}, retry.SuccessGain},
		"renewed in vain":            {"503, 401, 401", []client.Option{client.WithAuth(renewing{})}, -retry.RetryCost},
		"renewed, then failed":       {"503, 401, 503, 200 {}", []client.Option{client.WithAuth(renewing{})}, -retry.RetryCost + retry.SuccessGain},
		"no retry":                   {"200 {}", nil, retry.SuccessGain},
		"no budget":                  {"503", []client.Option{client.WithRetry(retry.Policy{NoBudget: true})}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := retry.NewBudget(full)
				require.True(t, budget.Withdraw(spent))
				opts := append([]client.Option{client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0), Throttled: retry.Constant(0)})}, tt.opts...)
				c, _ := scripted(t, tt.script, opts...)
				_, _ = client.Get[client.None](t.Context(), c, "/x")
				require.Equal(t, full-spent+tt.want, budget.Tokens())
			})
		})
	}
}

// panicsAt is a log handler that panics at the nth line.
type panicsAt struct {
	slog.Handler
	n *int
}

func (panicsAt) Enabled(context.Context, slog.Level) bool { return true }

func (h panicsAt) Handle(context.Context, slog.Record) error {
	if *h.n--; *h.n == 0 {
		panic("mine")
	}
	return nil
}

// C18, C37: code of the user's that ends the call between two attempts, when the next one
// has been paid for, gets that one's cost back, and no other.
func TestC18_ARetryThatAPanicPreventsCostsNothing(t *testing.T) {
	logs := func(n int) client.Option { return client.WithLogger(slog.New(panicsAt{slog.DiscardHandler, &n})) }
	heeds := func(context.Context, retry.Attempt) {}
	for name, tt := range map[string]struct {
		script string
		notify func(context.Context, retry.Attempt)
		opt    client.Option
		want   int
	}{
		"a panic in Notify":           {"503", func(context.Context, retry.Attempt) { panic("mine") }, nil, 0},
		"a panic before a throttle":   {"429", func(context.Context, retry.Attempt) { panic("mine") }, nil, 0},
		"a goroutine ended in Notify": {"503", func(context.Context, retry.Attempt) { runtime.Goexit() }, nil, 0},
		"a panic in Notify's error":   {"503", heeds, client.WithProfile(client.Profile{DecodeError: func(int, http.Header, []byte) client.ErrorDetail { panic("mine") }}), 0},
		"a panic in the log":          {"503", nil, logs(1), 0},
		"a panic in the second's log": {"503", nil, logs(2), -retry.RetryCost},
		"a panic in the log of a 401": {"503, 401", nil, logs(2), -retry.RetryCost},
		"a panic in the log of a 404": {"503, 404", nil, logs(2), -retry.RetryCost},
		"a panic in the log of a 200": {"503, 200 {}", nil, logs(2), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := retry.NewBudget(100)
				opts := []client.Option{client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0), Throttled: retry.Constant(0), Notify: tt.notify})}
				if tt.opt != nil {
					opts = append(opts, tt.opt)
				}
				c, _ := scripted(t, tt.script, opts...)
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = client.Get[client.None](t.Context(), c, "/x") })
				wg.Wait()
				require.Equal(t, 100+tt.want, budget.Tokens())
			})
		})
	}
}

// renewing is a credential that any 401 renews.
type renewing struct{}

func (renewing) Authorize(*http.Request) error { return nil }

func (renewing) Challenge(*http.Request, *http.Response) (bool, error) { return true, nil }

// C18: the cost of a retry that is never made comes back, whatever stops it.
func TestC18_ARetryThatIsRefusedCostsNothing(t *testing.T) {
	second := func() func() bool {
		n := 0
		return func() bool { n++; return n%2 == 0 }
	}
	for name, option := range map[string]func(refuse func() bool) client.Option{
		"the limiter": func(refuse func() bool) client.Option {
			return client.WithRateLimit(refusing(func() error {
				if refuse() {
					return &ratelimit.Error{Err: ratelimit.ErrDeadline}
				}
				return nil
			}))
		},
		"the credential": func(refuse func() bool) client.Option {
			return client.WithAuth(failing(func() error {
				if refuse() {
					return errors.New("no token")
				}
				return nil
			}))
		},
		"middleware": func(refuse func() bool) client.Option {
			return client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					if refuse() {
						return nil, errors.New("not now")
					}
					return next.RoundTrip(req)
				})
			})
		},
		"the breaker": func(func() bool) client.Option {
			return client.WithBreaker(client.Breaker{Failures: 1, Cooldown: time.Second})
		},
		"a panic": func(refuse func() bool) client.Option {
			return client.WithAuth(failing(func() error {
				if refuse() {
					panic("mine")
				}
				return nil
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget := retry.NewBudget(100)
				c, rt := scripted(t, "503", option(second()), client.WithRetry(retry.Policy{Budget: budget, MaxAttempts: 2, Backoff: retry.Constant(0)}))
				for range 3 {
					func() {
						defer func() { _ = recover() }()
						_, err := client.Get[client.None](t.Context(), c, "/x")
						require.Error(t, err)
					}()
					time.Sleep(2 * time.Second)
				}
				require.Equal(t, 3, rt.Count(), "no retry was sent")
				require.Equal(t, 100, budget.Tokens())
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		budget := retry.NewBudget(100)
		rt := clienttest.NewTransport(t, clienttest.Status(503))
		c := over(t, rt, client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0)}))
		n := 0
		body := client.Open("text/plain", func() (io.ReadCloser, error) {
			if n++; n > 1 {
				return nil, errors.New("gone")
			}
			return io.NopCloser(strings.NewReader("x")), nil
		}, 1)
		_, err := client.Put[client.None](t.Context(), c, "/x", body)
		require.Error(t, err)
		require.Equal(t, 100, budget.Tokens(), "a body that cannot be opened again")
	})
}

type failing func() error

func (f failing) Authorize(*http.Request) error { return f() }

// C18: measured over ten minutes of a total outage.
func TestC18_TenMinutesOfOutage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("10,000 calls")
	}
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, "503")
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for range 100 {
					_, err := client.Get[client.None](t.Context(), c, "/x")
					if !errors.Is(err, client.ErrUnavailable) {
						t.Errorf("unexpected error: %v", err)
					}
					time.Sleep(6 * time.Second)
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, rt.Count(), 11_000)

		time.Sleep(time.Hour)
		rt.Script(clienttest.MustParse("503, 200 {}")...)
		_, err := client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err, "an hour later a retry is to be had again")
	})
}
