package panics

import (
	"context"
	"log/slog"
)

// Logger returns a logger like l whose handler may panic: the line is lost then, and
// nothing else. It is for code that logs where nobody recovers, such as in a goroutine of
// its own.
func Logger(l *slog.Logger) *slog.Logger { return slog.New(contained{l.Handler()}) }

// contained keeps a handler's panics to itself.
type contained struct{ handler slog.Handler }

func (c contained) Enabled(ctx context.Context, level slog.Level) (yes bool) {
	defer func() { _ = recover() }()
	return c.handler.Enabled(ctx, level)
}

func (c contained) Handle(ctx context.Context, r slog.Record) (err error) {
	defer Catch(&err, "the log handler")
	return c.handler.Handle(ctx, r)
}

func (c contained) WithAttrs(attrs []slog.Attr) (h slog.Handler) {
	h = c
	defer func() { _ = recover() }()
	return contained{c.handler.WithAttrs(attrs)}
}

func (c contained) WithGroup(name string) (h slog.Handler) {
	h = c
	defer func() { _ = recover() }()
	return contained{c.handler.WithGroup(name)}
}
