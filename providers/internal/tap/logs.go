package tap

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// Record is a record of a log, as it may be shown.
type Record struct {
	Time    time.Time
	Level   slog.Level
	Message string
	Attrs   map[string]any // to be encoded as JSON, with groups as maps in it; nil for none
	Err     error          // the first one among the attributes, as it is
	PC      uintptr        // of who logged; 0 where it is not known
}

// Logs is a handler of a log, before it is made one.
type Logs struct {
	Level  slog.Leveler                  // the least that is reported
	Report func(context.Context, Record) // is called by who logs, and must not panic
	Next   slog.Handler                  // if set, is given every record that it wants, as before
}

// Handler returns the handler.
func (l Logs) Handler() slog.Handler { return &handler{logs: l} }

// handler is immutable.
type handler struct {
	logs  Logs
	given []given
}

// given is what WithGroup or WithAttrs was.
type given struct {
	group string
	attrs []slog.Attr
}

// Enabled reports whether anybody wants a record.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.reports(ctx, level) || h.logs.Next != nil && h.logs.Next.Enabled(ctx, level)
}

func (h *handler) reports(ctx context.Context, level slog.Level) bool {
	return level >= h.logs.Level.Level() && !IsOwn(ctx)
}

// Handle reports a record, and hands it on.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.reports(ctx, r.Level) {
		h.logs.Report(ctx, h.record(r))
	}
	if h.logs.Next == nil || !h.logs.Next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.logs.Next.Handle(ctx, r)
}

// WithAttrs returns a handler whose records have these attributes too.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	more := h.with(given{attrs: attrs})
	if more.logs.Next != nil {
		more.logs.Next = more.logs.Next.WithAttrs(attrs)
	}
	return more
}

// WithGroup returns a handler whose records' attributes are in a group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	more := h.with(given{group: name})
	if more.logs.Next != nil {
		more.logs.Next = more.logs.Next.WithGroup(name)
	}
	return more
}

func (h *handler) with(g given) *handler {
	more := *h
	more.given = append(slices.Clip(h.given), g)
	return &more
}

func (h *handler) record(r slog.Record) Record {
	found := new(attrs)
	groups := []map[string]any{{}} // the innermost is the last
	hide := func() {}
	collect, secret := found, false
	for _, g := range h.given {
		into := groups[len(groups)-1]
		if g.group != "" {
			if groups = append(groups, group(into, g.group)); !secret && Secretive(g.group) {
				collect, secret = new(attrs), true // no error comes out of it either
				hide = func() {
					if into[g.group] != nil {
						into[g.group] = redact.Mark
					}
				}
			}
			continue
		}
		for _, a := range g.attrs {
			collect.add(into, a)
		}
	}
	r.Attrs(func(a slog.Attr) bool {
		collect.add(groups[len(groups)-1], a)
		return true
	})
	out := Record{Time: r.Time, Level: r.Level, Message: Text(r.Message), Err: found.err, PC: r.PC}
	if prune(groups[0]); len(groups[0]) > 0 {
		hide()
		out.Attrs = groups[0]
	}
	return out
}

// group is the map of that name in a map, made if there is none.
func group(in map[string]any, name string) map[string]any {
	inner, ok := in[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		in[name] = inner
	}
	return inner
}

// prune takes out the groups that are empty, as slog's own handlers do.
func prune(m map[string]any) {
	for name, v := range m {
		if inner, ok := v.(map[string]any); ok {
			if prune(inner); len(inner) == 0 {
				delete(m, name)
			}
		}
	}
}
