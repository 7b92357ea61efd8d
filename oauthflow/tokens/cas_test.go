package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// plainStore can do what a Store must, and no more.
type plainStore struct{ tokens.Store }

// meddled is a store in which something else happens before its n-th step.
type meddled struct {
	tokens.Store
	mu     sync.Mutex
	steps  int
	at     int
	meddle func()
}

func (s *meddled) step() {
	s.mu.Lock()
	s.steps++
	now := s.steps == s.at
	s.mu.Unlock()
	if now {
		s.meddle()
	}
}

func (s *meddled) Load(ctx context.Context, key string) (tokens.Record, error) {
	s.step()
	return s.Store.Load(ctx, key)
}

func (s *meddled) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	s.step()
	return s.Store.Save(ctx, key, r)
}

func (s *meddled) Delete(ctx context.Context, key string) error {
	s.step()
	return s.Store.Delete(ctx, key)
}

func (s *meddled) DeleteVersion(ctx context.Context, key string, version int64) error {
	s.step()
	if d, ok := s.Store.(tokens.VersionDeleter); ok {
		return d.DeleteVersion(ctx, key, version)
	}
	return errors.ErrUnsupported
}

// stores are the kinds of store that the sentences on sign-ins hold for.
func stores(t *testing.T) map[string]func() tokens.Store {
	memory := func() tokens.Store { return tokens.NewMemoryStore() }
	plain := func() tokens.Store { return plainStore{memory()} }
	return map[string]func() tokens.Store{
		"deletes by version":         memory,
		"deletes":                    plain,
		"deletes by version, sealed": func() tokens.Store { return encrypted(t, memory(), sealKey(1)) },
		"deletes, sealed":            func() tokens.Store { return encrypted(t, plain(), sealKey(1)) },
	}
}

func signIn(name string) *oauth2.Token {
	return &oauth2.Token{AccessToken: "at-" + name, RefreshToken: "rt-" + name, Expiry: time.Now().Add(time.Hour)}
}

// O5: whatever step of a Delete a sign-in falls between, it is either returned, so
// that it can be revoked, or still there.
func TestO5_ASignInDuringADeleteIsNotLost(t *testing.T) {
	for name, open := range stores(t) {
		for at := 1; at <= 4; at++ {
			t.Run(fmt.Sprintf("%s/step %d", name, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := open()
					b := newManager(t, store, refresherFunc(nil))
					require.NoError(t, b.Put(t.Context(), userKey, signIn("old")))
					a := newManager(t, &meddled{Store: store, at: at, meddle: func() {
						require.NoError(t, b.Put(t.Context(), userKey, signIn("new")))
					}}, refresherFunc(nil))
					gone, err := a.Delete(t.Context(), userKey)
					require.NoError(t, err)
					kept, err := newManager(t, store, refresherFunc(nil)).Token(t.Context(), userKey)
					if err != nil {
						require.ErrorIs(t, err, tokens.ErrNotFound)
					}
					returned := gone.RefreshToken == "rt-new"
					require.True(t, returned != (err == nil && kept.AccessToken == "at-new") || at > 2 && gone.RefreshToken == "rt-old",
						"returned %v, kept %v", gone.RefreshToken, kept)
				})
			})
		}
	}
}

// O5: and two who sign in at a time get one of both, whole.
func TestO5_ASignInDuringASignIn(t *testing.T) {
	for name, open := range stores(t) {
		for at := 1; at <= 3; at++ {
			t.Run(fmt.Sprintf("%s/step %d", name, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := open()
					b := newManager(t, store, refresherFunc(nil))
					a := newManager(t, &meddled{Store: store, at: at, meddle: func() {
						require.NoError(t, b.Put(t.Context(), userKey, signIn("b")))
					}}, refresherFunc(nil))
					require.NoError(t, a.Put(t.Context(), userKey, signIn("a")))
					gone, err := b.Delete(t.Context(), userKey)
					require.NoError(t, err)
					require.Equal(t, "rt-a", gone.RefreshToken, "the one that returned last")
				})
			})
		}
	}
}

// Also in a store that cannot delete by version, a deleted token is as if it had
// never been.
func TestManager_DeletedIsGone(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := open()
				m, other := newManager(t, store, refresherFunc(nil)), newManager(t, store, refresherFunc(nil))
				require.NoError(t, m.Put(t.Context(), userKey, signIn("a")))
				require.NoError(t, m.Put(t.Context(), "user:7", signIn("b")))
				_, err := m.Delete(t.Context(), userKey)
				require.NoError(t, err)
				for _, m := range []*tokens.Manager{m, other} {
					_, err = m.Token(t.Context(), userKey)
					require.ErrorIs(t, err, tokens.ErrNotFound)
					require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
					gone, err := m.Delete(t.Context(), userKey)
					require.NoError(t, err)
					require.Nil(t, gone)
					var keys []string
					for key, err := range m.Keys(t.Context(), "") {
						if errors.Is(err, errors.ErrUnsupported) {
							keys = []string{"user:7"}
							break
						}
						require.NoError(t, err)
						keys = append(keys, key)
					}
					require.True(t, slices.Equal(keys, []string{"user:7"}), keys)
				}
				if rec, err := store.Load(t.Context(), userKey); err == nil {
					requireNoTrace(t, "rt-a", string(rec.Data))
					requireNoTrace(t, "at-a", string(rec.Data))
				}
				require.NoError(t, other.Put(t.Context(), userKey, signIn("c")))
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.Equal(t, "at-c", tok.AccessToken)

				grants := newManager(t, store, tokens.Grant(func(context.Context) (*oauth2.Token, error) { return signIn("g"), nil }))
				_, err = grants.Delete(t.Context(), "user:7")
				require.NoError(t, err)
				tok, err = grants.Token(t.Context(), "user:7")
				require.NoError(t, err, "a grant needs nothing that was stored")
				require.Equal(t, "at-g", tok.AccessToken)
			})
		})
	}
}

// keyedPlainStore lists its keys, and cannot delete by version.
type keyedPlainStore struct {
	plainStore
	tokens.KeyLister
}

func TestManager_KeysLeaveOutWhatWasDeleted(t *testing.T) {
	memory := tokens.NewMemoryStore()
	m := newManager(t, keyedPlainStore{plainStore{memory}, memory}, refresherFunc(nil))
	for _, key := range []string{"a", "b", "c"} {
		require.NoError(t, m.Put(t.Context(), key, signIn(key)))
	}
	_, err := m.Delete(t.Context(), "b")
	require.NoError(t, err)
	var keys []string
	for key, err := range m.Keys(t.Context(), "") {
		require.NoError(t, err)
		keys = append(keys, key)
	}
	require.Equal(t, []string{"a", "c"}, keys)
}

// A record that does not open is replaced, and deleted, by compare-and-swap too.
func TestO5_ASignInOverARecordThatDoesNotOpen(t *testing.T) {
	for at := 1; at <= 2; at++ {
		t.Run(fmt.Sprint("step ", at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := tokens.NewMemoryStore()
				_, err := memory.Save(t.Context(), userKey, tokens.Record{Data: []byte("sealed under a key that is lost")})
				require.NoError(t, err)
				b := newManager(t, encrypted(t, memory, sealKey(1)), refresherFunc(nil))
				a := newManager(t, &meddled{Store: encrypted(t, memory, sealKey(1)), at: at, meddle: func() {
					require.NoError(t, b.Put(t.Context(), userKey, signIn("new")))
				}}, refresherFunc(nil))
				gone, err := a.Delete(t.Context(), userKey)
				require.NoError(t, err)
				tok, err := b.Token(t.Context(), userKey)
				if err != nil {
					require.Equal(t, "rt-new", gone.RefreshToken)
				} else {
					require.Equal(t, "at-new", tok.AccessToken)
				}
			})
		})
	}
}

// heldLoad is a store whose next Load, once it has read, waits.
type heldLoad struct {
	*tokens.MemoryStore
	mu   sync.Mutex
	hold chan struct{}
}

func (s *heldLoad) next(hold chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
}

func (s *heldLoad) Load(ctx context.Context, key string) (tokens.Record, error) {
	r, err := s.MemoryStore.Load(ctx, key)
	s.mu.Lock()
	hold := s.hold
	s.hold = nil
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return r, err
}

// A look at the store that began before a Put or a Delete, and ends after it, brings
// back nothing of what was there before.
func TestManager_ALookThatIsLateLandsOverNothing(t *testing.T) {
	for name, change := range map[string]func(context.Context, *tokens.Manager) error{
		"Put":    func(ctx context.Context, m *tokens.Manager) error { return m.Put(ctx, userKey, signIn("new")) },
		"Delete": func(ctx context.Context, m *tokens.Manager) error { _, err := m.Delete(ctx, userKey); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &heldLoad{MemoryStore: tokens.NewMemoryStore()}
				require.NoError(t, newManager(t, store, refresherFunc(nil)).Put(t.Context(), userKey, signIn("old")))
				m := newManager(t, store, refresherFunc(nil))
				hold := make(chan struct{})
				store.next(hold)
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = m.Token(t.Context(), userKey) })
				synctest.Wait()
				require.NoError(t, change(t.Context(), m))
				close(hold)
				wg.Wait()
				tok, err := m.Token(t.Context(), userKey)
				if name == "Delete" {
					require.ErrorIs(t, err, tokens.ErrNotFound)
					return
				}
				require.NoError(t, err)
				require.Equal(t, "at-new", tok.AccessToken)
			})
		})
	}
}

// A process was only slow; meanwhile another one has sent its refresh token again,
// and the server has called that dead. What the slow one got is alive all the same
// as far as anybody knows, and takes the place of the mark.
func TestManager_LateAnswerOverADeadMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		slow := &faultyStore{Store: store}
		wake := make(chan struct{})
		m, _ := signedIn(t, srv, slow, refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			next, err := client.Refresh(ctx, tok)
			<-wake
			return next, err
		}))
		time.Sleep(2 * time.Hour)
		slow.stopped(wake)
		got := make(chan string, 1)
		go func() {
			tok, err := m.Token(context.Background(), userKey)
			require.NoError(t, err)
			got <- tok.AccessToken
		}()
		synctest.Wait()
		other := newManager(t, store, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		}))
		_, err := other.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
		close(wake)
		late := <-got
		for _, m := range []*tokens.Manager{m, other, newManager(t, store, client)} {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, late, tok.AccessToken)
		}
	})
}
