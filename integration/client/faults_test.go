package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/stretchr/testify/require"
)

const (
	posts   = 10_000
	callers = 48
)

type order struct {
	Item int    `json:"item"`
	Pad  string `json:"pad"` // so that a cut may fall into the body
}

// shop is a service whose orders have effects. One with an idempotency key
// has its effect once, whatever arrives how often.
type shop struct {
	mu       sync.Mutex
	arrived  [posts]int // requests whose headers came, by item
	effects  [posts]int // orders that were carried out
	answered map[string]int
	received atomic.Int64
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.received.Add(1)
	item, err := strconv.Atoi(r.Header.Get("X-Item"))
	if err != nil || item < 0 || item >= posts {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.arrived[item]++
	s.mu.Unlock()

	body, err := io.ReadAll(r.Body)
	var o order
	if err != nil || json.Unmarshal(body, &o) != nil || o.Item != item {
		w.WriteHeader(http.StatusBadRequest) // half an order is none
		return
	}
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	if _, done := s.answered[key]; key == "" || !done {
		s.effects[item]++
		if key != "" {
			s.answered[key] = item
		}
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"item":%d}`, item)
}

// hostilePath puts a proxy with every fault between the caller and the shop,
// each on a part of the connections, and returns its URL.
func hostilePath(t *testing.T, s *shop) string {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	proxy, err := servers.Toxiproxy(t).CreateProxy("shop", "127.0.0.1:0", srv.Listener.Addr().String())
	require.NoError(t, err)
	for _, toxic := range []struct {
		name, stream string
		toxicity     float32
		attributes   toxiproxy.Attributes
	}{
		{"latency", "upstream", 0.3, toxiproxy.Attributes{"latency": 3, "jitter": 3}},
		{"slicer", "upstream", 0.2, toxiproxy.Attributes{"average_size": 100, "size_variation": 50, "delay": 50}},
		{"slicer", "downstream", 0.2, toxiproxy.Attributes{"average_size": 20, "size_variation": 10, "delay": 50}},
		{"reset_peer", "upstream", 0.1, toxiproxy.Attributes{"timeout": 20}},
		{"reset_peer", "downstream", 0.1, toxiproxy.Attributes{"timeout": 20}},
		{"timeout", "upstream", 0.03, toxiproxy.Attributes{"timeout": 60}},
		{"timeout", "downstream", 0.03, toxiproxy.Attributes{"timeout": 60}},
		// No connection lives long: it ends in the middle of an answer, or else in
		// the middle of an order.
		{"limit_data", "downstream", 0.5, toxiproxy.Attributes{"bytes": 700}},
		{"limit_data", "upstream", 1, toxiproxy.Attributes{"bytes": 2500}},
	} {
		_, err := proxy.AddToxic(toxic.name+"-"+toxic.stream, toxic.name, toxic.stream, toxic.toxicity, toxic.attributes)
		require.NoError(t, err)
	}
	return "http://" + proxy.Listen
}

// place sends every order once from many goroutines and returns the errors by
// item.
func place(t *testing.T, c *client.Client) [posts]error {
	t.Helper()
	var errs [posts]error
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				item := int(next.Add(1)) - 1
				if item >= posts {
					return
				}
				_, errs[item] = client.Call[struct{ Item int }](t.Context(), c, client.Request{
					Method: "POST", Path: "/orders", Header: http.Header{"X-Item": {strconv.Itoa(item)}},
					Body: order{Item: item, Pad: "....................................................................................................."},
				})
			}
		})
	}
	wg.Wait()
	return errs
}

func quick(attempts int) client.Option {
	wait := retry.FullJitter(time.Millisecond, 10*time.Millisecond)
	return client.WithRetry(retry.Policy{MaxAttempts: attempts, Backoff: wait, Throttled: wait, NoBudget: true})
}

// C5, C6, C22: with a key, orders arrive again and again and have one effect.
func TestFaultsWithAKey(t *testing.T) {
	s := &shop{answered: map[string]int{}}
	c := newClient(t, hostilePath(t, s), quick(25), client.WithAttemptTimeout(300*time.Millisecond), client.WithIdempotencyHeader("Idempotency-Key"))
	errs := place(t, c)

	failed := 0
	for item, err := range errs {
		require.LessOrEqual(t, s.effects[item], 1, "order %d was carried out twice", item)
		if err == nil {
			require.Equal(t, 1, s.effects[item], "order %d was confirmed and not carried out", item)
			continue
		}
		failed++
		var e *client.Error
		require.ErrorAs(t, err, &e)
		if e.Effect == client.NeverSent || e.Effect == client.Rejected {
			require.Zero(t, s.effects[item], "order %d: %v", item, err)
		}
	}
	arrivals := 0
	for _, n := range s.arrived {
		arrivals += n
	}
	t.Logf("%d orders, %d arrivals at the server, %d failed", posts, arrivals, failed)
	require.Greater(t, arrivals, posts+posts/20, "the faults did not bite")
	require.Less(t, failed, posts/100, "25 attempts are enough for nearly all")
}

// C5, C7, C22: without a key nothing is repeated once any of it may have left.
func TestFaultsWithoutAKey(t *testing.T) {
	s := &shop{answered: map[string]int{}}
	c := newClient(t, hostilePath(t, s), quick(25), client.WithAttemptTimeout(300*time.Millisecond))
	errs := place(t, c)

	effects := map[client.Effect]int{}
	for item, err := range errs {
		require.LessOrEqual(t, s.arrived[item], 1, "order %d was sent twice", item)
		require.LessOrEqual(t, s.effects[item], 1)
		if err == nil {
			require.Equal(t, 1, s.effects[item], "order %d was confirmed and not carried out", item)
			continue
		}
		var e *client.Error
		require.ErrorAs(t, err, &e)
		effects[e.Effect]++
		if e.Effect != client.MaybeApplied {
			require.Zero(t, s.effects[item], "order %d: %v", item, err)
		}
	}
	t.Logf("%d orders, %d arrivals at the server; failed: %v", posts, s.received.Load(), effects)
	require.Greater(t, effects[client.MaybeApplied], posts/20, "the faults did not bite")
}

// C18: when nothing works any more, the budget keeps the retries down.
func TestTotalOutage(t *testing.T) {
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		sent.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer srv.Close()
	c := newClient(t, srv.URL, client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Millisecond)}))
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range 100 {
				if _, err := client.Get[client.None](t.Context(), c, "/"); !errors.Is(err, client.ErrUnavailable) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("10000 calls, %d requests", sent.Load())
	require.LessOrEqual(t, sent.Load(), int64(11_000))
}

// A connection that goes silent is left at the deadline.
func TestSilenceEndsAtTheDeadline(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer srv.Close()
	proxy, err := servers.Toxiproxy(t).CreateProxy("silent", "127.0.0.1:0", srv.Listener.Addr().String())
	require.NoError(t, err)
	_, err = proxy.AddToxic("silence", "timeout", "downstream", 1, toxiproxy.Attributes{"timeout": 0})
	require.NoError(t, err)
	c := newClient(t, "http://"+proxy.Listen)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err = client.Get[client.None](ctx, c, "/")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(begin), time.Minute, "it is silent for ever")
}
