package webhook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// publicURL is a webhook's URL as it is configured at the service, taken apart as
// text, since its literal form is what is signed. It never comes from the Host or
// X-Forwarded-* headers, which anyone can set.
type publicURL struct {
	origin string // up to the path
	path   string // empty: path and query are taken as they were received
	query  string // without the question mark
}

// parsePublicURL returns the URL's parts and what net/url makes of it. schemes are
// those that it may have.
func parsePublicURL(raw string, schemes ...string) (*publicURL, *url.URL, error) {
	parsed, err := url.Parse(raw)
	switch {
	case err != nil || parsed.Host == "" || parsed.Hostname() == "" || parsed.Opaque != "":
		return nil, nil, errors.New("the URL is not absolute")
	case !slices.Contains(schemes, parsed.Scheme):
		return nil, nil, errors.New("the URL is not one of " + strings.Join(schemes, ", "))
	case strings.Contains(raw, "#"):
		return nil, nil, errors.New("the URL has a fragment, which is not signed")
	}
	origin, rest := raw, ""
	authority := strings.Index(raw, "://") + len("://")
	if i := strings.IndexAny(raw[authority:], "/?"); i >= 0 {
		origin, rest = raw[:authority+i], raw[authority+i:]
	}
	u := &publicURL{origin: origin}
	u.path, u.query, _ = strings.Cut(rest, "?")
	if u.path == "" && u.query != "" {
		return nil, nil, errors.New("the URL has a query but no path")
	}
	return u, parsed, nil
}

// whole reports whether path and query are configured, too.
func (u *publicURL) whole() bool { return u != nil && u.path != "" }

// literal returns the text of a piece of the URL if it is the same in all requests.
func (u *publicURL) literal(kind pieceKind) (text string, ok bool) {
	if !u.whole() {
		return "", false
	}
	switch kind {
	case urlPiece:
		return u.origin + withQuery(u.path, u.query), true
	case pathPiece:
		return u.path, true
	case queryPiece:
		return u.query, true
	}
	return "", false
}

// read sets the parts of the URL that belong to a request. A query that is not the
// configured one is refused: it would be in nothing that is signed.
func (u *publicURL) read(r *Request, m *metadata) error {
	if u.whole() {
		if r.URL != nil && r.URL.RawQuery != u.query {
			return errOtherQuery()
		}
		return nil
	}
	if r.URL == nil {
		return &Error{Reason: ErrMissing, Detail: "the request's URL"}
	}
	m.path, m.query = r.URL.EscapedPath(), r.URL.RawQuery
	m.url = u.origin + withQuery(m.path, m.query)
	return nil
}

func errOtherQuery() error {
	return &Error{Reason: ErrMalformed, Detail: "the request's query is not that of the configured URL"}
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}
