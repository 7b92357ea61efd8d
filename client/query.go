package client

import (
	"net/url"
	"strings"
)

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
