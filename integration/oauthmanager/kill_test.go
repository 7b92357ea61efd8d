package oauthmanager_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// killer ends, every few seconds, the process that is in the middle of a
// refresh: in turn before the server has seen the request, and after it has
// answered but before the answer arrives.
type killer struct {
	mu      sync.Mutex
	every   time.Duration
	next    time.Time
	until   time.Time
	procs   map[string]*process
	before  int
	after   int
	started int
	restart func(name string) *process
}

func (k *killer) strike(worker string, answered bool) (killed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	p := k.procs[worker]
	if p == nil || now.Before(k.next) || now.After(k.until) || answered != (k.before > k.after) {
		return false
	}
	if answered {
		k.after++
	} else {
		k.before++
	}
	k.next = now.Add(k.every + rand.N(k.every))
	_ = p.Process.Kill() // SIGKILL
	<-p.done
	k.started++
	name := fmt.Sprintf("%s'", worker)
	delete(k.procs, worker)
	k.procs[name] = k.restart(name)
	return true
}

// reauthorizer is the user, who signs in again when told to.
type reauthorizer struct{ told chan struct{} }

func (r *reauthorizer) ServeHTTP(http.ResponseWriter, *http.Request) { r.told <- struct{}{} }

// O3, O4, O5: a process is killed in the middle of a refresh every few seconds.
// Killed before the server saw the request: the refresh token is sent again by
// a survivor, and the family lives. Killed after the server used it up: no one
// can know the token that replaced it; the one replay is refused, the
// application is told, and all callers get the typed error until the user has
// signed in again. Never anything else, and never a loop.
func TestO3_ProcessesKilledInTheMiddle(t *testing.T) {
	eachStore(t, func(t *testing.T, d database) {
		issuer := servers.OIDCProvider(t, "AT_TTL=2").URL
		gate := newGateway(t, issuer+"/token")
		m, err := newManager(d, gate.URL, "parent")
		require.NoError(t, err)
		signIn := func(ctx context.Context) error {
			tok, err := login(ctx, issuer, "alice")
			if err != nil {
				return err
			}
			return m.Put(ctx, tokenKey, tok)
		}
		require.NoError(t, signIn(t.Context()))

		user := &reauthorizer{told: make(chan struct{}, 100)}
		notify := httptest.NewServer(user)
		t.Cleanup(notify.Close)

		total := max(duration(t), 20*time.Second)
		until := time.Now().Add(total)
		const lease = 2 * time.Second
		j := job{
			Database: d, TokenURL: gate.URL, UserInfo: issuer + "/me", ReauthURL: notify.URL,
			Goroutines: goroutines / 2, Until: until, Lease: lease,
		}
		k := &killer{every: 3 * time.Second, next: time.Now().Add(3 * time.Second), until: until.Add(-8 * time.Second), procs: map[string]*process{}}
		k.restart = func(name string) *process {
			j := j
			j.Name = name
			return startWorker(t, j)
		}
		gate.before = func(w string) bool {
			time.Sleep(rand.N(100 * time.Millisecond))
			return k.strike(w, false)
		}
		gate.after = func(w string) { k.strike(w, true) }
		k.mu.Lock()
		for i := range processes {
			name := strconv.Itoa(i)
			k.procs[name] = k.restart(name)
		}
		k.mu.Unlock()

		// The user signs in again, a second after being told.
		signIns := 0
		ctx, cancel := context.WithDeadline(t.Context(), until)
		defer cancel()
		for ctx.Err() == nil {
			select {
			case <-user.told:
				signIns++
				time.Sleep(time.Second)
				require.NoError(t, signIn(t.Context()))
			case <-ctx.Done():
			}
		}

		k.mu.Lock()
		survivors := k.procs
		k.mu.Unlock()
		var sum report
		for _, p := range survivors {
			r := p.report(t)
			require.Zero(t, r.Failed, "process %s: %v\n%s", r.Name, r.Errors, p.log.String())
			sum.Tokens, sum.Calls, sum.Again = sum.Tokens+r.Tokens, sum.Calls+r.Calls, sum.Again+r.Again
			sum.Reauth, sum.Refresh = sum.Reauth+r.Reauth, sum.Refresh+r.Refresh
		}
		seen := gate.exchanges()
		sent, refused := map[string]int{}, 0
		for _, x := range seen {
			sent[x.Presented]++
			if x.Error != "" {
				require.Equal(t, "invalid_grant", x.Error)
				refused++
			}
		}
		t.Logf("%d processes × %d goroutines for %s, %d killed before and %d after the server's answer: %d tokens, %d calls (%d after a 401), %d reauthorization errors, %d refresh errors, 0 others; %d refreshes, %d refused, %d sign-ins",
			processes, goroutines/2, total, k.before, k.after, sum.Tokens, sum.Calls, sum.Again, sum.Reauth, sum.Refresh, len(seen), refused, signIns)
		require.Positive(t, k.before)
		require.Positive(t, k.after)
		for _, n := range sent {
			require.LessOrEqual(t, n, 2, "a refresh token was sent more than once again")
		}
		require.Equal(t, k.after, refused, "each lost answer, and nothing else, costs the family")
		require.Equal(t, k.after, signIns, "and the application is told each time")

		// All is well at the end.
		time.Sleep(2 * time.Second)
		tok, err := m.Token(t.Context(), tokenKey)
		require.NoError(t, err)
		require.NotEmpty(t, tok.AccessToken)
	})
}
