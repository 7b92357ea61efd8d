package tokens

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// Refresher exchanges a token for a new one. An [*oauthflow.Client] is one; see
// [Grant] for tokens that need no refresh token. Refresh must make at most one
// attempt, return soon after the context ends, and be safe for concurrent use.
//
// Its error tells what became of the refresh token: an [*oauthflow.TokenError] or an
// [*oauth2.RetrieveError] is read for its code and for whether the server refused; a
// failed dial was never sent; any other error may have taken effect.
//
// If it has a method Metadata() []string, as an [*oauthflow.Client] has, the members
// of token responses that this names are kept as those of [WithExtra] are.
type Refresher interface {
	Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error)
}

// Manager keeps tokens alive: many keys, many goroutines, many processes. The
// package comment says what it promises. Create it with [New], and call
// [Manager.Shutdown] before the process ends. It is safe for concurrent use.
type Manager struct {
	store       Store
	refresher   Refresher
	cfg         config
	seed        maphash.Seed
	shards      [shardCount]shard
	closing     chan struct{} // closed by Shutdown: begin nothing
	abort       chan struct{} // closed when Shutdown gives up: drop what cannot be stored
	flights     sync.WaitGroup
	lifecycle   sync.Mutex // guards closing, abort and additions to flights
	closed      bool
	abortedOnce sync.Once
}

// New returns a manager of the tokens in store. The refresher may be nil only with
// [WithRefresherFor].
func New(store Store, refresher Refresher, opts ...Option) (*Manager, error) {
	cfg, err := newConfig(opts)
	switch {
	case store == nil:
		return nil, errors.New("tokens: new manager: the store is nil")
	case err != nil:
		return nil, fmt.Errorf("tokens: new manager: %w", err)
	case refresher == nil && cfg.choose == nil:
		return nil, errors.New("tokens: new manager: there is no refresher")
	}
	return &Manager{
		store: store, refresher: refresher, cfg: cfg, seed: maphash.MakeSeed(),
		closing: make(chan struct{}), abort: make(chan struct{}),
	}, nil
}

// maxKey bounds keys in bytes; they are primary keys in databases.
const maxKey = 512

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("tokens: the token's key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("tokens: the token's key is longer than %d bytes", maxKey)
	case !utf8.ValidString(key), strings.ContainsFunc(key, unicode.IsControl):
		return errors.New("tokens: the token's key holds control characters or is not UTF-8")
	}
	return nil
}

// Token returns a token under key that is not stale, refreshing it if needed. The
// token has no refresh token and is shared between callers: it must not be changed.
//
// The error is a [*ReauthError], a [*RefreshError], a [*StoreError], or wraps
// that of ctx. A context that ends fails its own caller only.
func (m *Manager) Token(ctx context.Context, key string) (*oauth2.Token, error) {
	e, err := m.entry(key)
	if err != nil {
		return nil, err
	}
	if tok := e.quick(); tok != nil && ctx.Err() == nil {
		return tok, nil
	}
	return m.token(ctx, e, "")
}

// RefreshToken returns a token other than failed, which a service has refused
// with a 401. It refreshes only if failed is still the newest token, and not if that
// came from a refresh within the last five seconds or tenth of its lifetime: the error
// then matches [ErrRefreshedRecently]. If failed cannot be refreshed, the error is a
// [*ReauthError], and nothing is recorded. Otherwise it is as [Manager.Token].
func (m *Manager) RefreshToken(ctx context.Context, key string, failed *oauth2.Token) (*oauth2.Token, error) {
	e, err := m.entry(key)
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
	e, err := m.entry(key)
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
	for {
		old, err := m.load(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt) {
			return err
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

// Shutdown waits until the refreshes that are in flight have ended and are stored,
// and begins no new ones; tokens in memory are handed out for as long as they live.
// If ctx ends first, its error is returned, and what could not be stored is given up.
func (m *Manager) Shutdown(ctx context.Context) error {
	m.lifecycle.Lock()
	if !m.closed {
		m.closed = true
		close(m.closing)
	}
	m.lifecycle.Unlock()
	done := make(chan struct{})
	go func() {
		m.flights.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		m.abortedOnce.Do(func() { close(m.abort) })
		return fmt.Errorf("tokens: shut down the token manager: %w", pause.Err(ctx))
	}
}

// refresherFor returns the refresher of a key, and which extra members of its
// tokens are kept.
func (m *Manager) refresherFor(key string) (Refresher, []string, error) {
	r := m.refresher
	if m.cfg.choose != nil {
		var err error
		if r, err = m.chosen(key); err != nil {
			return nil, nil, err
		}
	}
	if r == nil {
		return nil, nil, errors.New("there is no refresher for this key")
	}
	if c, ok := r.(interface{ Metadata() []string }); ok {
		return r, slices.Concat(m.cfg.extra, c.Metadata()), nil
	}
	return r, m.cfg.extra, nil
}

func (m *Manager) chosen(key string) (r Refresher, err error) {
	defer panics.Catch(&err, "the function that chooses the refresher")
	return m.cfg.choose(key)
}

// begin counts a flight, unless Shutdown has been called.
func (m *Manager) begin() bool {
	m.lifecycle.Lock()
	defer m.lifecycle.Unlock()
	if m.closed {
		return false
	}
	m.flights.Add(1)
	return true
}

func (m *Manager) isClosing() bool {
	select {
	case <-m.closing:
		return true
	default:
		return false
	}
}
