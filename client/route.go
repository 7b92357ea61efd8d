package client

import (
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// SetPath makes the path that Route is with these values in its places, in order, each
// escaped as [PathEscape] does. The slashes of the value for a {name...} stay what they
// are. A place without a value, and a value without a place, make a path that is refused
// when the request is made.
func (r *Request) SetPath(values ...string) {
	r.Path, _ = expandRoute(r.Route, func(string) (string, bool) {
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

// expandRoute puts the value of each place of route into it. missing is the first place
// for which there is none.
func expandRoute(route string, value func(name string) (string, bool)) (path, missing string) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(route, "{")
		b.WriteString(before)
		if !ok {
			return b.String(), ""
		}
		name, after, _ := strings.Cut(rest, "}")
		name, keeps := strings.CutSuffix(name, "...")
		v, known := value(name)
		if !known {
			return "", name
		}
		if keeps {
			b.WriteString(escapeSegments(v))
		} else {
			b.WriteString(PathEscape(v))
		}
		route = after
	}
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
	for rest := route; rest != ""; {
		var segment string
		segment, rest = nextSegment(rest)
		whole := strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
		if strings.Count(segment, "{") > 1 || strings.ContainsAny(segment, "{}") && !strings.Contains(segment, "}") {
			return failf(ErrConfig, "the route has a segment that is neither a name nor a place: %s", segment)
		}
		if strings.Contains(segment, "...") && (!whole || rest != "") {
			return failf(ErrConfig, "the route has a {name...} that is not its end")
		}
	}
	return nil
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

// nameRoute names the route of a hop whose Request names none, such as that of an SDK,
// for logs, errors and observers.
func (x *hop) nameRoute() {
	ask, u := x.c.cfg.profile.Route, x.spec.url
	if ask == nil || x.out.route != "" || u == nil || !x.c.origins.contains(u, originOf(u)) {
		return
	}
	req := x.bare()
	req.Body = nil
	req.URL = underBase(x.c.base, u)
	// A name is worth no call: without one, a panic is as "".
	var err error
	defer panics.Catch(&err, givenCode)
	x.out.route = ask(req)
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
