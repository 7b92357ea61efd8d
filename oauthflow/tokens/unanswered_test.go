package tokens_test

import (
	"context"
	"errors"
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

// O5: the answer was lost after the server had used the refresh token up. One
// replay, then the server's word counts.
func TestO5_LostAnswer(t *testing.T) {
	for name, fault := range map[string]oauthtest.Fault{
		"502": oauthtest.BadGatewayAfter, "reset": oauthtest.DropAfter, "silence": oauthtest.HangAfter,
		"truncated": oauthtest.TruncatedJSON, "half": oauthtest.HalfJSON, "page": oauthtest.HTML, "empty": oauthtest.EmptyBody,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, oauthtest.Config{})
				r := &counted{Refresher: client}
				var told []*tokens.ReauthError
				m, first := signedIn(t, srv, tokens.NewMemoryStore(), r,
					tokens.OnReauth(func(_ context.Context, err *tokens.ReauthError) { told = append(told, err) }))
				srv.Inject(fault)
				time.Sleep(2 * time.Hour)
				for range 10 {
					_, err := m.Token(t.Context(), userKey)
					reauth, ok := errors.AsType[*tokens.ReauthError](err)
					require.True(t, ok, "%v", err)
					require.Equal(t, "invalid_grant", reauth.Code)
					require.Equal(t, 1, reauth.Unanswered, "it says that an answer was lost")
					require.ErrorContains(t, err, "had no response")
					requireNoTrace(t, first.RefreshToken, err)
					time.Sleep(time.Minute)
				}
				require.Equal(t, 2, r.count(), "sent, and sent once again")
				at := r.times()
				require.GreaterOrEqual(t, at[1].Sub(at[0]), time.Second, "not at once: the server may still be at it")
				synctest.Wait()
				require.Len(t, told, 1)

				require.NoError(t, m.Put(t.Context(), userKey, srv.Issue("web", "alice")))
				_, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
			})
		})
	}
}

// O5: where the server does not rotate, or had not seen the request, the replay succeeds
// and nobody notices.
func TestO5_ReplayHeals(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   oauthtest.Config
		fault oauthtest.Fault
	}{
		"not rotating":  {oauthtest.Config{ReuseRefreshTokens: true}, oauthtest.DropAfter},
		"never arrived": {oauthtest.Config{}, oauthtest.DropBefore},
		"bad gateway":   {oauthtest.Config{}, oauthtest.BadGatewayBefore},
		"silence":       {oauthtest.Config{}, oauthtest.HangBefore},
		"redirected":    {oauthtest.Config{}, oauthtest.None},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, c.cfg)
				r := &counted{Refresher: client}
				m, _ := signedIn(t, srv, tokens.NewMemoryStore(), r)
				srv.Inject(c.fault)
				time.Sleep(2 * time.Hour)
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				require.True(t, srv.Valid(tok.AccessToken))
				if c.fault != oauthtest.None {
					require.Equal(t, 2, r.count())
				}
				time.Sleep(2 * time.Hour)
				_, err = m.Token(t.Context(), userKey)
				require.NoError(t, err, "what was counted is forgotten")
			})
		})
	}
}

// O5: an outage of hours is asked about at a bounded rate, by all processes together,
// signs nobody out, and is over when it is over.
func TestO5_LongOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		var out atomic.Bool
		r := &counted{Refresher: refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			if out.Load() {
				return nil, &oauthflow.TokenError{Op: "refresh", Status: 502, MaybeApplied: true}
			}
			return client.Refresh(ctx, tok)
		})}
		store := tokens.NewMemoryStore()
		m, _ := signedIn(t, srv, store, r)
		all := []*tokens.Manager{m, newManager(t, store, r), newManager(t, store, r), newManager(t, store, r)}
		out.Store(true)
		time.Sleep(2 * time.Hour)
		const outage = 3 * time.Hour
		end := time.Now().Add(outage)
		for time.Now().Before(end) {
			for _, m := range all {
				_, err := m.Token(t.Context(), userKey)
				refresh, ok := errors.AsType[*tokens.RefreshError](err)
				require.True(t, ok, "%v", err)
				if !errors.Is(err, tokens.ErrRefreshInProgress) {
					require.Positive(t, refresh.Failed)
				}
			}
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, r.count(), 2*(int(outage/time.Minute)+10), "two a minute at most, from four processes")
		require.GreaterOrEqual(t, r.count(), int(outage/time.Minute))

		out.Store(false)
		time.Sleep(2 * time.Minute)
		for _, m := range all {
			_, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
		}
		require.Equal(t, 1, refreshes(srv))
	})
}

// Retry-After of a server that throttles is observed.
func TestManager_RetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &counted{Refresher: refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 429, Code: "slow_down", RetryAfter: 30 * time.Second}
		})}
		m := newManager(t, tokens.NewMemoryStore(), r)
		require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
		for range 29 {
			_, err := m.Token(t.Context(), userKey)
			refresh, ok := errors.AsType[*tokens.RefreshError](err)
			require.True(t, ok)
			require.False(t, refresh.RetryAt.IsZero())
			require.Zero(t, refresh.Unanswered)
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, r.count(), "a refusal is not replayed either")
	})
}

func TestManager_WithoutReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{})
		r := &counted{Refresher: client}
		store := tokens.NewMemoryStore()
		var told atomic.Int64
		m, first := signedIn(t, srv, store, r, tokens.WithoutReplay(),
			tokens.OnReauth(func(context.Context, *tokens.ReauthError) { told.Add(1) }))
		srv.Inject(oauthtest.DropBefore)
		time.Sleep(time.Until(first.Expiry) - 30*time.Second)
		for range 40 {
			tok, err := m.Token(t.Context(), userKey)
			if time.Now().Before(first.Expiry) {
				require.NoError(t, err)
				require.Equal(t, first.AccessToken, tok.AccessToken)
			} else {
				require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
			}
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, r.count(), "never sent again")
		require.EqualValues(t, 1, told.Load())
		require.True(t, srv.Alive(first.RefreshToken))
	})
}

// crashing is a store as a process sees it that is killed: from a given moment
// on its calls neither have an effect nor return until the test ends.
type crashing struct {
	tokens.Store
	dead chan struct{}
	end  chan struct{}
}

func (c *crashing) gone() bool {
	select {
	case <-c.dead:
		<-c.end
		return true
	default:
		return false
	}
}

func (c *crashing) Load(ctx context.Context, key string) (tokens.Record, error) {
	if c.gone() {
		return tokens.Record{}, errDatabase
	}
	return c.Store.Load(ctx, key)
}

func (c *crashing) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	if c.gone() {
		return 0, errDatabase
	}
	return c.Store.Save(ctx, key, r)
}

// O4, O5: a process is killed between the server's answer and the store. The
// next one finds the mark, waits for its lease, and asks once.
func TestO4_CrashBetweenAnswerAndStore(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    oauthtest.Config
		replay []tokens.Option
		want   error
		sent   int
	}{
		"rotating with reuse detection": {want: tokens.ErrReauthorizationRequired, sent: 2},
		"not rotating":                  {cfg: oauthtest.Config{ReuseRefreshTokens: true}, sent: 2},
		"without replay":                {replay: []tokens.Option{tokens.WithoutReplay()}, want: tokens.ErrReauthorizationRequired, sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, client := authServer(t, c.cfg)
				store := tokens.NewMemoryStore()
				r := &counted{Refresher: client}
				victim := &crashing{store, make(chan struct{}), make(chan struct{})}
				dies := refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
					next, err := r.Refresh(ctx, tok)
					close(victim.dead)
					return next, err
				})
				m, err := tokens.New(victim, dies)
				require.NoError(t, err)
				require.NoError(t, m.Put(t.Context(), userKey, srv.Issue("web", "alice")))
				time.Sleep(2 * time.Hour)
				lost, cancel := context.WithCancel(t.Context())
				go func() { _, _ = m.Token(lost, userKey) }()
				synctest.Wait()
				cancel()
				require.Equal(t, 1, r.count())

				next := newManager(t, store, r, c.replay...)
				began := time.Now()
				tok, err := next.Token(t.Context(), userKey)
				waited := time.Since(began)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
					reauth, _ := errors.AsType[*tokens.ReauthError](err)
					require.Equal(t, 1, reauth.Unanswered)
				} else {
					require.NoError(t, err)
					require.True(t, srv.Valid(tok.AccessToken))
				}
				require.Equal(t, c.sent, r.count())
				require.GreaterOrEqual(t, waited, 5*time.Second, "not while the other may be alive")
				require.Less(t, waited, 7*time.Second)
				for range 5 {
					_, err = next.Token(t.Context(), userKey)
					require.ErrorIs(t, err, c.want)
				}
				require.Equal(t, c.sent, r.count(), "no loop")

				close(victim.end)
				require.Error(t, m.Shutdown(ended(t)), "it cannot store any more")
				time.Sleep(time.Minute) // and gives up
			})
		})
	}
}

// ended is a context that has ended.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// Processes that crash at each refresh leave marks that hold for longer and longer.
func TestManager_CrashLoopSlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		end := make(chan struct{})
		var sent []time.Time
		seed := newManager(t, store, tokens.Grant(nil))
		require.NoError(t, seed.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
		began := time.Now()
		var dead []*tokens.Manager
		for time.Since(began) < time.Hour {
			victim := &crashing{store, make(chan struct{}), end}
			m, err := tokens.New(victim, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
				select {
				case <-victim.dead: // it is only waiting for the test to end
				default:
					sent = append(sent, time.Now())
					close(victim.dead)
				}
				<-end
				return nil, errDatabase
			}))
			require.NoError(t, err)
			dead = append(dead, m)
			for {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := m.Token(ctx, userKey)
				cancel()
				require.Error(t, err)
				time.Sleep(100 * time.Millisecond)
				select {
				case <-victim.dead:
				default:
					if time.Since(began) < time.Hour {
						continue
					}
				}
				break
			}
		}
		require.Greater(t, len(sent), 5)
		require.Less(t, len(sent), 30, "an hour of crashes")
		require.GreaterOrEqual(t, sent[1].Sub(sent[0]), 5*time.Second)
		require.GreaterOrEqual(t, sent[5].Sub(sent[4]), time.Minute)
		close(end)
		for _, m := range dead {
			_ = m.Shutdown(ended(t))
		}
		time.Sleep(time.Hour)
	})
}

// A process that was only slow: its answer comes after another has taken over,
// and is kept, since nothing else came from that refresh token.
func TestManager_LateAnswerIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := authServer(t, oauthtest.Config{ReuseRefreshTokens: false})
		store := tokens.NewMemoryStore()
		slow := &faultyStore{Store: store}
		wake := make(chan struct{})
		m, first := signedIn(t, srv, slow, refresherFunc(func(ctx context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
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
		other := newManager(t, store, refresherFunc(func(_ context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			require.Equal(t, first.RefreshToken, tok.RefreshToken)
			return nil, &oauthflow.TokenError{Op: "refresh", Status: 502, MaybeApplied: true}
		}))
		_, err := other.Token(t.Context(), userKey)
		require.Error(t, err)
		close(wake)
		late := <-got
		time.Sleep(time.Minute)
		tok, err := other.Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, late, tok.AccessToken)
	})
}
