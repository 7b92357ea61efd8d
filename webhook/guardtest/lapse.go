package guardtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/standpipe-go/standpipe/webhook"
)

// testOneOfMany lets many claim one event at once.
func testOneOfMany(t *testing.T, b *backend) {
	here := endpoint()
	for round := range 20 {
		key := signed(here, fmt.Sprint("e", round))
		if round%2 == 1 {
			key = unsigned(here, fmt.Sprint("e", round), byte(round))
		}
		won := b.race(t, key, 16)
		if len(won) != 1 {
			t.Fatalf("%d of 16 concurrent claims of one event are Claimed; exactly one must be", len(won))
		}
		if round%4 < 2 {
			b.commit(won[0])
			if again := b.race(t, key, 8); len(again) != 0 {
				t.Fatalf("%d claims of an event that was handled are Claimed", len(again))
			}
		}
	}
	// Without an identifier each is an event of its own.
	if won := b.race(t, webhook.GuardKey{Endpoint: here}, 16); len(won) != 16 {
		t.Errorf("%d of 16 concurrent events without an identifier are Claimed; all must be", len(won))
	}
}

// race returns the claims of n concurrent ones that are Claimed.
func (b *backend) race(t *testing.T, key webhook.GuardKey, n int) (won []webhook.Claim) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			c, err := b.Guards[i%len(b.Guards)].Claim(t.Context(), key)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("a concurrent Claim: %v", err)
			case c.State == webhook.Claimed:
				won = append(won, c)
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

// testLapse: a process died.
func testLapse(_ *testing.T, b *backend) {
	for _, key := range []webhook.GuardKey{signed(endpoint(), "e1"), unsigned(endpoint(), "e1", 1)} {
		first := b.want(key, webhook.Claimed, "at first")
		b.Lapse()
		second := b.want(key, webhook.Claimed, "after the claim has lapsed")
		if second.Token == first.Token {
			b.Errorf("the claim that took over has the token of the one that lapsed, %q", first.Token)
		}
		if second.Suspect {
			b.Error("the same event after a lapse is a suspect; it is a replay of nothing else")
		}
		b.want(key, webhook.InFlight, "while the claim that took over is running")
		b.commit(second)
		b.want(key, webhook.Handled, "after the claim that took over was committed")
	}
}

// testHandledStays: a handled event is known for longer than a claim.
func testHandledStays(_ *testing.T, b *backend) {
	key := signed(endpoint(), "e1")
	b.commit(b.want(key, webhook.Claimed, "at first"))
	b.Lapse()
	b.want(key, webhook.Handled, "of an event that was handled, when its claim would have lapsed")
}

// testLateCommit: a process was slow, and has handled the event all the same.
func testLateCommit(_ *testing.T, b *backend) {
	here := endpoint()
	late := b.want(signed(here, "nobody"), webhook.Claimed, "at first")
	b.Lapse()
	b.commit(late)
	b.want(late.Key, webhook.Handled, "after a commit of a claim that had lapsed")

	late = b.want(signed(here, "taken"), webhook.Claimed, "at first")
	b.Lapse()
	taken := b.want(late.Key, webhook.Claimed, "after the claim has lapsed")
	b.commit(late)
	b.want(late.Key, webhook.Handled, "after a commit of a claim that had lapsed and was taken by another")
	b.release(taken)
	b.want(late.Key, webhook.Handled, "after one has committed, though another released")
}

// testLateRelease: whoever lost a claim does not end what the next one has.
func testLateRelease(_ *testing.T, b *backend) {
	key := unsigned(endpoint(), "e1", 1)
	late := b.want(key, webhook.Claimed, "at first")
	b.Lapse()
	taken := b.want(key, webhook.Claimed, "after the claim has lapsed")
	b.release(late)
	b.want(key, webhook.InFlight, "after the release of a claim that had lapsed and was taken by another")
	if other := unsigned(key.Endpoint, "e2", 1); !b.NoSuspects && !b.claim(other).Suspect {
		b.Error("the release of a claim that had lapsed made the guard forget what the event contains")
	}
	b.commit(taken)
	b.release(late)
	b.want(key, webhook.Handled, "after the release of a claim that had lapsed")
}

// testAway: a guard that cannot tell says so, and the response is 503.
func testAway(t *testing.T, b *backend) {
	if b.Away == nil {
		t.Skip("nothing can be taken away")
	}
	here := endpoint()
	running := b.want(signed(here, "running"), webhook.Claimed, "at first")
	b.Away()
	if c, err := b.next().Claim(t.Context(), signed(here, "e1")); err == nil {
		t.Errorf("Claim says %s with its memory out of reach; it must return an error", stateName(c.State))
	}
	if err := b.next().Commit(t.Context(), running); err == nil {
		t.Error("Commit returns nil with its memory out of reach, though nothing was recorded")
	}
	if err := b.next().Release(t.Context(), running); err == nil {
		t.Error("Release returns nil with its memory out of reach, though nothing was given up")
	}
}

// testCancelled: whoever gives up waiting neither loses the event nor runs it twice.
func testCancelled(t *testing.T, b *backend) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := signed(endpoint(), "e1")
	if c, err := b.next().Claim(ctx, key); err == nil && c.State != webhook.Claimed {
		t.Fatalf("under a cancelled context Claim says %s of an event that was never seen", stateName(c.State))
	}
	b.Lapse()
	c := b.want(key, webhook.Claimed, "after a claim under a cancelled context has lapsed")
	if err := b.next().Commit(ctx, c); err == nil {
		b.want(key, webhook.Handled, "after Commit returned nil, if under a cancelled context")
	} else {
		b.commit(c)
		b.want(key, webhook.Handled, "after a second Commit, the first under a cancelled context")
	}
}
