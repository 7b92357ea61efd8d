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
			j := job{Addr: s.Addr, Monthly: n, Goroutines: 2, Pause: 20 * time.Millisecond}
			var all []*process
			for i := range workers {
				j.Quiet = i%2 == 0
				all = append(all, startWorker(t, j))
			}
			for _, p := range all {
				p.tell(t, "begin")
			}
			time.Sleep(2 * time.Second)
			s.Kill()
			killed := time.Now()
			heard(t, all, "Redis is away")
			time.Sleep(away)
			for _, p := range all {
				p.tell(t, "turn")
			}
			s.Restart(t)
			heard(t, all, "Redis is back")
			time.Sleep(5 * time.Second)
			_, _, reports := gather(t, all)
			total, before, local := 0, 0, int64(0)
			for _, r := range reports {
				local += r.Stats.Local
				total += len(r.Times)
				for _, at := range r.Times {
					if at < killed.UnixNano() {
						before++
					}
				}
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
				total, n, before, local, more)
			require.Positive(t, local)
			require.LessOrEqual(t, total, n+more)
			require.GreaterOrEqual(t, total, n/2, "the rest is shared again")
			for _, r := range reports {
				require.False(t, r.Stats.Away)
			}
		})
	}
}
