package inbox_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
	"github.com/standpipe-go/standpipe/webhook/queuetest"
)

func TestGuardSuite(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		guardtest.Run(t, func(t *testing.T) guardtest.Backend {
			s := newShop(t, d)
			return guardtest.Backend{
				Guards: []webhook.Guard{s, s.another()},
				Lapse:  func() { s.exec(`UPDATE %s_guard SET until = 0 WHERE state = 1`) }, // those of claims
				Away:   func() { require.NoError(t, s.db.Close()) },
			}
		})
	})
}

func TestQueueSuite(t *testing.T) {
	eachDatabase(t, func(t *testing.T, d database) {
		queuetest.Run(t, func(t *testing.T) queuetest.Backend {
			s := newShop(t, d)
			reader := &shop{t: t, d: d, prefix: s.prefix}
			var err error
			reader.db, err = d.open()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, reader.db.Close()) })
			var mu sync.Mutex
			var stored []*webhook.Delivery
			scheme := func() (*webhook.Scheme, error) {
				return webhook.NewScheme("queuetest", func(context.Context, *webhook.Request) (webhook.Receipt, error) {
					return webhook.Receipt{}, nil
				})
			}
			h := handler(t, scheme, webhook.Fallback(func(_ context.Context, e webhook.Event[json.RawMessage]) error {
				mu.Lock()
				defer mu.Unlock()
				stored = append(stored, &webhook.Delivery{Endpoint: "queuetest", Receipt: e.Receipt, Request: e.Request, Events: []webhook.Raw{e.Raw}})
				return nil
			}))
			return queuetest.Backend{
				Queue: s,
				Stored: func(t *testing.T) []*webhook.Delivery {
					stop := start(t, reader.another(), h)
					reader.settled()
					stop()
					mu.Lock()
					defer mu.Unlock()
					return slices.Clone(stored)
				},
				Away: func() { require.NoError(t, s.db.Close()) },
			}
		})
	})
}
