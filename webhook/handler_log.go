package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// The log is where the reasons go that the responses keep to themselves. The
// attributes "endpoint" and "provider" are on every line.

func (h *Handler) logger() *slog.Logger {
	if h.log != nil {
		return h.log
	}
	return slog.Default()
}

// logAttrs writes a line. A log handler that panics changes no response.
func (h *Handler) logAttrs(ctx context.Context, level slog.Level, msg string, attrs ...slog.Attr) {
	var nobody error // is left to tell
	defer panics.Catch(&nobody, "the log handler")
	h.logger().LogAttrs(ctx, level, msg, append([]slog.Attr{
		slog.String("endpoint", h.endpoint), slog.String("provider", h.scheme.provider),
	}, attrs...)...)
}

// logRefused is a warning for what anyone on the internet can cause, and an
// error for what the operator has to look at.
func (h *Handler) logRefused(ctx context.Context, status int, err error) {
	level := slog.LevelWarn
	if status >= 500 {
		level = slog.LevelError
	}
	attrs := []slog.Attr{slog.Int("status", status)}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		h.logAttrs(ctx, level, "webhook refused", append(attrs, slog.String("reason", clip(err.Error())))...)
		return
	}
	plain := *e
	plain.Hint = ""
	attrs = append(attrs, slog.String("reason", clip(plain.Error())))
	if e.Hint != "" {
		attrs = append(attrs, slog.String("hint", e.Hint))
	}
	if e.Skew != 0 {
		attrs = append(attrs, slog.Float64("skew_seconds", e.Skew.Seconds()))
	}
	h.logAttrs(ctx, level, "webhook refused", attrs...)
}

// logFailed names the event that failed, the first where several did.
func (h *Handler) logFailed(ctx context.Context, d *Delivery, status int, err error) {
	attrs := []slog.Attr{slog.Int("status", status)}
	failed := Raw{Type: d.Receipt.EventType}
	if e, ok := errors.AsType[*eventError](err); ok {
		failed = *e.raw
	} else if len(d.Events) > 0 {
		failed = d.Events[0]
	}
	if failed.Type != "" {
		attrs = append(attrs, slog.String("type", clip(failed.Type)))
	}
	if id := cmp.Or(failed.ID, d.Receipt.EventID); id != "" {
		attrs = append(attrs, slog.String("event_id", clip(id)))
	}
	attrs = append(attrs, slog.String("error", clip(err.Error())))
	if p, ok := errors.AsType[*panics.Error](err); ok {
		attrs = append(attrs, slog.String("panic", clip(fmt.Sprint(p.Value()))), slog.String("stack", string(p.Stack())))
	}
	h.logAttrs(ctx, slog.LevelError, "webhook failed", attrs...)
}

func (h *Handler) logOverrun(ctx context.Context) {
	h.logAttrs(ctx, slog.LevelError, "webhook deadline passed while the handler was still running",
		slog.Int("status", unavailable().Status), slog.Duration("deadline", h.deadline),
		slog.String("hint", "the function ignores its context or takes too long: put the work behind WithQueue"))
}

func (h *Handler) logUnsettled(ctx context.Context, handled bool, err error) {
	h.logAttrs(ctx, slog.LevelError, "webhook guard could not record the outcome",
		slog.Bool("handled", handled), slog.String("error", clip(err.Error())))
}

// logUnknown has each type once.
func (h *Handler) logUnknown(ctx context.Context, d *Delivery, raw *Raw) {
	if h.logger().Enabled(ctx, slog.LevelDebug) && h.unwanted.first(clip(raw.Type)) {
		h.logEvent(ctx, slog.LevelDebug, "webhook event has no function; its type is not logged again", d, raw)
	}
}

func (h *Handler) logDuplicate(ctx context.Context, d *Delivery, raw *Raw) {
	h.logEvent(ctx, slog.LevelInfo, "webhook event was handled before", d, raw)
}

func (h *Handler) logSuspect(ctx context.Context, d *Delivery, raw *Raw) {
	h.logEvent(ctx, slog.LevelWarn, "webhook event may be a replay: payload or identifier seen before in another combination", d, raw)
}

func (h *Handler) logEvent(ctx context.Context, level slog.Level, msg string, d *Delivery, raw *Raw) {
	id := cmp.Or(raw.ID, d.Receipt.EventID)
	h.logAttrs(ctx, level, msg, slog.String("type", clip(raw.Type)), slog.String("event_id", clip(id)))
}

// clip bounds outside text; slog's handlers do the quoting.
func clip(s string) string { return quote.Clip(s, 1<<10) }

// newPanicError stands for a panic in the user's code. Its text leaves the value
// out, because Dispatch returns it to whoever wants to store it; the log has it.
func newPanicError(value any) error { return panics.New("webhook: handler", value) }
