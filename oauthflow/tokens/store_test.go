package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/standpipe-go/standpipe/internal/costtest"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func requireStoreError(t *testing.T, err error, op string) {
	t.Helper()
	se, ok := errors.AsType[*tokens.StoreError](err)
	require.True(t, ok, "%T: %v", err, err)
	require.Equal(t, op, se.Op)
	require.Equal(t, userKey, se.Key)
}

func TestManager_StoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		r := &counted{Refresher: client}
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		var failures atomic.Int64
		m, first := signedIn(t, srv, store, r, tokens.OnFailure(func(_ context.Context, _ string, err error) {
			requireStoreError(t, err, "load")
			failures.Add(1)
		}))
		store.set(broken, broken, nil)

		// A fresh token in memory is not affected, through rechecks too.
		for range 100 {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
			time.Sleep(20 * time.Second)
		}
		synctest.Wait()
		require.Positive(t, failures.Load(), "but it is told")

		// Without one the error is typed, the store is left in peace, and nothing is
		// sent.
		cold := newManager(t, store, r)
		before := store.loadCount()
		for range 100 {
			_, err := cold.Token(t.Context(), userKey)
			requireStoreError(t, err, "load")
			require.ErrorIs(t, err, errDatabase)
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, store.loadCount()-before, 20)
		time.Sleep(time.Second)
		requireStoreError(t, cold.Put(t.Context(), userKey, first), "load")
		_, err := cold.Delete(t.Context(), userKey)
		requireStoreError(t, err, "load")

		// If the mark cannot be set, nothing is sent either.
		time.Sleep(2 * time.Hour)
		store.set(nil, broken, nil)
		_, err = cold.Token(t.Context(), userKey)
		requireStoreError(t, err, "save")
		require.Zero(t, r.count())

		store.set(nil, nil, nil)
		time.Sleep(time.Second)
		tok, err := cold.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.True(t, srv.Valid(tok.AccessToken))
		require.Equal(t, 1, r.count())
	})
}

// O4: the refresh succeeded and the store fails: nothing is handed out, and the
// token is stored as soon as the store works, without another refresh.
func TestO4_StoreFailsAfterTheRefresh(t *testing.T) {
	for name, after := range map[string]bool{"before it stores": false, "after it has stored": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, oauthtest.Config{})
				store := &faultyStore{Store: tokens.NewMemoryStore()}
				m, _ := signedIn(t, srv, store, client)
				time.Sleep(2 * time.Hour)
				saves := 0
				fail := func() error {
					if saves++; saves > 1 {
						return errDatabase
					}
					return nil
				}
				if after {
					store.set(nil, nil, fail)
				} else {
					store.set(nil, func(context.Context) error { return fail() }, nil)
				}
				if after { // the answer of the store was lost, which a second look shows
					tok, err := m.Token(t.Context(), userKey)
					require.NoError(t, err)
					require.True(t, srv.Valid(tok.AccessToken))
					require.Equal(t, 1, refreshes(srv))
					return
				}
				for range 20 {
					_, err := m.Token(t.Context(), userKey)
					requireStoreError(t, err, "save")
					time.Sleep(time.Minute)
				}
				require.Equal(t, 1, refreshes(srv))
				store.set(nil, nil, nil)
				time.Sleep(time.Minute)
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.True(t, srv.Valid(tok.AccessToken))
				require.Equal(t, 1, refreshes(srv), "no token was lost")
				gone, err := m.Delete(t.Context(), userKey)
				require.NoError(t, err)
				require.True(t, srv.Alive(gone.RefreshToken))
			})
		})
	}
}

func TestManager_ShutdownGivesUpWhatCannotBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, _ := signedIn(t, srv, store, client)
		time.Sleep(2 * time.Hour)
		saves := 0
		store.set(nil, func(context.Context) error {
			if saves++; saves > 1 {
				return errDatabase
			}
			return nil
		}, nil)
		_, err := m.Token(t.Context(), userKey)
		requireStoreError(t, err, "save")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, m.Shutdown(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began), "it was tried for as long as there was time")
		time.Sleep(time.Minute)
	})
}

// A store that hangs: callers with a living token do not wait for it, the others
// get a typed error within bounds.
func TestManager_StoreIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, first := signedIn(t, srv, store, client)
		hang := func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		store.set(hang, hang, nil)
		var slowest time.Duration
		for range 1000 {
			began := time.Now()
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
			slowest = max(slowest, time.Since(began))
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, slowest, time.Second)

		cold := newManager(t, store, client)
		began := time.Now()
		_, err := cold.Token(t.Context(), userKey)
		requireStoreError(t, err, "load")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(began), 5*time.Second)

		store.set(func(context.Context) error { time.Sleep(2 * time.Second); return nil }, nil, nil)
		time.Sleep(time.Second)
		tok, err := cold.Token(t.Context(), userKey)
		require.NoError(t, err, "slow is not broken")
		require.Equal(t, first.AccessToken, tok.AccessToken)
		time.Sleep(time.Minute)
	})
}

func TestManager_TamperedRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		inner := tokens.NewMemoryStore()
		r := &counted{Refresher: client}
		m, first := signedIn(t, srv, encrypted(t, inner, sealKey(1)), r)
		record, err := inner.Load(t.Context(), userKey)
		require.NoError(t, err)
		record.Data = bytes.Clone(record.Data)
		record.Data[len(record.Data)-1] ^= 1
		_, err = inner.Save(t.Context(), userKey, record)
		require.NoError(t, err)

		time.Sleep(5 * time.Minute)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err, "who has the token in memory goes on")
		require.Equal(t, first.AccessToken, tok.AccessToken)
		cold := newManager(t, encrypted(t, inner, sealKey(1)), r)
		_, err = cold.Token(t.Context(), userKey)
		requireStoreError(t, err, "load")
		require.ErrorIs(t, err, tokens.ErrCorrupt)
		require.NotErrorIs(t, err, tokens.ErrNotFound)
		require.Zero(t, r.count())

		require.NoError(t, cold.Put(t.Context(), userKey, srv.Issue("web", "alice")), "a new sign-in heals it")
		_, err = cold.Token(t.Context(), userKey)
		require.NoError(t, err)

		_, err = inner.Save(t.Context(), "other", tokens.Record{Data: []byte("junk")})
		require.NoError(t, err)
		gone, err := cold.Delete(t.Context(), "other")
		require.NoError(t, err, "what cannot be read can be deleted")
		require.Nil(t, gone)
		_, err = inner.Load(t.Context(), "other")
		require.ErrorIs(t, err, tokens.ErrNotFound)
	})
}

// endlessStore has a token of a kilobyte under every key.
type endlessStore struct{ loads atomic.Int64 }

func (s *endlessStore) Load(_ context.Context, key string) (tokens.Record, error) {
	s.loads.Add(1)
	return tokens.Record{Data: fmt.Appendf(nil, `{"format":1,"access_token":"%s%01000d"}`, key, 0), Version: 1}, nil
}
func (*endlessStore) Save(context.Context, string, tokens.Record) (int64, error) {
	return 0, errDatabase
}
func (*endlessStore) Delete(context.Context, string) error { return nil }

// 100,000 keys take the memory of as many as the capacity says, in turn.
func TestManager_MemoryIsBounded(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	keys, capacity := 100_000, 2_000
	if costtest.Race {
		keys = 20_000
	}
	store := &endlessStore{}
	m := newManager(t, store, tokens.Grant(nil), tokens.WithCapacity(capacity))
	before := heap()
	hot := m.Source("hot")
	for i := range keys {
		_, err := m.Token(t.Context(), fmt.Sprint("user:", i))
		require.NoError(t, err)
		if i%10 == 0 {
			tok, err := hot.Token()
			require.NoError(t, err)
			require.Equal(t, "hot", tok.AccessToken[:3])
		}
	}
	grown := heap() - before
	t.Logf("%d keys at a capacity of %d: %d KiB, %d loads", keys, capacity, grown>>10, store.loads.Load())
	require.Less(t, grown, int64(capacity)*4<<10, "about 2 KiB for each of those that are kept")
	runtime.KeepAlive(m)
}

func TestManager_KeysUnsupported(t *testing.T) {
	t.Parallel()
	m := newManager(t, &endlessStore{}, tokens.Grant(nil))
	for _, err := range m.Keys(t.Context(), "user:") {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		_, ok := errors.AsType[*tokens.StoreError](err)
		require.True(t, ok)
	}
}

// X1: errors of foreign refreshers and stores are shown without what we know to
// be secret, without URLs and without bodies, and are still recognized.
func TestX1_ManagerErrorsHoldNoSecret(t *testing.T) {
	const at, rt = "canary-at/4?&=é", "canary-rt/9?&=é"
	for name, failure := range map[string]error{
		"body":   &oauth2.RetrieveError{Response: &http.Response{StatusCode: 500}, Body: []byte("echo " + rt)},
		"code":   &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, Body: []byte(rt), ErrorCode: "invalid_client", ErrorDescription: rt},
		"url":    &url.Error{Op: "Post", URL: "https://user:" + at + "@host/token?refresh_token=" + url.QueryEscape(rt), Err: errDatabase},
		"text":   fmt.Errorf("while sending %q (%s): %w", rt, url.QueryEscape(at), errDatabase),
		"nested": fmt.Errorf("outer: %w", &url.Error{Op: "Post", URL: "https://host/?x=" + rt, Err: fmt.Errorf("%s: %w", at, errDatabase)}),
		"dead":   fmt.Errorf("%s: %w", rt, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, Body: []byte(rt), ErrorCode: "invalid_grant"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := tokens.NewMemoryStore()
				store := &faultyStore{Store: inner}
				var mu sync.Mutex
				var shown []any
				show := func(values ...any) {
					mu.Lock()
					defer mu.Unlock()
					shown = append(shown, values...)
				}
				m := newManager(t, store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return nil, failure }),
					tokens.OnFailure(func(_ context.Context, _ string, err error) { show(err) }),
					tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) { show(err, *err) }))
				require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: at, RefreshToken: rt, Expiry: time.Now().Add(time.Minute)}))
				time.Sleep(time.Hour)
				_, err := m.Token(t.Context(), userKey)
				require.Error(t, err)
				if errors.Is(failure, errDatabase) {
					require.ErrorIs(t, err, errDatabase, "it is recognized")
				}
				show(err)
				_, err = newManager(t, store, tokens.Grant(nil)).Token(t.Context(), userKey)
				show(err)
				time.Sleep(time.Hour)
				store.set(nil, func(context.Context) error { return fmt.Errorf("insert %s %s: %w", at, rt, errDatabase) }, nil)
				_, err = m.Token(t.Context(), userKey)
				synctest.Wait()
				show(err, m, m.Source(userKey), store.Store)
				for _, canary := range []string{at, rt} {
					requireNoTrace(t, canary, shown...)
				}
			})
		})
	}
}
