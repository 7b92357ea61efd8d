package httpcache

import (
	"cmp"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The defaults, see [Config].
const (
	DefaultMaxBytes   = 64 << 20
	DefaultMaxEntries = 10_000
	DefaultMaxBody    = 4 << 20
)

// Config is what a [Cache] is made of. The zero Config is usable.
type Config struct {
	// MaxBytes bounds what is kept, in bytes of bodies and header fields, and, a second
	// time, the copies that are being made. 0 is DefaultMaxBytes.
	MaxBytes int64

	// MaxEntries bounds how many responses are kept. 0 is DefaultMaxEntries.
	MaxEntries int

	// MaxBody bounds the body of a response that is kept, in bytes. A longer one streams
	// through, and is not. 0 is DefaultMaxBody.
	MaxBody int64

	// StaleIfError is for how long after its end a response may be used where the
	// service responds with 500, 502, 503 or 504 after all retries, or not at all (RFC
	// 5861 section 4). The service's own stale-if-error counts beside it; a response that
	// must be revalidated is never used so. 0 leaves it to the service.
	StaleIfError time.Duration

	// Caller names for whom a request is made; responses are kept apart by it. An error
	// means that it cannot be told: the request then goes by the cache. It is asked
	// before and after the request, and where the two differ nothing is kept. Nil asks
	// client.CallerFrom, which goes by the client's credential.
	Caller func(*http.Request) (string, error)
}

// Cache keeps responses. It may serve any number of clients, is safe for concurrent use
// and runs nothing in the background.
type Cache struct {
	store        *store
	maxBody      int64
	staleIfError time.Duration
	caller       func(*http.Request) (string, error)
}

// New returns an empty cache. A negative bound is 0 entries: nothing is kept.
func New(cfg Config) *Cache {
	c := &Cache{
		store:        newStore(cmp.Or(cfg.MaxBytes, DefaultMaxBytes), cmp.Or(cfg.MaxEntries, DefaultMaxEntries)),
		maxBody:      cmp.Or(cfg.MaxBody, DefaultMaxBody),
		staleIfError: max(cfg.StaleIfError, 0),
		caller:       cfg.Caller,
	}
	if c.caller == nil {
		c.caller = func(req *http.Request) (string, error) { return client.CallerFrom(req.Context()) }
	}
	return c
}

// Stats is what a cache holds.
type Stats struct {
	Entries int
	Bytes   int64 // of bodies and header fields
}

// Stats returns what the cache holds now.
func (c *Cache) Stats() Stats {
	n, bytes := c.store.stats()
	return Stats{Entries: n, Bytes: bytes}
}

// Middleware puts the cache in front of next: give it to [client.WithCallMiddleware]. It
// follows the contract of [http.RoundTripper]. In the per-attempt slot it would hide what
// goes wrong from the retries and the breaker.
func (c *Cache) Middleware(next http.RoundTripper) http.RoundTripper {
	return &transport{c, next}
}
