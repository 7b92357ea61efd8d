package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// otherClock is a store as a machine sees it whose clock is ahead by d: each moment
// that others have written lies d further back for it.
type otherClock struct {
	*tokens.MemoryStore
	d time.Duration
}

func (s otherClock) Load(ctx context.Context, key string) (tokens.Record, error) {
	r, err := s.MemoryStore.Load(ctx, key)
	r.Data = shifted(r.Data, -s.d)
	return r, err
}

func (s otherClock) Save(ctx context.Context, key string, r tokens.Record) (int64, error) {
	r.Data = shifted(r.Data, s.d)
	return s.MemoryStore.Save(ctx, key, r)
}

// shifted moves every moment in a JSON document.
func shifted(data []byte, d time.Duration) []byte {
	var doc any
	if json.Unmarshal(data, &doc) != nil {
		return data
	}
	var move func(any) any
	move = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				v[name] = move(member)
			}
		case string:
			if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return at.Add(d).Format(time.RFC3339Nano)
			}
		}
		return v
	}
	out, _ := json.Marshal(move(doc))
	return out
}

// family is a server that rotates refresh tokens, revokes the family when one is
// used twice, and takes its time to answer.
type family struct {
	mu      sync.Mutex
	latency time.Duration
	n       int
	sent    int
	revoked bool
	fails   error
}

func (f *family) Refresh(_ context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
	f.mu.Lock()
	f.sent++
	fails := f.fails
	if fails == nil {
		if f.revoked = f.revoked || tok.RefreshToken != fmt.Sprint("rt-", f.n); f.revoked {
			fails = &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		} else {
			f.n++
		}
	}
	next := f.token(time.Now().Add(time.Hour))
	f.mu.Unlock()
	time.Sleep(f.latency)
	if fails != nil {
		return nil, fails
	}
	return next, nil
}

func (f *family) token(expiry time.Time) *oauth2.Token {
	return &oauth2.Token{AccessToken: fmt.Sprint("at-", f.n), RefreshToken: fmt.Sprint("rt-", f.n), Expiry: expiry}
}

var skews = []time.Duration{0, 45 * time.Second, 80 * time.Second, 2 * time.Minute, 3 * time.Hour, 26 * time.Hour}

// forSkews runs f for two machines whose clocks differ, either way.
func forSkews(t *testing.T, f func(t *testing.T, here, there tokens.Store)) {
	for _, d := range skews {
		for _, d := range []time.Duration{d, -d} {
			t.Run(d.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := tokens.NewMemoryStore()
					f(t, store, otherClock{store, d})
				})
			})
		}
	}
}

// O3: two machines meet at the end of a token. Whatever their clocks say, one of
// them refreshes, the other one waits for it, and both use what came of it.
func TestO3_ClocksThatDifferChangeNothing(t *testing.T) {
	forSkews(t, func(t *testing.T, here, there tokens.Store) {
		srv := &family{latency: 3 * time.Second}
		a, b := newManager(t, here, srv), newManager(t, there, srv)
		require.NoError(t, a.Put(t.Context(), userKey, srv.token(time.Now().Add(-10*time.Minute))))
		var wg sync.WaitGroup
		for i, m := range []*tokens.Manager{a, b} {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				tok, err := m.Token(t.Context(), userKey)
				if err != nil || tok.AccessToken != "at-1" {
					t.Errorf("machine %d: %v %v", i, tok, err)
					return
				}
				if left := time.Until(tok.Expiry); left < 59*time.Minute || left > time.Hour+time.Second {
					t.Errorf("machine %d takes the token to live for %v", i, left)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, srv.sent)
		require.False(t, srv.revoked)

		// In use on both machines, it is refreshed once a lifetime.
		for range 6 * 60 * 2 {
			time.Sleep(30 * time.Second)
			for _, m := range []*tokens.Manager{a, b} {
				_, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
			}
			a, b = b, a
		}
		require.GreaterOrEqual(t, srv.sent, 7)
		require.LessOrEqual(t, srv.sent, 8)
		require.False(t, srv.revoked)
	})
}

// O3: a mark without signs of life is taken over after a lease, by the clock of the
// one who waits.
func TestO3_ADeadProcessIsTakenOverWhateverItsClockSaid(t *testing.T) {
	forSkews(t, func(t *testing.T, here, there tokens.Store) {
		end := make(chan struct{})
		victim := &crashing{here, make(chan struct{}), end}
		a, err := tokens.New(victim, refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			close(victim.dead)
			<-end
			return nil, errDatabase
		}))
		require.NoError(t, err)
		srv := &family{}
		require.NoError(t, a.Put(t.Context(), userKey, srv.token(time.Now().Add(-time.Minute))))
		lost, cancel := context.WithCancel(t.Context())
		go func() { _, _ = a.Token(lost, userKey) }()
		synctest.Wait()
		cancel()

		// Short looks add up.
		b := newManager(t, there, srv)
		began := time.Now()
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			_, err := b.Token(ctx, userKey)
			cancel()
			if err == nil {
				break
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		require.Less(t, time.Since(began), 6*time.Second)
		require.Equal(t, 1, srv.sent)
		close(end)
		_ = a.Shutdown(ended(t))
		time.Sleep(time.Minute)
	})
}

// O5: the pause after a failure is one for all machines.
func TestO5_ThePauseIsSharedWhateverTheClocksSay(t *testing.T) {
	forSkews(t, func(t *testing.T, here, there tokens.Store) {
		srv := &family{fails: &oauthflow.TokenError{Op: "refresh", Status: 500, Code: "server_error"}}
		a, b := newManager(t, here, srv), newManager(t, there, srv)
		require.NoError(t, a.Put(t.Context(), userKey, srv.token(time.Now().Add(-time.Minute))))
		for range 1200 {
			for _, m := range []*tokens.Manager{a, b} {
				_, err := m.Token(t.Context(), userKey)
				require.Error(t, err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		require.Greater(t, srv.sent, 10, "ten minutes")
		require.LessOrEqual(t, srv.sent, 18)

		// A program that runs once in a while is not held up by a pause long over.
		time.Sleep(time.Hour)
		srv.fails = nil
		began := time.Now()
		_, err := newManager(t, here, srv).Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
	})
}

// O5: nor do two machines take turns at refreshing what is refused in any case.
func TestO5_RefreshedRecentlyWhateverTheClocksSay(t *testing.T) {
	forSkews(t, func(t *testing.T, here, there tokens.Store) {
		srv := &family{}
		a, b := newManager(t, here, srv), newManager(t, there, srv)
		require.NoError(t, a.Put(t.Context(), userKey, srv.token(time.Now().Add(time.Hour))))
		for range 60 {
			for _, m := range []*tokens.Manager{a, b} {
				tok, err := m.Token(t.Context(), userKey)
				require.NoError(t, err)
				if _, err = m.RefreshToken(t.Context(), userKey, tok); err != nil {
					require.ErrorIs(t, err, tokens.ErrRefreshedRecently)
				}
				time.Sleep(500 * time.Millisecond)
			}
		}
		require.LessOrEqual(t, srv.sent, 13, "a minute")
		require.False(t, srv.revoked)
	})
}

// O3: a record of processes that have crashed again and again, each in the middle of
// a refresh. One patient call is enough to go on from there, in its own time.
func TestO3_OneCallOutwaitsALongLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := tokens.NewMemoryStore()
		_, err := store.Save(t.Context(), userKey, tokens.Record{Data: []byte(`{"format":1,"access_token":"at","refresh_token":"rt-0",` +
			`"expiry":"1999-12-31T23:00:00Z","obtained":"1999-12-31T22:00:00Z","refreshes":3,` +
			`"refresh":{"owner":"GONE","first":"1999-12-31T23:00:00Z","beat":"1999-12-31T23:30:00Z","failed":5,"unanswered":5,"reason":"a crash"}}`)})
		require.NoError(t, err)
		srv := &family{}
		began := time.Now()
		tok, err := newManager(t, store, srv).Token(t.Context(), userKey)
		require.NoError(t, err)
		require.Equal(t, "at-1", tok.AccessToken)
		require.InDelta(t, (5 << 5), time.Since(began).Seconds(), 1)
	})
}
