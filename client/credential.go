package client

import (
	"net/http"
	"slices"
)

// credential is what is known of an Auth once and for all.
type credential struct {
	field  headerOnly // it, where it sets one header field and nothing else; else nil
	renews Challenger // it, where it may cure a 401; else nil
	atOnce bool       // nobody ever waits for it
}

func knownOf(auth Auth) (k credential) {
	k.field, _ = auth.(headerOnly)
	k.renews, _ = auth.(Challenger)
	fixed, ok := auth.(interface{ atOnce() bool })
	k.atOnce = ok && fixed.atOnce()
	return k
}

// authorize gives req its credential, or a copy of it where it is not the attempt's to
// change. It is asked for every attempt: a signature is fresh then, and a secret that
// was rotated in between is the new one (C15, X3).
func (a *attempt) authorize(req *http.Request, mine bool) (*http.Request, error) {
	x := a.x
	out := req
	if !mine {
		out = new(http.Request)
		*out = *req
	}
	// An Auth that is known to set one header field and nothing else needs neither a
	// URL of its own nor a look at what it has done.
	if own := x.c.credential.field; own != nil {
		if !mine {
			out.Header = copyHeader(req.Header)
		}
		if err := own.Authorize(out); err != nil {
			return nil, uncredited(err)
		}
		// The same field in another spelling would go out beside the credential, and
		// some services take the first that they see.
		if !mine || a.spec.header.respells(own.headerName()) {
			onlySpelling(out.Header, own.headerName())
		}
	} else if err := authorizeBy(x.c.cfg.auth, out); err != nil {
		return nil, err
	}
	// In a Call the caller's own field wins (C14). It comes last, since the Auth may
	// just have replaced it.
	if len(x.out.header) == 0 {
		return out, nil
	}
	for name, values := range x.out.header {
		name = x.c.spelled(name)
		if !slices.Equal(out.Header[name], values) {
			// A 401 is then no word on the stack's credential: renew leaves that alone.
			a.note(func(t *tally) { t.explicit = true })
		}
		out.Header[name] = values
		onlySpelling(out.Header, name)
	}
	return out, nil
}

func uncredited(err error) error { return refused(errAuth, "the credential could not be had", err) }

// authorizeBy lets an Auth of which nothing is known change req, in a URL and a header of
// its own, and looks at what it has done.
func authorizeBy(auth Auth, req *http.Request) error {
	from, u, bare := originOf(req.URL), *req.URL, req.Header
	req.URL, req.Header = &u, copyHeader(bare)
	if err := auth.Authorize(req); err != nil {
		return uncredited(err)
	}
	// The origin was looked at before: an Auth that moves the request would take its
	// credential past that.
	if req.URL == nil || originOf(req.URL) != from {
		return refused(ErrConfig, "auth moved the request to another origin", nil)
	}
	// A secret from a file can end in a newline, which would begin another field (C25).
	if err := checkHeader(req.Header); err != nil {
		return refused(ErrRequest, "the credential cannot be sent", err)
	}
	// Whatever it has put there counts as a credential, so no other spelling of it may
	// go out beside it.
	before := func(name string) []string { return bare[name] }
	for _, name := range credentialHeaders(req.Header, before) {
		onlySpelling(req.Header, name)
	}
	return nil
}
