package client

import (
	"context"
	"encoding/base64"
	"net/http"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/secret"
)

// Basic sends "Authorization: Basic …" (RFC 7617) with a user name, which may
// not hold a colon, and the newest secret of src as the password.
func Basic(user string, src secret.Source) Auth {
	return &basicAuth{user: user, src: src, renewals: newRenewals[secret.Value](secretSource)}
}

// BasicKey sends the newest secret of src as the user name of Basic, with an
// empty password, as Stripe and others take their keys.
func BasicKey(src secret.Source) Auth {
	return &basicAuth{src: src, key: true, renewals: newRenewals[secret.Value](secretSource)}
}

type basicAuth struct {
	user     string
	src      secret.Source
	key      bool
	last     atomic.Pointer[headerValue]
	renewals *renewals[secret.Value]
}

func (*basicAuth) headerName() string { return "Authorization" }

// Check reports a source that is known to be unusable, or a user name that
// Basic cannot carry.
func (a *basicAuth) Check() error {
	for _, r := range a.user {
		if r == ':' || r < ' ' || r == 0x7f {
			return failf(ErrConfig, "the user name holds a colon or a control character")
		}
	}
	return checkSecret(a.src, "Basic", a.fits)
}

func (a *basicAuth) fits(v secret.Value) error {
	if !validHeaderValue(v.Reveal()) {
		return failf(ErrConfig, "the secret for Basic holds CR, LF, NUL or another control character (RFC 7617 section 2)")
	}
	return nil
}

func (a *basicAuth) value(v secret.Value) string {
	pair := a.user + ":" + v.Reveal()
	if a.key {
		pair = v.Reveal() + ":"
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

func (a *basicAuth) Authorize(req *http.Request) error { return setHeader(a, req) }

func (a *basicAuth) headerValue(ctx context.Context) ([]string, error) {
	v, err := secret.Current(ctx, a.src)
	if err != nil {
		return nil, err
	}
	last := a.last.Load()
	if last == nil || last.reveal != v.Reveal() {
		if err := a.fits(v); err != nil {
			return nil, err
		}
		last = &headerValue{v.Reveal(), []string{a.value(v)}}
		a.last.Store(last)
	}
	return last.field, nil
}

func (a *basicAuth) Challenge(req *http.Request, _ *http.Response) (bool, error) {
	return renewed(req.Context(), a.src, a.renewals, func(now secret.Value) bool {
		return req.Header.Get("Authorization") != a.value(now)
	})
}
