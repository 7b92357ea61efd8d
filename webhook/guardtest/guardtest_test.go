package guardtest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/suitetest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// memory is a good guard, made bad by what stands in its fields.
type memory struct {
	*webhook.MemoryGuard

	mu     sync.Mutex
	now    time.Time
	away   bool
	claims map[webhook.GuardKey]int           // how often each was asked for
	latest map[webhook.GuardKey]webhook.Claim // that was given out
	seen   map[[32]byte]bool                  // bodies
	epoch  map[string]int                     // of tokens; Lapse begins the next
	lapses int

	ttl       time.Duration
	key       func(webhook.GuardKey) webhook.GuardKey // what the event is taken for
	onClaim   func(m *memory, c webhook.Claim) webhook.Claim
	onCancel  func(key webhook.GuardKey) (webhook.Claim, error)
	onAway    func(key webhook.GuardKey) (webhook.Claim, error)
	onCommit  func(m *memory, c webhook.Claim) (webhook.Claim, bool) // false: nothing is recorded
	onRelease func(m *memory, c webhook.Claim) webhook.Claim
	noLapse   bool
}

var errAway = errors.New("out of reach")

func (m *memory) backend(t *testing.T) guardtest.Backend {
	m.now = time.Unix(1_800_000_000, 0)
	m.claims, m.latest, m.seen, m.epoch = map[webhook.GuardKey]int{}, map[webhook.GuardKey]webhook.Claim{}, map[[32]byte]bool{}, map[string]int{}
	g, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{Lease: time.Minute, TTL: m.ttl, Window: time.Hour, Now: func() time.Time { return m.now }})
	if err != nil {
		t.Fatal(err)
	}
	m.MemoryGuard = g
	return guardtest.Backend{
		Guards: []webhook.Guard{m, m},
		Lapse: func() {
			m.lapses++
			if !m.noLapse {
				m.now = m.now.Add(time.Minute)
			}
		},
		Away: func() { m.away = true },
	}
}

func (m *memory) taken(key webhook.GuardKey) webhook.GuardKey {
	if m.key == nil {
		return key
	}
	return m.key(key)
}

func (m *memory) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		if m.onAway != nil {
			return m.onAway(key)
		}
		return webhook.Claim{}, errAway
	}
	if ctx.Err() != nil {
		if m.onCancel != nil {
			return m.onCancel(key)
		}
		return webhook.Claim{}, ctx.Err()
	}
	c, err := m.MemoryGuard.Claim(ctx, m.taken(key))
	c.Key = key
	m.claims[key]++
	if m.onClaim != nil {
		c = m.onClaim(m, c)
	}
	if c.State == webhook.Claimed {
		m.latest[key], m.epoch[c.Token] = c, m.lapses
	}
	m.seen[key.Body] = true
	return c, err
}

func (m *memory) Commit(ctx context.Context, c webhook.Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		if m.onCommit != nil {
			return nil
		}
		return errAway
	}
	if m.onCommit != nil {
		var ok bool
		if c, ok = m.onCommit(m, c); !ok {
			return nil
		}
	}
	c.Key = m.taken(c.Key)
	return m.MemoryGuard.Commit(ctx, c)
}

func (m *memory) Release(ctx context.Context, c webhook.Claim) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		if m.onRelease != nil {
			return nil
		}
		return errAway
	}
	if m.onRelease != nil {
		c = m.onRelease(m, c)
	}
	c.Key = m.taken(c.Key)
	return m.MemoryGuard.Release(ctx, c)
}

func TestAGoodGuardPasses(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) guardtest.Backend { return (&memory{}).backend(t) })
}

// A guard that tells no suspects, whose memory cannot be taken away, passes as well.
func TestLessIsEnough(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		b := (&memory{onClaim: func(_ *memory, c webhook.Claim) webhook.Claim { c.Suspect = false; return c }}).backend(t)
		b.Guards, b.Away, b.NoSuspects = b.Guards[:1], nil, true
		return b
	})
}

func TestEachRuleIsNoticed(t *testing.T) {
	broken := map[string]suitetest.Broken{}
	add := func(name, check, says string, m func() *memory) {
		broken[name] = suitetest.Broken{Check: check, Says: says, Run: func(t *testing.T) {
			guardtest.Run(t, func(t *testing.T) guardtest.Backend { return m().backend(t) })
		}}
	}
	claims := func(f func(m *memory, c webhook.Claim) webhook.Claim) func() *memory {
		return func() *memory { return &memory{onClaim: f} }
	}
	keys := func(f func(k *webhook.GuardKey)) func() *memory {
		return func() *memory {
			return &memory{key: func(k webhook.GuardKey) webhook.GuardKey { f(&k); return k }}
		}
	}

	const life = "claim, commit, release"
	add("commits nothing", life, "after the claim was committed, Claim says InFlight; it must say Handled", func() *memory {
		return &memory{onCommit: func(_ *memory, c webhook.Claim) (webhook.Claim, bool) { return c, false }}
	})
	add("releases nothing", life, "after the claim was released, Claim says InFlight", func() *memory {
		return &memory{onRelease: func(_ *memory, c webhook.Claim) webhook.Claim { c.Token = "x"; return c }}
	})
	add("gives no tokens", life, "no token", claims(func(_ *memory, c webhook.Claim) webhook.Claim { c.Token = ""; return c }))
	add("gives another key", life, "another key", claims(func(_ *memory, c webhook.Claim) webhook.Claim { c.Key.ID = "x"; return c }))
	add("gives no state", life, "a state that does not exist: 0", claims(func(_ *memory, c webhook.Claim) webhook.Claim { c.State = 0; return c }))
	add("gives one token to all", life, "the same token", func() *memory {
		return &memory{
			onClaim:   func(_ *memory, c webhook.Claim) webhook.Claim { c.Token = "x"; return c },
			onRelease: func(_ *memory, c webhook.Claim) webhook.Claim { c.Token = "1"; return c }, // the first of a MemoryGuard
		}
	})

	const same = "which events are the same"
	add("looks at a body whose identifier is signed", same, "a signed identifier with another body: while the first is running, Claim says Claimed",
		keys(func(k *webhook.GuardKey) { k.IDSigned = k.IDSigned && k.ID == "" }))
	add("believes any identifier", same, "an unsigned identifier with another body: while the first is running, Claim says InFlight",
		keys(func(k *webhook.GuardKey) {
			if k.ID != "" && !k.IDSigned {
				k.ID, k.IDSigned = "unsigned "+k.ID, true
			}
		}))
	add("sees no endpoint", same, "at another endpoint", keys(func(k *webhook.GuardKey) { k.Endpoint = strings.Replace(k.Endpoint, "-2", "", 1) }))
	add("sees no place", same, "in another place", keys(func(k *webhook.GuardKey) { k.Index = 0 }))

	const text = "identifiers are any text"
	add("sees no case", text, `the identifier "E1" was taken for another`, keys(func(k *webhook.GuardKey) { k.ID = strings.ToLower(k.ID) }))
	add("mends text", text, `the identifier "\xfe" was taken for another`, keys(func(k *webhook.GuardKey) { k.ID = strings.ToValidUTF8(k.ID, "?") }))
	add("cuts text", text, `taken for another`, keys(func(k *webhook.GuardKey) { k.ID = k.ID[:min(len(k.ID), 255)] }))
	add("joins text", text, "texts joined are the same", keys(func(k *webhook.GuardKey) { k.Endpoint, k.ID = "", k.Endpoint+k.ID }))

	const suspects = "suspects"
	add("tells no suspects", suspects, "Suspect is false; it must be true", claims(func(_ *memory, c webhook.Claim) webhook.Claim { c.Suspect = false; return c }))
	add("suspects a redelivery of what failed", suspects, "though the first was released", claims(func(m *memory, c webhook.Claim) webhook.Claim {
		c.Suspect = c.Suspect || !c.Key.IDSigned && strings.Contains(c.Key.Endpoint, "-released") && m.seen[c.Key.Body]
		return c
	}))
	add("suspects the events of a batch", suspects, "event 1 of a batch", claims(func(m *memory, c webhook.Claim) webhook.Claim {
		c.Suspect = c.Suspect || c.Key.ID == "batch" && c.Key.Index > 0
		return c
	}))
	add("suspects the first", suspects, "though nothing was there before", claims(func(_ *memory, c webhook.Claim) webhook.Claim { c.Suspect = true; return c }))

	add("takes no identifier for one", "no identifier", "while an equal event without an identifier is running, Claim says InFlight",
		keys(func(k *webhook.GuardKey) {
			if k.ID == "" {
				k.ID, k.IDSigned = "none", false
			}
		}))
	add("lets two run at once", "one of many", "of 16 concurrent claims of one event are Claimed; exactly one must be",
		claims(func(m *memory, c webhook.Claim) webhook.Claim {
			if c.State == webhook.InFlight && m.claims[c.Key] > 10 {
				c.State = webhook.Claimed
			}
			return c
		}))
	add("fails when it is busy", "one of many", "a concurrent Claim: out of reach",
		func() *memory {
			m := &memory{}
			m.onClaim = func(m *memory, c webhook.Claim) webhook.Claim { m.away = m.claims[c.Key] > 10; return c }
			return m
		})
	add("never lapses", "a claim lapses", "after the claim has lapsed, Claim says InFlight", func() *memory { return &memory{noLapse: true} })
	add("forgets with the lease", "what was handled does not lapse", "when its claim would have lapsed, Claim says Claimed", func() *memory { return &memory{ttl: time.Minute} })
	add("refuses a late commit", "a late commit counts", "after a commit of a claim that had lapsed, Claim says Claimed", func() *memory {
		return &memory{onCommit: func(m *memory, c webhook.Claim) (webhook.Claim, bool) { return c, m.epoch[c.Token] == m.lapses }}
	})
	add("refuses a commit once another has the claim", "a late commit counts", "that had lapsed and was taken by another, Claim says InFlight", func() *memory {
		return &memory{onCommit: func(m *memory, c webhook.Claim) (webhook.Claim, bool) { return c, m.latest[c.Key].Token == c.Token }}
	})
	add("releases what another has", "a late release changes nothing", "that had lapsed and was taken by another, Claim says Claimed", func() *memory {
		return &memory{onRelease: func(m *memory, c webhook.Claim) webhook.Claim { return m.latest[c.Key] }}
	})
	add("decides while it cannot tell", "out of reach", "Claim says InFlight with its memory out of reach", func() *memory {
		return &memory{onAway: func(key webhook.GuardKey) (webhook.Claim, error) {
			return webhook.Claim{Key: key, State: webhook.InFlight}, nil
		}}
	})
	add("says that it has recorded", "out of reach", "Commit returns nil", func() *memory {
		return &memory{onCommit: func(_ *memory, c webhook.Claim) (webhook.Claim, bool) { return c, true }}
	})
	add("says that it has released", "out of reach", "Release returns nil", func() *memory {
		return &memory{onRelease: func(_ *memory, c webhook.Claim) webhook.Claim { return c }}
	})
	add("drops what was cancelled", "cancelled", "under a cancelled context Claim says Handled", func() *memory {
		return &memory{onCancel: func(key webhook.GuardKey) (webhook.Claim, error) {
			return webhook.Claim{Key: key, State: webhook.Handled}, nil
		}}
	})
	suitetest.Catches(t, broken)
}
