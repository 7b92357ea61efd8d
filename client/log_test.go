package client_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// records keeps what is logged, by name.
type records struct {
	least slog.Level
	kept  []map[string]any
}

func (h *records) Enabled(_ context.Context, l slog.Level) bool { return l >= h.least }
func (h *records) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h *records) WithGroup(string) slog.Handler                { return h }
func (h *records) Handle(_ context.Context, r slog.Record) error {
	attrs := map[string]any{"level": r.Level, "msg": r.Message}
	r.Attrs(func(a slog.Attr) bool { attrs[a.Key] = a.Value.Any(); return true })
	h.kept = append(h.kept, attrs)
	return nil
}

// What is logged of an attempt, at which level, and what is left out where it is not
// known.
func TestWhatIsLogged(t *testing.T) {
	always := []string{"attempt", "decision", "duration", "host", "level", "method", "msg", "path"}
	for name, tc := range map[string]struct {
		steps []clienttest.Step
		err   error
		level slog.Level
		msg   string
		more  []string // beside what is always there
	}{
		"a success":                   {[]clienttest.Step{clienttest.JSON(200, "{}")}, nil, slog.LevelDebug, "call", []string{"status"}},
		"not modified":                {[]clienttest.Step{clienttest.Status(304)}, nil, slog.LevelDebug, "call", []string{"status"}},
		"the last that is no error":   {[]clienttest.Step{clienttest.Status(399)}, nil, slog.LevelDebug, "call", []string{"status"}},
		"the first that is one":       {[]clienttest.Step{clienttest.Status(400)}, nil, slog.LevelWarn, "call failed", []string{"status"}},
		"a refusal with an ID":        {[]clienttest.Step{clienttest.Status(404).Header("Request-Id", "r-1")}, nil, slog.LevelWarn, "call failed", []string{"request_id", "status"}},
		"no response":                 {nil, errors.New("reset"), slog.LevelWarn, "call failed", []string{"error"}},
		"what is tried again":         {clienttest.MustParse("503, 200 {}"), nil, slog.LevelInfo, "call retried", []string{"status", "wait"}},
		"what is tried again at once": {[]clienttest.Step{clienttest.Status(503).Header("Retry-After", "0"), clienttest.JSON(200, "{}")}, nil, slog.LevelInfo, "call retried", []string{"status"}},
	} {
		for _, least := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelError} {
			for _, provider := range []string{"", "example"} {
				synctest.Test(t, func(t *testing.T) {
					h := &records{least: least}
					opts := []client.Option{client.WithLogger(slog.New(h)), client.WithProfile(client.Profile{Name: provider})}
					var rt *clienttest.Transport
					if tc.err != nil {
						rt = clienttest.NewTransport(t, clienttest.Status(200))
						opts = append(opts, client.WithTransport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, tc.err })), client.WithRetry(retry.Never))
					} else {
						rt = clienttest.NewTransport(t, tc.steps...)
					}
					_, _ = client.Get[thing](t.Context(), over(t, rt, opts...), "/x")
					if tc.level < least {
						require.Empty(t, h.kept, name)
						return
					}
					got := h.kept[0]
					require.Equal(t, tc.level, got["level"], name)
					require.Equal(t, tc.msg, got["msg"], name)
					want := slices.Concat(always, tc.more)
					if provider != "" {
						require.Equal(t, provider, got["provider"])
						want = append(want, "provider")
					}
					if least == slog.LevelDebug {
						want = append(want, "request_headers")
					}
					require.ElementsMatch(t, want, slices.Collect(maps.Keys(got)), name)
					if wait, ok := got["wait"]; ok {
						require.Greater(t, wait, time.Duration(0))
					}
				})
			}
		}
	}
}
