package client

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// Client calls one service. It is immutable and safe for concurrent use; make
// one with [New] and derive others with [Client.With].
//
// A call passes through these, outermost first; [WithRetry], [Auth] and [Error] say more.
// The order is behaviour.
//
//	call      per-call middleware → call deadline → idempotency key → retry
//	attempt   per-attempt middleware → breaker → limit, pacing → auth → timer → transport
type Client struct {
	cfg     config
	base    *url.URL  // to which paths are joined; nil in the zero Client
	origins originSet // where the credential may go
	fields

	limits   ratelimit.Limiter  // the limiter and the pacer together; nil without either
	held     ratelimit.Releaser // the same, where it counts the calls under way; else nil
	state    *shared            // what the origins have taught, shared with all copies
	identity *identity          // who the credential stands for
	home     *hostState         // the base URL's
	homeKey  string             // of the limits there
	attempt  http.RoundTripper  // per-attempt middleware over the rest, or nil
	chain    http.RoundTripper  // per-call middleware over the engine
	sdk      http.RoundTripper  // what HTTPClient has: chain, and what it may lose

	credential credential // what is known of the Auth

	// checksTLS looks at the transport, not before it has been used: package net/http
	// writes to it then.
	checksTLS func() bool
}

// New returns a client for the service at baseURL, such as
// "https://api.example.com/v2". "" takes the profile's. Everything that can be
// known to be wrong is an error now, matching [ErrConfig]: a malformed URL, a
// blank key, an unset variable, a credential that would go over plain http.
func New(baseURL string, opts ...Option) (*Client, error) {
	cfg := defaults()
	cfg.baseURL = baseURL
	return newClient(cfg, nil, opts)
}

// With returns a copy of c with further options. The copy shares c's transport,
// limiter and pacer, unless the options replace them, and what each origin has
// taught: its retry budget and breaker.
//
// To call for many users, make one client and, for each user, a copy with the user's
// credential. A copy costs little. Limits and pacing count each caller alone, by
// origin and credential, see [WithIdentity].
func (c *Client) With(opts ...Option) (*Client, error) {
	cfg := c.cfg
	cfg.authSet, cfg.identitySet, cfg.limitsSet, cfg.adjusted = false, false, false, false
	return newClient(cfg, c, opts)
}

// newClient makes a client, or names all that is wrong with the settings.
func newClient(cfg config, parent *Client, opts []Option) (*Client, error) {
	// A copy is made anew: calls of its parent may be under way.
	c := &Client{}
	err := option.Join(option.Apply(&cfg, opts),
		c.resolveBase(&cfg), c.resolveHeaders(&cfg), c.resolveQuery(&cfg), cfg.checkTransport(), c.checkAuth(&cfg))
	if err == nil {
		c.configure(cfg, parent)
		return c, nil
	}
	err = failWrap(ErrConfig, "client", err)
	if cfg.profile.Name != "" { // a program has a client for each of several
		err = fmt.Errorf("%s: %w", cfg.profile.Name, err)
	}
	return nil, err
}

// checkAuth refuses a credential that the first call would find out about.
func (c *Client) checkAuth(cfg *config) error {
	if cfg.auth == nil {
		return nil
	}
	// The one origin that is sure to be called: the others are judged hop by hop.
	if c.base != nil && !c.origins.contains(c.base, c.origins.base) {
		return failf(ErrConfig, "the credential would go over plain http to a host that is not this machine: use https, or WithInsecureCleartextCredentials on a network that you trust")
	}
	if checker, ok := cfg.auth.(interface{ Check() error }); ok {
		if err := checker.Check(); err != nil {
			return failWrap(ErrConfig, "auth", err)
		}
	}
	return nil
}

func (c *Client) configure(cfg config, parent *Client) {
	// A copy that adjusts nothing keeps its parent's transport, and with it the open
	// connections.
	if cfg.transport == nil || cfg.adjusted {
		cfg.transport = cfg.newTransport()
	}
	// A pacer that nobody asked for is told apart: it costs nothing until a host first
	// speaks of limits, see limited.
	if !cfg.pacerSet {
		cfg.pacer, cfg.pacerSet, cfg.pacerOwn = ratelimit.NewPacer(ratelimit.WithMaxKeys(maxIdentities)), true, true
	}
	c.cfg = cfg
	c.credential = knownOf(cfg.auth)
	c.checksTLS = sync.OnceValue(func() bool { return checksTLS(cfg.transport) })
	if parent != nil {
		c.state, c.limits = parent.state, parent.limits // and with it the queues before them
	} else {
		c.state = newShared()
	}
	// Only then: a copy with queues of its own would draw on the same quota beside its
	// parent.
	if parent == nil || cfg.limitsSet {
		c.limits = limits(&cfg)
	}
	c.held, _ = c.limits.(ratelimit.Releaser)
	c.home = c.state.host(c.origins.base)
	c.identify(parent)
	c.homeKey = limitKeyOf(c.origins.base, c.identity)
	c.attempt = wrap(cfg.perAttempt, roundTripper(roundTripAttempt))
	if len(cfg.perAttempt) == 0 {
		// Without middleware an attempt is sent as it is: no request of its own, no
		// search for the attempt in a context.
		c.attempt = nil
	}
	c.chain = wrap(cfg.perCall, roundTripper(c.roundTrip))
	if len(cfg.perCall) > 0 {
		c.chain = contained{c.chain}
	}
	if c.sdk = c.chain; len(cfg.perCall) > 0 {
		c.sdk = roundTripper(c.roundTripSDK)
	}
}

// limits is what attempts wait for. Where both are package ratelimit's, a token is
// taken from both or from neither.
func limits(cfg *config) ratelimit.Limiter {
	switch {
	case cfg.limiter != nil && cfg.pacer != nil:
		return ratelimit.All(cfg.limiter, cfg.pacer)
	case cfg.limiter != nil:
		return cfg.limiter
	case cfg.pacer != nil:
		return cfg.pacer
	}
	return nil
}

func wrap(ms []Middleware, rt http.RoundTripper) http.RoundTripper {
	// The first is outermost, as the list reads.
	for _, m := range slices.Backward(ms) {
		rt = m(rt)
	}
	return rt
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (c *Client) resolveBase(cfg *config) error {
	raw := cmp.Or(cfg.baseURL, cfg.profile.BaseURL)
	if raw == "" {
		return failf(ErrConfig, "there is no base URL: give one to New, or a profile that has one")
	}
	base, err := parseBase(raw)
	if err != nil {
		return err
	}
	if !isASCII(base.Host) {
		return failf(ErrConfig, "the base URL has a host that is no international name (RFC 5891): give its ASCII form")
	}
	c.base = base
	c.origins = newOriginSet(base, cfg.cleartext)
	// A base URL of the user's own replaces the profile's origins too: a key for a test
	// server must not go to the service, nor the other way round (C14).
	more := cfg.origins
	if own, err := parseBase(cfg.profile.BaseURL); err == nil && originOf(own) == c.origins.base {
		more = append(slices.Clip(more), cfg.profile.Origins...)
		c.origins.match = cfg.profile.OriginMatch
	}
	for _, o := range more {
		u, err := parseURL("the origin", o)
		if err != nil {
			return err
		}
		c.origins.others = append(c.origins.others, originOf(u))
	}
	return nil
}

// resolveHeaders settles once what is the same for all requests: which fields they
// begin with, and how the service calls a key and a request.
func (c *Client) resolveHeaders(cfg *config) error {
	h := http.Header{"User-Agent": {cfg.userAgent}, "Accept": {"application/json"}}
	for name, values := range cfg.profile.Header {
		if spellings(cfg.profile.Header, name) > 1 {
			return failf(ErrConfig, "header %s is given in two spellings", http.CanonicalHeaderKey(name))
		}
		setField(h, spelled(name), slices.Clip(values))
	}
	for name, values := range cfg.header {
		setField(h, name, slices.Clip(values))
	}
	// Values from variables and files come here: what is malformed is said now, and not
	// by every call.
	if err := checkHeader(h); err != nil {
		return err
	}
	if own, ok := cfg.auth.(headerOnly); ok {
		oneSpelling(h, own.headerName()) // which the credential then replaces
	}
	for name, values := range h {
		c.header = append(c.header, headerField{name, values})
	}
	c.keyHeader = cfg.profile.IdempotencyHeader
	if cfg.idempotency != nil {
		c.keyHeader = *cfg.idempotency
	}
	if c.keyHeader != "" && !validToken(c.keyHeader) {
		return failf(ErrConfig, "the idempotency header's name is not a token")
	}
	c.keyHeader = spelled(c.keyHeader)
	// Of the methods that are not idempotent in themselves, services support a key for
	// these; a profile knows better. An empty list is its word that there are none.
	c.keyMethods = cfg.profile.IdempotencyMethods
	if c.keyMethods == nil {
		c.keyMethods = []string{http.MethodPost, http.MethodPatch}
	}
	c.requestIDs = []string{"Request-Id", "X-Request-Id"}
	if ids := cfg.profile.RequestIDHeaders; ids != nil {
		c.requestIDs = make([]string, len(ids))
		for i, name := range ids {
			c.requestIDs[i] = http.CanonicalHeaderKey(name)
		}
	}
	return nil
}

// CloseIdleConnections closes connections that are not in use, where the
// transport can. The client stays usable.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.cfg.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// BaseURL returns the base URL, an international host in its ASCII form.
func (c *Client) BaseURL() string {
	if c.base == nil {
		return ""
	}
	return c.base.String()
}

// BreakerState returns how the breaker of the base URL's origin stands: the zero value
// where there is none.
func (c *Client) BreakerState() BreakerState {
	if c.cfg.breaker == nil {
		return BreakerState{}
	}
	return c.home.breaker.state(c.cfg.breaker)
}
