package tokens

import (
	"context"
	"time"
)

const (
	defaultTimeout  = 15 * time.Second
	defaultLease    = 5 * time.Second
	defaultRecheck  = time.Minute
	defaultCapacity = 10_000
)

// Option wires a [Manager] to its surroundings.
type Option func(*Manager)

// WithRefresherFor chooses the refresher by key, for a manager of several providers or tenants.
// It must be quick, and return the same for the same key in all processes.
func WithRefresherFor(choose func(key string) (Refresher, error)) Option {
	return func(m *Manager) { m.choose = choose }
}

// WithExtra names members of token responses ([oauth2.Token.Extra]) that are
// stored with the token and handed out with it, besides "scope" and what the
// [Refresher] names: an [*oauthflow.Client], its Provider.Metadata. A refresh whose
// response lacks one keeps the old value.
func WithExtra(names ...string) Option {
	return func(m *Manager) { m.extra = append(m.extra, names...) }
}

// WithTimeout bounds one refresh request. Default: 15 s.
func WithTimeout(d time.Duration) Option {
	return func(m *Manager) { m.timeout = d }
}

// WithLease sets how long a refresh in flight may show no sign of life before another
// process takes it for dead. It must be the same in all processes. Longer than a process may be stopped
// (by a debugger, a migrating machine) is safer; shorter loses less time after a crash. Default: 5 s.
func WithLease(d time.Duration) Option {
	return func(m *Manager) { m.lease = d }
}

// WithRecheck sets how often the store is asked whether a token in memory is
// still the one that is stored. Default: once a minute for a key that is in use.
func WithRecheck(d time.Duration) Option {
	return func(m *Manager) { m.recheck = d }
}

// WithCapacity bounds how many tokens are kept in memory. The ones not used for
// longest make way; they are read from the store again when needed. Default: 10,000.
func WithCapacity(n int) Option {
	return func(m *Manager) { m.capacity = n }
}

// WithoutReplay never sends a refresh token again whose fate is unknown: a refresh without an answer
// ends in a [ReauthError] when the access token ends. See "When no answer comes" at [Manager].
func WithoutReplay() Option {
	return func(m *Manager) { m.noReplay = true }
}

// OnReauth is called when a token turns out to need the user, once for each
// such event, by the process that found out: not for a 401 of a service alone. The
// access token may still be alive for a while. The context is detached from the
// caller's; f may block, but Shutdown waits for it. If it panics, [OnFailure] is told.
func OnReauth(f func(ctx context.Context, err *ReauthError)) Option {
	return func(m *Manager) { m.onReauth = f }
}

// OnFailure is called for each refresh that failed for now, and each failure of the store,
// also when no caller notices because the token is still alive: for logs and
// metrics. The error is a [*RefreshError] or a [*StoreError], and holds no secret.
func OnFailure(f func(ctx context.Context, key string, err error)) Option {
	return func(m *Manager) { m.onFailure = f }
}
