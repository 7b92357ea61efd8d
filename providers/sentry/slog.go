package sentry

import (
	"context"
	"log/slog"

	"github.com/standpipe-go/standpipe/providers/internal/tap"
)

// LogConfig says what of a log is reported.
type LogConfig struct {
	// Level is the least that is reported. Nil is slog.LevelError. A webhook that is
	// refused is a slog.LevelWarn: give its handler a logger of its own, by
	// webhook.WithLogger.
	Level slog.Leveler

	// Next, if set, is given every record that it wants, as before.
	Next slog.Handler
}

// SlogHandler returns a handler that reports the records of a log: their messages, with
// the attributes as the context "log", and the error among these, if there is one, with
// what it wraps. What is named like a credential is left out, as are the user info and
// the query of a URL.
func (r *Reporter) SlogHandler(c LogConfig) slog.Handler {
	if c.Level == nil {
		c.Level = slog.LevelError
	}
	return tap.Logs{Level: c.Level, Next: c.Next, Report: func(ctx context.Context, rec tap.Record) { r.Capture(ctx, r.recorded(rec)) }}.Handler()
}

// recorded is a record as Sentry is told of it.
func (r *Reporter) recorded(rec tap.Record) Event {
	e := Event{Timestamp: rec.Time, Level: levelOf(rec.Level), Message: rec.Message, Logger: "slog"}
	if rec.Attrs != nil {
		e.Contexts = map[string]any{"log": rec.Attrs}
	}
	where := at(rec.PC, r.module)
	if where != nil {
		e.Transaction = where.Frames[0].Module + "." + where.Frames[0].Function
	}
	if rec.Err != nil {
		e.Exceptions = exceptions(rec.Err, where)
	}
	return e
}

func levelOf(l slog.Level) Level {
	switch {
	case l > slog.LevelError:
		return LevelFatal
	case l == slog.LevelError:
		return LevelError
	case l >= slog.LevelWarn:
		return LevelWarning
	case l >= slog.LevelInfo:
		return LevelInfo
	}
	return LevelDebug
}
