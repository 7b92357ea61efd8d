package inbox_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// claims is a service whose deliveries are lists of signed identifiers, each with what it
// says of it.
func claims() (*webhook.Scheme, error) {
	return webhook.NewScheme("claims", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
		return webhook.Receipt{}, nil
	}, webhook.WithSplit(func(r *webhook.Request, _ webhook.Receipt) (raws []webhook.Raw, err error) {
		for part := range bytes.SplitSeq(r.Body, []byte(",")) {
			id, _, _ := bytes.Cut(part, []byte("="))
			raws = append(raws, webhook.Raw{ID: string(id), IDSigned: true, Type: "part", Payload: part})
		}
		return raws, nil
	}))
}

// W27: two transactions that quarantine the same events, which came to them in opposite
// orders, do not wait for each other.
func TestW27_OppositeOrders(t *testing.T) {
	d := postgres(t)
	for name, bodies := range map[string][2]string{
		"of one identifier":        {"a=1,a=2", "a=2,a=1"},
		"of several":               {"a=1,b=1", "b=1,a=1"},
		"with new ones among them": {"a=1,x=1,a=2,y=1", "y=1,a=2,x=1,a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, d)
			process := func(h *webhook.Handler, body string) int {
				return h.Process(context.Background(), &webhook.Request{Body: []byte(body)}).Status
			}
			require.Equal(t, 200, process(handler(t, claims, webhook.WithQueue(s)), "a=0,b=0"))
			tx := s.locked("dead")
			statuses := make(chan int, len(bodies))
			for _, body := range bodies { // each in a transaction of its own
				h := handler(t, claims, webhook.WithQueue(s.another()))
				go func() { statuses <- process(h, body) }()
			}
			s.waiting(len(bodies))
			require.NoError(t, tx.Commit())
			for range bodies {
				require.Equal(t, 200, <-statuses)
			}
			require.Len(t, s.dead(), 2, "each content once")
		})
	}
}

// W27: of contents that come at once under an identifier that is new, the first one is
// the event.
func testFirstContent(t *testing.T, d database) {
	s := newShop(t, d)
	for i := range 8 {
		h := handler(t, claims, webhook.WithQueue(s))
		body := fmt.Sprintf("a%d=1,a%[1]d=2,a%[1]d=3,b%[1]d=1", i)
		require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte(body)}).Status)
	}
	j := &diary{}
	start(t, s.Inbox, handler(t, claims, webhook.On("part", j.note)))
	s.settled()
	var ran []string
	for _, e := range j.all() {
		ran = append(ran, string(e.Payload))
	}
	require.ElementsMatch(t, []string{
		"a0=1", "a1=1", "a2=1", "a3=1", "a4=1", "a5=1", "a6=1", "a7=1",
		"b0=1", "b1=1", "b2=1", "b3=1", "b4=1", "b5=1", "b6=1", "b7=1",
	}, ran)
	letters := s.dead()
	require.Len(t, letters, 16)
	for _, l := range letters {
		require.Equal(t, inbox.ReasonQuarantined, l.Reason)
	}
}

// testQuarantinedBatch has a batch come again with other contents: its body is kept once
// for all of them.
func testQuarantinedBatch(t *testing.T, d database) {
	s := newShop(t, d, inbox.WithRetention(24*time.Hour, 48*time.Hour))
	h := handler(t, claims, webhook.WithQueue(s))
	for _, body := range []string{"a=1,b=1,c=1", "a=2,b=2,c=2", "a=3,new=3,b=3"} {
		require.Equal(t, 200, h.Process(t.Context(), &webhook.Request{Body: []byte(body)}).Status)
	}
	require.Equal(t, 3, s.count(`SELECT count(*) FROM %s_event WHERE body IS NOT NULL`))
	require.Len(t, s.dead(), 5)
	j := &diary{}
	start(t, s.Inbox, handler(t, claims, webhook.On("part", j.note)))
	s.settled()
	require.Len(t, j.all(), 4)

	s.aged(25 * time.Hour)
	p, err := s.Purge(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, int(p.Bodies), "those of dead letters are kept longer, and what has the body of one")
	for _, l := range s.dead() {
		require.NoError(t, s.Replay(t.Context(), l.ID, "ops"))
	}
	s.settled()
	var ran []string
	for _, e := range j.all()[4:] {
		ran = append(ran, fmt.Sprintf("%s of %s", e.Payload, e.Request.Body))
	}
	require.ElementsMatch(t, []string{
		"a=2 of a=2,b=2,c=2", "b=2 of a=2,b=2,c=2", "c=2 of a=2,b=2,c=2", "a=3 of a=3,new=3,b=3", "b=3 of a=3,new=3,b=3",
	}, ran)
}
