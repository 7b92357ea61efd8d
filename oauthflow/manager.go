package oauthflow

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
)

// Refresher exchanges a token for a new one. [*Client] is one; see [Grant] for
// tokens that need no refresh token. Refresh must make at most one attempt,
// return soon after the context ends, and be safe for concurrent use.
//
// Its error tells what became of the refresh token: a [*TokenError] or an
// *oauth2.RetrieveError is read for its code and for whether the server
// refused; a failed dial was never sent; any other error may have taken effect.
type Refresher interface {
	Refresh(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error)
}

// Manager keeps tokens alive: many keys, many goroutines, many processes. Most
// programs have one a provider, over one store that all processes share:
//
//	m, err := oauthflow.NewManager(store, client)
//	err = m.Put(ctx, "user:42/github", token) // once, after sign-in
//	tok, err := m.Token(ctx, "user:42/github") // from then on
//
// [Manager.Source] gives an oauth2.TokenSource for one key.
//
// # What it promises
//
// A token is handed out from memory while it is fresh. It goes stale before its
// end by min(60 s, 10 % of its lifetime), less a little jitter. Then, for each
// key: one goroutine of the process reads the store; if no other process has refreshed
// meanwhile, it puts a mark into the record by compare-and-swap, which
// exactly one process can win; it refreshes, stores the result by compare-and-swap, and only
// then hands it out. The others wait for it. None of this ends with the context
// of the caller that happened to come first.
//
// While the old token is alive no caller fails: it serves for as long as the
// refresh fails or hangs. After a failure there is a pause that doubles from one second to a
// minute, kept in the record, so that all processes and the next ones observe it.
//
// If the server says that the refresh token is of no use (invalid_grant), the store
// is read once more, since another process may have won; else that is recorded,
// [OnReauth] is called by the process that found out, and callers in all
// processes get a [ReauthError], without a further request, until Put stores a new token.
// Nothing else ends a grant: that a service has answered 401 is never stored, and
// an access token is handed out until it expires or another one replaces it.
//
// Clocks of different machines need not agree. What counts is what each process has
// seen of the record itself; a machine whose clock is wrong may refresh a token that
// it sees for the first time too early.
//
// # When no answer comes
//
// A refresh that was sent and not answered (a timeout, a reset connection, a
// 5xx, a process killed in the middle) may have used up the refresh token, and the
// token that replaced it is unknown. The mark in the record, "in flight since,
// by whom", is written before sending, so this is known also after a crash. The policy:
//
//  1. Nobody else sends while the one who sent may still be at work: it
//     renews the mark every quarter of the lease (5 s). Waiting is for a mark
//     that has not changed for a whole lease on the waiter's own clock, so
//     clocks need not agree.
//  2. Then the same refresh token is sent once more: by the same process a
//     second after the failure, by another one when the lease of a dead process is over.
//     Servers that do not rotate do not care. Servers with a grace period repeat their answer.
//     Servers that had not seen the first request answer it. A server that
//     had, and detects reuse, revokes what we could not have refreshed anyway: without
//     the lost answer the family was dead after the current access token.
//  3. The server's answer decides. Refused: ReauthError, with Unanswered saying why. Again no answer: the
//     pause above, and the lease of crashed processes, double each time; callers get a [RefreshError] and
//     [OnFailure] is told each time, so it is neither silent nor a loop.
//
// [WithoutReplay] replaces step 2 and 3 by a ReauthError, for a server that punishes
// reuse beyond the family. If the first answer was only late, it is stored when it
// comes, as long as nothing has replaced the refresh token that it came from.
//
// # What it needs
//
// All processes must go through managers on the same store: tokens handed out
// hold no refresh token, so nothing else can use it by accident. Call Shutdown
// before the process ends, so that no refresh is cut off. A sign-out or sign-in in one process
// is noticed by the others within a minute ([WithRecheck]).
//
// A Manager is safe for concurrent use.
type Manager struct {
	store       Store
	refresher   Refresher
	choose      func(key string) (Refresher, error)
	extra       []string
	timeout     time.Duration
	lease       time.Duration
	recheck     time.Duration
	capacity    int
	noReplay    bool
	onReauth    func(ctx context.Context, err *ReauthError)
	onFailure   func(ctx context.Context, key string, err error)
	seed        maphash.Seed
	shards      [shardCount]shard
	closing     chan struct{} // closed by Shutdown: begin nothing
	abort       chan struct{} // closed when Shutdown gives up: drop what cannot be stored
	flights     sync.WaitGroup
	lifecycle   sync.Mutex // guards closing, abort and additions to flights
	closed      bool
	abortedOnce sync.Once
}

// NewManager returns a manager of the tokens in store. The refresher may be nil
// only with [WithRefresherFor].
func NewManager(store Store, refresher Refresher, opts ...ManagerOption) (*Manager, error) {
	m := &Manager{
		store: store, refresher: refresher,
		extra:   []string{"scope"},
		timeout: defaultTimeout, lease: defaultLease, recheck: defaultRecheck, capacity: defaultCapacity,
		seed:    maphash.MakeSeed(),
		closing: make(chan struct{}), abort: make(chan struct{}),
	}
	for _, o := range opts {
		o(m)
	}
	switch {
	case store == nil:
		return nil, errors.New("oauthflow: new manager: the store is nil")
	case refresher == nil && m.choose == nil:
		return nil, errors.New("oauthflow: new manager: there is no refresher")
	case m.timeout <= 0, m.lease <= 0, m.recheck <= 0, m.capacity <= 0:
		return nil, errors.New("oauthflow: new manager: durations and the capacity must be positive")
	}
	return m, nil
}

// maxKey bounds keys in bytes; they are primary keys in databases.
const maxKey = 512

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("oauthflow: the token's key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("oauthflow: the token's key is longer than %d bytes", maxKey)
	case !utf8.ValidString(key), strings.ContainsFunc(key, unicode.IsControl):
		return errors.New("oauthflow: the token's key holds control characters or is not UTF-8")
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

// RefreshToken returns a token other than failed, which a service has answered
// with 401. It refreshes only if failed is still the newest token, and not if that
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

// Put stores tok under key, in place of whatever is there: after sign-in. Its
// extra members are kept as far as [WithExtra] says. If tok has neither an access token nor a refresh token,
// that is an error.
func (m *Manager) Put(ctx context.Context, key string, tok *oauth2.Token) error {
	e, err := m.entry(key)
	if err != nil {
		return err
	}
	if tok == nil || strings.TrimSpace(tok.AccessToken) == "" && strings.TrimSpace(tok.RefreshToken) == "" {
		return fmt.Errorf("oauthflow: put token %s: it is empty", quote(key, maxKey))
	}
	_, extra, err := m.refresherFor(key)
	if err != nil {
		return fmt.Errorf("oauthflow: put token %s: %w", quote(key, maxKey), err)
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

// Shutdown waits for the refreshes that are in flight to be answered and
// stored, and begins no new ones; tokens in memory are handed out for as long as they live. If ctx
// ends first, its error is returned, and what could not be stored is given up.
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
		return fmt.Errorf("oauthflow: shut down the token manager: %w", pause.Err(ctx))
	}
}

// refresherFor returns the refresher of a key, and which extra members of its
// tokens are kept.
func (m *Manager) refresherFor(key string) (Refresher, []string, error) {
	r := m.refresher
	if m.choose != nil {
		var err error
		if r, err = m.chosen(key); err != nil {
			return nil, nil, err
		}
	}
	switch c, ok := r.(*Client); {
	case r == nil:
		return nil, nil, errors.New("there is no refresher for this key")
	case ok:
		return r, slices.Concat(m.extra, c.cfg.Provider.Metadata), nil
	}
	return r, m.extra, nil
}

func (m *Manager) chosen(key string) (r Refresher, err error) {
	defer panics.Catch(&err, "the function that chooses the refresher")
	return m.choose(key)
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
