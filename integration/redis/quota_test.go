package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
)

// D6: a quota holds over a Redis that is killed and restarted, with its state or without,
// but for what was taken of shares that were larger than they would have been had all
// heard of all calls. The processes that have nothing to do any more when it is back tell
// it what they took all the same, and the others, who take all that they get, leave it to
// them.
func TestD6_QuotaOverARestart(t *testing.T) {
	t.Parallel()
	const n, away = 6000, 1500 * time.Millisecond
	for name, flags := range map[string][]string{
		"without its state": nil,
		"with its state":    {"--appendonly", "yes", "--appendfsync", "no"}, // a slow disk would hold it up
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servers.Redis(t, flags...)
			// On a busy machine nobody is cut off while the others are not.
			j := job{Addr: s.Addr, Monthly: n, Goroutines: 2, Pause: 20 * time.Millisecond, Timeout: time.Second}
			j.From = time.Now().Add(time.Second)
			j.To = j.From.Add(10 * time.Second)
			killed := j.From.Add(2 * time.Second)
			j.Turn = killed.Add(away)
			var all []*process
			for i := range workers {
				j.Quiet = i%2 == 0
				all = append(all, startWorker(t, j))
			}
			time.Sleep(time.Until(killed))
			s.Kill()
			time.Sleep(time.Until(j.Turn))
			s.Restart(t)
			times, reports := gather(t, all)
			local := int64(0)
			for _, r := range reports {
				local += r.Stats.Local
			}
			rdb := connect(s.Addr)
			defer rdb.Close()
			used, err := rdb.HGet(t.Context(), "standpipe:{=key}:limits", "q:Month:was").Int() // when the first was back
			require.NoError(t, err)
			share, more := (n-used)/workers, 0
			for _, r := range reports {
				more += max(int(r.Stats.Local)-share, 0)
			}
			t.Logf("%d of %d in all: %d before, %d while Redis was away, of which %d by shares that were too large",
				len(times), n, between(times, j.From, killed), local, more)
			require.Positive(t, local)
			require.LessOrEqual(t, len(times), n+more)
			require.GreaterOrEqual(t, len(times), n/2, "the rest is shared again")
			for _, r := range reports {
				require.False(t, r.Stats.Away)
			}
		})
	}
}
