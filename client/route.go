package client

import (
	"iter"
	"maps"
	"net/url"
	"strings"
)

// SetPath makes the path that Route is with these values in its places, in order, each
// escaped as [PathEscape] does. The slashes of the value for a {name...} stay what they
// are, and that for a {name+} may be any text. A place without a value, and a value
// without a place, make a path that is refused when the request is made.
func (r *Request) SetPath(values ...string) {
	r.expand(func(string) (string, bool) {
		if len(values) == 0 {
			return "", true
		}
		v := values[0]
		values = values[1:]
		return v, true
	})
	for range values {
		r.Path += "/" + PathEscape("")
	}
}

// expand makes the path of Route. missing is as expandRoute has it.
func (r *Request) expand(value func(name string) (string, bool)) (missing string) {
	r.Path, missing = expandRoute(r.Route, value)
	r.verbatim = ""
	if strings.HasSuffix(pathOf(r.Route), "+}") && !strings.Contains(r.Path, "%(") {
		r.verbatim = r.Path
	}
	return missing
}

// pathOf is a route without its query.
func pathOf(route string) string {
	path, _, _ := strings.Cut(route, "?")
	return path
}

// expandRoute puts the value of each place of route's path into it. missing is the first
// place for which there is none.
func expandRoute(route string, value func(name string) (string, bool)) (path, missing string) {
	var b strings.Builder
	for route = pathOf(route); ; {
		before, rest, ok := strings.Cut(route, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), ""
		}
		name, after, _ := strings.Cut(rest, "}")
		name, keeps := strings.CutSuffix(name, "...")
		name, verbatim := strings.CutSuffix(name, "+")
		v, known := value(name)
		switch {
		case !known:
			return "", name
		case verbatim && v != "":
			b.WriteString(escapeKey(v))
		case keeps:
			b.WriteString(escapeSegments(v))
		default:
			b.WriteString(PathEscape(v))
		}
		route = after
	}
}

// escapeKey escapes everything but slashes and what never needs it (RFC 3986 §2.3).
func escapeKey(key string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(key)+8)
	for i := range len(key) {
		c := key[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/-._~", c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// joinVerbatim appends an escaped path to the base's, whatever its segments are. It
// begins with a slash.
func joinVerbatim(base *url.URL, path string, into *url.URL) error {
	*into = *base
	into.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + path
	var err error
	if into.Path, err = url.PathUnescape(into.RawPath); err != nil {
		return failf(ErrRequest, "the path has a malformed escape")
	}
	return nil
}

// escapeSegments is PathEscape for each segment of a path.
func escapeSegments(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// checkRoute says what is wrong with a route.
func checkRoute(route string) error {
	if !strings.HasPrefix(route, "/") {
		return failf(ErrConfig, "the route does not begin with a slash")
	}
	for rest := pathOf(route); rest != ""; {
		var segment string
		segment, rest = nextSegment(rest)
		whole := strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
		if strings.Count(segment, "{") > 1 || strings.ContainsAny(segment, "{}") && !strings.Contains(segment, "}") {
			return failf(ErrConfig, "the route has a segment that is neither a name nor a place: %s", segment)
		}
		for _, rests := range []string{"...", "+"} {
			if strings.Contains(segment, rests+"}") && (!whole || rest != "") {
				return failf(ErrConfig, "the route has a {name%s} that is not its end", rests)
			}
		}
	}
	return nil
}

// routeQuery yields the parameters of a route's query.
func routeQuery(route string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		_, query, _ := strings.Cut(route, "?")
		for pair := range strings.SplitSeq(query, "&") {
			if name, value, _ := strings.Cut(pair, "="); name != "" && !yield(name, value) {
				return
			}
		}
	}
}

// withRouteQuery adds the parameters of a route's query to those that are given, which
// win.
func withRouteQuery(route string, query url.Values) url.Values {
	if !strings.Contains(route, "?") {
		return query
	}
	out := url.Values{}
	for name, value := range routeQuery(route) {
		out[name] = []string{value}
	}
	maps.Copy(out, query)
	return out
}

// routePlaces are the names of a route's places.
func routePlaces(route string) []string {
	var names []string
	_, _ = expandRoute(route, func(name string) (string, bool) {
		names = append(names, name)
		return "x", true
	})
	return names
}

// underBase is u with the path of the base URL taken off.
func underBase(base, u *url.URL) *url.URL {
	v := *u
	prefix, escaped := strings.TrimSuffix(base.Path, "/"), strings.TrimSuffix(base.EscapedPath(), "/")
	if prefix != "" && u.Host == base.Host && strings.HasPrefix(u.EscapedPath(), escaped+"/") {
		v.Path, v.RawPath = strings.TrimPrefix(u.Path, prefix), strings.TrimPrefix(u.RawPath, escaped)
	}
	return &v
}
