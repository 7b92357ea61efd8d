package client

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// log writes one attempt. What is shown passes through the allow-list of
// internal/redact; no body is shown, and no query. It is called when the attempt has
// been decided upon, so that one line tells what came of it and what is done about it.
func log(l *slog.Logger, x *hop, v *verdict) {
	if l == nil {
		return
	}
	level, msg := slog.LevelDebug, "call"
	// What the stack puts right by itself is no warning. A redirect or a 304 is not
	// tried again either, and has not failed.
	switch {
	case v.again:
		level, msg = slog.LevelInfo, "call retried"
	case v.reason != Succeeded && (v.err != nil || v.status >= 400):
		level, msg = slog.LevelWarn, "call failed"
	}
	// A handler may heed its context, and the line of a call that was cancelled is one
	// that people look for.
	ctx := context.WithoutCancel(x.ctx)
	if !l.Enabled(ctx, level) {
		// Nothing has been put together yet: a line that nobody reads costs nothing.
		return
	}
	attrs := []slog.Attr{
		slog.String("method", cmp.Or(x.spec.method, "GET")),
		slog.String("host", x.spec.url.Host),
		slog.String("path", x.place()),
		slog.Int("attempt", v.attempt.Number),
		slog.Duration("duration", v.attempt.Duration),
		slog.String("decision", string(v.reason)),
	}
	if p := x.c.cfg.profile.Name; p != "" {
		attrs = append(attrs, slog.String("provider", p))
	}
	if v.status != 0 {
		attrs = append(attrs, slog.Int("status", v.status))
	}
	if v.attempt.RequestID != "" {
		attrs = append(attrs, slog.String("request_id", x.scrub(v.attempt.RequestID)))
	}
	if d := v.attempt.LimitWait; d > 0 {
		attrs = append(attrs, slog.Duration("limit_wait", d))
	}
	if d := v.attempt.TokenWait; d > 0 {
		attrs = append(attrs, slog.Duration("token_wait", d))
	}
	if v.wait > 0 {
		attrs = append(attrs, slog.Duration("wait", v.wait))
	}
	if v.err != nil {
		// explain has taken the secrets out of it.
		attrs = append(attrs, slog.String("error", v.err.Error()))
	}
	if l.Enabled(ctx, slog.LevelDebug) {
		// The spec's header never had the stack's credential; the allow-list hides what
		// the caller has put there.
		attrs = append(attrs, slog.Any("request_headers", redact.Header(x.spec.header.copy())))
	}
	l.LogAttrs(ctx, level, msg, attrs...)
}
