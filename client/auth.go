package client

import (
	"context"
	"crypto/sha256"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/slip"
	"github.com/standpipe-go/standpipe/secret"
)

// Auth gives a request its credential. Authorize runs once per attempt, on a copy
// of the request whose header map and URL it may change; it must not touch the
// body or move the request to another origin. The request's context bounds it.
// It must be safe for concurrent use, and its errors must hold no secret.
//
// The types are the standard library's, so that packages can provide one
// without importing this one.
//
// # Where the credential goes
//
// To the base URL's origin (scheme, host, port) and those of the profile or of
// [WithOrigins], and nowhere else: it is told by what is sent, whatever middleware
// has made of a request. No middleware ever sees it. On a redirect away from them
// every credential is stripped, an SDK's own included, and once a chain of redirects
// has left, nothing is attached again; a chain that began elsewhere gets none. Over
// plain http it goes to this machine only (a loopback address or exactly localhost),
// never after an https hop, and never through a proxy.
//
// A redirect of anything but a POST keeps method and body (RFC 9110 §15.4), but for a
// 303, and with them the fields that narrow the request, If-Match and Range among
// them. Where a 301 or 302 would take a change off the client's origins it is refused
// with [ErrRedirect], as is one whose Location repeats the credential.
type Auth interface {
	Authorize(req *http.Request) error
}

// Challenger is an Auth that can recover from a 401, and from what
// [Profile.Unauthorized] takes for one. Challenge receives the request as sent and its
// response; it must not read the body. It reports whether the request should be
// replayed. It is asked once per call, if the request's body can be sent again. One
// renewal may serve concurrent calls.
type Challenger interface {
	Challenge(req *http.Request, resp *http.Response) (replay bool, err error)
}

// headerOnly marks the credentials of this package that set one header field to a
// well-formed value, and nothing else.
type headerOnly interface {
	Auth
	headerName() string
	// headerValue returns the field's value, the same slice while it does not
	// change.
	headerValue(ctx context.Context) ([]string, error)
}

// setHeader is Authorize for all of them.
func setHeader(a headerOnly, req *http.Request) error {
	value, err := a.headerValue(req.Context())
	if err == nil {
		req.Header[a.headerName()] = value
	}
	return err
}

// Bearer sends the newest secret of src as "Authorization: Bearer …" (RFC 6750).
// A 401 reads the source once more, and a changed secret is tried. A secret that begins
// with "Bearer " itself is an error.
func Bearer(src secret.Source) Auth {
	return newHeaderAuth("Authorization", "Bearer ", src)
}

// APIKeyHeader sends the newest secret of src in a header, as it is. To send it
// with a prefix, such as "Token …", use [HeaderPrefix].
func APIKeyHeader(name string, src secret.Source) Auth { return HeaderPrefix(name, "", src) }

// HeaderPrefix sends prefix and the newest secret of src in a header. The name is sent
// over HTTP/1 as it is spelled here. Where prefix is an authentication scheme, such as
// "Token ", a secret that begins with it is an error.
func HeaderPrefix(name, prefix string, src secret.Source) Auth {
	return newHeaderAuth(spelled(name), prefix, src)
}

// staticSource is the type of the one source whose secret is known never to change. It is
// told by that: a method of a user's own source may mean something else.
var staticSource = reflect.TypeOf(secret.Static(""))

func newHeaderAuth(name, prefix string, src secret.Source) *headerAuth {
	return &headerAuth{
		src: src, name: name, prefix: prefix, fixed: reflect.TypeOf(src) == staticSource,
		renewals: newRenewals[secret.Value](secretSource),
	}
}

type headerAuth struct {
	src          secret.Source
	name, prefix string
	fixed        bool // the secret never changes
	last         atomic.Pointer[headerValue]
	renewals     *renewals[secret.Value]
}

// headerValue is a secret with the header field made of it.
type headerValue struct {
	reveal string
	field  []string
}

func (a *headerAuth) headerName() string { return a.name }

// atOnce reports whether nobody ever waits for the credential.
func (a *headerAuth) atOnce() bool { return a.fixed }

// Check reports a source that is known to be unusable, or a bad name.
func (a *headerAuth) Check() error {
	if !validToken(a.name) || !validHeaderValue(a.prefix) {
		return failf(ErrConfig, "the header's name or prefix is malformed")
	}
	return checkSecret(a.src, "header "+a.name, func(v secret.Value) error {
		_, err := a.field(v)
		return err
	})
}

// checkSecret reports a source that is known to be unusable and, of one that is at hand,
// what is wrong with its secret (X2). Of the others the first call has to tell: nobody is
// asked for a secret here.
func checkSecret(src secret.Source, where string, fits func(secret.Value) error) error {
	if err := secret.Check(src); err != nil {
		return err
	}
	if s, ok := src.(interface{ AtHand() bool }); !ok || !s.AtHand() {
		return nil
	}
	v, err := secret.Current(context.Background(), src)
	if err == nil {
		err = fits(v)
	}
	if err != nil {
		return err
	}
	if err := slip.Check(v.Reveal()); err != nil {
		return failWrap(ErrConfig, "the secret for "+where, err)
	}
	return nil
}

// checkScheme refuses a secret that begins with the scheme that is put before it:
// "Bearer Bearer …" would be a 401 that does not say why. The case of a scheme does not
// matter (RFC 9110 section 11.1).
func (a *headerAuth) checkScheme(s string) error {
	scheme, ok := strings.CutSuffix(a.prefix, " ")
	if !ok || !validToken(scheme) {
		return nil
	}
	s = strings.TrimLeft(s, " \t")
	if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) && strings.ContainsRune(" \t", rune(s[len(scheme)])) {
		return failf(ErrConfig, "the secret for header %s begins with %q, which is put before it anyway: leave it out of the secret", a.name, scheme)
	}
	return nil
}

func (a *headerAuth) field(v secret.Value) (*headerValue, error) {
	s := v.Reveal()
	if !validHeaderValue(s) {
		return nil, failf(ErrConfig, "the secret for header %s holds CR, LF, NUL or another control character", a.name)
	}
	if err := a.checkScheme(s); err != nil {
		return nil, err
	}
	return &headerValue{s, []string{a.prefix + s}}, nil
}

func (a *headerAuth) Authorize(req *http.Request) error { return setHeader(a, req) }

func (a *headerAuth) headerValue(ctx context.Context) ([]string, error) {
	last := a.last.Load()
	if a.fixed && last != nil {
		return last.field, nil
	}
	v, err := secret.Current(ctx, a.src)
	if err != nil {
		return nil, err
	}
	if last == nil || last.reveal != v.Reveal() {
		if last, err = a.field(v); err != nil {
			return nil, err
		}
		a.last.Store(last)
	}
	return last.field, nil
}

func (a *headerAuth) Challenge(req *http.Request, _ *http.Response) (bool, error) {
	return renewed(req.Context(), a.src, a.renewals, func(now secret.Value) bool {
		return fieldValue(req.Header, a.name) != a.prefix+now.Reveal()
	})
}

// renewals are the renewals of one credential. Those who have failed with the
// same value share one, also when they come a little late; the value itself is not
// kept, only its digest.
type renewals[T any] = flight.Group[[sha256.Size]byte, T]

// secretSource is how errors call the user's code.
const secretSource = "the secret source"

func newRenewals[T any](who string) *renewals[T] {
	return &renewals[T]{Who: who, Limit: renewalLimit, Cooldown: renewalCooldown}
}

const (
	// renewalLimit bounds a renewal whose callers have gone.
	renewalLimit = 30 * time.Second

	// renewalCooldown is how long a value that failed is not renewed again: what
	// its renewal brought stands.
	renewalCooldown = time.Second
)

// renewed reads src again after a 401, once for all who failed with the same
// secret, and reports whether the secret is another than the one that failed. A
// caller's explicit header is nobody's to renew.
func renewed(ctx context.Context, src secret.Source, shared *renewals[secret.Value], differs func(secret.Value) bool) (bool, error) {
	now, err := secret.Current(ctx, src)
	if err == nil && differs(now) {
		return true, nil // somebody else has renewed it meanwhile
	}
	now, err = shared.Do(ctx, sha256.Sum256([]byte(now.Reveal())), func(ctx context.Context) (secret.Value, error) {
		if err := secret.Refresh(ctx, src); err != nil {
			return secret.Value{}, err
		}
		return secret.Current(ctx, src)
	})
	return err == nil && differs(now), err
}

// APIKeyQuery sends the newest secret of src as a query parameter. Prefer a
// header where the service has one: URLs end up in logs. This client's own logs
// and errors hold no query.
func APIKeyQuery(name string, src secret.Source) Auth {
	return &queryAuth{name, src, newRenewals[secret.Value](secretSource)}
}

type queryAuth struct {
	name     string
	src      secret.Source
	renewals *renewals[secret.Value]
}

// Check reports a source that is known to be unusable, or a name that is empty or
// holds a control character.
func (a *queryAuth) Check() error {
	if a.name == "" {
		return failf(ErrConfig, "the query parameter has no name")
	}
	if !validHeaderValue(a.name) {
		return failf(ErrConfig, "the query parameter's name holds a control character")
	}
	return checkSecret(a.src, "query parameter "+a.name, a.fits)
}

func (a *queryAuth) fits(v secret.Value) error {
	if !validHeaderValue(v.Reveal()) {
		return failf(ErrConfig, "the secret for query parameter %s holds CR, LF, NUL or another control character", a.name)
	}
	return nil
}

func (a *queryAuth) Authorize(req *http.Request) error {
	v, err := secret.Current(req.Context(), a.src)
	if err != nil {
		return err
	}
	if err := a.fits(v); err != nil {
		return err
	}
	req.URL.RawQuery = withParam(req.URL.RawQuery, a.name, v.Reveal())
	return nil
}

func (a *queryAuth) Challenge(req *http.Request, _ *http.Response) (bool, error) {
	return renewed(req.Context(), a.src, a.renewals, func(now secret.Value) bool {
		return req.URL.Query().Get(a.name) != now.Reveal()
	})
}
