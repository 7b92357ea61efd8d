package queuetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/suitetest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/queuetest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// queue keeps deliveries as JSON, as something durable would, made bad by what stands
// in its fields.
type queue struct {
	mu     sync.Mutex
	stored [][]byte
	kept   []*webhook.Delivery // by reference
	ids    []string
	away   bool

	change   func(d *webhook.Delivery)       // what is stored
	skip     func(q *queue, id string) bool  // true: nothing is
	refuse   func(q *queue, id string) error // in place of storing
	byRef    bool
	careless bool // of the context, and of a storage that is away
}

var errAway = errors.New("out of reach")

func (q *queue) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := d.Events[0].ID
	switch {
	case (q.away || ctx.Err() != nil) && q.careless:
		return nil
	case q.away:
		return errAway
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if q.refuse != nil {
		if err := q.refuse(q, id); err != nil {
			return err
		}
	}
	q.ids = append(q.ids, id)
	if q.skip != nil && q.skip(q, id) {
		return nil
	}
	if q.byRef {
		q.kept = append(q.kept, d)
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil || q.change == nil {
		q.stored = append(q.stored, text)
		return err
	}
	var changed webhook.Delivery
	if err := json.Unmarshal(text, &changed); err != nil {
		return err
	}
	q.change(&changed)
	text, err = json.Marshal(changed)
	q.stored = append(q.stored, text)
	return err
}

func (q *queue) backend() queuetest.Backend {
	return queuetest.Backend{
		Queue: q,
		Stored: func(t *testing.T) []*webhook.Delivery {
			all := slices.Clone(q.kept)
			for _, text := range q.stored {
				var d webhook.Delivery
				if err := json.Unmarshal(text, &d); err != nil {
					t.Fatal(err)
				}
				all = append(all, &d)
			}
			return all
		},
		Away: func() { q.away = true },
	}
}

func run(t *testing.T, make func() *queue) {
	queuetest.Run(t, func(*testing.T) queuetest.Backend { return make().backend() })
}

func TestAGoodQueuePasses(t *testing.T) {
	t.Parallel()
	run(t, func() *queue { return &queue{} })
}

// A queue may take batches apart, and may have nothing that can be taken away.
func TestABatchMayBeTakenApart(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, func(*testing.T) queuetest.Backend {
		b := (&queue{}).backend()
		whole := b.Stored
		b.Away = nil
		b.Stored = func(t *testing.T) (apart []*webhook.Delivery) {
			for _, d := range whole(t) {
				for i := range d.Events {
					one := *d
					one.Events = d.Events[i : i+1]
					apart = append(apart, &one)
				}
			}
			return apart
		}
		return b
	})
}

func TestEachRuleIsNoticed(t *testing.T) {
	broken := map[string]suitetest.Broken{}
	add := func(name, check, says string, make func() *queue) {
		broken[name] = suitetest.Broken{Check: check, Says: says, Run: func(t *testing.T) { run(t, make) }}
	}
	changed := func(f func(d *webhook.Delivery)) func() *queue {
		return func() *queue { return &queue{change: f} }
	}
	add("stores with the next delivery", "durable once acknowledged", "event 0 is not stored", func() *queue {
		return &queue{skip: func(*queue, string) bool { return true }}
	})
	const whole = "the whole delivery"
	for says, change := range map[string]func(d *webhook.Delivery){
		"event 1 is not stored":              func(d *webhook.Delivery) { d.Events = d.Events[:1] },
		"Endpoint is stored as":              func(d *webhook.Delivery) { d.Endpoint = "" },
		"Receipt.Provider is stored as":      func(d *webhook.Delivery) { d.Receipt.Provider = "" },
		"Receipt.Scheme is stored as":        func(d *webhook.Delivery) { d.Receipt.Scheme = "" },
		"Receipt.KeyID is stored as":         func(d *webhook.Delivery) { d.Receipt.KeyID = "" },
		"Receipt.EventID is stored as":       func(d *webhook.Delivery) { d.Receipt.EventID = "" },
		"Receipt.EventIDSigned is stored as": func(d *webhook.Delivery) { d.Receipt.EventIDSigned = true },
		"Receipt.EventType is stored as":     func(d *webhook.Delivery) { d.Receipt.EventType = "" },
		"Receipt.EventTypeSigned is stored":  func(d *webhook.Delivery) { d.Receipt.EventTypeSigned = true },
		"Receipt.SignedAt is stored as":      func(d *webhook.Delivery) { d.Receipt.SignedAt = d.Receipt.SignedAt.Truncate(1e9) },
		"Receipt.Untrusted is stored as":     func(d *webhook.Delivery) { d.Receipt.Untrusted = nil },
		"Request.Method is stored as":        func(d *webhook.Delivery) { d.Request.Method = "" },
		"Request.URL is stored as":           func(d *webhook.Delivery) { d.Request.URL = nil },
		"Request.Body is stored as":          func(d *webhook.Delivery) { d.Request.Body = nil },
		"Request.ReceivedAt is stored as":    func(d *webhook.Delivery) { d.Request.ReceivedAt = d.Receipt.SignedAt },
		"Request.Header X-Queuetest-Type": func(d *webhook.Delivery) {
			d.Request.Header = http.Header{"Content-Type": d.Request.Header["Content-Type"]}
		},
		"Event.IDSigned is stored as":   func(d *webhook.Delivery) { d.Events[2].IDSigned = false },
		"Event.Type is stored as":       func(d *webhook.Delivery) { d.Events[2].Type = "" },
		"Event.TypeSigned is stored as": func(d *webhook.Delivery) { d.Events[2].TypeSigned = false },
		"Event.Object is stored as":     func(d *webhook.Delivery) { d.Events[2].Object = "" },
		"Event.Time is stored as":       func(d *webhook.Delivery) { d.Events[2].Time = d.Receipt.SignedAt },
		"Event.APIVersion is stored as": func(d *webhook.Delivery) { d.Events[2].APIVersion = "" },
		"Event.Payload is stored as":    func(d *webhook.Delivery) { d.Events[2].Payload = d.Request.Body },
	} {
		add("does not keep it, and so "+says, whole, says, changed(func(d *webhook.Delivery) {
			if len(d.Events) == 3 {
				change(d)
			}
		}))
	}
	add("trims", "any bytes", "Request.Body is stored as", changed(func(d *webhook.Delivery) { d.Request.Body = bytes.TrimSpace(d.Request.Body) }))
	add("mends", "any bytes", "Request.Body is stored as", changed(func(d *webhook.Delivery) { d.Request.Body = bytes.ToValidUTF8(d.Request.Body, nil) }))
	add("cuts", "any bytes", "bytes)", changed(func(d *webhook.Delivery) { d.Request.Body = d.Request.Body[:min(len(d.Request.Body), 1<<16)] }))
	add("keeps what it was given", "copies what it keeps", "is not stored", func() *queue { return &queue{byRef: true} })
	broken["changes what it was given"] = suitetest.Broken{
		Check: "copies what it keeps", Says: "Enqueue changed the delivery",
		Run: func(t *testing.T) {
			queuetest.Run(t, func(*testing.T) queuetest.Backend {
				b := (&queue{}).backend()
				b.Queue = meddler{b.Queue}
				return b
			})
		},
	}
	add("loses what comes at once", "concurrent use", "is not stored", func() *queue {
		return &queue{skip: func(q *queue, _ string) bool { return len(q.ids) > 20 }}
	})
	add("is busy", "concurrent use", "one of 8 concurrent deliveries is answered with 503", func() *queue {
		return &queue{refuse: func(q *queue, _ string) error {
			if len(q.ids) > 20 {
				return errors.New("busy")
			}
			return nil
		}}
	})
	add("takes nothing twice", "the same delivery again", "so that it never ends: it is here already", func() *queue {
		return &queue{refuse: func(q *queue, id string) error {
			if slices.Contains(q.ids, id) {
				return errors.New("it is here already")
			}
			return nil
		}}
	})
	add("acknowledges without its storage", "out of reach", "Enqueue returns nil with its storage out of reach", func() *queue { return &queue{careless: true} })
	add("acknowledges what was cancelled", "cancelled", "under a cancelled context, of a delivery of 1 events", func() *queue { return &queue{careless: true} })
	suitetest.Catches(t, broken)
}

// meddler takes a header out of what it is given.
type meddler struct{ webhook.Enqueuer }

func (m meddler) Enqueue(ctx context.Context, d *webhook.Delivery) error {
	err := m.Enqueuer.Enqueue(ctx, d)
	delete(d.Request.Header, "X-Queuetest-Type")
	return err
}
