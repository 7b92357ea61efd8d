package panics_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// faulty panics in the method that is named.
type faulty struct {
	slog.Handler
	in string
}

func (f faulty) fail(method string) {
	if f.in == method {
		panic("canary")
	}
}

func (f faulty) Enabled(ctx context.Context, l slog.Level) bool {
	f.fail("Enabled")
	return f.Handler.Enabled(ctx, l)
}

func (f faulty) Handle(ctx context.Context, r slog.Record) error {
	f.fail("Handle")
	return f.Handler.Handle(ctx, r)
}

func (f faulty) WithAttrs(a []slog.Attr) slog.Handler {
	f.fail("WithAttrs")
	return faulty{f.Handler.WithAttrs(a), f.in}
}

func (f faulty) WithGroup(name string) slog.Handler {
	f.fail("WithGroup")
	return faulty{f.Handler.WithGroup(name), f.in}
}

// C37
func TestLoggerContainsItsHandler(t *testing.T) {
	for in, lines := range map[string]int{"": 3, "Enabled": 0, "Handle": 0, "WithAttrs": 3, "WithGroup": 3} {
		t.Run(in, func(t *testing.T) {
			var out bytes.Buffer
			l := panics.Logger(slog.New(faulty{slog.NewTextHandler(&out, nil), in}))
			l.Info("one")
			l.With("a", 1).Info("two")
			l.WithGroup("g").Info("three", "b", 2)
			require.Equal(t, lines, bytes.Count(out.Bytes(), []byte("\n")), out.String())
			if in == "" {
				require.Contains(t, out.String(), "a=1")
				require.Contains(t, out.String(), "g.b=2")
			}
		})
	}
}
