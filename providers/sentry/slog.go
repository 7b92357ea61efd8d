package sentry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/redact"
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
	return &logHandler{r: r, config: c}
}

// logHandler is immutable.
type logHandler struct {
	r      *Reporter
	config LogConfig
	scopes []scope
}

// scope is a WithGroup or a WithAttrs.
type scope struct {
	group string
	attrs []slog.Attr
}

// Enabled reports whether either handler wants a record.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.reports(ctx, level) || h.config.Next != nil && h.config.Next.Enabled(ctx, level)
}

func (h *logHandler) reports(ctx context.Context, level slog.Level) bool {
	return level >= h.config.Level.Level() && !isOwn(ctx)
}

// Handle reports a record, and hands it on.
func (h *logHandler) Handle(ctx context.Context, rec slog.Record) error {
	if h.reports(ctx, rec.Level) {
		h.r.Capture(ctx, h.event(rec))
	}
	if h.config.Next != nil && h.config.Next.Enabled(ctx, rec.Level) {
		return h.config.Next.Handle(ctx, rec)
	}
	return nil
}

// WithAttrs returns a handler whose records have these attributes too.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.with(scope{attrs: attrs}, func(n slog.Handler) slog.Handler { return n.WithAttrs(attrs) })
}

// WithGroup returns a handler whose records' attributes are in a group.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(scope{group: name}, func(n slog.Handler) slog.Handler { return n.WithGroup(name) })
}

func (h *logHandler) with(s scope, next func(slog.Handler) slog.Handler) slog.Handler {
	more := *h
	more.scopes = append(slices.Clip(h.scopes), s)
	if more.config.Next != nil {
		more.config.Next = next(more.config.Next)
	}
	return &more
}

// event is a record as Sentry is told of it.
func (h *logHandler) event(rec slog.Record) Event {
	e := Event{Timestamp: rec.Time, Level: levelOf(rec.Level), Message: shown(rec.Message), Logger: "slog"}
	all := map[string]any{}
	into := all
	var failure error
	add := func(a slog.Attr) { addAttr(into, a, &failure) }
	for _, s := range h.scopes {
		if s.group != "" {
			inner := map[string]any{}
			into[s.group] = inner
			into = inner
		}
		for _, a := range s.attrs {
			add(a)
		}
	}
	rec.Attrs(func(a slog.Attr) bool { add(a); return true })
	if prune(all); len(all) > 0 {
		e.Contexts = map[string]any{"log": all}
	}
	where := at(rec.PC, h.r.module)
	if where != nil {
		e.Transaction = where.Frames[0].Module + "." + where.Frames[0].Function
	}
	if failure != nil {
		e.Exceptions = exceptions(failure, where)
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

// addAttr puts an attribute into a map, and finds the first error. One that panics when
// it is looked at costs itself alone.
func addAttr(into map[string]any, a slog.Attr, failure *error) {
	v := a.Value.Resolve()
	if v.Kind() != slog.KindGroup {
		if a.Key != "" {
			into[a.Key] = attrValue(a.Key, v, failure)
		}
		return
	}
	if secretive(a.Key) {
		into[a.Key] = redact.Mark
		return
	}
	if a.Key != "" {
		inner, ok := into[a.Key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[a.Key] = inner
		}
		into = inner
	}
	for _, a := range v.Group() {
		addAttr(into, a, failure)
	}
}

func attrValue(key string, v slog.Value, failure *error) any {
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindBool:
		return v.Any()
	case slog.KindDuration:
		return v.Duration().String()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	}
	if secretive(key) {
		return redact.Mark
	}
	switch given := v.Any().(type) {
	case string:
		return shown(given)
	case error:
		if *failure == nil {
			*failure = given
		}
		return text(given)
	case *url.URL:
		return redact.URL(given)
	case http.Header:
		return redact.Header(given)
	case *http.Request:
		return requestOf(given)
	default:
		return cleaned(given)
	}
}

// cleaned is the JSON of a value without what is named like a credential in it.
func cleaned(v any) any {
	body, err := marshal(v)
	if err != nil {
		return fmt.Sprintf("[%T]", v)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	_ = d.Decode(&tree) // what was encoded just now
	return clean(tree)
}

func clean(tree any) any {
	switch t := tree.(type) {
	case string:
		return shown(t)
	case []any:
		for i := range t {
			t[i] = clean(t[i])
		}
	case map[string]any:
		for name := range t {
			switch t[name].(type) {
			case json.Number, bool, nil:
				continue
			}
			if secretive(name) {
				t[name] = redact.Mark
			} else {
				t[name] = clean(t[name])
			}
		}
	}
	return tree
}

// secretive reports whether an attribute is named like a credential.
func secretive(key string) bool {
	key = strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(key))
	return slices.ContainsFunc([]string{
		"password", "passwd", "secret", "token", "apikey", "authorization", "cookie", "credential", "privatekey", "dsn", "signature",
	}, func(word string) bool { return strings.Contains(key, word) })
}

// prune takes out groups without attributes, as slog's own handlers do.
func prune(m map[string]any) {
	for name, v := range m {
		if inner, ok := v.(map[string]any); ok {
			if prune(inner); len(inner) == 0 {
				delete(m, name)
			}
		}
	}
}
