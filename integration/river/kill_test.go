package river_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
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
	targets      []atomic.Value // the receivers' addresses, which change when they are started again
	client       *http.Client
	acknowledged atomic.Int64
	refused      atomic.Int64 // by 503
	other        atomic.Int64 // responses
}

func newSender(t *testing.T, receivers int) *sender {
	tr := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(tr.CloseIdleConnections)
	return &sender{targets: make([]atomic.Value, receivers), client: &http.Client{Transport: tr, Timeout: time.Minute}}
}

func (s *sender) send(ctx context.Context, body []byte) bool {
	target := s.targets[rand.IntN(len(s.targets))].Load().(string)
	r := webhooktest.Stripe(stripeKey).WithURL("http://" + target + "/").Request(body)
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

// W26, D1, D2, D3: deliveries in three copies, reordered, to processes that receive and
// work and are killed at random points: no acknowledged event is lost, and each has its
// effect once.
func TestW26_NothingIsLostAndNothingCommittedTwice(t *testing.T) {
	t.Parallel() // what is waited for is mostly River's rescuer
	events, kills := scale()
	storm(t, servers.Postgres(t), false, events, kills)
}

// storm sends events and kills the processes that receive and work.
func storm(t *testing.T, dsn string, pollOnly bool, events, kills int) {
	shop := newShop(t, dsn)
	j := job{DSN: shop.dsn, Schema: shop.schema, PollOnly: pollOnly}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*5*time.Second+5*time.Minute)
	defer cancel()
	s := newSender(t, 2)
	processes := make([]*process, 2)
	for i := range processes {
		processes[i] = startChild(t, j)
		s.targets[i].Store(processes[i].addr)
	}
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 16) })
	for n := range kills {
		time.Sleep(20*time.Millisecond + rand.N(untilKill(events, kills)))
		i := n % len(processes)
		processes[i].kill()
		processes[i] = startChild(t, j)
		s.targets[i].Store(processes[i].addr)
	}
	sending.Wait()
	require.NoError(t, ctx.Err())
	begun := time.Now()
	shop.settledIn(5 * time.Minute)
	for _, p := range processes {
		p.end()
	}
	require.EqualValues(t, 3*events, s.acknowledged.Load())
	require.Empty(t, shop.dead())
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s.inbox_event`))
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s.effect`), "an acknowledged event is lost")
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s.effect`), "an effect was committed twice")
	t.Logf("%d deliveries of %d events acknowledged, %d processes killed, %d of them with effects; the last event was rescued after %v",
		s.acknowledged.Load(), events, kills, shop.count(`SELECT count(DISTINCT pid) FROM %s.effect`), time.Since(begun))
}

// D1: Postgres is killed and started again, while deliveries arrive and are worked on:
// 503, and then all of them are handled, once each.
func TestD1_PostgresIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := servers.StartPostgres(t)
	outage(t, server.URL, false, func() { server.Kill() }, func() { server.Restart(t) })
}

// outage has the database gone once while events arrive and are worked on.
func outage(t *testing.T, dsn string, pollOnly bool, kill, restart func()) {
	shop := newShop(t, dsn)
	s := newSender(t, 1)
	p := startChild(t, job{DSN: shop.dsn, Schema: shop.schema, PollOnly: pollOnly})
	s.targets[0].Store(p.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	const events = 600
	var sending sync.WaitGroup
	sending.Go(func() { s.all(ctx, events, 8) })
	require.Eventually(t, func() bool { return s.acknowledged.Load() > 100 }, time.Minute, time.Millisecond)
	kill()
	require.Eventually(t, func() bool { return s.refused.Load() > 0 }, time.Minute, 10*time.Millisecond, "without the database it is 503")
	restart()
	sending.Wait()
	require.NoError(t, ctx.Err())
	shop.settledIn(5 * time.Minute)
	p.end()
	require.Empty(t, shop.dead())
	require.Equal(t, events, shop.count(`SELECT count(DISTINCT event) FROM %s.effect`), p.log.String())
	require.Equal(t, events, shop.count(`SELECT count(*) FROM %s.effect`))
}
