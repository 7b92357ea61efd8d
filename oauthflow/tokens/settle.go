package tokens

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// keepPatience is how long callers wait while a new token cannot be stored.
	keepPatience = 5 * time.Second

	// keepPause bounds the pauses between attempts to store it.
	keepPause = 10 * time.Second
)

// keep stores the result of a refresh; until that is done it is not handed out.
// While the store fails it goes on, since the old refresh token may be dead and
// the new one is nowhere else.
func (r *renewal) keep(ctx context.Context, sent, next *tokenState) (*tokenState, error) {
	next.version = sent.version
	began, told, wait := time.Now(), false, 50*time.Millisecond
	for {
		err := r.m.save(ctx, r.key, next)
		if err == nil {
			return next, nil
		}
		if errors.Is(err, ErrConflict) {
			var settled *tokenState
			if settled, err = r.reconcile(ctx, sent, next); settled != nil || errors.Is(err, ErrReauthorizationRequired) {
				return settled, err
			}
		}
		if err != nil && !told && time.Since(began) >= keepPatience {
			told = true
			r.stuck(err)
		}
		select {
		case <-r.m.abort:
			return nil, err
		case <-time.After(wait):
		}
		wait = min(2*wait, keepPause)
	}
}

// reconcile looks at a record that has changed while we were refreshing. It
// returns the state that stands, or none, after which next is saved again.
func (r *renewal) reconcile(ctx context.Context, sent, next *tokenState) (*tokenState, error) {
	now, err := r.m.load(ctx, r.key)
	switch gone := errors.Is(err, ErrNotFound) || err == nil && now.gone(); {
	case gone && r.grant:
		next.version = now.version
		return nil, nil
	case gone: // signed out meanwhile
		return nil, &ReauthError{Key: r.key, cause: ErrNotFound}
	case err != nil:
		return nil, err
	}
	r.watch.see(now, time.Now())
	switch {
	case now.Access == next.Access && now.Refresh == next.Refresh:
		return now, nil // our own save, whose result was lost
	case now.Refresh == sent.Refresh && next.Refresh == sent.Refresh && now.Access != sent.Access && now.alive(time.Now()):
		return now, nil // a new sign-in, or a sibling's, under the same refresh token
	case now.Refresh == sent.Refresh:
		// Someone took us for dead and put a mark on the token that we have
		// exchanged, or found it dead because we have. What we hold came from it.
		next.version = now.version
		return nil, nil
	}
	return now, nil // a new sign-in, or a sibling whose replay the server accepted
}

// rejected is the way of a refresh token that the server calls dead.
func (r *renewal) rejected(ctx context.Context, sent *tokenState, code string) (*tokenState, error) {
	st, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	if st.Refresh != sent.Refresh { // a sibling has won
		if r.again {
			return st, st.refreshError(r.key, time.Time{}, ErrRefreshInProgress)
		}
		r.again = true
		return r.run(ctx)
	}
	if st.inFlight() && st.Attempt.Owner != r.owner && !r.again {
		// A sibling has taken over, and may have won: what it got is on its way.
		r.again = true
		return r.run(ctx)
	}
	return r.condemn(ctx, st, code)
}

// condemn records that the refresh token is dead, for all processes.
func (r *renewal) condemn(ctx context.Context, st *tokenState, code string) (*tokenState, error) {
	dead := st.clone()
	dead.Dead = &deathMark{At: time.Now().Round(0), Code: code}
	if a := dead.Attempt; a != nil {
		dead.Dead.Unanswered = a.Unanswered
		if a.Owner != "" && a.Owner != r.owner {
			dead.Dead.Unanswered++
		}
		dead.Attempt = nil
	}
	err := r.m.save(ctx, r.key, dead)
	if errors.Is(err, ErrConflict) && r.recorded(ctx, dead) {
		err = nil // our own save, whose result was lost
	}
	if errors.Is(err, ErrConflict) {
		if r.again {
			return nil, st.refreshError(r.key, time.Time{}, ErrRefreshInProgress)
		}
		r.again = true
		return r.run(ctx)
	}
	reauth := dead.reauthError(r.key)
	r.reauth = reauth
	if err != nil {
		// It is true all the same; the next process will find out by itself.
		return dead, fmt.Errorf("%w; and it could not be recorded: %w", reauth, err)
	}
	return dead, reauth
}

// recorded reports whether the record is dead as it stands, by this renewal and no other,
// since only who has found it out tells.
func (r *renewal) recorded(ctx context.Context, dead *tokenState) bool {
	now, err := r.m.load(ctx, r.key)
	if err != nil || now.Dead == nil || !now.sameToken(dead) || !now.Dead.At.Equal(dead.Dead.At) {
		return false
	}
	dead.version = now.version
	return true
}
