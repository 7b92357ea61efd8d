package tokens

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/oauth2"
)

// Source is the token under one key as an [oauth2.TokenSource]. It does what its
// [Manager] does, finds the token a little faster, and is safe for concurrent use.
// Create it with [Manager.Source] or [NewSource].
//
// Prefer TokenContext where there is a context. A client that sees a 401 calls
// RefreshToken; the client package of this module does, given a Source.
type Source struct {
	m     *Manager
	key   string
	alone bool // the key tells nothing: the manager has no other
	entry atomic.Pointer[entry]
}

var _ oauth2.TokenSource = (*Source)(nil)

// Source returns the token under key as an [oauth2.TokenSource]. It makes no request:
// a bad key, or one with nothing stored under it, is an error of the first use.
func (m *Manager) Source(key string) *Source { return &Source{m: m, key: key} }

// Identity returns the key: whose token this is. Package client counts its calls
// together by it, whatever Source they come through. It is "" for a Source of
// [NewSource], which is an account of its own.
func (s *Source) Identity() string {
	if s.alone {
		return ""
	}
	return s.key
}

// Token implements [oauth2.TokenSource]. It is TokenContext without a context;
// the manager's own bounds hold.
func (s *Source) Token() (*oauth2.Token, error) {
	if e := s.entry.Load(); e != nil {
		if tok := e.quick(); tok != nil {
			return tok, nil
		}
	}
	return s.find(context.Background(), "")
}

// TokenContext is [Manager.Token] for the key.
func (s *Source) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	if e := s.entry.Load(); e != nil {
		if tok := e.quick(); tok != nil && ctx.Err() == nil {
			return tok, nil
		}
	}
	return s.find(ctx, "")
}

// RefreshToken is [Manager.RefreshToken] for the key.
func (s *Source) RefreshToken(ctx context.Context, failed *oauth2.Token) (*oauth2.Token, error) {
	if failed == nil {
		return s.find(ctx, "")
	}
	return s.find(ctx, failed.AccessToken)
}

func (s *Source) find(ctx context.Context, failed string) (*oauth2.Token, error) {
	e, err := s.m.cache.entry(s.key)
	if err != nil {
		return nil, err
	}
	s.entry.Store(e)
	return s.m.token(ctx, e, failed)
}

// NewSource returns a Source over g in this process alone: one request at a
// time, a token that is refreshed early and after a 401, a pause after
// failures. To share the tokens of g between processes, give g to [New].
func NewSource(g Grant, opts ...Option) (*Source, error) {
	if g == nil {
		return nil, errors.New("tokens: new source: the grant is nil")
	}
	m, err := New(NewMemoryStore(), g, opts...)
	if err != nil {
		return nil, err
	}
	s := m.Source("grant")
	s.alone = true
	return s, nil
}
