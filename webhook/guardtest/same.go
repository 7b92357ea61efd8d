package guardtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/webhook"
)

// pair is two events that are put to a guard one after the other.
type pair struct {
	name          string
	first, second webhook.GuardKey
	// same: they are one event. suspect: they are not, and the second may be a replay.
	same, suspect bool
}

// pairs returns what W12 tells apart, each at an endpoint of its own.
func pairs() []pair {
	all := pairsAtOnePlace()
	for i := range all {
		for _, key := range []*webhook.GuardKey{&all[i].first, &all[i].second} {
			key.Endpoint += fmt.Sprint("/", i)
		}
	}
	return all
}

func pairsAtOnePlace() []pair {
	here := endpoint()
	s, u := signed(here, "e1"), unsigned(here, "e1", 1)
	change := func(k webhook.GuardKey, f func(k *webhook.GuardKey)) webhook.GuardKey { f(&k); return k }
	id := func(id string) func(*webhook.GuardKey) { return func(k *webhook.GuardKey) { k.ID = id } }
	body := func(b byte) func(*webhook.GuardKey) {
		return func(k *webhook.GuardKey) { k.Body = [32]byte{b} }
	}
	place := func(k *webhook.GuardKey) { k.Index = 1 }
	elsewhere := func(k *webhook.GuardKey) { k.Endpoint += "-2" }
	empty := func(k *webhook.GuardKey) { k.Body, k.Empty = [32]byte{}, true }
	return []pair{
		{"a signed identifier again", s, s, true, false},
		{"a signed identifier with another body", s, change(s, body(2)), true, false},
		{"another signed identifier", s, change(s, id("e2")), false, false},
		{"a signed identifier in another place", s, change(s, place), false, false},
		{"a signed identifier at another endpoint", s, change(s, elsewhere), false, false},
		{"a signed identifier, then an unsigned one", s, u, false, false},
		{"an unsigned identifier, then a signed one", u, s, false, false},
		{"an unsigned identifier again", u, u, true, false},
		{"an unsigned identifier with another body", u, change(u, body(2)), false, true},
		{"another unsigned identifier with the same body", u, change(u, id("e2")), false, true},
		{"another unsigned identifier with another body", u, change(change(u, id("e2")), body(2)), false, false},
		{"an unsigned identifier in another place", u, change(u, place), false, false},
		{"an unsigned identifier at another endpoint", u, change(u, elsewhere), false, false},
		{"other identifiers without a body", change(u, empty), change(change(u, id("e2")), empty), false, false},
		{"no identifier, the same body", change(u, id("")), change(u, id("")), false, true},
		{"no identifier, another body", change(u, id("")), change(change(u, id("")), body(2)), false, false},
		{"no identifier, the same body in another place", change(u, id("")), change(change(u, id("")), place), false, false},
		{"no identifier, though called signed", change(s, id("")), change(s, id("")), false, true},
		{"no identifier, then one with the same body", change(u, id("")), u, false, true},
		{"an identifier, then none with the same body", u, change(u, id("")), false, true},
		{"no identifier and nothing at all", change(change(u, id("")), empty), change(change(u, id("")), empty), false, false},
	}
}

func (p pair) state(same webhook.ClaimState) webhook.ClaimState {
	if p.same {
		return same
	}
	return webhook.Claimed
}

// testLife: Claimed, then InFlight, until it is handled or given up.
func testLife(_ *testing.T, b *backend) {
	key := signed(endpoint(), "e1")
	c := b.want(key, webhook.Claimed, "of an event that was never seen")
	if c.Token == "" {
		b.Error("a claim has no token, which is to tell it from a later one")
	}
	b.want(key, webhook.InFlight, "while the event is running")
	b.release(c)
	again := b.want(key, webhook.Claimed, "after the claim was released")
	if again.Token == c.Token {
		b.Errorf("two claims of one key have the same token, %q", c.Token)
	}
	b.commit(again)
	b.want(key, webhook.Handled, "after the claim was committed")
	b.want(key, webhook.Handled, "when it is asked once more")
}

// testSame goes through all pairs in flight, and again with the first handled.
func testSame(_ *testing.T, b *backend) {
	for _, p := range pairs() {
		b.want(p.first, webhook.Claimed, p.name+": at first")
		b.want(p.second, p.state(webhook.InFlight), p.name+": while the first is running")
	}
	for _, p := range pairs() {
		b.commit(b.want(p.first, webhook.Claimed, p.name+": at first"))
		b.want(p.second, p.state(webhook.Handled), p.name+": after the first was handled")
	}
	for _, p := range pairs() {
		b.release(b.want(p.first, webhook.Claimed, p.name+": at first"))
		b.want(p.second, webhook.Claimed, p.name+": after the first was released")
	}
}

// testText: an identifier is what a sender likes, and no two of these are the same.
func testText(_ *testing.T, b *backend) {
	here, long := endpoint(), strings.Repeat("x", 16<<10)
	for _, id := range []string{
		"e1", "E1", " e1", "e1 ", "é", "e\u0301", "\xff", "\xfe", "e\x001", "e\x002", "'; --", `"`, "%", "_", "\n", "1", "01", "1e0", "null",
		long, long + "y",
	} {
		for _, key := range []webhook.GuardKey{signed(here, id), unsigned(here, id, 1)} {
			c := b.claim(key)
			if c.State != webhook.Claimed {
				b.Errorf("the identifier %.40q was taken for another one", id)
				continue
			}
			b.commit(c)
			b.want(key, webhook.Handled, "of an identifier that is unusual")
		}
	}
	// Where one part ends and the next begins is not to be guessed from their text.
	b.want(signed(here+"a", "b"), webhook.Claimed, "at first")
	if b.claim(signed(here, "ab")).State != webhook.Claimed {
		b.Error("an endpoint and an identifier were taken for others whose texts joined are the same")
	}
}

// testSuspects: W12.
func testSuspects(t *testing.T, b *backend) {
	if b.NoSuspects {
		t.Skip("the guard tells no suspects, and says so")
	}
	for _, p := range pairs() {
		for _, handled := range []bool{false, true} {
			key := func(k webhook.GuardKey) webhook.GuardKey {
				if handled {
					k.Endpoint += "-handled"
				}
				return k
			}
			first := b.want(key(p.first), webhook.Claimed, p.name+": at first")
			if first.Suspect {
				b.Errorf("%s: the first is a suspect, though nothing was there before", p.name)
			}
			if handled {
				b.commit(first)
			}
			if got := b.claim(key(p.second)).Suspect; got != p.suspect {
				b.Errorf("%s: Suspect is %t; it must be %t", p.name, got, p.suspect)
			}
		}
	}
	// What failed was not seen: its redelivery is no replay.
	for _, p := range pairs() {
		p.first.Endpoint += "-released"
		p.second.Endpoint += "-released"
		b.release(b.want(p.first, webhook.Claimed, p.name+": at first"))
		if b.claim(p.second).Suspect {
			b.Errorf("%s: the second is a suspect, though the first was released", p.name)
		}
	}
	// The events of one delivery do not make each other suspect.
	here := endpoint()
	for i := range 3 {
		key := unsigned(here, "batch", 1)
		key.Index = i
		if b.claim(key).Suspect {
			b.Errorf("event %d of a batch is a suspect because of the others", i)
		}
	}
	// Of two with the same content the second takes nothing of the first with it.
	here = endpoint()
	b.want(unsigned(here, "e1", 1), webhook.Claimed, "at first")
	b.release(b.want(unsigned(here, "e2", 1), webhook.Claimed, "of another identifier"))
	if !b.claim(unsigned(here, "e3", 1)).Suspect {
		b.Error("the release of one event made the guard forget the content of another")
	}
}

// testNoIdentifier: two alerts may be equal to the letter.
func testNoIdentifier(_ *testing.T, b *backend) {
	here := endpoint()
	for _, key := range []webhook.GuardKey{unsigned(here, "", 1), {Endpoint: here, Empty: true}, {Endpoint: here, IDSigned: true}} {
		first := b.want(key, webhook.Claimed, "of an event without an identifier")
		second := b.want(key, webhook.Claimed, "while an equal event without an identifier is running")
		b.commit(first)
		third := b.want(key, webhook.Claimed, "after an equal event without an identifier was handled")
		b.release(second)
		b.commit(third)
	}
}
