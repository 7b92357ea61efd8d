package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// Middleware wraps a transport: the one extension shape of this package, and
// that of otelhttp.NewTransport and its like. It must follow the contract of
// [http.RoundTripper].
type Middleware func(http.RoundTripper) http.RoundTripper

// Option configures a client in [New] and [Client.With], which return the errors of all
// whose arguments cannot work.
type Option func(*config) error

// The defaults, see the options of the same names.
const (
	DefaultTimeout        = 80 * time.Second
	DefaultAttemptTimeout = 30 * time.Second
	DefaultIdleTimeout    = 60 * time.Second
	DefaultMaxBody        = 32 << 20
	DefaultMaxErrorBody   = 64 << 10
	DefaultReadAhead      = 1 << 20
	DefaultMaxRedirects   = 10

	// DefaultMaxEvent bounds one server-sent event, in bytes, where Request.MaxBody
	// does not.
	DefaultMaxEvent = 16 << 20

	// NoTimeout turns a timeout off in [WithTimeout], [WithAttemptTimeout] and
	// [WithIdleTimeout]. Any other negative duration is an error there.
	NoTimeout time.Duration = -1
)

// WithProfile sets what is particular to the service.
func WithProfile(p Profile) Option { return func(c *config) error { c.profile = p; return nil } }

// WithBaseURL replaces the base URL, and with it the profile's whole set of
// origins: a test server never gets the credential of the real one.
func WithBaseURL(url string) Option { return func(c *config) error { c.baseURL = url; return nil } }

// WithAuth sets the credential. Nil is none.
func WithAuth(a Auth) Option {
	return func(c *config) error { c.auth, c.authSet = a, true; return nil }
}

// WithOrigins names further origins ("https://uploads.example.com") to which the
// credential may go, in addition to the base URL's.
func WithOrigins(origins ...string) Option {
	return func(c *config) error { c.origins = append(slices.Clip(c.origins), origins...); return nil }
}

// WithInsecureCleartextCredentials lets the credential travel over plain http to
// the client's origins, also off this machine: anyone on the way can read it.
// Without it plain http carries a credential to loopback addresses and localhost
// only. It never goes through a proxy, as far as an *http.Transport tells.
func WithInsecureCleartextCredentials() Option {
	return func(c *config) error { c.cleartext = true; return nil }
}

// WithRetry sets the retry policy. The zero Policy is the default: three
// attempts. retry.Never turns retries off. To retry what is not HTTP, use package retry.
//
// # What is retried
//
// What was never sent, and what was refused with 425 or 429 (or what the profile
// calls a throttle), is retried whatever the method. Everything else that may
// be cured by trying again (408, 500, 502, 503, 504, a broken connection, an
// attempt's timeout) is retried only where repeating cannot do harm: with an
// idempotent method (RFC 9110 §9.2.2), or with an idempotency key in the header
// that the service is known to support ([Profile], [WithIdempotencyHeader]), which
// is then made once per call and stays the same on every attempt. A POST without a
// key is therefore not repeated after a 503 or a timeout: the error says, in
// [Error.Effect], that it may have been applied.
//
// The policy narrows this: three attempts by default, full jitter, a Retry-After
// obeyed up to a minute and never shortened; what asks for longer, or would pass the
// deadline, is returned at once. A budget for each origin keeps an outage from being
// met with a multiple of the usual traffic: a retry gets its cost back when it
// succeeds, and what failures have used up comes back within an hour.
//
// The body must be one that can be sent again: anything in memory, [Open] and
// [Multipart] can, and so can one that can seek, such as a file. Of any other
// [Stream], or an SDK's body without GetBody, up to 1 MiB is kept if it ends within
// 200 ms; else it is sent as it comes, once.
//
// A response that is to be tried again is kept until the next attempt has been let
// through: if its wait, the rate limit's or an open breaker's would pass the deadline,
// it is returned at once, and as it came.
//
// A retry takes a new token of the rate limit and signs anew. A wait for the limit, or
// for a token, takes nothing of an attempt's time, and an open breaker takes no token.
// Nothing else repeats a request: net/http, which does so by itself when a kept
// connection breaks, is given each in a form that it does not repeat. What it sends
// again because HTTP/2 refused it is in the ledger like any other attempt.
func WithRetry(p retry.Policy) Option { return func(c *config) error { c.retry = p; return nil } }

// WithRateLimit makes every attempt wait for l. By default the key is the origin
// and whom the credential stands for, see [WithIdentity], [WithLimitKey] and
// [Profile.LimitKey]. One that is a ratelimit.Releaser, such as ratelimit.InFlight, hears
// once of the end of every request: when it has failed, or its response's body has
// ended, is closed, or is given up with the call's context. Nil is no limit. A
// ratelimit.Quota is counted on over restarts, and by several processes together, with a
// ratelimit.State.
func WithRateLimit(l ratelimit.Limiter) Option {
	return func(c *config) error { c.limiter, c.limitsSet = l, true; return nil }
}

// Pacer slows a client down by what the service says of its limits. A
// ratelimit.Pacer is one. Implementations must be safe for concurrent use. One that is
// ratelimit.Weighted is asked for a call's whole weight, and before it observes the
// response gets all but one back.
type Pacer interface {
	// Wait blocks while the key is known to be exhausted, as a ratelimit.Limiter does.
	Wait(ctx context.Context, key string) error
	// Observe reads a response's headers. throttled says that it is a 429 or what
	// the profile calls a throttle.
	Observe(key string, status int, h http.Header, throttled bool)
}

// WithPacing replaces the pacer, which by default is a ratelimit.Pacer of this
// client and its copies. Nil turns pacing off. With a ratelimit.State, a pause that a
// service has asked for is kept by the next process too:
//
//	state, err := ratelimit.FileState("/var/lib/app/limits")
//	client.WithPacing(ratelimit.NewPacer(ratelimit.WithState(state)))
func WithPacing(p Pacer) Option {
	return func(c *config) error { c.pacer, c.pacerSet, c.pacerOwn, c.limitsSet = p, true, false, true; return nil }
}

// WithLimitKey replaces the whole key that the limiter and the pacer see: what the
// service counts by, the caller and the origin included. Where the service keeps
// several limits for each caller, set [Profile.LimitKey] instead. A limit that names a
// resource then holds up the whole key; without either it holds up the same method
// and path. f is asked once per redirect hop, before the stack adds the credential. It
// must not put a secret into the key and must be safe for concurrent use.
func WithLimitKey(f func(*http.Request) string) Option {
	return func(c *config) error { c.limitKey = f; return nil }
}

// WithBreaker adds a circuit breaker for each origin. The zero Breaker has
// usable defaults. Without this option there is none.
func WithBreaker(b Breaker) Option { return func(c *config) error { c.breaker = &b; return b.check() } }

// WithLogger logs every attempt at debug level, every retry at info and every
// call that fails at warn. Headers and queries pass through an allow-list; no
// body is logged. Nil logs nothing, which is the default.
func WithLogger(l *slog.Logger) Option { return func(c *config) error { c.logger = l; return nil } }

// WithTimeout bounds a call with all its attempts and waits, and its bodies. The
// default is [DefaultTimeout], unless the context has a deadline; an earlier
// deadline of the context always wins. 0 is the default, [NoTimeout] is none.
//
// While nobody has asked for a deadline, the default one stands still for as long as a
// request body moves, and ends with the headers under [Client.Do] and
// [Client.HTTPClient]: see [WithIdleTimeout] for what bounds bodies then.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.callTimeout, c.callTimeoutSet = cmp.Or(d, DefaultTimeout), d != 0
		return checkTimeout("WithTimeout", d)
	}
}

// WithAttemptTimeout bounds how long an attempt waits for the response's headers once
// the request's body has gone out. Waits for a limiter, the breaker or a token do not
// count. The default is [DefaultAttemptTimeout], and so is 0; [NoTimeout] is none.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.attemptTimeout = cmp.Or(d, DefaultAttemptTimeout)
		return checkTimeout("WithAttemptTimeout", d)
	}
}

// WithIdleTimeout bounds a single wait for more of a response body, or for a request
// body to move on. The default is [DefaultIdleTimeout], and so is 0; [NoTimeout] is none.
// A body that no deadline bounds, but for an event stream's, also has to move by 1 KiB a
// second over each minute, unless there is no idle timeout.
//
// Where [Call] reads the body, and for a request body, a wait is ended after this time
// or, at the latest, twice this time.
func WithIdleTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.idleTimeout = cmp.Or(d, DefaultIdleTimeout)
		return checkTimeout("WithIdleTimeout", d)
	}
}

// WithMaxBody bounds the response body, in bytes after decompression: what a call
// decodes and, under [Client.Do] and [Client.HTTPClient], what is streamed, but for
// event streams. The default is [DefaultMaxBody] for what is decoded and no bound
// for what is streamed, and so is 0.
func WithMaxBody(bytes int64) Option {
	return func(c *config) error {
		c.maxBody, c.maxBodySet = cmp.Or(min(bytes, maxLimit), DefaultMaxBody), bytes != 0
		return checkCount("WithMaxBody", bytes)
	}
}

// WithReadAhead bounds how much of a body that can neither be opened again nor seek is
// read ahead and kept in memory, so that it can be sent again. What has not ended within
// 200 ms, or is longer, is sent as it comes, once. The default is [DefaultReadAhead]; 0
// keeps nothing.
func WithReadAhead(bytes int64) Option {
	return func(c *config) error { c.readAhead = min(bytes, maxLimit); return checkCount("WithReadAhead", bytes) }
}

// WithIdempotencyHeader names the header in which the service takes an idempotency
// key, in place of the profile's. "" says that it supports none.
func WithIdempotencyHeader(name string) Option {
	return func(c *config) error { c.idempotency = &name; return nil }
}

// WithHeader sends a header with every request that does not set it itself. The name
// is sent over HTTP/1 as it is spelled here, but for those of HTTP's own.
func WithHeader(name, value string) Option {
	return func(c *config) error {
		c.header = c.header.Clone()
		if c.header == nil {
			c.header = http.Header{}
		}
		setField(c.header, spelled(name), []string{value})
		return nil
	}
}

// WithQuery sends query parameters with every request that is made by its Path and
// does not have them in its own Query, such as the version of the API. They are added
// to the profile's, which they replace name by name; a name without a value takes the
// profile's away. Under [Client.HTTPClient] none is added. For a credential there is
// [APIKeyQuery].
func WithQuery(params url.Values) Option {
	return func(c *config) error {
		c.query = maps.Clone(c.query)
		if c.query == nil {
			c.query = url.Values{}
		}
		for name, values := range params {
			c.query[name] = slices.Clone(values)
		}
		return nil
	}
}

// WithUserAgent replaces the User-Agent, which by default is "standpipe".
func WithUserAgent(ua string) Option { return func(c *config) error { c.userAgent = ua; return nil } }

// WithCallMiddleware adds middleware that runs once per redirect hop, outside the
// retries. The first one added is the outermost. A body that it makes itself and that is
// streamed, under [Client.Do] or [Client.HTTPClient], has no bound but its own.
func WithCallMiddleware(m ...Middleware) Option {
	return func(c *config) error {
		c.perCall = append(slices.Clip(c.perCall), m...)
		return checkMiddleware("WithCallMiddleware", m)
	}
}

// WithAttemptMiddleware adds middleware that runs once per attempt, inside the
// retries and outside breaker, limiter and auth: it never sees the credential.
// The first one added is the outermost.
func WithAttemptMiddleware(m ...Middleware) Option {
	return func(c *config) error {
		c.perAttempt = append(slices.Clip(c.perAttempt), m...)
		return checkMiddleware("WithAttemptMiddleware", m)
	}
}

// WithTransport sets what sends the requests in the end. The default is an
// *http.Transport of this client's own, with the proxy of the environment,
// response headers of at most 1 MiB, enough idle connections for parallel calls to
// one host, and pings that find an HTTP/2 connection dead before an attempt's
// timeout is over. Over HTTP/1 rt gets requests without GetBody and, for a GET, with
// an empty body, so that no http.Transport below repeats them by itself. Nil is the
// default; [NewTransport] makes one of its kind to adjust.
func WithTransport(rt http.RoundTripper) Option {
	return func(c *config) error { c.transport, c.transportGiven = rt, rt != nil; return nil }
}

// WithTLS sets the TLS configuration of the default transport: for a service's own
// certificate authority, a client certificate or a pinned certificate. cfg is cloned;
// nil is the default. What its checks refuse fails a call at once. It is an error where
// the transport is one of [WithTransport]: that has its own.
func WithTLS(cfg *tls.Config) Option {
	cfg = cfg.Clone()
	return func(c *config) error { c.tls, c.adjusted = cfg, true; return nil }
}

// WithProxy sets the proxy of the default transport, in place of the environment's, as
// Proxy of an [http.Transport] does; [http.ProxyURL] makes one of a URL. Nil is no
// proxy. What the proxy refuses fails a call at once. It is an error where the transport
// is one of [WithTransport]: that has its own.
func WithProxy(proxy func(*http.Request) (*url.URL, error)) Option {
	return func(c *config) error { c.proxy, c.proxySet, c.adjusted = proxy, true, true; return nil }
}

// WithMaxRedirects bounds how many redirects a call follows. The default is
// [DefaultMaxRedirects]; 0 follows none and returns the redirect itself. Under
// [Client.HTTPClient] the http.Client's own CheckRedirect decides.
func WithMaxRedirects(n int) Option {
	return func(c *config) error { c.maxRedirects = n; return checkCount("WithMaxRedirects", int64(n)) }
}

// maxLimit is the highest limit in bytes: one more can still be counted.
const maxLimit = 1 << 62

// WithObserver tells o what the client and its copies do. Several are told one after
// the other. A nil one is an error.
func WithObserver(o Observer) Option {
	box := &mailbox{o: o}
	return func(c *config) error {
		if isNil(o) {
			return errors.New("WithObserver: the observer is nil")
		}
		c.observers = append(c.observers[:len(c.observers):len(c.observers)], box)
		return nil
	}
}
