package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const signingSecret = "whsec_example"

// service is Stripe as the internet knows it: it sends each event more than once, in no
// order, and each of these again until it is answered 200.
type service struct {
	target       atomic.Pointer[string] // changes when the receiver is started again
	acknowledged atomic.Int64
	repeated     atomic.Int64
}

func (s *service) send(ctx context.Context, events int) {
	copies := rand.Perm(3 * events)
	next := make(chan int, len(copies))
	for _, n := range copies {
		next <- n % events
	}
	close(next)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for n := range next {
				for !s.deliver(ctx, client, n) && ctx.Err() == nil {
					s.repeated.Add(1)
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	senders.Wait()
}

func (s *service) deliver(ctx context.Context, client *http.Client, n int) bool {
	body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"invoice.paid","data":{"object":{"amount_paid":%d}}}`, n, 100+n)
	r, err := webhooktest.Stripe(signingSecret).WithURL(*s.target.Load()).NewRequest(ctx, body)
	if err != nil {
		return false
	}
	res, err := client.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return false
	}
	s.acknowledged.Add(1)
	return true
}
