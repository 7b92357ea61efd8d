package onvault

import (
	"context"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// session is the token of a login, as a source: it is obtained when it is first needed,
// renewed when two thirds of its time have passed, and obtained anew when it has ended.
type session struct {
	login Login
	api   *client.Client // without a token
	turn  chan struct{}  // whoever has it reads and changes the rest

	now     lease
	began   time.Time // zero: there is none
	renewAt time.Time // zero: never
	ends    time.Time // zero: never
}

// young is how old a token has to be before another is obtained in its place because
// Vault refuses it: it is not the token, then, but what it may do.
const young = 10 * time.Second

// enter takes the turn, unless ctx ends first.
func (s *session) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for another call to log in: %w", context.Cause(ctx))
	}
}

// Check passes: the login was checked when the Vault was made.
func (s *session) Check() error { return nil }

// Secrets returns the token.
func (s *session) Secrets(ctx context.Context) ([]secret.Value, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.turn }()
	now := time.Now()
	switch {
	case s.began.IsZero() || !s.ends.IsZero() && !now.Before(s.ends):
		if err := s.logIn(ctx); err != nil {
			return nil, fmt.Errorf("log in to Vault: %w", err)
		}
	case !s.renewAt.IsZero() && !now.Before(s.renewAt):
		s.renew(ctx, now)
	}
	return []secret.Value{s.now.token}, nil
}

func (s *session) logIn(ctx context.Context) error {
	l, err := s.login.login(ctx, s.api)
	if err != nil {
		return err
	}
	s.begin(l)
	return nil
}

func (s *session) begin(l lease) {
	s.now, s.began = l, time.Now()
	s.renewAt, s.ends = time.Time{}, time.Time{}
	if l.ttl > 0 {
		// It is given up a little early: what is sent must still be valid on arrival.
		s.ends = s.began.Add(l.ttl - min(l.ttl/10, 5*time.Second))
		s.renewAt = s.began.Add(l.ttl * 2 / 3)
	}
}

// renew makes the token live longer, or obtains another where that does not help. If
// neither can be done now, the token serves until it ends; the next try is when half of
// the rest has passed.
func (s *session) renew(ctx context.Context, now time.Time) {
	if s.now.renewable {
		said, err := renew.Do(ctx, s.api, tokenIn{s.now.token.Reveal()})
		if err == nil {
			if l, err := said.lease(); err == nil && l.ttl > s.ends.Sub(now) {
				s.begin(l)
				return
			}
		}
	}
	// Its longest time has come, or it is gone.
	if s.logIn(ctx) != nil {
		s.renewAt = now.Add(max(s.ends.Sub(now)/2, time.Second))
	}
}

// Refresh gives the token up, so that another is obtained, unless it is so young that
// another would be no better.
func (s *session) Refresh(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer func() { <-s.turn }()
	if time.Since(s.began) >= young {
		s.began = time.Time{}
	}
	return nil
}
