package session

import (
	"errors"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// scopes reads "scope" (RFC 9068 section 2.2.3) and "scp", which Okta and Entra ID
// have in its place: either may be a string of names separated by spaces, or an
// array of names. A name that is in both counts once.
func scopes(set claims.Set) ([]string, error) {
	scope, err1 := words(set, "scope")
	scp, err2 := words(set, "scp")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	for _, s := range scp {
		if !slices.Contains(scope, s) {
			scope = append(scope, s)
		}
	}
	return scope, nil
}

// words reads one of the two. An element with a space in it is no name (RFC 6749
// section 3.3), but a list once more.
func words(set claims.Set, name string) ([]string, error) {
	list, err := set.StringOrStrings(name)
	var out []string
	for _, s := range list {
		out = append(out, strings.Fields(s)...)
	}
	return out, err
}
