package inbox_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/webhook"
)

// byCustomer orders by what is before the dash of an identifier.
func byCustomer(_ string, e webhook.Raw) string {
	customer, _, ok := strings.Cut(e.ID, "-")
	if !ok {
		return ""
	}
	return customer
}

func testOrder(t *testing.T, d database) {
	order := inbox.OrderBy(byCustomer, time.Hour)
	s := newShop(t, d, order, quick(3))
	var mu sync.Mutex
	at, ran := map[string]int{}, map[string][]string{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", func(_ context.Context, e webhook.Event[struct{}]) error {
		customer := byCustomer("", e.Raw)
		mu.Lock()
		at[customer]++
		if at[customer] > 1 {
			t.Errorf("two of %s at once", customer)
		}
		ran[customer] = append(ran[customer], e.ID)
		n := len(ran[customer])
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		at[customer]--
		mu.Unlock()
		if n == 3 {
			return errTest // the third is run twice
		}
		return nil
	}))
	const customers, each = 4, 10
	for i := range each {
		for c := range customers {
			require.Equal(t, 200, postStripe(h, paid(fmt.Sprintf("c%d-%02d", c, i))))
		}
	}
	for range 3 {
		start(t, s.another(order, quick(3)), h)
	}
	s.settled()
	require.Len(t, ran, customers)
	for customer, ids := range ran {
		var want []string
		for i := range each {
			want = append(want, fmt.Sprintf("%s-%02d", customer, i))
			if i == 2 {
				want = append(want, want[i])
			}
		}
		require.Equal(t, want, ids)
	}
}

// testOrderOfABatch has events that arrive together.
func testOrderOfABatch(t *testing.T, d database) {
	s := newShop(t, d, inbox.OrderBy(byCustomer, time.Hour))
	j := &diary{}
	h := handler(t, commas, webhook.WithQueue(s), webhook.On("part", j.note))
	var want []string
	for i := range 30 {
		want = append(want, fmt.Sprintf("c-%02d", i))
	}
	require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte(strings.Join(want, ","))}).Status)
	start(t, s.Inbox, h)
	s.settled()
	var got []string
	for _, e := range j.all() {
		got = append(got, e.ID)
	}
	require.Equal(t, want, got)
}

func testHold(t *testing.T, d database) {
	const hold = 4 * time.Second // much longer than a machine stands still
	s := newShop(t, d, inbox.OrderBy(byCustomer, hold), inbox.WithRetry(10_000, retry.Constant(50*time.Millisecond)))
	var mu sync.Mutex
	done, at := map[string]time.Duration{}, map[string]int{}
	begun := time.Now()
	h := handler(t, stripe, webhook.WithQueue(s), webhook.Fallback(func(_ context.Context, e webhook.Event[json.RawMessage]) error {
		key := byCustomer("", e.Raw)
		mu.Lock()
		defer mu.Unlock()
		if at[key]++; key != "" && at[key] > 1 {
			t.Errorf("two of %s at once, although its time is over", key)
		}
		if strings.HasSuffix(e.ID, "-bad") && done["a-4"] == 0 {
			at[key]--
			return errTest
		}
		mu.Unlock()
		time.Sleep(60 * time.Millisecond)
		mu.Lock()
		at[key]--
		done[e.ID] = time.Since(begun)
		return nil
	}))
	for _, id := range []string{"a-bad", "a-1", "a-2", "a-3", "a-4", "b-1", "none"} {
		require.Equal(t, 200, postStripe(h, paid(id)))
	}
	start(t, s.Inbox, h)
	s.settled()
	require.Len(t, done, 7)
	require.Less(t, done["b-1"], done["a-1"], "others do not wait")
	require.Less(t, done["none"], done["a-1"])
	require.Greater(t, done["a-1"], hold-100*time.Millisecond, "its own key does")
	require.Less(t, done["a-4"], done["a-bad"], "but not for ever")
	require.Less(t, done["a-1"], done["a-2"])
}

// stopping is a connection of a process that stops, as its machine does, at its first
// statement that begins with what: the server hears nothing more of it.
type stopping struct {
	*stdlib.Conn
	what    string
	stopped chan<- struct{}
	over    <-chan struct{}
}

func (c *stopping) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if strings.HasPrefix(query, c.what) {
		c.stopped <- struct{}{}
		<-c.over
		return nil, driver.ErrBadConn
	}
	return c.Conn.QueryContext(ctx, query, args)
}

// connector makes such connections.
type connector struct {
	driver.Connector
	wrap func(*stdlib.Conn) driver.Conn
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return c.wrap(conn.(*stdlib.Conn)), nil
}

// D4: who claims, and so keeps others from doing so at the same time, holds them up for
// seconds at most where its machine stops in between.
func TestD4_AMachineThatStopsWhileItClaims(t *testing.T) {
	t.Parallel()
	s := newShop(t, postgres(t), inbox.OrderBy(byCustomer, time.Minute))
	made, err := stdlib.GetDefaultDriver().(driver.DriverContext).OpenConnector(s.d.DSN)
	require.NoError(t, err)
	stopped, over := make(chan struct{}), make(chan struct{})
	db := sql.OpenDB(connector{made, func(c *stdlib.Conn) driver.Conn {
		return &stopping{c, "UPDATE " + s.prefix + "_due", stopped, over}
	}})
	defer db.Close()
	other, err := inbox.New(db, inbox.Postgres, inbox.WithPrefix(s.prefix), discard(), inbox.OrderBy(byCustomer, time.Minute))
	require.NoError(t, err)
	j := &diary{}
	h := handler(t, stripe, webhook.WithQueue(s), webhook.On("invoice.paid", j.note))
	stop := start(t, other, h)
	<-stopped
	start(t, s.Inbox, h)
	require.Equal(t, 200, postStripe(h, paid("evt_1")))
	s.settled()
	close(over)
	stop()
}
