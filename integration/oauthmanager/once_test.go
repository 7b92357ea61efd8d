package oauthmanager_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// rotator is an authorization server that gives a new refresh token with each use. The
// one that was used last is answered once more as it was before, as servers do that have
// a grace period; any older one ends the family.
type rotator struct {
	*httptest.Server
	slow    time.Duration // before it decides, and again before it answers
	arrived func(worker string)

	mu      sync.Mutex
	last    int // the refresh token that is good, and not used yet
	uses    map[string]int
	revoked bool
}

func newRotator(t *testing.T, slow time.Duration) *rotator {
	r := &rotator{slow: slow, uses: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *rotator) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.arrived != nil {
		r.arrived(req.Header.Get("X-Worker"))
	}
	time.Sleep(r.slow)
	n, ok := r.exchange(req.FormValue("refresh_token"))
	time.Sleep(r.slow)
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": fmt.Sprint("at-", n), "refresh_token": fmt.Sprint("rt-", n), "token_type": "Bearer", "expires_in": 3600,
	})
}

func (r *rotator) exchange(presented string) (n int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses[presented]++
	switch presented {
	case fmt.Sprint("rt-", r.last):
		r.last++
	case fmt.Sprint("rt-", r.last-1):
	default:
		r.revoked = true
	}
	return r.last, !r.revoked
}

// expired is the token that is good at the server, with an access token that is not.
func (r *rotator) expired() *oauth2.Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &oauth2.Token{AccessToken: "old", RefreshToken: fmt.Sprint("rt-", r.last), Expiry: time.Now().Add(-time.Hour)}
}

// ask starts eight processes that ask for the token at the same moment.
func ask(t *testing.T, d database, tokenURL string, lease time.Duration) map[string]*process {
	t.Helper()
	j := job{Database: d, TokenURL: tokenURL, Lease: lease, Once: time.Now().Add(1500 * time.Millisecond)}
	all := map[string]*process{}
	for i := range processes {
		j.Name = strconv.Itoa(i)
		all[j.Name] = startWorker(t, j)
	}
	return all
}

// O3: eight processes ask at once for a token that has expired: one refresh, whose token
// all of them get.
func TestO3_OneExpiredToken(t *testing.T) {
	eachStore(t, func(t *testing.T, d database) {
		server := newRotator(t, 50*time.Millisecond)
		m, err := newManager(d, server.URL, "parent")
		require.NoError(t, err)
		for round := range 3 {
			require.NoError(t, m.Put(t.Context(), tokenKey, server.expired()))
			for _, p := range ask(t, d, server.URL, 5*time.Second) {
				require.Equal(t, fmt.Sprint("at-", round+1), p.report(t).Access)
			}
			server.mu.Lock()
			require.Len(t, server.uses, round+1)
			require.Equal(t, 1, server.uses[fmt.Sprint("rt-", round)])
			server.mu.Unlock()
		}
	})
}

// O3: the process that refreshes is killed at a random moment between its request and a
// little after the answer. Another takes over a lease later, no refresh token is lost
// where the server repeats its answer, and none is presented a third time.
func TestO3_KilledAtARandomMoment(t *testing.T) {
	const (
		lease  = time.Second
		slow   = 15 * time.Millisecond
		rounds = 8
	)
	d := onRedis(t)
	server := newRotator(t, slow)
	m, err := newManager(d, server.URL, "parent")
	require.NoError(t, err)
	slowest, again := time.Duration(0), 0
	for range rounds {
		first := server.expired()
		require.NoError(t, m.Put(t.Context(), tokenKey, first))
		var mu sync.Mutex
		var killed time.Time
		victim, all := "", map[string]*process{}
		var once sync.Once
		shot := make(chan struct{})
		server.mu.Lock()
		server.arrived = func(worker string) {
			once.Do(func() {
				go func() {
					time.Sleep(rand.N(3 * slow))
					mu.Lock()
					defer mu.Unlock()
					victim, killed = worker, time.Now()
					_ = all[worker].Process.Kill() // SIGKILL
					close(shot)
				}()
			})
		}
		server.mu.Unlock()
		mu.Lock()
		all = ask(t, d, server.URL, lease)
		mu.Unlock()
		access, latest := "", time.Time{}
		for name, p := range all {
			<-p.done
			mu.Lock()
			dead := name == victim
			mu.Unlock()
			if dead {
				continue // it may have got its token just before
			}
			r := p.report(t)
			require.Contains(t, []string{"", r.Access}, access, "all have the same")
			access = r.Access
			if r.At.After(latest) {
				latest = r.At
			}
		}
		// A busy machine may have held it up until all had their token.
		select {
		case <-shot:
		case <-time.After(time.Minute):
			require.Fail(t, "no refresh arrived, so nobody was killed")
		}
		slowest = max(slowest, latest.Sub(killed))
		server.mu.Lock()
		require.False(t, server.revoked)
		require.Equal(t, fmt.Sprint("at-", server.last), access)
		require.LessOrEqual(t, server.uses[first.RefreshToken], 2)
		again += server.uses[first.RefreshToken] - 1
		server.mu.Unlock()
		// What is stored is what the server takes next.
		last, err := m.Delete(t.Context(), tokenKey)
		require.NoError(t, err)
		require.Equal(t, server.expired().RefreshToken, last.RefreshToken)
	}
	t.Logf("%d processes killed, after which a refresh token was presented again in %d cases; the last of the others had its token %v after the kill, the lease is %v",
		rounds, again, slowest.Round(time.Millisecond), lease)
	require.Less(t, slowest, lease+4*time.Second, "a lease, and the time to look and to refresh on a busy machine")
}
