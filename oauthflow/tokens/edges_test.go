package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// numbered is a refresher whose n-th token is "at-n", and lives for life.

// O7: to the nanosecond. Of 20 ns the last two are early, and the jitter leaves one.

// The store is asked again after the time of WithRecheck, and not before.

// A caller waits a second for a refresh while its token has two seconds or more, to

// the end of the refresh if it has less, and not at all after a failure.

// O5: a process that comes later sees the pause end to the nanosecond, and does not

// believe one that cannot be.

// O5: a token is refreshed after a 401 only if it is old enough to be worth it: five

// seconds, or a tenth of its life.

// A server that gives a token which is over already, or the one that has failed, is

// not asked again at once, and its token is not handed out.

// Who asks for another token than one that failed is not answered by a look that was

// under way for somebody who did not know.

func TestManager_ALookForSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &heldLoad{MemoryStore: tokens.NewMemoryStore()}
		r := numbered(time.Hour)
		require.NoError(t, newManager(t, store, r).Put(t.Context(), userKey, living(time.Hour)))
		m := newManager(t, store, r)
		hold := make(chan struct{})
		store.next(hold)
		var first, second *oauth2.Token
		var wg sync.WaitGroup
		wg.Go(func() { first, _ = m.Token(t.Context(), userKey) })
		synctest.Wait()
		wg.Go(func() { second, _ = m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "at-0"}) })
		synctest.Wait()
		close(hold)
		wg.Wait()
		require.Equal(t, "at-0", first.AccessToken)
		require.Equal(t, "at-1", second.AccessToken)
	})
}

// A store is tried three times, unless what it says is an answer.

func TestManager_HowOftenAStoreIsTried(t *testing.T) {
	for _, tc := range []struct {
		err   error
		loads int
	}{
		{errDatabase, 3}, {tokens.ErrNotFound, 1}, {tokens.ErrCorrupt, 1}, {tokens.ErrConflict, 1},
		{context.Canceled, 1}, {context.DeadlineExceeded, 1}, {fmt.Errorf("x: %w", tokens.ErrCorrupt), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			store := &faultyStore{Store: tokens.NewMemoryStore()}
			store.set(func(context.Context) error { return tc.err }, nil, nil)
			m := newManager(t, store, refresherFunc(nil))
			began := time.Now()
			_, err := m.Token(t.Context(), userKey)
			require.ErrorIs(t, err, tc.err)
			require.Equal(t, tc.loads, store.loadCount(), tc.err)
			require.Equal(t, time.Duration(tc.loads/3)*120*time.Millisecond, time.Since(began))
		})
	}
	synctest.Test(t, func(t *testing.T) { // the context of the caller ends the tries
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		ctx, cancel := context.WithCancel(t.Context())
		store.set(func(context.Context) error { cancel(); return errDatabase }, nil, nil)
		m := newManager(t, store, refresherFunc(nil))
		require.ErrorIs(t, m.Put(ctx, userKey, signIn("a")), errDatabase)
		require.Equal(t, 1, store.loadCount())
	})
}

// blindStore does not tell the version of a record that it cannot open.

type blindStore struct {
	*tokens.MemoryStore
	opens   bool
	deletes int
	delete  func() error
}

func (s *blindStore) Load(ctx context.Context, key string) (tokens.Record, error) {
	if !s.opens {
		return tokens.Record{}, tokens.ErrCorrupt
	}
	return s.MemoryStore.Load(ctx, key)
}

func (s *blindStore) Delete(ctx context.Context, key string) error {
	if s.deletes++; s.delete != nil {
		return s.delete()
	}
	s.opens = true
	return s.MemoryStore.Delete(ctx, key)
}

// versionless is a store that does not say what version a record is.

type versionless struct{ *tokens.MemoryStore }

func (s versionless) Load(ctx context.Context, key string) (tokens.Record, error) {
	r, err := s.MemoryStore.Load(ctx, key)
	r.Version = 0
	return r, err
}

func TestManager_ARecordWithoutAVersion(t *testing.T) {
	t.Parallel()
	store := tokens.NewMemoryStore()
	require.NoError(t, newManager(t, store, refresherFunc(nil)).Put(t.Context(), userKey, signIn("a")))
	_, err := newManager(t, versionless{store}, refresherFunc(nil)).Token(t.Context(), userKey)
	requireStoreError(t, err, "load")
	require.ErrorContains(t, err, "it has no version")
}

func TestManager_ARecordWhoseVersionIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &blindStore{MemoryStore: tokens.NewMemoryStore()}
		_, err := store.Save(t.Context(), userKey, tokens.Record{Data: []byte("junk")})
		require.NoError(t, err)
		m := newManager(t, store, refresherFunc(nil))
		store.delete = func() error { return errDatabase }
		requireStoreError(t, m.Put(t.Context(), userKey, signIn("a")), "delete")
		_, err = m.Delete(t.Context(), userKey)
		requireStoreError(t, err, "delete")
		require.ErrorIs(t, err, errDatabase)
		require.Equal(t, 6, store.deletes)
		store.delete = nil
		require.NoError(t, m.Put(t.Context(), userKey, signIn("a")))
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-a", tok.AccessToken)
		store.opens = false
		gone, err := m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.Nil(t, gone)
		_, err = store.MemoryStore.Load(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}

// A context that ends ends a Put or a Delete that others keep getting in the way of.

// A Delete waits for the refresh of another process: for as long as that shows signs

// of life, up to the timeout and the lease together; for a lease if it shows none;

// and no longer than its context.

// After Shutdown nothing is sent: not by a look that began before, nor again by a

// refresh that has failed, nor after waiting for another process.

// Callers are told after five seconds that a new token cannot be stored, and the

// function of OnFailure once.

// Who has lost the mark to a sign-in while its request was out does not send again

// what is not stored any more.

func TestManager_KeysEnd(t *testing.T) {
	t.Parallel()
	store := tokens.NewMemoryStore()
	m := newManager(t, store, refresherFunc(nil))
	for _, key := range []string{"a", "b", "c"} {
		require.NoError(t, m.Put(t.Context(), key, signIn(key)))
	}
	var seen []string
	for key := range m.Keys(t.Context(), "") {
		if seen = append(seen, key); key == "b" {
			break
		}
	}
	require.Equal(t, []string{"a", "b"}, seen)
	require.PanicsWithValue(t, "of the loop's own", func() {
		for range m.Keys(t.Context(), "") {
			panic("of the loop's own")
		}
	})
	n := 0
	for key, err := range m.Keys(ended(t), "") {
		n++
		require.Empty(t, key)
		require.ErrorIs(t, err, context.Canceled)
		_, ok := errors.AsType[*tokens.StoreError](err)
		require.True(t, ok)
	}
	require.Equal(t, 1, n)
}

// An option that will not do is named by New.
func TestNew_NamesTheArgument(t *testing.T) {
	t.Parallel()
	for says, opt := range map[string]tokens.Option{
		"the timeout must": tokens.WithTimeout(0), "the lease must": tokens.WithLease(-1), "the capacity must": tokens.WithCapacity(0),
		"the time between checks must": tokens.WithRecheck(0),
	} {
		_, err := tokens.New(tokens.NewMemoryStore(), refresherFunc(nil), opt)
		require.EqualError(t, err, "tokens: new manager: "+says+" be positive")
	}
}

func TestManager_EdgesOfItsInput(t *testing.T) {
	t.Parallel()
	long := fmt.Sprintf("%0512d", 1)
	m := newManager(t, tokens.NewMemoryStore(), refresherFunc(nil))
	require.NoError(t, m.Put(t.Context(), long, signIn("a")))
	for _, key := range []string{"", "a\nb", "a\x7f", "a\u0085", "\xff", long + "x"} {
		_, err := m.RefreshToken(t.Context(), key, signIn("a"))
		require.ErrorContains(t, err, "the token's key", "%q", key)
	}
	_, err := tokens.New(tokens.NewMemoryStore(), refresherFunc(nil), tokens.WithTimeout(1), tokens.WithLease(1), tokens.WithRecheck(1), tokens.WithCapacity(1))
	require.NoError(t, err)
	for _, opt := range []tokens.Option{tokens.WithTimeout(0), tokens.WithLease(0), tokens.WithRecheck(0), tokens.WithCapacity(0), tokens.WithCapacity(-1)} {
		_, err := tokens.New(tokens.NewMemoryStore(), refresherFunc(nil), opt)
		require.ErrorContains(t, err, "must be positive")
	}
	_, err = tokens.New(nil, nil)
	require.ErrorContains(t, err, "the store is nil")
	_, err = tokens.New(tokens.NewMemoryStore(), nil)
	require.ErrorContains(t, err, "no refresher")
	for want, tok := range map[string]*oauth2.Token{
		"nil": nil, "empty": {}, "blank": {AccessToken: " ", RefreshToken: "\t"},
	} {
		require.ErrorContains(t, m.Put(t.Context(), "k", tok), "it is empty", want)
	}
	require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{RefreshToken: "r"}))
	require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: "a"}))
	tok, err := m.RefreshToken(t.Context(), "k", &oauth2.Token{})
	require.NoError(t, err)
	require.Equal(t, "a", tok.AccessToken)

	none := newManager(t, tokens.NewMemoryStore(), nil, tokens.WithRefresherFor(func(string) (tokens.Refresher, error) { return nil, nil }))
	require.ErrorContains(t, none.Put(t.Context(), "k", signIn("a")), "there is no refresher for this key")
	_, err = none.Token(t.Context(), "k")
	require.ErrorContains(t, err, "there is no refresher for this key")

	// The members that a Client's provider names are kept.
	cfg := oauthtest.New(oauthtest.Config{}).ClientConfig("web")
	cfg.Provider.Metadata = []string{"team"}
	c, err := oauthflow.New(cfg)
	require.NoError(t, err)
	for _, names := range [][]string{nil, {"host"}} {
		m = newManager(t, tokens.NewMemoryStore(), c, tokens.WithExtra(names...))
		require.NoError(t, m.Put(t.Context(), "k", signIn("a").WithExtra(map[string]any{"team": "T", "host": "h", "scope": "s", "x": "y"})))
		tok, err = m.Token(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, []any{"T", "s", nil}, []any{tok.Extra("team"), tok.Extra("scope"), tok.Extra("x")})
		require.Equal(t, names != nil, tok.Extra("host") != nil)
	}
}
