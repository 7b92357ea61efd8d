package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// undeletable is a store that cannot delete.
type undeletable struct{ tokens.Store }

func (undeletable) Delete(context.Context, string) error { return errDatabase }

// What a store did not do is not as if it had.
func TestManager_WhatAStoreDidNotDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, first := signedIn(t, srv, store, client)
		store.set(nil, broken, nil)
		require.ErrorIs(t, m.Put(t.Context(), "another", first), errDatabase)
		store.set(nil, nil, nil)
		_, err := m.Token(t.Context(), "another")
		require.ErrorIs(t, err, tokens.ErrNotFound, "a sign-in that was not stored")

		store.set(nil, broken, nil) // which has no other way to delete
		_, err = m.Delete(t.Context(), userKey)
		require.ErrorIs(t, err, errDatabase)
		store.set(nil, nil, nil)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, tok.AccessToken, "is still there")

		odd := newManager(t, tokens.NewMemoryStore(), client, tokens.WithExtra("odd"))
		require.ErrorContains(t, odd.Put(t.Context(), userKey, first.WithExtra(map[string]any{"odd": func() {}})), "cannot be stored")
		_, err = odd.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrNotFound)

		kept := newManager(t, undeletable{tokens.NewMemoryStore()}, client)
		require.NoError(t, kept.Put(t.Context(), userKey, first), "nothing is deleted where there is nothing")
	})
}

// A caller that has waited long enough is told so, whoever is waited for.
func TestManager_AWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, first := signedIn(t, srv, store, client)
		slow := newManager(t, store, client)
		store.set(func(context.Context) error { time.Sleep(10 * time.Second); return nil }, nil, nil)
		within := func(f func(context.Context) error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			require.ErrorIs(t, f(ctx), context.DeadlineExceeded)
			require.Equal(t, time.Second, time.Since(start))
		}
		within(func(ctx context.Context) error { _, err := slow.Token(ctx, userKey); return err })
		store.set(nil, nil, nil)
		time.Sleep(time.Minute)

		srv.SetLatency(20 * time.Second)
		time.Sleep(2 * time.Hour) // it is stale by now
		go func() { _, _ = m.Token(context.WithoutCancel(t.Context()), userKey) }()
		synctest.Wait()
		within(func(ctx context.Context) error { _, err := slow.Delete(ctx, userKey); return err })
		time.Sleep(time.Minute)
		require.NotEmpty(t, first.AccessToken)
	})
}

// What is known of one key does not go when others come.
func TestManager_KeysDoNotPushEachOtherOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m := newManager(t, store, client)
		const keys = 500
		for i := range keys {
			require.NoError(t, m.Put(t.Context(), fmt.Sprint("user-", i), srv.Issue("web", "alice", "read")))
		}
		loads := store.loadCount()
		for i := range keys {
			_, err := m.Token(t.Context(), fmt.Sprint("user-", i))
			require.NoError(t, err)
		}
		require.Equal(t, loads, store.loadCount())
	})
}

// O5: a 401 to a token that has been replaced meanwhile asks nobody.
func TestO5_AStragglerGetsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, first := signedIn(t, srv, store, client)
		loads := store.loadCount()
		tok, err := m.RefreshToken(t.Context(), userKey, &oauth2.Token{AccessToken: "the one before"})
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, tok.AccessToken)
		require.Equal(t, loads, store.loadCount())
		require.Zero(t, refreshes(srv))
	})
}

// blowingError is an error without a text.
type blowingError struct{}

func (*blowingError) Error() string { panic("canary") }

// C37: an error whose text panics is an error all the same.
func TestC37_AnErrorThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		m := newManager(t, store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return nil, new(blowingError) }))
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}))
		_, err := m.Token(t.Context(), userKey)
		require.ErrorContains(t, err, "panicked")
		require.NotContains(t, err.Error(), "canary")
	})
}

// X1: what a store or a refresher says is shown without what it must not hold.
func TestX1_WhatAStoreSays(t *testing.T) {
	store := &faultyStore{Store: tokens.NewMemoryStore()}
	m := newManager(t, store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
		return nil, &oauth2.RetrieveError{Body: []byte("canary")}
	}))
	reset := errors.New("reset")
	store.set(func(context.Context) error {
		return &url.Error{Op: "Get", URL: "https://db.test/x?password=canary", Err: reset}
	}, nil, nil)
	_, err := m.Token(t.Context(), userKey)
	require.ErrorIs(t, err, reset)
	require.NotContains(t, err.Error(), "canary")
	require.NotContains(t, err.Error(), "db.test")
	store.set(nil, nil, nil)
	require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}))
	_, err = m.Token(t.Context(), userKey)
	require.ErrorContains(t, err, "the token endpoint refused")
	require.NotContains(t, err.Error(), "refused: ")
	require.NotContains(t, err.Error(), "canary")
}

// Who is told of a grant that has ended, and that nobody else is.
func TestManager_WhoIsToldOfADeadGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		})
		var reauth, failures int
		onReauth := tokens.OnReauth(func(context.Context, *tokens.ReauthError) { reauth++ })
		onFailure := tokens.OnFailure(func(context.Context, string, error) { failures++ })
		for _, opts := range [][]tokens.Option{{onReauth, onFailure}, {onFailure}} {
			m := newManager(t, tokens.NewMemoryStore(), dead, opts...)
			require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}))
			_, err := m.Token(t.Context(), userKey)
			require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
			synctest.Wait()
		}
		require.Equal(t, []int{1, 0}, []int{reauth, failures})
	})
}

// listing is a store whose list breaks off with a panic.
type listing struct{ tokens.Store }

func (listing) Keys(context.Context, string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if yield("user-1", nil) {
			panic("canary")
		}
	}
}

// C37
func TestC37_AListThatPanics(t *testing.T) {
	m := newManager(t, listing{tokens.NewMemoryStore()}, refresherFunc(nil))
	var keys []string
	var last error
	for key, err := range m.Keys(t.Context(), "") {
		if last = err; err == nil {
			keys = append(keys, key)
		}
	}
	require.Equal(t, []string{"user-1"}, keys)
	require.ErrorContains(t, last, "panicked")
	require.NotContains(t, last.Error(), "canary")
}
