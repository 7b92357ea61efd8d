package tokens

import (
	"context"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// Delete removes the token under key: on sign-out. It returns what was stored,
// with the refresh token, so that it can be revoked; nil if there was nothing, or
// nothing that can be read. What a sign-in stores at the same time is either
// returned or left in place, never lost: see [VersionDeleter] for what that takes.
//
// Delete waits for a refresh that is in flight, here or in another process, so that no
// token comes into being unseen. If that takes too long, it goes ahead.
func (m *Manager) Delete(ctx context.Context, key string) (*oauth2.Token, error) {
	e, err := m.cache.entry(key)
	if err != nil {
		return nil, err
	}
	st, err := m.seize(ctx, key)
	if err != nil {
		return nil, err
	}
	e.replace(nil)
	if st == nil {
		return nil, nil
	}
	return st.token(true), nil
}

// seize waits until no refresh is in flight and removes the record as it then is.
// It returns what it has removed, if that can be read.
func (m *Manager) seize(ctx context.Context, key string) (*tokenState, error) {
	var watch watcher
	var last *tokenState
	poll := pollMin
	giveUp := time.Now().Add(m.cfg.timeout + m.cfg.lease)
	for {
		st, err := m.load(ctx, key)
		now := time.Now()
		switch {
		case errors.Is(err, ErrNotFound), err == nil && st.gone():
			return last, nil // by ourselves, if a store's result was lost
		case err != nil && !errors.Is(err, ErrCorrupt):
			return nil, err
		case err == nil:
			watch.see(st, now)
			if st.inFlight() && !watch.abandoned(st, now, m.cfg.lease) && now.Before(giveUp) {
				if err := pause.For(ctx, poll); err != nil {
					return nil, waitError(key, err)
				}
				poll = min(poll*3/2, pollMax)
				continue
			}
			last = st
		}
		if err := m.remove(ctx, key, st.version); !errors.Is(err, ErrConflict) {
			return last, err
		}
		if err := pause.Err(ctx); err != nil {
			return nil, waitError(key, err)
		}
	}
}

func (s *tokenState) inFlight() bool { return s.Attempt != nil && s.Attempt.Owner != "" }
