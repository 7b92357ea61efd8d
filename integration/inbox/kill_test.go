package inbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// scale is how much is sent and killed: STANDPIPE_NIGHTLY asks for all of W26.
func scale() (events, kills int) {
	if os.Getenv("STANDPIPE_NIGHTLY") != "" {
		return 10_000, 200
	}
	return 10_000, 20
}

// untilKill is how long a process has at most, so that all the kills fall into the time
// that the events take, and the last ones not long before its end.
func untilKill(events, kills int) time.Duration {
	return min(time.Duration(events/kills)*6*time.Millisecond, 800*time.Millisecond)
}

// sender is a provider: it sends each event three times in random order, and each of
// these again until it is acknowledged.
type sender struct {
	target       atomic.Value // the receiver's address, which changes when it is started again
	client       *http.Client
	acknowledged atomic.Int64
	refused      atomic.Int64 // by 503
	other        atomic.Int64 // responses
}

func newSender(t *testing.T) *sender {
	tr := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(tr.CloseIdleConnections)
	return &sender{client: &http.Client{Transport: tr, Timeout: time.Minute}}
}

func (s *sender) send(ctx context.Context, body []byte) bool {
	r := webhooktest.Stripe(stripeKey).WithURL("http://" + s.target.Load().(string) + "/").Request(body)
	r.RequestURI = ""
	res, err := s.client.Do(r.WithContext(ctx))
	if err != nil {
		return false
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		return true
	}
	if res.StatusCode == http.StatusServiceUnavailable {
		s.refused.Add(1)
	} else {
		s.other.Add(1)
	}
	return false
}

// all sends events with n senders at once.
func (s *sender) all(ctx context.Context, events, n int) {
	copies := make(chan int, 3*events)
	for _, i := range rand.Perm(3 * events) {
		copies <- i % events
	}
	close(copies)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := range copies {
				for ctx.Err() == nil && !s.send(ctx, paid(fmt.Sprintf("evt_%d", i))) {
					time.Sleep(10 * time.Millisecond)
				}
				if ctx.Err() == nil {
					s.acknowledged.Add(1)
				}
			}
		})
	}
	wg.Wait()
}

// W26, D1, D2, D3: deliveries in three copies, reordered, to a process that receives and
// works and is killed at random points: no acknowledged event is lost, and each has its
// effect once.
func TestW26_NothingIsLostAndNothingCommittedTwice(t *testing.T) {
	events, kills := scale()
	eachDatabase(t, func(t *testing.T, d database) { storm(t, d, events, kills) })
}

// storm sends events and kills the process that receives and works.
func storm(t *testing.T, d database, events, kills int) {
	shop := newShop(t, d)
	shop.exec(`CREATE TABLE %s_effect (event VARCHAR(50), pid BIGINT)`)
	j := job{Database: d, Prefix: shop.prefix, Workers: 8, Lease: time.Second}
	if d.Driver == "sqlite" {
		j.Workers = 1
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*5*time.Second+2*time.Minute)
	defer cancel()
	p := startChild(t, j)
	s := newSender(t)
	s.target.Store(p.addr)
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 16) })

	killed := 0
	for ; killed < kills; killed++ {
		time.Sleep(20*time.Millisecond + rand.N(untilKill(events, kills)))
		p.kill()
		p = startChild(t, j)
		s.target.Store(p.addr)
	}
	sending.Wait()
	require.NoError(t, ctx.Err())
	shop.settledIn(3 * time.Minute)
	p.end()
	require.EqualValues(t, 3*events, s.acknowledged.Load())
	require.Empty(t, shop.dead(), "child: %s", p.log.String())
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s_event`))
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s_effect`), "an acknowledged event is lost")
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s_effect`), "an effect was committed twice")
	t.Logf("%d deliveries of %d events acknowledged, %d processes killed, %d of them with effects", s.acknowledged.Load(), events, killed, shop.count(`SELECT count(DISTINCT pid) FROM %s_effect`))
}

// D1: Postgres is killed and started again, while deliveries arrive and are worked on:
// 503, and then all of them are handled, once each.
func TestD1_PostgresIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := servers.StartPostgres(t)
	outages(t, database{"pgx", server.URL}, func() { server.Kill() }, func() { server.Restart(t) })
}

// outages has the database gone twice while events arrive and are worked on.
func outages(t *testing.T, d database, kill, restart func()) {
	shop := newShop(t, d)
	shop.exec(`CREATE TABLE %s_effect (event VARCHAR(50), pid BIGINT)`)
	p := startChild(t, job{Database: d, Prefix: shop.prefix, Workers: 4, Lease: time.Second})
	s := newSender(t)
	s.target.Store(p.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	const events = 1000
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 8) })
	for outage := range int64(2) {
		require.Eventually(t, func() bool { return s.acknowledged.Load() > 100+outage*events }, time.Minute, time.Millisecond)
		s.refused.Store(0)
		kill()
		require.Eventually(t, func() bool { return s.refused.Load() > 0 }, time.Minute, 10*time.Millisecond, "without the database it is 503")
		restart()
	}
	sending.Wait()
	require.NoError(t, ctx.Err())
	require.Zero(t, s.other.Load())
	shop.settledIn(3 * time.Minute)
	p.end()
	require.Empty(t, shop.dead())
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s_effect`))
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s_effect`))
}

// D3: a worker that is stopped in the middle of a transaction for longer than its lease
// has no second effect when it goes on.
func TestD3_AWorkerThatIsStoppedBeyondItsLease(t *testing.T) {
	t.Parallel()
	d := postgres(t)
	shop := newShop(t, d)
	shop.exec(`CREATE TABLE %s_effect (event VARCHAR(50), pid BIGINT)`)
	slow := startChild(t, job{Database: d, Prefix: shop.prefix, Workers: 1, Lease: time.Second, Hold: 5 * time.Second})
	s := newSender(t)
	s.target.Store(slow.addr)
	require.True(t, s.send(t.Context(), paid("evt_1")))
	require.Eventually(t, func() bool { return shop.count(`SELECT count(*) FROM %s_due WHERE token IS NOT NULL`) == 1 }, time.Minute, time.Millisecond)
	time.Sleep(50 * time.Millisecond) // into the function
	require.NoError(t, slow.Process.Signal(syscall.SIGSTOP))
	other := startChild(t, job{Database: d, Prefix: shop.prefix, Workers: 1, Lease: time.Second})
	shop.settled()
	require.NoError(t, slow.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool { return strings.Contains(slow.log.String(), "the lease of an event was lost") }, time.Minute, 5*time.Millisecond)
	slow.end()
	require.Equal(t, 1, shop.count(`SELECT count(*) FROM %s_effect`))
	require.Equal(t, other.Process.Pid, shop.count(`SELECT pid FROM %s_effect`))
	require.Empty(t, shop.dead())
	other.end()
}
