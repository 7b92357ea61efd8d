package tokens_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/panics/panicstest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// fusedStore is a store with a fuse at every method.
type fusedStore struct {
	*tokens.MemoryStore
	*panicstest.Fuse
}

func (s fusedStore) Load(ctx context.Context, key string) (tokens.Record, error) {
	s.Pass("load")
	return s.MemoryStore.Load(ctx, key)
}

func (s fusedStore) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	s.Pass("save")
	return s.MemoryStore.Save(ctx, key, r)
}

func (s fusedStore) DeleteVersion(ctx context.Context, key string, version int64) error {
	s.Pass("delete")
	return s.MemoryStore.DeleteVersion(ctx, key, version)
}

func (s fusedStore) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	s.Pass("keys")
	return s.MemoryStore.Keys(ctx, prefix)
}

func requireBlown(t *testing.T, err error) {
	t.Helper()
	p, ok := errors.AsType[*tokens.PanicError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, panicstest.Blown, p.Value())
	require.Contains(t, string(p.Stack()), "(*Fuse).Pass")
	require.ErrorContains(t, err, "panicked with a string")
	requireNoTrace(t, panicstest.Blown, err)
}

// C37: a panic in the user's refresher, store or function is the error of the call,
// it ends no process, and the next call works.
func TestC37_APanicUnderAManager(t *testing.T) {
	for _, at := range []string{"refresh", "choose", "load", "save"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &panicstest.Fuse{}
				refresher := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
					f.Pass("refresh")
					return signIn("new"), nil
				})
				var told []error
				m := newManager(t, fusedStore{tokens.NewMemoryStore(), f}, nil,
					tokens.WithRefresherFor(func(string) (tokens.Refresher, error) { f.Pass("choose"); return refresher, nil }),
					tokens.OnFailure(func(_ context.Context, _ string, err error) { told = append(told, err) }))
				require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))

				f.Blow(at)
				_, err := m.Token(t.Context(), userKey)
				requireBlown(t, err)
				synctest.Wait()
				require.NotEmpty(t, told)
				requireBlown(t, told[len(told)-1])
				if at == "load" || at == "save" {
					requireStoreError(t, err, at)
				}

				f.Set("", nil)
				time.Sleep(time.Minute)
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, "at-new", tok.AccessToken)

				// A token that lives is served all the same.
				f.Blow(at)
				time.Sleep(59*time.Minute + 30*time.Second)
				tok, err = m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, "at-new", tok.AccessToken)
				time.Sleep(time.Second)
				f.Set("", nil)
				time.Sleep(time.Minute)
			})
		})
	}
}

// C37
func TestC37_APanicInAStoreOfAManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &panicstest.Fuse{}
		m := newManager(t, fusedStore{tokens.NewMemoryStore(), f}, refresherFunc(nil))
		require.NoError(t, m.Put(t.Context(), userKey, signIn("a")))
		blow := func(at string) { f.Blow(at) }
		for _, at := range []string{"load", "save"} {
			blow(at)
			requireBlown(t, m.Put(t.Context(), userKey, signIn("b")))
		}
		for _, at := range []string{"load", "delete"} {
			blow(at)
			_, err := m.Delete(t.Context(), userKey)
			requireBlown(t, err)
		}
		blow("keys")
		for key, err := range m.Keys(t.Context(), "") {
			require.Empty(t, key)
			requireBlown(t, err)
		}
		f.Set("", nil)
		require.PanicsWithValue(t, "the loop's own", func() {
			for range m.Keys(t.Context(), "") {
				panic("the loop's own")
			}
		})
		_, err := m.Delete(t.Context(), userKey)
		require.NoError(t, err)
	})
}

// C37: what only looks on changes nothing by panicking.
func TestC37_APanicInAHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		})
		f := &panicstest.Fuse{}
		f.Blow("hook")
		told := make(chan error, 1)
		m := newManager(t, tokens.NewMemoryStore(), dead,
			tokens.OnReauth(func(context.Context, *tokens.ReauthError) { f.Pass("hook") }),
			tokens.OnFailure(func(_ context.Context, _ string, err error) { told <- err; f.Pass("hook") }))
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
		_, err := m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
		requireBlown(t, <-told)
		require.NoError(t, m.Shutdown(t.Context()))
	})
}

// C37: code that ends its goroutine hangs nobody who waits.
func TestC37_AGoroutineThatEndsUnderAManager(t *testing.T) {
	for _, at := range []string{"refresh", "choose", "load", "save"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &panicstest.Fuse{}
				refresher := refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
					f.Pass("refresh")
					return signIn("new"), nil
				})
				m := newManager(t, fusedStore{tokens.NewMemoryStore(), f}, nil,
					tokens.WithRefresherFor(func(string) (tokens.Refresher, error) { f.Pass("choose"); return refresher, nil }))
				require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
				f.Set(at, runtime.Goexit)
				var wg sync.WaitGroup
				for range 5 {
					wg.Go(func() {
						_, err := m.Token(t.Context(), userKey)
						if err == nil {
							t.Error("it cannot have succeeded")
						}
					})
				}
				wg.Wait()
				f.Set("", nil)
				time.Sleep(time.Minute)
				_, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
			})
		})
	}
}

// C37
func TestC37_APanicInAGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &panicstest.Fuse{}
		f.Blow("grant")
		for name, g := range map[string]tokens.Grant{
			"Grant":     func(context.Context) (*oauth2.Token, error) { f.Pass("grant"); return signIn("g"), nil },
			"GrantFrom": tokens.GrantFrom(tokenSourceFunc(func() (*oauth2.Token, error) { f.Pass("grant"); return signIn("g"), nil })),
		} {
			f.Blow("grant")
			src, err := tokens.NewSource(g)
			require.NoError(t, err)
			_, err = src.Token()
			requireBlown(t, err)
			f.Set("grant", runtime.Goexit)
			time.Sleep(time.Minute)
			_, err = src.TokenContext(t.Context())
			require.ErrorContains(t, err, "ended its goroutine", name)
			f.Set("", nil)
			time.Sleep(time.Minute)
			_, err = src.Token()
			require.NoError(t, err)
		}
	})
}

type tokenSourceFunc func() (*oauth2.Token, error)

func (f tokenSourceFunc) Token() (*oauth2.Token, error) { return f() }

// C37
func TestC37_APanicInAnEncryptionKey(t *testing.T) {
	f := &panicstest.Fuse{}
	keys := secret.Func(func(context.Context) ([]secret.Value, error) {
		f.Pass("key")
		return []secret.Value{secret.New(sealKey(1))}, nil
	})
	s, err := tokens.Encrypt(tokens.NewMemoryStore(), keys)
	require.NoError(t, err)
	f.Blow("key")
	_, err = s.Save(t.Context(), userKey, tokens.Record{Data: []byte("x")})
	requireBlown(t, err)
	_, err = tokens.Encrypt(tokens.NewMemoryStore(), keys)
	requireBlown(t, err)
}
