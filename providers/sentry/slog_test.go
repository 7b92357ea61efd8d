package sentry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func TestALogIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		var out bytes.Buffer
		next := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})
		log := slog.New(r.SlogHandler(sentry.LogConfig{Next: next}))
		log.Info("started")
		log.Debug("nobody wants it")
		inner := errors.New("no stock")
		log.With("shop", "a").WithGroup("order").WithGroup("").With("id", 7).Error("charge failed", "err", fmt.Errorf("reserve: %w", inner), slog.Group("", "inline", true),
			slog.Group("who", "name", "Ada"), "took", time.Second, "at", time.Unix(0, 0), "ratio", 0.5)
		log.WithGroup("empty").Log(t.Context(), slog.LevelError+4, "worse")
		flush(t, r)
		require.Equal(t, 3, strings.Count(out.String(), "\n"), out.String())
		require.Contains(t, out.String(), `msg="charge failed" shop=a order.id=7`)
		require.Len(t, srv.Events(), 2)
		e := srv.Events()[0]
		require.Equal(t, []string{"charge failed", "error", "slog"}, []string{e.Message, e.Level, e.Logger})
		require.JSONEq(t, `{"shop":"a","order":{"id":7,"err":"reserve: no stock","inline":true,"who":{"name":"Ada"},"took":"1s","at":"1970-01-01T00:00:00Z","ratio":0.5}}`, string(e.Contexts["log"]))
		require.Equal(t, []sentrytest.Exception{{Type: "*errors.errorString", Value: "no stock"}, {Type: "*fmt.wrapError", Value: "reserve: no stock"}}, e.Exceptions)
		require.Equal(t, "github.com/standpipe-go/standpipe/providers/sentry_test.TestALogIsReported.func1", e.Transaction)
		require.Contains(t, string(e.Raw), `"filename":"github.com/standpipe-go/standpipe/providers/sentry_test/slog_test.go"`)
		worse := srv.Events()[1]
		require.Equal(t, []string{"worse", "fatal"}, []string{worse.Message, worse.Level})
		require.Empty(t, worse.Contexts)
		require.Empty(t, worse.Exceptions)
	})
}

// Loggers that are made of one do not write into each other.
func TestLoggersOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		base := slog.New(r.SlogHandler(sentry.LogConfig{})).With("a", 1).With("b", 2).With("c", 3)
		one, two := base.With("d", 4), base.With("d", 5)
		one.Error("one")
		two.Error("two")
		flush(t, r)
		require.JSONEq(t, `{"a":1,"b":2,"c":3,"d":4}`, string(srv.Events()[0].Contexts["log"]))
		require.JSONEq(t, `{"a":1,"b":2,"c":3,"d":5}`, string(srv.Events()[1].Contexts["log"]))
	})
}

func TestLevelsOfALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		h := r.SlogHandler(sentry.LogConfig{Level: slog.LevelDebug - 4})
		for _, l := range []slog.Level{slog.LevelDebug - 4, slog.LevelInfo - 1, slog.LevelInfo, slog.LevelWarn - 1, slog.LevelWarn, slog.LevelError - 1, slog.LevelError, slog.LevelError + 1} {
			require.True(t, h.Enabled(t.Context(), l))
			slog.New(h).Log(t.Context(), l, "x")
		}
		require.False(t, h.Enabled(t.Context(), slog.LevelDebug-5))
		require.False(t, r.SlogHandler(sentry.LogConfig{}).Enabled(t.Context(), slog.LevelError-1))
		flush(t, r)
		var levels []string
		for _, e := range srv.Events() {
			levels = append(levels, e.Level)
		}
		require.Equal(t, []string{"debug", "debug", "info", "info", "warning", "warning", "error", "fatal"}, levels)
	})
}

type order struct {
	ID       int
	APIToken string
	Note     string
	Nested   map[string]any
}

// X1: what is secret in a log by its name, its type or its place in a URL is not in an
// event.
func TestX1_NothingSecretInALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{}, client.WithLogger(nil))
		u, err := url.Parse("https://user:" + canary + "@h/path?key=" + canary)
		require.NoError(t, err)
		req := httptest.NewRequest("GET", u.String(), nil)
		req.Header.Set("Authorization", "Bearer "+canary)
		req.Header.Set("Accept", "text/x-kept")
		v, err := secret.Current(t.Context(), secret.Static(canary))
		require.NoError(t, err)
		log := slog.New(r.SlogHandler(sentry.LogConfig{}))
		log.With("password", canary).WithGroup("g").Error("GET "+u.String(),
			"url", u, "text", u.String(), "header", req.Header, "request", req, "value", v, "X-Api-Key", canary, "session_token", canary, "Set-Cookie", []string{canary},
			slog.Group("credentials", "a", canary), "err", &url.Error{Op: "Get", URL: u.String(), Err: errors.New("refused")},
			"order", order{1, canary, u.String(), map[string]any{"client_secret": canary, "kept": "yes", "tokens": 512}}, "pointer", &order{APIToken: canary}, "f", func() {})
		flush(t, r)
		raw := string(srv.Events()[0].Raw)
		require.NotContains(t, raw, canary)
		for _, kept := range []string{`"kept":"yes"`, `"tokens":512`, `text/x-kept`, `/path`, `refused`, `"ID":1`, `[func()]`} {
			require.Contains(t, raw, kept)
		}
	})
}

// A Reporter does not report that it could not report.
func TestALogThatReportsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var own slog.Handler
		var observer client.Observer
		later := handler{func() slog.Handler { return own }}
		r, srv := reporting(t, sentry.ReporterConfig{}, client.WithLogger(slog.New(later)), client.WithObserver(observing(func(ctx context.Context, o client.Observation) { observer.Observe(ctx, o) })))
		own, observer = r.SlogHandler(sentry.LogConfig{Level: slog.LevelDebug}), r.Observer(nil)
		srv.Inject(sentrytest.ServerError, sentrytest.DropBefore)
		for range 3 {
			r.Capture(t.Context(), sentry.Event{Message: "x"})
		}
		flush(t, r)
		require.EqualValues(t, 3, r.Stats().Captured)
	})
}

type handler struct{ to func() slog.Handler }

func (h handler) Enabled(ctx context.Context, l slog.Level) bool    { return h.to().Enabled(ctx, l) }
func (h handler) Handle(ctx context.Context, rec slog.Record) error { return h.to().Handle(ctx, rec) }
func (h handler) WithAttrs([]slog.Attr) slog.Handler                { return h }
func (h handler) WithGroup(string) slog.Handler                     { return h }

type observing func(context.Context, client.Observation)

func (f observing) Observe(ctx context.Context, o client.Observation) { f(ctx, o) }

// W4: a webhook that is refused is reported, with the reason and without the secret or
// the signature.
func TestW4_ARefusedWebhookIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, srv := reporting(t, sentry.ReporterConfig{})
		scheme, err := webhook.GitHub(secret.Static("whs_" + canary))
		require.NoError(t, err)
		hooks, err := webhook.NewHandler(scheme, webhook.WithLogger(slog.New(r.SlogHandler(sentry.LogConfig{Level: slog.LevelWarn}))),
			webhook.On("push", func(context.Context, webhook.Event[map[string]any]) error { return nil }))
		require.NoError(t, err)
		req := httptest.NewRequest("POST", "/hooks", strings.NewReader(`{}`))
		req.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("ab", 32))
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, req)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		flush(t, r)
		require.Len(t, srv.Events(), 1)
		e := srv.Events()[0]
		require.Equal(t, []string{"webhook refused", "warning"}, []string{e.Message, e.Level})
		require.Contains(t, string(e.Contexts["log"]), `"provider":"github"`)
		require.Contains(t, string(e.Contexts["log"]), `"reason":`)
		require.NotContains(t, string(e.Raw), canary)
		require.NotContains(t, string(e.Raw), "abababab")
	})
}
