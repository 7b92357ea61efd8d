package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Operation is an [Op] or a [List], of whatever types.
type Operation interface{ Info() OpInfo }

// OpInfo says what an operation is.
type OpInfo struct {
	Name       string
	Method     string
	Route      string
	Repeatable bool
	Weight     int          // 0 is 1
	Lists      bool         // it is a List
	In, Out    reflect.Type // what it takes and returns

	encodes bool // In goes into the request by the Op's own function
}

// Operations is the table of an adapter's operations. It is read only.
type Operations []Operation

// Route returns the route of the operation that a request below the base URL belongs
// to, "" for none: it is what [Profile.Route] asks for. Of two routes that fit, the one
// with more literal segments and parameters is meant: "/emails/batch", not
// "/emails/{id}".
func (o Operations) Route(r *http.Request) string {
	best, most := "", -1
	path := r.URL.EscapedPath()
	var query url.Values
	for _, op := range o {
		info := op.Info()
		if info.Method != r.Method && (info.Method != http.MethodGet || r.Method != "") {
			continue
		}
		n, ok := matchRoute(pathOf(info.Route), path)
		if ok && strings.Contains(info.Route, "?") {
			if query == nil {
				query = r.URL.Query()
			}
			for name, value := range routeQuery(info.Route) {
				ok = ok && query.Has(name) && (value == "" || query.Get(name) == value)
				n++
			}
		}
		if ok && n > most {
			best, most = info.Route, n
		}
	}
	return best
}

// Check says what is wrong with the operations as values: a name or route that comes
// twice, a tag that means nothing, a field for a path that has no such place. An
// adapter's tests ask it; a call would find the same when it is made.
func (o Operations) Check() error {
	var wrong []error
	names, routes := map[string]bool{}, map[string]bool{}
	for _, op := range o {
		info := op.Info()
		place := info.Method + " " + info.Route
		switch {
		case info.Name == "":
			wrong = append(wrong, fmt.Errorf("%w: %s has no name", ErrConfig, place))
		case names[info.Name]:
			wrong = append(wrong, fmt.Errorf("%w: two operations are called %s", ErrConfig, info.Name))
		case routes[place]:
			wrong = append(wrong, fmt.Errorf("%w: two operations are %s", ErrConfig, place))
		}
		names[info.Name], routes[place] = true, true
		if err := checkRoute(info.Route); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", info.Name, err))
		}
		if !info.encodes {
			if err := planOf(info.In).fits(info.Route); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", info.Name, err))
			}
		}
		if err := resultOf(info.Out).err; err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", info.Name, err))
		}
	}
	return errors.Join(wrong...)
}

// matchRoute reports whether an escaped path is one of route's, and how many of its
// segments route names literally.
func matchRoute(route, path string) (literal int, ok bool) {
	for route != "" {
		var want, have string
		want, route = nextSegment(route)
		if strings.HasPrefix(want, "{") && (strings.HasSuffix(want, "...}") || strings.HasSuffix(want, "+}")) {
			return literal, strings.TrimPrefix(path, "/") != ""
		}
		if have, path = nextSegment(path); have == "" && want != "" {
			return 0, false
		}
		before, place, ok := strings.Cut(want, "{")
		switch {
		case want == have:
			literal++
		case !ok || !strings.HasPrefix(have, before) || !strings.HasSuffix(have, place[strings.IndexByte(place, '}')+1:]):
			return 0, false
		}
	}
	return literal, path == ""
}

// nextSegment cuts off the first segment of a path, which begins with a slash.
func nextSegment(path string) (segment, rest string) {
	path = strings.TrimPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}
