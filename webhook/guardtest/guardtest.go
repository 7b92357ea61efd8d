package guardtest

import (
	"crypto/rand"
	"testing"

	"github.com/standpipe-go/standpipe/webhook"
)

// Backend is what one check is run on.
type Backend struct {
	// Guards are the guards of several processes over one memory. One will do where the
	// memory is the process's own.
	Guards []webhook.Guard
	// Lapse ends the lease of every claim that there is, and nothing else: it moves the
	// guards' clock, or sleeps.
	Lapse func()
	// Away takes away what the guards keep their memory in, such as by closing the
	// database. If nil, that cannot happen, and the check is skipped.
	Away func()
	// NoSuspects is set for guards which tell no suspects, and whose documentation says
	// so.
	NoSuspects bool
}

// backend asks its guards in turn, so that what one of them does is seen by the next.
type backend struct {
	Backend
	*testing.T
	asked int
}

func (b *backend) next() webhook.Guard {
	b.asked++
	return b.Guards[b.asked%len(b.Guards)]
}

// claim asks for the event and holds the response to what is true of any.
func (b *backend) claim(key webhook.GuardKey) webhook.Claim {
	b.Helper()
	c, err := b.next().Claim(b.Context(), key)
	if err != nil {
		b.Fatalf("Claim: %v", err)
	}
	if c.Key != key {
		b.Fatalf("Claim returned another key than it was given: %+v, not %+v", c.Key, key)
	}
	if c.State < webhook.Claimed || c.State > webhook.Handled {
		b.Fatalf("Claim returned a state that does not exist: %d", c.State)
	}
	return c
}

// want claims the event and requires the state.
func (b *backend) want(key webhook.GuardKey, state webhook.ClaimState, when string) webhook.Claim {
	b.Helper()
	c := b.claim(key)
	if c.State != state {
		b.Fatalf("%s, Claim says %s; it must say %s", when, stateName(c.State), stateName(state))
	}
	return c
}

func (b *backend) commit(c webhook.Claim) {
	b.Helper()
	if err := b.next().Commit(b.Context(), c); err != nil {
		b.Fatalf("Commit: %v", err)
	}
}

func (b *backend) release(c webhook.Claim) {
	b.Helper()
	if err := b.next().Release(b.Context(), c); err != nil {
		b.Fatalf("Release: %v", err)
	}
}

func stateName(s webhook.ClaimState) string {
	return map[webhook.ClaimState]string{webhook.Claimed: "Claimed", webhook.InFlight: "InFlight", webhook.Handled: "Handled"}[s]
}

// endpoint returns one that no other check has used.
func endpoint() string { return "guardtest-" + rand.Text() }

func signed(endpoint, id string) webhook.GuardKey {
	return webhook.GuardKey{Endpoint: endpoint, ID: id, IDSigned: true}
}

func unsigned(endpoint, id string, body byte) webhook.GuardKey {
	return webhook.GuardKey{Endpoint: endpoint, ID: id, Body: [32]byte{body}}
}
