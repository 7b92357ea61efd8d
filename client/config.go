package client

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// config is what the options say. That of a copy made by With begins as its parent's.
type config struct {
	profile Profile
	retry   retry.Policy
	callee
	caller
	restraint
	bounds
	defaultFields
	below

	perCall    []Middleware
	perAttempt []Middleware
	logger     *slog.Logger
	observers  []*mailbox
}

// callee is which origins are the service's.
type callee struct {
	baseURL   string
	origins   []string
	cleartext bool
}

// caller is in whose name the client calls.
type caller struct {
	auth        Auth
	authSet     bool // by this New or With
	identity    string
	identitySet bool // by this New or With
}

// restraint is what holds calls back.
type restraint struct {
	limiter   ratelimit.Limiter
	pacer     Pacer
	pacerSet  bool
	pacerOwn  bool // nobody else uses it
	limitsSet bool // the limiter or the pacer, by this New or With
	limitKey  func(*http.Request) string
	breaker   *Breaker
	readOnly  bool
}

// bounds are those of a call, in time, bytes and redirects.
type bounds struct {
	callTimeout    time.Duration
	callTimeoutSet bool
	attemptTimeout time.Duration
	idleTimeout    time.Duration
	maxBody        int64
	maxBodySet     bool // somebody asked for it, so it bounds streamed bodies too
	maxErrorBody   int64
	readAhead      int64
	maxRedirects   int
}

// defaultFields are what a request has unless it says otherwise.
type defaultFields struct {
	header      http.Header
	query       url.Values
	userAgent   string
	idempotency *string // the header of the key, in place of the profile's
}

// below is the transport.
type below struct {
	transport      http.RoundTripper
	transportGiven bool // by WithTransport
	tls            *tls.Config
	proxy          func(*http.Request) (*url.URL, error)
	proxySet       bool // in place of the environment's
	adjusted       bool // the default transport, by this New or With
}

func defaults() config {
	return config{
		bounds: bounds{
			callTimeout:    DefaultTimeout,
			attemptTimeout: DefaultAttemptTimeout,
			idleTimeout:    DefaultIdleTimeout,
			maxBody:        DefaultMaxBody,
			maxErrorBody:   DefaultMaxErrorBody,
			readAhead:      DefaultReadAhead,
			maxRedirects:   DefaultMaxRedirects,
		},
		defaultFields: defaultFields{userAgent: "standpipe"},
	}
}

// checkTransport refuses to adjust what is not the client's own.
func (c *config) checkTransport() error {
	if c.adjusted && c.transportGiven {
		return failf(ErrConfig, "WithTLS and WithProxy adjust the default transport: set them on the one given to WithTransport")
	}
	return nil
}

// checkTimeout refuses a duration that is no timeout, for the option of that name.
func checkTimeout(option string, d time.Duration) error {
	if d < 0 && d != NoTimeout {
		return fmt.Errorf("%s: %s is negative: only NoTimeout turns it off", option, d)
	}
	return nil
}

// checkCount refuses what nobody can count to, for the option of that name.
func checkCount(option string, n int64) error {
	if n < 0 {
		return fmt.Errorf("%s: %d is negative", option, n)
	}
	return nil
}

func checkMiddleware(option string, ms []Middleware) error {
	for _, m := range ms {
		if m == nil {
			return fmt.Errorf("%s: a middleware is nil", option)
		}
	}
	return nil
}
