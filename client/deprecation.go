package client

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Deprecated says that a service calls what a call uses deprecated (RFC 9745), or names
// the day from which it is likely to be gone (RFC 8594). Of a method and route it is
// told once by a client and its copies, to their log too. Calls without a route count as
// one of their origin.
type Deprecated struct {
	Call   CallID
	Time   time.Time
	Since  time.Time // from when on it is deprecated, which may be to come; zero where unsaid
	Sunset time.Time // from when on it may be gone; zero where unsaid
	Link   string    // to what the service says of it, without a query; "" where unsaid
}

func (Deprecated) observation() {}

// maxDeprecations bounds what is remembered of deprecations. Beyond it no more are told.
const maxDeprecations = 1024

// deprecations are those that have been told.
type deprecations struct {
	mu   sync.Mutex
	told map[deprecation]struct{}
}

type deprecation struct{ method, host, route string }

// first reports whether d has not been told yet, and takes it to be told now.
func (s *deprecations) first(d deprecation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.told[d]; known || len(s.told) >= maxDeprecations {
		return false
	}
	if s.told == nil {
		s.told = map[deprecation]struct{}{}
	}
	s.told[d] = struct{}{}
	return true
}

// noteDeprecation tells what a response says of the future of what was called. An origin
// that is not the client's own says nothing of its service.
func noteDeprecation(x *hop, h http.Header) {
	deprecated, sunset := h["Deprecation"], h["Sunset"]
	if len(deprecated)+len(sunset) == 0 || !x.inside {
		return
	}
	d := Deprecated{Time: time.Now()}
	since, says := deprecatedSince(firstOf(deprecated))
	var err error
	if d.Sunset, err = http.ParseTime(firstOf(sunset)); err != nil && !says {
		return
	}
	d.Since, d.Sunset = since, d.Sunset.UTC()
	method := cmp.Or(x.spec.method, http.MethodGet)
	if !x.c.state.deprecations.first(deprecation{method, x.spec.url.Host, x.out.route}) {
		return
	}
	d.Link = x.scrub(cmp.Or(documentation(h, "deprecation"), documentation(h, "sunset")))
	if x.report != nil {
		d.Call = x.report.call
		x.report.tell(d)
	}
	logDeprecation(x, method, &d)
}

func logDeprecation(x *hop, method string, d *Deprecated) {
	l, ctx := x.c.cfg.logger, context.WithoutCancel(x.ctx)
	if l == nil || !l.Enabled(ctx, slog.LevelWarn) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", method),
		slog.String("host", x.spec.url.Host),
		slog.String("path", x.place()),
	}
	if p := x.c.cfg.profile.Name; p != "" {
		attrs = append(attrs, slog.String("provider", p))
	}
	if !d.Since.IsZero() {
		attrs = append(attrs, slog.Time("since", d.Since))
	}
	if !d.Sunset.IsZero() {
		attrs = append(attrs, slog.Time("sunset", d.Sunset))
	}
	if d.Link != "" {
		attrs = append(attrs, slog.String("link", d.Link))
	}
	l.LogAttrs(ctx, slog.LevelWarn, "call deprecated", attrs...)
}

// deprecatedSince reads a Deprecation field: a date as RFC 9745 has it, or one of its
// drafts, in which it could be "true" too.
func deprecatedSince(field string) (since time.Time, says bool) {
	if text, ok := strings.CutPrefix(field, "@"); ok {
		seconds, err := strconv.ParseInt(text, 10, 64)
		// RFC 9651 §3.3.7: of the years 1 to 9999.
		if err != nil || seconds < -62_135_596_800 || seconds > 253_402_300_799 {
			return time.Time{}, false
		}
		return time.Unix(seconds, 0).UTC(), true
	}
	if since, err := http.ParseTime(field); err == nil {
		return since.UTC(), true
	}
	return time.Time{}, field == "true"
}

// documentation is the absolute link with this relation, without what could be secret in
// it.
func documentation(h http.Header, relation string) string {
	target, _ := linkTo(h, relation)
	u, err := url.Parse(target)
	if err != nil || len(target) > 1024 || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery = nil, "", false
	return u.String()
}
