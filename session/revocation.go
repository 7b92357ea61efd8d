package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Revocation says whether a session has been ended before its token expires. It
// must be safe for concurrent use. An error means that this could not be found
// out; the request is then answered with 503.
type Revocation interface {
	Revoked(ctx context.Context, s *Session) (bool, error)
}

// RevocationFunc is a function as a [Revocation].
type RevocationFunc func(ctx context.Context, s *Session) (bool, error)

// Revoked calls f.
func (f RevocationFunc) Revoked(ctx context.Context, s *Session) (bool, error) { return f(ctx, s) }

// TokensValidAfter returns the revocation of Firebase (Firebase docs, "Detect ID
// token revocation"): tokens are revoked whose user signed in before the time
// that lookup returns, tokensValidAfterTime in the Admin SDK and validSince, in
// seconds, in the REST API. The zero time means that nothing was revoked. A
// session that does not say when the user signed in counts as revoked as soon
// as there is such a time.
//
// A look-up for every request costs what it costs: have lookup remember answers
// for as long as a revocation may take to act.
func TokensValidAfter(lookup func(ctx context.Context, subject string) (time.Time, error)) Revocation {
	return RevocationFunc(func(ctx context.Context, s *Session) (bool, error) {
		if lookup == nil {
			return false, errors.New("no look-up")
		}
		after, err := lookup(ctx, s.Subject)
		if err != nil {
			return false, err
		}
		// Both are whole seconds at the issuer; validSince may come with more
		// digits, and the second of the revocation itself is still good.
		return !after.IsZero() && s.AuthTime.Before(after.Truncate(time.Second)), nil
	})
}

// LoggedOut is a [Revocation] that remembers which sessions have been logged out,
// such as by Auth0's back-channel logout tokens: have the webhook handler for
// those call Add. It is kept in memory, so it serves one process; with several,
// keep the IDs where all can read them and use a [RevocationFunc].
type LoggedOut struct {
	keep time.Duration
	now  func() time.Time

	mu       sync.Mutex
	entries  map[logout]time.Time // when it was logged out
	nextTidy time.Time
}

// logout names a session by its ID, or all sessions of a subject.
type logout struct{ issuer, sid, subject string }

// NewLoggedOut returns an empty list that keeps entries for the given time, which
// must be at least the longest lifetime of a token; later the tokens have expired
// by themselves. The clock is time.Now if now is nil.
func NewLoggedOut(keep time.Duration, now func() time.Time) (*LoggedOut, error) {
	if keep <= 0 {
		return nil, errors.New("session: logged-out sessions: the time to keep must be positive")
	}
	if now == nil {
		now = time.Now
	}
	return &LoggedOut{keep: keep, now: now, entries: map[logout]time.Time{}}, nil
}

// Add records what a logout token says (OpenID Connect Back-Channel Logout 1.0
// section 2.4): "iss", and "sid" or "sub". With a sid that session has ended, with
// a sub alone all sessions of the user whose tokens were issued, or who signed
// in, up to now.
func (l *LoggedOut) Add(issuer, sid, subject string) error {
	if issuer == "" || sid == "" && subject == "" {
		return errors.New("session: log out: no issuer, or neither session ID nor subject")
	}
	if sid != "" {
		subject = ""
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !now.Before(l.nextTidy) {
		for k, at := range l.entries {
			if now.Sub(at) > l.keep {
				delete(l.entries, k)
			}
		}
		l.nextTidy = now.Add(l.keep / 8)
	}
	l.entries[logout{issuer, sid, subject}] = now
	return nil
}

// Revoked implements [Revocation].
func (l *LoggedOut) Revoked(_ context.Context, s *Session) (bool, error) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.entries[logout{issuer: s.Issuer, sid: s.ID}]; ok && s.ID != "" && now.Sub(at) <= l.keep {
		return true, nil
	}
	at, ok := l.entries[logout{issuer: s.Issuer, subject: s.Subject}]
	if !ok || now.Sub(at) > l.keep {
		return false, nil
	}
	// A token issued after the logout may still belong to the session that ended;
	// the time of signing in tells, where the token has it.
	began := s.AuthTime
	if began.IsZero() {
		began = s.IssuedAt
	}
	return !began.After(at), nil
}
