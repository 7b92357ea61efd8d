package tokens

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// patience is how long the callers of a refresh wait for it while the token in
// hand has at least twice that to live. They do not wait at all for a refresh
// that follows a failure.
const patience = time.Second

// token is what quick leaves over. If failed is set, that token will not do.
func (m *Manager) token(ctx context.Context, e *entry, failed string) (*oauth2.Token, error) {
	for {
		if err := pause.Err(ctx); err != nil {
			return nil, waitError(e.key, err)
		}
		e.mu.Lock()
		if e.evicted {
			e.mu.Unlock()
			e, _ = m.cache.entry(e.key) // a key that has been taken before
			continue
		}
		now := time.Now()
		e.used = now
		tok, err, decided := e.decide(now, failed, m.cfg.recheck)
		if decided {
			e.mu.Unlock()
			return tok, err
		}
		f := e.flight
		if f == nil {
			if !m.begin() {
				alive := e.inHand(now, failed)
				e.mu.Unlock()
				if alive != nil {
					return alive, nil
				}
				return nil, &RefreshError{Key: e.key, cause: ErrManagerClosed}
			}
			f = &lookout{failed: failed, jitter: e.jitter, began: now, done: make(chan struct{}), stuck: make(chan struct{})}
			e.flight = f
			go m.fly(context.WithoutCancel(ctx), e, f, e.epoch, e.watch)
		}
		limit, limited := e.patience(now, failed)
		inHand := e.inHand(now, failed)
		e.mu.Unlock()
		if limited && limit <= 0 {
			return inHand, nil
		}
		tok, err = m.wait(ctx, e, f, failed, limit)
		if tok != nil || err != nil {
			return tok, err
		}
	}
}

// decide settles a call without the store, if what is known allows.
func (e *entry) decide(now time.Time, failed string, recheck time.Duration) (*oauth2.Token, error, bool) {
	paused := now.Before(e.retryAt)
	if e.snap == nil || !e.snap.state.alive(now) || e.snap.state.Access == failed {
		return nil, e.failed, paused && e.failed != nil
	}
	hopeless := e.snap.state.Dead != nil
	fresh := e.snap.staleAt.IsZero() || now.Before(e.snap.staleAt) || hopeless
	known := recheck - now.Sub(e.snap.seen)
	switch {
	case fresh && known > 0:
		until := known
		if !hopeless && !e.snap.staleAt.IsZero() {
			until = min(until, e.snap.staleAt.Sub(now))
		}
		e.warm(now, until)
	case paused:
		e.warm(now, e.retryAt.Sub(now))
	default:
		return nil, nil, false
	}
	return e.snap.token, nil, true
}

// inHand returns the token that serves when no new one is to be had.
func (e *entry) inHand(now time.Time, failed string) *oauth2.Token {
	if e.snap == nil || !e.snap.state.alive(now) || e.snap.state.Access == failed {
		return nil
	}
	return e.snap.token
}

// patience returns how long a caller waits for the flight, if not to its end.
func (e *entry) patience(now time.Time, failed string) (limit time.Duration, limited bool) {
	if e.inHand(now, failed) == nil {
		return 0, false
	}
	if x := e.snap.state.Expiry; !x.IsZero() && x.Sub(now) < 2*patience {
		return 0, false
	}
	if e.failed != nil {
		return 0, true
	}
	return patience - now.Sub(e.flight.began), true
}

// wait waits for a flight. It returns neither a token nor an error if the
// flight was another's and what it found does not settle this call.
func (m *Manager) wait(ctx context.Context, e *entry, f *lookout, failed string, limit time.Duration) (*oauth2.Token, error) {
	var timeout <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		timeout = timer.C
	}
	var err error
	select {
	case <-f.done:
		if f.err == nil && (failed == "" || f.token.AccessToken != failed) {
			return f.token, nil
		}
		err = f.err
	case <-f.stuck:
		err = f.stuckErr
	case <-timeout:
	case <-ctx.Done():
		return nil, waitError(e.key, pause.Err(ctx))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if tok := e.inHand(time.Now(), failed); tok != nil {
		return tok, nil
	}
	if failed != "" && f.failed != failed {
		return nil, nil
	}
	return nil, err
}

// fly does the work of a flight and tells everyone, also if code of the user's ends
// the goroutine.
func (m *Manager) fly(ctx context.Context, e *entry, f *lookout, epoch int, watch watcher) {
	defer m.flights.Done()
	r := &renewal{m: m, key: e.key, jitter: f.jitter, failed: f.failed, watch: watch, stuck: func(err error) {
		f.stuckErr = err
		close(f.stuck)
		m.tellFailure(ctx, e.key, err)
	}}
	var st *tokenState
	err := error(&RefreshError{Key: e.key, cause: panics.Exited("the store, or a function of the manager's,")})
	defer func() {
		m.settle(e, f, epoch, r, st, err)
		if r.reauth != nil {
			m.tellReauth(ctx, r.reauth)
		}
		if err != nil {
			m.tellFailure(ctx, e.key, err)
		}
	}()
	st, err = r.run(ctx)
}

// settle hands out what a flight has found.
func (m *Manager) settle(e *entry, f *lookout, epoch int, r *renewal, st *tokenState, err error) {
	defer close(f.done)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if st != nil && st.version != 0 {
		r.watch.see(st, now)
	}
	e.flight = nil
	if e.epoch == epoch {
		e.watch = r.watch
		e.land(st, err, now)
	}
	if st != nil && st.alive(now) && st.Access != f.failed {
		f.token = st.token(false)
		if e.snap != nil && e.snap.state == st {
			f.token = e.snap.token
		}
	} else if f.err = err; err == nil {
		f.err = &RefreshError{Key: e.key, cause: errDeadOnArrival}
	}
}

var errDeadOnArrival = errors.New("the server gave a token that is expired, or the one that had failed")

// land keeps what a flight has found. Where it found nothing, what was known
// stays, and serves to its end: unless the token is gone from the store.
func (e *entry) land(st *tokenState, err error, now time.Time) {
	e.failed, e.retryAt = nil, time.Time{}
	e.hot.Store(nil)
	if st != nil {
		e.learn(st, now)
	} else if errors.Is(err, ErrReauthorizationRequired) {
		e.snap = nil
	}
	var refresh *RefreshError
	switch {
	case err == nil && !st.alive(now):
		e.failed, e.retryAt = &RefreshError{Key: e.key, RetryAt: now.Add(time.Second), cause: errDeadOnArrival}, now.Add(time.Second)
	case err == nil, errors.Is(err, ErrReauthorizationRequired), errors.Is(err, ErrRefreshedRecently):
		// The next call looks again: a sign-in elsewhere must show at once.
	case errors.As(err, &refresh) && !refresh.RetryAt.IsZero():
		e.failed, e.retryAt = err, refresh.RetryAt
	default:
		e.failed, e.retryAt = err, now.Add(storePause)
	}
}

// storePause is how long the store, or a process that will not finish, is left
// alone after a failure.
const storePause = 250 * time.Millisecond
