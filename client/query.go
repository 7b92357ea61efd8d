package client

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// queryParam is a parameter that every request gets, with its values as they are sent.
type queryParam struct{ name, pairs string }

// resolveQuery merges the profile's parameters and the client's own, name by name. A
// name without a value takes the profile's away.
func (f *fields) resolveQuery(cfg *config) error {
	all := maps.Clone(cfg.profile.Query)
	if all == nil {
		all = url.Values{}
	}
	maps.Copy(all, cfg.query)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name == "" || hasControl(name) {
			return failf(ErrConfig, "the name of a query parameter is empty or holds a control character")
		}
		if slices.ContainsFunc(all[name], hasControl) {
			return failf(ErrConfig, "query parameter %s holds a control character", printable(name))
		}
		if len(all[name]) > 0 {
			f.query = append(f.query, queryParam{name, url.Values{name: all[name]}.Encode()})
		}
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// defaultQuery is what a request gets that gives these parameters itself.
func (f *fields) defaultQuery(given url.Values) string {
	var pairs []string
	for _, p := range f.query {
		if _, replaced := given[p.name]; !replaced {
			pairs = append(pairs, p.pairs)
		}
	}
	return strings.Join(pairs, "&")
}

// joinQuery joins two raw queries.
func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}

// withoutParam takes every parameter of that name out of a raw query and leaves
// the rest as it is, down to the byte: a query may be signed, and not every
// service reads it as a form.
func withoutParam(rawQuery, name string) string {
	if rawQuery == "" {
		return ""
	}
	var kept []string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(key); err == nil {
			key = decoded
		}
		if key != name {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// withParam is the raw query with one parameter set, behind the others.
func withParam(rawQuery, name, value string) string {
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	if rest := withoutParam(rawQuery, name); rest != "" {
		return rest + "&" + pair
	}
	return pair
}
