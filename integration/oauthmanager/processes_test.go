package oauthmanager_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

const (
	processes  = 8
	goroutines = 50
)

// duration is how long the processes run: 20 s, or what STANDPIPE_OAUTH_DURATION says
// ("2m").
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("STANDPIPE_OAUTH_DURATION")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// process is a running worker.
type process struct {
	*exec.Cmd
	out, log bytes.Buffer
	done     chan struct{} // closed when it has ended
	err      error
}

func startWorker(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self), done: make(chan struct{})}
	p.Env = append(os.Environ(), jobVariable+"="+string(text))
	p.Stdout, p.Stderr = &p.out, &p.log
	require.NoError(t, p.Start())
	go func() {
		p.err = p.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.done
	})
	return p
}

func (p *process) report(t *testing.T) report {
	t.Helper()
	<-p.done
	require.NoError(t, p.err, "worker: %s", p.log.String())
	var r report
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &r), "worker: %s", p.log.String())
	return r
}

// O3: 8 processes of 50 goroutines, one database, tokens that live for 4 s: one
// refresh per expiry, no failed call, and the family is alive at the end. They live for
// longer than 400 goroutines keep a busy machine from looking at one that has come.
func TestO3_EightProcessesOneStore(t *testing.T) {
	eachStore(t, func(t *testing.T, d database) {
		issuer := servers.OIDCProvider(t, "AT_TTL=4").URL
		gate := newGateway(t, issuer+"/token")
		gate.before = func(string) bool { // so that the others come in meanwhile
			time.Sleep(rand.N(200 * time.Millisecond))
			return false
		}
		m, err := newManager(d, gate.URL, "parent")
		require.NoError(t, err)
		first, err := login(t.Context(), issuer, "alice")
		require.NoError(t, err)
		require.NotEmpty(t, first.RefreshToken)
		require.NoError(t, m.Put(t.Context(), tokenKey, first))

		total := max(duration(t), 28*time.Second)
		j := job{
			Database: d, TokenURL: gate.URL, UserInfo: issuer + "/me", ReauthURL: "http://127.0.0.1:9/",
			Goroutines: goroutines, Until: time.Now().Add(total), Lease: 5 * time.Second,
		}
		var all []*process
		for i := range processes {
			j.Name = strconv.Itoa(i)
			all = append(all, startWorker(t, j))
		}
		var sum report
		for _, p := range all {
			r := p.report(t)
			require.Positive(t, r.Tokens)
			require.Zero(t, r.Failed+r.Reauth+r.Refresh, "process %s: %v\n%s", r.Name, r.Errors, p.log.String())
			sum.Tokens, sum.Calls, sum.Again = sum.Tokens+r.Tokens, sum.Calls+r.Calls, sum.Again+r.Again
		}

		seen := gate.exchanges()
		gaps := requireOneLine(t, first.RefreshToken, seen)
		t.Logf("%d processes × %d goroutines for %s: %d tokens, %d calls (%d after a 401), 0 failed; %d refreshes by %d processes; gaps %s to %s, median %s",
			processes, goroutines, total, sum.Tokens, sum.Calls, sum.Again, len(seen), workers(seen), gaps[0], gaps[len(gaps)-1], gaps[len(gaps)/2])
		// One per expiry: the provider counts in whole seconds, so a token of 4 s
		// lives for at least three.
		require.Greater(t, gaps[0], 2900*time.Millisecond, "a token was refreshed that was still good")
		require.Greater(t, len(seen), int(total/(7*time.Second)), "the processes were idle")
		require.Greater(t, workers(seen), 1, "they did not compete")

		// The family is alive: its last token still works.
		last, err := m.Delete(t.Context(), tokenKey)
		require.NoError(t, err)
		require.Equal(t, seen[len(seen)-1].Got, last.RefreshToken)
		require.NoError(t, m.Put(t.Context(), tokenKey, last))
		time.Sleep(4 * time.Second)
		_, err = m.Token(t.Context(), tokenKey)
		require.NoError(t, err)
	})
}

// requireOneLine checks that each refresh presented what the one before it had
// got, and returns the times between them, sorted.
func requireOneLine(t *testing.T, first string, seen []exchange) []time.Duration {
	t.Helper()
	require.NotEmpty(t, seen)
	slices.SortFunc(seen, func(a, b exchange) int { return a.At.Compare(b.At) })
	var gaps []time.Duration
	for i, x := range seen {
		require.Empty(t, x.Error, "refresh %d of %d", i, len(seen))
		require.Equal(t, first, x.Presented, "refresh %d of %d presents another token than the newest", i, len(seen))
		first = x.Got
		if i > 0 {
			gaps = append(gaps, x.At.Sub(seen[i-1].At).Round(time.Millisecond))
		}
	}
	slices.Sort(gaps)
	return gaps
}

func workers(seen []exchange) int {
	names := map[string]bool{}
	for _, x := range seen {
		names[x.Worker] = true
	}
	return len(names)
}
