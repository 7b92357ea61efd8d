package client

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/internal/loopback"
)

// origin is a scheme, host and port (RFC 6454), in canonical form: lower case and
// ASCII, the scheme's default port left out.
type origin struct{ scheme, host string }

func originOf(u *url.URL) origin {
	host := lower(u.Host)
	if ascii, ok := asciiHost(host); ok {
		host = ascii
	}
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return origin{lower(u.Scheme), strings.TrimSuffix(host, ":")}
}

func (o origin) String() string { return o.scheme + "://" + o.host }

// originSet is where the credential may go.
type originSet struct {
	base      origin
	others    []origin
	match     func(*url.URL) bool
	cleartext bool // permit plain http to anywhere in the set

	// Most requests go to the base URL as it is spelled, which two comparisons tell;
	// originOf costs more.
	home   *url.URL
	atHome bool // the credential may go there
}

func newOriginSet(base *url.URL, cleartext bool) originSet {
	s := originSet{base: originOf(base), cleartext: cleartext, home: base}
	s.atHome = s.contains(base, s.base) && oneHost(base.Host)
	return s
}

// originOf is what the function of that name returns, told faster for most.
func (s *originSet) originOf(u *url.URL) origin {
	if s.isHome(u) {
		return s.base
	}
	return originOf(u)
}

func (s *originSet) isHome(u *url.URL) bool {
	return s.home != nil && u.Host == s.home.Host && u.Scheme == s.home.Scheme
}

// contains reports whether the credential may go to u, whose origin is o.
func (s *originSet) contains(u *url.URL, o origin) bool {
	switch {
	case o.scheme == "https":
	case o.scheme == "http" && (s.cleartext || loopback.Host(u.Hostname())):
	default:
		return false
	}
	return o == s.base || slices.Contains(s.others, o) || s.match != nil && s.matches(u)
}

// matches asks the profile about u, with its host as it is connected to.
func (s *originSet) matches(u *url.URL) bool {
	host, ok := asciiHost(u.Host)
	if !ok {
		return false
	}
	if host != u.Host {
		ascii := *u
		ascii.Host = host
		u = &ascii
	}
	return s.match(u)
}

// admits reports whether the credential may go to u under that Host field. Besides
// the origin of the URL, to which the connection is made, it looks at the field, by
// which a shared front end or a proxy passes the request on, and at what an opaque
// URL says. A field of "" is the URL's own host.
func (s *originSet) admits(u *url.URL, host string) bool {
	if s.atHome && s.isHome(u) && u.Opaque == "" && (host == "" || host == u.Host) {
		return true
	}
	o := originOf(u)
	if !s.contains(u, o) || !opaqueAgrees(u) || !oneHost(u.Host) || !oneHost(host) {
		return false
	}
	if host == "" || host == u.Host {
		return true
	}
	named := *u
	named.Host = host
	n := originOf(&named)
	return n == o || s.contains(&named, n)
}

// opaqueAgrees reports whether u.Opaque, which is sent in place of host and path,
// leads to u.Host too.
func opaqueAgrees(u *url.URL) bool {
	if u.Opaque == "" {
		return true
	}
	rest, absolute := strings.CutPrefix(u.Opaque, "//")
	if !absolute {
		return u.Opaque[0] == '/'
	}
	rest = rest[:strings.IndexAny(rest+"/", "/?#")]
	return lower(rest) == lower(u.Host)
}

// readyURL makes a URL that a service wrote one that can be sent: with its host in
// ASCII and without a space in its query, which would end the target of the request's
// first line. All else in the query stays as it is.
func readyURL(u *url.URL) {
	if host, ok := asciiHost(u.Host); ok {
		u.Host = host
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")
}

// parseBase reads a base URL.
func parseBase(raw string) (*url.URL, error) { return parseURL("the base URL", raw) }

// parseURL reads a base URL or an origin, which errors call what, strictly: absolute,
// http or https, a host, and nothing that could hold a secret or be lost when paths are
// joined to it.
func parseURL(what, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats the input, which may hold a password.
		return nil, failf(ErrConfig, "%s cannot be parsed", what)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, failf(ErrConfig, "%s needs the scheme https or http, as in https://api.example.com", what)
	case u.Opaque != "" || u.Hostname() == "":
		return nil, failf(ErrConfig, "%s has no host", what)
	case u.User != nil:
		return nil, failf(ErrConfig, "%s holds a user name or password: use Basic instead", what)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, failf(ErrConfig, "%s has a query or a fragment: give them to the request", what)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == utf8.RuneError }):
		return nil, failf(ErrConfig, "%s has a malformed host", what)
	}
	if host, ok := asciiHost(u.Host); ok {
		u.Host = host // what has none is no host of anybody's
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return nil, failf(ErrConfig, "%s has a dot segment in its path", what)
		}
	}
	return u, nil
}

// joinPath appends an escaped path to the base's, or says why it cannot: the
// result never leaves the base.
func joinPath(base *url.URL, path string, into *url.URL) error {
	*into = *base
	if path == "" {
		return nil
	}
	switch {
	case strings.HasPrefix(path, "//"):
		return failf(ErrRequest, "the path begins with //: it would name another host")
	case strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://"):
		return failf(ErrRequest, "the path is a URL: give what follows the base URL, or the URL itself in Request.URL")
	}
	escaped, dotted, doubled, unfit := false, false, false, -1
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%':
			escaped = true
		case c == '.':
			dotted = true
		case c == '/':
			doubled = doubled || i > 0 && path[i-1] == '/'
		case unfit < 0 && (c == '?' || c == '#' || c == '\\' || c < ' ' || c == 0x7f):
			unfit = i
		}
	}
	switch holds := escaped && strings.Contains(path, "%("); {
	case holds && strings.Contains(path, "%()") || doubled && emptySegment(path):
		return failf(ErrRequest, "the path has an empty segment: is an identifier in it empty?")
	case holds && (strings.Contains(path, "%(.)") || strings.Contains(path, "%(..)")):
		return failf(ErrRequest, "the path has a dot segment: is an identifier in it one or two dots?")
	}
	if unfit >= 0 {
		if c := path[unfit]; c == '?' || c == '#' {
			return failf(ErrRequest, "the path holds %q: put a query into Query, and escape an identifier with PathEscape", c)
		}
		return failf(ErrRequest, "the path holds a backslash or a control character")
	}
	plain := path
	if escaped {
		var err error
		if plain, err = url.PathUnescape(path); err != nil {
			return failf(ErrRequest, "the path has a malformed escape")
		}
		if strings.ContainsAny(plain, "\\\x00\r\n") {
			return failf(ErrRequest, "the path holds an escaped backslash or control character")
		}
	}
	// Servers differ in when they unescape, so a dot segment counts in both forms.
	if (dotted || escaped) && dotSegment(plain) {
		return failf(ErrRequest, "the path has a dot segment")
	}
	if !escaped && base.RawPath == "" {
		into.Path = join(base.Path, path)
		return nil
	}
	// The two must agree to the byte, and RawPath be valid: package net/url drops
	// it otherwise, and an escaped separator becomes a real one.
	into.RawPath = join(base.EscapedPath(), escapeRest(path))
	var err error
	if into.Path, err = url.PathUnescape(into.RawPath); err != nil {
		return failf(ErrRequest, "the path has a malformed escape")
	}
	return nil
}

// dotSegment also finds a dot segment with parameters ("..;x"), which some
// servers take off first.
func dotSegment(path string) bool {
	if strings.IndexByte(path, '.') < 0 {
		return false
	}
	for rest := path; rest != ""; {
		segment, after, _ := strings.Cut(rest, "/")
		segment, _, _ = strings.Cut(segment, ";")
		if segment == "." || segment == ".." {
			return true
		}
		rest = after
	}
	return false
}

// emptySegment reports whether path has an empty segment between two slashes, as
// an empty identifier leaves it. One behind a colon is of a URL that is a part of the
// path ("/fetch/https://…"), and one at the end is a trailing slash.
func emptySegment(path string) bool {
	for i := 1; i < len(path)-1; i++ {
		if path[i] == '/' && path[i+1] == '/' && path[i-1] != ':' {
			return true
		}
	}
	return false
}

// escapeRest escapes what may not be in a path (RFC 3986 §3.3) and leaves the
// escapes that are there.
func escapeRest(path string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(path))
	for i := range len(path) {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/%-._~!$&'()*+,;=:@", c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func join(base, path string) string {
	switch {
	case base == "" && path[0] == '/':
		return path
	case strings.HasSuffix(base, "/") && path[0] == '/':
		return base + path[1:]
	case strings.HasSuffix(base, "/") || path[0] == '/':
		return base + path
	}
	return base + "/" + path
}

// PathEscape escapes an identifier for use as one segment of Request.Path, so
// that no value of it can reach another path: "a/b" becomes "a%2Fb". The empty one,
// which would reach the collection, and one or two dots become what no URL may hold
// ("%()"): the request is refused when it is made, by an SDK's URL parser too.
func PathEscape(segment string) string {
	switch segment {
	case "", ".", "..":
		return "%(" + segment + ")"
	}
	return url.PathEscape(segment)
}
