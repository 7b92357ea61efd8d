package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func TestManager_PutTokenDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		m, first := signedIn(t, srv, store, client, tokens.WithExtra("team"))

		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, tok.AccessToken)
		require.Empty(t, tok.RefreshToken, "nobody else may refresh it")
		require.True(t, first.Expiry.Equal(tok.Expiry))
		require.Equal(t, "read", tok.Extra("scope"))
		require.Zero(t, refreshes(srv))

		time.Sleep(2 * time.Hour)
		tok, err = m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, tok.AccessToken)
		require.True(t, srv.Valid(tok.AccessToken))
		require.Empty(t, tok.RefreshToken)
		require.Equal(t, 1, refreshes(srv))

		require.NoError(t, m.Put(t.Context(), "user:42/other", (&oauth2.Token{AccessToken: "a"}).WithExtra(map[string]any{"team": "T1", "id_token": "x"})))
		other, err := newManager(t, store, client).Token(t.Context(), "user:42/other")
		require.NoError(t, err)
		require.Equal(t, "T1", other.Extra("team"))
		require.Nil(t, other.Extra("id_token"), "kept only if asked for")
		require.NoError(t, m.Put(t.Context(), "user:43/test", &oauth2.Token{AccessToken: "b"}))
		var keys []string
		for key, err := range m.Keys(t.Context(), "user:42/") {
			require.NoError(t, err)
			keys = append(keys, key)
		}
		require.Equal(t, []string{"user:42/other", userKey}, keys)

		gone, err := m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, tok.AccessToken, gone.AccessToken)
		require.True(t, srv.Alive(gone.RefreshToken), "what Delete returns can be revoked")
		_, err = m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
		require.ErrorIs(t, err, tokens.ErrNotFound)
		require.ErrorContains(t, err, userKey)
		gone, err = m.Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.Nil(t, gone)
	})
}

func TestManager_BadInput(t *testing.T) {
	t.Parallel()
	_, client := authServer(t, oauthtest.Config{})
	store := tokens.NewMemoryStore()
	for name, make := range map[string]func() (*tokens.Manager, error){
		"no store":     func() (*tokens.Manager, error) { return tokens.New(nil, client) },
		"no refresher": func() (*tokens.Manager, error) { return tokens.New(store, nil) },
		"zero timeout": func() (*tokens.Manager, error) {
			return tokens.New(store, client, tokens.WithTimeout(0))
		},
		"negative lease": func() (*tokens.Manager, error) {
			return tokens.New(store, client, tokens.WithLease(-1))
		},
		"zero recheck": func() (*tokens.Manager, error) {
			return tokens.New(store, client, tokens.WithRecheck(0))
		},
		"zero capacity": func() (*tokens.Manager, error) {
			return tokens.New(store, client, tokens.WithCapacity(0))
		},
	} {
		_, err := make()
		require.Error(t, err, name)
	}
	m := newManager(t, store, client)
	for _, key := range []string{"", "a\nb", "a\x00", "\xff", strings.Repeat("k", 513)} {
		_, err := m.Token(t.Context(), key)
		require.Error(t, err, "%q", key)
		require.Error(t, m.Put(t.Context(), key, &oauth2.Token{AccessToken: "a"}))
		_, err = m.Delete(t.Context(), key)
		require.Error(t, err)
		_, err = m.Source(key).Token()
		require.Error(t, err)
	}
	require.Error(t, m.Put(t.Context(), "k", nil))
	require.Error(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: " "}))
	_, err := m.Token(t.Context(), "k")
	require.ErrorIs(t, err, tokens.ErrNotFound)
}

// O3
func TestO3_ManyManagersAndGoroutinesRefreshOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const managers, goroutines, lifetimes = 8, 50, 20
		srv, client := authServer(t, oauthtest.Config{AccessTokenLifetime: 2 * time.Second})
		srv.SetLatency(150 * time.Millisecond)
		store := tokens.NewMemoryStore()
		all := make([]*tokens.Manager, managers)
		for i := range all {
			all[i] = newManager(t, store, client)
		}
		require.NoError(t, all[0].Put(t.Context(), userKey, srv.Issue("web", "alice")))

		end := time.Now().Add(lifetimes * 2 * time.Second)
		var failed, calls atomic.Int64
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for i := range managers * goroutines {
			wg.Go(func() {
				src := all[i%managers].Source(userKey)
				for time.Now().Before(end) {
					tok, err := src.TokenContext(t.Context())
					if err == nil && !srv.Valid(tok.AccessToken) {
						// The server counts in whole seconds, and may be done with it
						// earlier.
						tok, err = src.RefreshToken(t.Context(), tok)
					}
					calls.Add(1)
					if err != nil || !srv.Valid(tok.AccessToken) {
						failed.Add(1)
						return
					}
					mu.Lock()
					seen[tok.AccessToken] = true
					mu.Unlock()
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		require.Zero(t, failed.Load(), "of %d calls", calls.Load())
		require.Greater(t, len(seen), lifetimes-2)
		require.Equal(t, len(seen)-1, refreshes(srv), "one refresh for each token but the first")
		for _, r := range srv.Requests() {
			require.Empty(t, r.Error)
		}
		last, err := all[0].Delete(t.Context(), userKey)
		require.NoError(t, err)
		require.True(t, srv.Alive(last.RefreshToken), "the family is alive")
	})
}

// O4
func TestO4_PersistedBeforeHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := &faultyStore{Store: tokens.NewMemoryStore()}
		m, first := signedIn(t, srv, store, client)
		time.Sleep(2 * time.Hour)

		// The second save of a refresh is the one of its result.
		release := make(chan struct{})
		saves := 0
		store.set(nil, func(context.Context) error {
			if saves++; saves == 2 {
				<-release
			}
			return nil
		}, nil)
		got := make(chan *oauth2.Token, 1)
		go func() {
			tok, err := m.Token(context.Background(), userKey)
			require.NoError(t, err)
			got <- tok
		}()
		synctest.Wait()
		require.Equal(t, 1, refreshes(srv), "the server has answered")
		require.Empty(t, got, "but nothing is handed out")
		record, err := store.Store.Load(t.Context(), userKey)
		require.NoError(t, err)
		require.Contains(t, string(record.Data), first.RefreshToken)
		close(release)
		tok := <-got

		// A process that ends right here has lost nothing.
		next, err := newManager(t, store.Store, client).Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, tok.AccessToken, next.AccessToken)
		require.Equal(t, 1, refreshes(srv))
	})
}

// O5
func TestO5_InvalidGrantAndASiblingHasWon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		var m *tokens.Manager
		sibling := &oauth2.Token{AccessToken: "sibling", RefreshToken: "rt-2", Expiry: time.Now().Add(5 * time.Hour)}
		m = newManager(t, store, refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			require.Equal(t, "rt-1", tok.RefreshToken)
			require.NoError(t, m.Put(ctx, userKey, sibling))
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		}), tokens.OnReauth(func(context.Context, *tokens.ReauthError) { t.Error("nobody has to sign in") }))
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "old", RefreshToken: "rt-1", Expiry: time.Now().Add(time.Hour)}))
		time.Sleep(time.Hour)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "sibling", tok.AccessToken)
	})
}

// O5
func TestO5_InvalidGrantNeedsTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		store := tokens.NewMemoryStore()
		var told []*tokens.ReauthError
		tell := tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) { told = append(told, err) })
		m, first := signedIn(t, srv, store, client, tell)
		m2 := newManager(t, store, client, tell)
		srv.Revoke(first.RefreshToken)
		time.Sleep(2 * time.Hour)

		for range 5 {
			for _, m := range []*tokens.Manager{m, m2} {
				_, err := m.Token(t.Context(), userKey)
				require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
				reauth, ok := errors.AsType[*tokens.ReauthError](err)
				require.True(t, ok)
				require.Equal(t, userKey, reauth.Key)
				require.Equal(t, "invalid_grant", reauth.Code)
				require.Zero(t, reauth.Unanswered)
				requireNoTrace(t, first.RefreshToken, err)
				requireNoTrace(t, first.AccessToken, err)
			}
		}
		synctest.Wait()
		require.Equal(t, 1, refreshes(srv), "no process asks again")
		require.Len(t, told, 1, "and the application is told once")
		require.Equal(t, userKey, told[0].Key)

		// A new sign-in, seen by the other process at once.
		require.NoError(t, m2.Put(t.Context(), userKey, srv.Issue("web", "alice")))
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.True(t, srv.Valid(tok.AccessToken))
	})
}

// O5
func TestO5_DeadRefreshTokenServesTheLivingAccessToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		var told atomic.Int64
		m, first := signedIn(t, srv, tokens.NewMemoryStore(), client,
			tokens.OnReauth(func(context.Context, *tokens.ReauthError) { told.Add(1) }))
		srv.Inject(oauthtest.InvalidGrant)
		time.Sleep(time.Until(first.Expiry) - 10*time.Second)
		for time.Now().Before(first.Expiry) {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, first.AccessToken, tok.AccessToken)
			time.Sleep(100 * time.Millisecond)
		}
		require.EqualValues(t, 1, told.Load(), "the application learns of it before the token ends")
		_, err := m.Token(t.Context(), userKey)
		require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
	})
}

// O5
func TestO5_FailedRefreshFailsNoCallerWhileTheTokenLives(t *testing.T) {
	for name, fault := range map[string]oauthtest.Fault{
		"502": oauthtest.BadGatewayBefore, "503": oauthtest.Unavailable, "500": oauthtest.ServerError,
		"reset": oauthtest.DropBefore, "silence": oauthtest.HangBefore,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, oauthtest.Config{})
				r := &counted{Refresher: client}
				var failures atomic.Int64
				m, first := signedIn(t, srv, tokens.NewMemoryStore(), r,
					tokens.OnFailure(func(_ context.Context, key string, err error) {
						require.Equal(t, userKey, key)
						_, ok := errors.AsType[*tokens.RefreshError](err)
						require.True(t, ok, "%T", err)
						failures.Add(1)
					}))
				for range 100 {
					srv.Inject(fault)
				}
				time.Sleep(time.Until(first.Expiry) - 59*time.Second)
				var slowest time.Duration
				for time.Until(first.Expiry) > 3*time.Second {
					began := time.Now()
					tok, err := m.Token(t.Context(), userKey)
					require.NoError(t, err)
					require.Equal(t, first.AccessToken, tok.AccessToken)
					slowest = max(slowest, time.Since(began))
					time.Sleep(50 * time.Millisecond)
				}
				require.LessOrEqual(t, slowest, time.Second, "nor keeps one waiting for long")
				require.Positive(t, r.count())
				require.LessOrEqual(t, r.count(), 14, "at a bounded rate")
				require.Positive(t, failures.Load(), "but not in silence")

				time.Sleep(5 * time.Second)
				_, err := m.Token(t.Context(), userKey)
				refresh, ok := errors.AsType[*tokens.RefreshError](err)
				require.True(t, ok, "%v", err)
				require.Positive(t, refresh.Failed)
				require.NotErrorIs(t, err, tokens.ErrReauthorizationRequired, "an outage signs nobody out")
			})
		})
	}
}

// O6
func TestO6_OneCallersCancelFailsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		srv.SetLatency(time.Second)
		m, _ := signedIn(t, srv, tokens.NewMemoryStore(), client)
		time.Sleep(2 * time.Hour)

		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the browser went away")
		first := make(chan error, 1)
		go func() {
			_, err := m.Token(ctx, userKey)
			first <- err
		}()
		synctest.Wait()
		var others sync.WaitGroup
		for range 20 {
			others.Go(func() {
				tok, err := m.Token(context.Background(), userKey)
				require.NoError(t, err)
				require.True(t, srv.Valid(tok.AccessToken))
			})
		}
		synctest.Wait()
		cancel(cause)
		err := <-first
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, cause)
		others.Wait()
		require.Equal(t, 1, refreshes(srv))
		_, err = m.Token(ctx, userKey)
		require.ErrorIs(t, err, context.Canceled, "a dead context gets nothing, whatever is at hand")
	})
}

// O7
func TestO7_TokensExpireEarly(t *testing.T) {
	for _, c := range []struct{ lifetime, early time.Duration }{
		{2 * time.Second, 200 * time.Millisecond},
		{5 * time.Minute, 30 * time.Second},
		{10 * time.Minute, time.Minute},
		{time.Hour, time.Minute},
		{24 * time.Hour, time.Minute},
	} {
		t.Run(fmt.Sprint(c.lifetime), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, oauthtest.Config{AccessTokenLifetime: c.lifetime})
				store := tokens.NewMemoryStore()
				seed := newManager(t, store, client)
				var margins []time.Duration
				for i := range 10 {
					key := fmt.Sprint("user:", i)
					first := srv.Issue("web", "alice")
					first.Expiry = time.Now().Add(c.lifetime)
					require.NoError(t, seed.Put(t.Context(), key, first))
					m := newManager(t, store, client)
					for {
						left := time.Until(first.Expiry)
						tok, err := m.Token(t.Context(), key)
						require.NoError(t, err)
						if tok.AccessToken != first.AccessToken {
							margins = append(margins, left)
							break
						}
						if left > 2*c.early {
							time.Sleep(left - 2*c.early)
							continue
						}
						time.Sleep(c.early / 100)
					}
				}
				low, high := slices.Min(margins), slices.Max(margins)
				require.LessOrEqual(t, high, c.early, "never earlier than min(60 s, 10 %%)")
				require.GreaterOrEqual(t, low, c.early*78/100, "jitter takes at most a fifth of it")
				require.Greater(t, high-low, c.early/100, "and there is jitter")
			})
		})
	}
}

// O7
func TestO7_TokenWithoutExpiryIsKeptUntilRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		m := newManager(t, tokens.NewMemoryStore(), client)
		first := srv.Issue("web", "alice")
		first.Expiry = time.Time{}
		require.NoError(t, m.Put(t.Context(), userKey, first))
		srv.Inject(oauthtest.NoExpiresIn)
		time.Sleep(1000 * time.Hour)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, tok.AccessToken)
		next, err := m.RefreshToken(t.Context(), userKey, tok)
		require.NoError(t, err)
		require.NotEqual(t, first.AccessToken, next.AccessToken)
		require.True(t, next.Expiry.IsZero())
		require.Equal(t, 1, refreshes(srv))
	})
}

func TestManager_NoRefreshTokenServesToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &counted{Refresher: refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, errors.New("must not be asked")
		})}
		var told atomic.Int64
		m := newManager(t, tokens.NewMemoryStore(), r, tokens.OnReauth(func(context.Context, *tokens.ReauthError) { told.Add(1) }))
		expiry := time.Now().Add(time.Hour)
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{AccessToken: "a", Expiry: expiry}))
		time.Sleep(time.Hour - time.Second)
		tok, err := m.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "a", tok.AccessToken)
		time.Sleep(time.Second)
		for range 3 {
			_, err = m.Token(t.Context(), userKey)
			require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
		}
		synctest.Wait()
		require.EqualValues(t, 1, told.Load())
		require.Zero(t, r.count())
	})
}
