package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// MemoryGuardConfig bounds a [MemoryGuard]. The zero value is a good default.
type MemoryGuardConfig struct {
	// Events is how many handled events are remembered, at most; the oldest is
	// forgotten first. The same number may be in flight. 0 means 100,000, which
	// take about 30 MB when full, or 100 MB where identifiers are unsigned,
	// whatever the length of the identifiers.
	Events int
	// TTL is how long a handled event is remembered. 0 means 72 hours, the
	// longest that the providers here keep sending (Stripe, three days).
	TTL time.Duration
	// Window is how long the payloads and identifiers of events with unsigned
	// identifiers are remembered, for [Event].Suspect; at most 2×Events of
	// them. 0 means TTL.
	Window time.Duration
	// Lease is after how long an event in flight that was neither committed nor
	// released may be claimed by another delivery. 0 means 5 minutes.
	Lease time.Duration
	// Now is the clock; nil means [time.Now].
	Now func() time.Time
}

// MemoryGuard is a [Guard] in this process's memory: bounded, forgetful over a
// restart, and ignorant of other processes. It is safe for concurrent use and
// starts no goroutine.
type MemoryGuard struct {
	cfg MemoryGuardConfig

	mu     sync.Mutex
	claims map[guardHash]lease // in flight
	done   expiring[struct{}]  // handled
	marks  expiring[guardHash] // payloads and unsigned identifiers, and whose they were first
	serial uint64
}

type guardHash = [sha256.Size]byte

type lease struct {
	token   string
	expires time.Time
}

// NewMemoryGuard returns an empty guard. The error has the reason [ErrConfig]
// if a bound is negative.
func NewMemoryGuard(cfg MemoryGuardConfig) (*MemoryGuard, error) {
	if cfg.Events < 0 || cfg.TTL < 0 || cfg.Window < 0 || cfg.Lease < 0 {
		return nil, &Error{Reason: ErrConfig, Detail: "a bound of the memory guard is negative"}
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	if cfg.Events == 0 {
		cfg.Events = 100_000
	}
	def(&cfg.TTL, 72*time.Hour)
	def(&cfg.Window, cfg.TTL)
	def(&cfg.Lease, 5*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &MemoryGuard{
		cfg:    cfg,
		claims: map[guardHash]lease{},
		done:   newExpiring[struct{}](cfg.Events),
		marks:  newExpiring[guardHash](2 * cfg.Events),
	}, nil
}

// Claim implements [Guard]. The error wraps [ErrGuardFull].
func (g *MemoryGuard) Claim(_ context.Context, key GuardKey) (Claim, error) {
	id := identity(key)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.cfg.Now()
	c := Claim{Key: key}
	if key.ID == "" { // nothing to know it by again
		c.State, c.Token = Claimed, g.token()
		c.Suspect = g.mark(c, now)
		return c, nil
	}
	if _, ok := g.done.get(id, now); ok {
		c.State = Handled
		return c, nil
	}
	if l, ok := g.claims[id]; ok && now.Before(l.expires) {
		c.State = InFlight
		return c, nil
	}
	if len(g.claims) >= g.cfg.Events {
		g.dropLapsed(now)
	}
	if len(g.claims) >= g.cfg.Events {
		return Claim{}, fmt.Errorf("webhook: memory guard: %w: %d", ErrGuardFull, len(g.claims))
	}
	c.State, c.Token = Claimed, g.token()
	g.claims[id] = lease{token: c.Token, expires: now.Add(g.cfg.Lease)}
	c.Suspect = g.mark(c, now)
	return c, nil
}

func (g *MemoryGuard) token() string {
	g.serial++
	return strconv.FormatUint(g.serial, 36)
}

// Commit implements [Guard]. The error is always nil.
func (g *MemoryGuard) Commit(_ context.Context, c Claim) error {
	if c.Key.ID == "" {
		return nil
	}
	id := identity(c.Key)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.claims[id].token == c.Token {
		delete(g.claims, id)
	}
	now := g.cfg.Now()
	g.done.put(id, struct{}{}, now, now.Add(g.cfg.TTL))
	return nil
}

// Release implements [Guard]. The error is always nil.
func (g *MemoryGuard) Release(_ context.Context, c Claim) error {
	id := identity(c.Key)
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.Key.ID != "" {
		if g.claims[id].token != c.Token {
			return nil
		}
		delete(g.claims, id)
	}
	owner := ownerOf(c)
	for _, m := range sightings(c.Key) {
		if first, ok := g.marks.get(m, g.cfg.Now()); ok && first == owner {
			g.marks.remove(m) // it was not handled, so its redelivery is the first
		}
	}
	return nil
}

// mark notes the content and the unsigned identifier, and reports whether one
// of them was there before as part of another event.
func (g *MemoryGuard) mark(c Claim, now time.Time) (suspect bool) {
	owner := ownerOf(c)
	for _, m := range sightings(c.Key) {
		switch first, ok := g.marks.get(m, now); {
		case !ok:
			g.marks.put(m, owner, now, now.Add(g.cfg.Window))
		case first != owner:
			suspect = true
		}
	}
	return suspect
}

func (g *MemoryGuard) dropLapsed(now time.Time) {
	for id, l := range g.claims {
		if !now.Before(l.expires) {
			delete(g.claims, id)
		}
	}
}

// identity is what makes two events the same one.
func identity(k GuardKey) guardHash {
	if k.IDSigned {
		return hashParts("signed", k.Endpoint, k.ID, nil, k.Index)
	}
	return hashParts("unsigned", k.Endpoint, k.ID, k.Body[:], k.Index)
}

// ownerOf is whose the sightings of an event are: the delivery's, by the identity
// without the position, so that the events of one batch do not make each other
// suspect. Without an identifier each claim is another's.
func ownerOf(c Claim) guardHash {
	if c.Key.ID == "" {
		return hashParts("claim", c.Key.Endpoint, c.Token, nil, 0)
	}
	return hashParts("delivery", c.Key.Endpoint, c.Key.ID, c.Key.Body[:], 0)
}

// sightings are what an unsigned event is recognised by in another guise.
func sightings(k GuardKey) []guardHash {
	if k.IDSigned && k.ID != "" {
		return nil
	}
	var hs []guardHash
	if !k.Empty {
		hs = append(hs, hashParts("body", k.Endpoint, "", k.Body[:], k.Index))
	}
	if k.ID != "" {
		hs = append(hs, hashParts("id", k.Endpoint, k.ID, nil, k.Index))
	}
	return hs
}

// hashParts gives keys of one size, however long the identifiers are that a
// sender chooses.
func hashParts(kind, endpoint, id string, body []byte, index int) guardHash {
	b := make([]byte, 0, 256)
	for _, part := range []string{kind, endpoint, id} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = append(b, body...)
	b = binary.AppendVarint(b, int64(index))
	return sha256.Sum256(b)
}
