package client

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/stray"
)

// strays refuses what a test does not want to have sent, see clienttest.NoStrayRequests.
func (a *attempt) strays(req *http.Request) error {
	if !stray.On() {
		return nil
	}
	x := a.x
	what := x.scrub(cmp.Or(req.Method, http.MethodGet) + " " + req.URL.Scheme + "://" + req.URL.Host + x.placeOf(a.spec))
	if hasLiveKey(req, x.c.cfg.profile.LiveKeys) {
		if err := stray.LiveKey(what); err != nil {
			return refused(stray.ErrRefused, "refused by clienttest.NoStrayRequests", err)
		}
	}
	if err := stray.Request(x.c.cfg.transport, req, what); err != nil {
		return refused(stray.ErrRefused, "refused by clienttest.NoStrayRequests", err)
	}
	return nil
}

// hasLiveKey reports whether a header, the user info or the query of req has a value
// that begins as a live key does.
func hasLiveKey(req *http.Request, prefixes []string) bool {
	if len(prefixes) == 0 {
		return false
	}
	var values []string
	for _, field := range req.Header {
		for _, v := range field {
			values = fieldSecrets(values, v)
		}
	}
	for _, field := range req.URL.Query() {
		values = append(values, field...)
	}
	if u := req.URL.User; u != nil {
		password, _ := u.Password()
		values = append(values, u.Username(), password)
	}
	return slices.ContainsFunc(values, func(v string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(v, p) })
	})
}
