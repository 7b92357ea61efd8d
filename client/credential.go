package client

import (
	"net/http"
	"slices"
)

func (a *attempt) authorize(req *http.Request, mine bool) (*http.Request, error) {
	x := a.x
	auth := x.c.cfg.auth
	own, builtIn := auth.(headerOnly)
	if builtIn && x.lends(req) {
		return a.lend(own)
	}
	from := originOf(req.URL)
	out := req
	if !mine {
		out = new(http.Request)
		*out = *req
	}
	before := req.Header // out may be req
	out.Header = copyHeader(before)
	if !builtIn {
		u := *req.URL
		out.URL = &u
	}
	if err := auth.Authorize(out); err != nil {
		return nil, refused(errAuth, "the credential could not be had", err)
	}
	if !builtIn {
		if out.URL == nil || originOf(out.URL) != from {
			return nil, refused(ErrConfig, "auth moved the request to another origin", nil)
		}
		if err := checkHeader(out.Header); err != nil {
			return nil, refused(ErrRequest, "the credential cannot be sent", err)
		}
		for _, name := range credentialHeaders(out.Header, before) {
			onlySpelling(out.Header, name)
		}
	} else {
		onlySpelling(out.Header, own.headerName())
	}
	for name, values := range x.out.header {
		name = x.c.spelled(name)
		if !slices.Equal(out.Header[name], values) {
			a.note(func(t *tally) { t.explicit = true })
		}
		out.Header[name] = values
		onlySpelling(out.Header, name)
	}
	return out, nil
}

// lend puts the credential into the template. A template that has been sent
// before, and whose answer has been read to its end, serves again as it is while
// the credential stays the same.
func (a *attempt) lend(own headerOnly) (*http.Request, error) {
	x := a.x
	value, err := own.headerValue(a)
	if err != nil {
		return nil, refused(errAuth, "the credential could not be had", err)
	}
	name := own.headerName()
	if x.lent != "" {
		if sent := x.tmpl.Header[name]; len(sent) == len(value) && &sent[0] == &value[0] {
			return x.tmpl, nil
		}
		x.reclaim()
	}
	x.lent, a.tmpl = name, x.tmpl
	x.tmpl.Header[name] = value
	return x.tmpl, nil
}
