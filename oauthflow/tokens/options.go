package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/standpipe-go/standpipe/internal/option"
)

// config is what the options of [New] say.
type config struct {
	choose    func(key string) (Refresher, error) // nil: the one of New
	extra     []string
	timeout   time.Duration
	lease     time.Duration
	recheck   time.Duration
	capacity  int
	noReplay  bool
	onReauth  func(ctx context.Context, err *ReauthError)
	onFailure func(ctx context.Context, key string, err error)
}

// newConfig returns the defaults, as opts change them.
func newConfig(opts []Option) (config, error) {
	c := config{
		extra:   []string{"scope"},
		timeout: 15 * time.Second, lease: 5 * time.Second, recheck: time.Minute,
		capacity: 10_000,
	}
	if err := option.Apply(&c, opts); err != nil {
		return config{}, err
	}
	return c, nil
}

// Option adapts a [Manager]. An argument that will not do is an error of [New].
type Option func(*config) error

// WithRefresherFor chooses the refresher by key, for a manager of several providers
// or tenants. It must be quick, and return the same for the same key in all
// processes.
func WithRefresherFor(choose func(key string) (Refresher, error)) Option {
	return func(c *config) error { c.choose = choose; return nil }
}

// WithExtra names members of token responses ([oauth2.Token.Extra]) that are
// stored with the token and handed out with it, besides "scope" and what the
// [Refresher] names: an [*oauthflow.Client], its Provider.Metadata. A refresh whose
// response lacks one keeps the old value.
func WithExtra(names ...string) Option {
	return func(c *config) error { c.extra = append(c.extra, names...); return nil }
}

// WithTimeout bounds one refresh request. Default: 15 s. It must be positive.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error { c.timeout = d; return positive("timeout", d) }
}

// WithLease sets how long a refresh may go without a heartbeat before another process
// takes it over. It must be positive, and the same in all processes. Longer than a
// process may be stopped (by a debugger, a migrating machine) is safer; shorter loses
// less time after a crash. Default: 5 s.
func WithLease(d time.Duration) Option {
	return func(c *config) error { c.lease = d; return positive("lease", d) }
}

// WithRecheck sets how often the store is asked whether a token in memory is still
// the one that is stored. Default: once per minute for a key that is in use. It must
// be positive.
func WithRecheck(d time.Duration) Option {
	return func(c *config) error { c.recheck = d; return positive("time between checks", d) }
}

func positive(what string, d time.Duration) error {
	if d <= 0 {
		return errors.New("the " + what + " must be positive")
	}
	return nil
}

// WithCapacity bounds how many tokens are kept in memory. Those not used for longest
// make way; they are read from the store again when needed. Default: 10,000. It must
// be positive.
func WithCapacity(n int) Option {
	return func(c *config) error {
		if c.capacity = n; n <= 0 {
			return errors.New("the capacity must be positive")
		}
		return nil
	}
}

// WithoutReplay never sends a refresh token again whose fate is unknown: a refresh
// without a response ends in a [ReauthError] when the access token ends. See "When no
// response comes" in the package comment.
func WithoutReplay() Option {
	return func(c *config) error { c.noReplay = true; return nil }
}

// OnReauth is called when a token turns out to need the user, once for each such
// event, by the process that found out: not for a 401 of a service alone. The access
// token may still be alive for a while. The context is detached from the caller's; f
// may block, but Shutdown waits for it. If it panics, [OnFailure] is told.
func OnReauth(f func(ctx context.Context, err *ReauthError)) Option {
	return func(c *config) error { c.onReauth = f; return nil }
}

// OnFailure is called for each refresh that failed for now, and each failure of the
// store, also when no caller notices because the token is still alive: for logs and
// metrics. The error is a [*RefreshError] or a [*StoreError], and holds no secret.
func OnFailure(f func(ctx context.Context, key string, err error)) Option {
	return func(c *config) error { c.onFailure = f; return nil }
}
