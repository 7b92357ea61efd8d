package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Token returns a token under key that is not stale, refreshing it if needed. The
// token has no refresh token and is shared between callers: it must not be changed.
//
// The error is a [*ReauthError], a [*RefreshError], a [*StoreError], or wraps
// that of ctx. A context that ends fails its own caller only.
func (m *Manager) Token(ctx context.Context, key string) (*oauth2.Token, error) {
	e, err := m.cache.entry(key)
	if err != nil {
		return nil, err
	}
	if tok := e.quick(); tok != nil && ctx.Err() == nil {
		return tok, nil
	}
	return m.token(ctx, e, "")
}

// RefreshToken returns a token other than failed, which a service has refused with a
// 401. It refreshes only if failed is still the newest token, and not if that
// came from a refresh within the last five seconds or tenth of its lifetime: the error
// then matches [ErrRefreshedRecently]. If failed cannot be refreshed, the error is a
// [*ReauthError], and nothing is recorded. Otherwise it is as [Manager.Token].
func (m *Manager) RefreshToken(ctx context.Context, key string, failed *oauth2.Token) (*oauth2.Token, error) {
	e, err := m.cache.entry(key)
	if err != nil {
		return nil, err
	}
	if failed == nil || failed.AccessToken == "" {
		return m.token(ctx, e, "")
	}
	return m.token(ctx, e, failed.AccessToken)
}

// Put stores tok under key, in place of whatever is there: after sign-in. Its extra
// members are kept as far as [WithExtra] says. If tok has neither an access token nor
// a refresh token, that is an error.
func (m *Manager) Put(ctx context.Context, key string, tok *oauth2.Token) error {
	e, err := m.cache.entry(key)
	if err != nil {
		return err
	}
	if tok == nil || strings.TrimSpace(tok.AccessToken) == "" && strings.TrimSpace(tok.RefreshToken) == "" {
		return fmt.Errorf("tokens: put token %s: it is empty", quote.Text(key, maxKey))
	}
	_, extra, err := m.refresherFor(key)
	if err != nil {
		return fmt.Errorf("tokens: put token %s: %w", quote.Text(key, maxKey), err)
	}
	st := newState(tok, time.Now(), extra)
	st.Put = rand.Text()
	for again := false; ; again = true {
		old, err := m.load(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if again && err == nil && old.Dead == nil && old.Put == st.Put {
			// Our own save, whose result was lost. Its token may be being refreshed, so
			// that the mark must stay, or have been, and what came of that is the one
			// that is good.
			e.replace(old)
			return nil
		}
		st.version = old.version
		if errors.Is(err, ErrCorrupt) && st.version == 0 {
			// It is in the way, and the store does not tell its version.
			if err := m.remove(ctx, key, 0); err != nil {
				return err
			}
		}
		err = m.save(ctx, key, st)
		if errors.Is(err, ErrConflict) {
			if err := pause.Err(ctx); err != nil {
				return waitError(key, err)
			}
			continue
		}
		if err == nil {
			e.replace(st)
		}
		return err
	}
}
