package onredis

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/webhook"
)

// GuardConfig bounds a [Guard]. The zero value is a good default.
type GuardConfig struct {
	// Prefix begins the names of the keys in Redis; empty is [DefaultPrefix].
	Prefix string
	// TTL is how long a handled event is remembered. 0 means 72 hours, the longest that
	// the providers of package webhook keep sending.
	TTL time.Duration
	// Window is how long the contents and identifiers of events with unsigned identifiers
	// are remembered, for [webhook.Event].Suspect. 0 means TTL.
	Window time.Duration
	// Lease is after how long an event in flight that was neither committed nor released
	// may be claimed by another delivery. 0 means 5 minutes.
	Lease time.Duration
}

// Guard is a [webhook.Guard] that all processes share which ask the same Redis. It is
// safe for concurrent use. It remembers what Redis does: an event that a failover or an
// eviction lost is run again when it is delivered again. Redis holds hashes of the
// identifiers, about 150 bytes an event.
type Guard struct {
	rdb redis.UniversalClient
	cfg GuardConfig
}

// NewGuard returns a guard in rdb, which stays the caller's to close. It makes no call.
// The error has the reason [webhook.ErrConfig] if a bound is negative or below a
// millisecond, the prefix holds a brace, or rdb is nil.
func NewGuard(rdb redis.UniversalClient, cfg GuardConfig) (*Guard, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&cfg.TTL, 72*time.Hour)
	def(&cfg.Window, cfg.TTL)
	def(&cfg.Lease, 5*time.Minute)
	cfg.Prefix = prefixOf(cfg.Prefix)
	detail := ""
	switch {
	case rdb == nil:
		detail = "the Redis client is nil"
	case strings.ContainsAny(cfg.Prefix, "{}"):
		detail = "the prefix of the Redis guard holds a brace"
	case min(cfg.TTL, cfg.Window, cfg.Lease) < time.Millisecond:
		detail = "a bound of the Redis guard is below a millisecond"
	default:
		return &Guard{rdb, cfg}, nil
	}
	return nil, &webhook.Error{Reason: webhook.ErrConfig, Detail: detail}
}

// An event is one key: "h" where it was handled, or "c" and the token of its claim.
var (
	//go:embed claim.lua
	claimText   string
	claimScript = redis.NewScript(claimText)
	//go:embed unclaim.lua
	unclaimText   string
	unclaimScript = redis.NewScript(unclaimText)
	//go:embed sight.lua
	sightText   string
	sightScript = redis.NewScript(sightText)
)

// Claim implements [webhook.Guard].
func (g *Guard) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	c := webhook.Claim{Key: key, State: webhook.Claimed, Token: rand.Text()}
	if key.ID != "" {
		state, err := claimScript.Run(ctx, g.rdb, []string{g.event(key)}, "c"+c.Token, g.cfg.Lease.Milliseconds()).Int()
		switch {
		case err != nil:
			return webhook.Claim{}, guardError(ctx, "claim", err)
		case state == 0:
			c.State, c.Token = webhook.InFlight, ""
			return c, nil
		case state == 2:
			c.State, c.Token = webhook.Handled, ""
			return c, nil
		}
	}
	suspect, err := g.sight(ctx, c)
	if err != nil {
		// The event is not run, so the next delivery need not wait for the lease to end.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		return webhook.Claim{}, errors.Join(guardError(ctx, "claim", err), g.Release(after, c))
	}
	c.Suspect = suspect
	return c, nil
}

// sight notes what an event is recognised by in another guise, and reports whether any
// of it was there before as part of another event.
func (g *Guard) sight(ctx context.Context, c webhook.Claim) (suspect bool, err error) {
	owner := ownerOf(c)
	for _, name := range g.sightings(c.Key) {
		n, err := sightScript.Run(ctx, g.rdb, []string{name}, owner, g.cfg.Window.Milliseconds()).Int()
		if err != nil {
			return false, err
		}
		suspect = suspect || n == 1
	}
	return suspect, nil
}

// Commit implements [webhook.Guard].
func (g *Guard) Commit(ctx context.Context, c webhook.Claim) error {
	if c.Key.ID == "" {
		return nil
	}
	return guardError(ctx, "commit", g.rdb.Set(ctx, g.event(c.Key), "h", g.cfg.TTL).Err())
}

// Release implements [webhook.Guard].
func (g *Guard) Release(ctx context.Context, c webhook.Claim) error {
	if c.Key.ID != "" {
		n, err := unclaimScript.Run(ctx, g.rdb, []string{g.event(c.Key)}, "c"+c.Token).Int()
		if err != nil || n == 0 {
			return guardError(ctx, "release", err)
		}
	}
	// It was not handled, so its redelivery is the first.
	owner := ownerOf(c)
	for _, name := range g.sightings(c.Key) {
		if err := unclaimScript.Run(ctx, g.rdb, []string{name}, owner).Err(); err != nil {
			return guardError(ctx, "release", err)
		}
	}
	return nil
}

func guardError(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("onredis: guard: %s: %w", what, because(ctx, err))
}

// because makes an error of the client's match that of the context which it comes from.
func because(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}

// event names what makes two events the same one, see [webhook.GuardKey].
func (g *Guard) event(k webhook.GuardKey) string {
	if k.IDSigned {
		return g.name("signed", k.Endpoint, k.ID, nil, k.Index)
	}
	return g.name("unsigned", k.Endpoint, k.ID, k.Body[:], k.Index)
}

// ownerOf is whose the sightings of an event are: the delivery's, so that the events of
// one batch do not make each other suspect. Without an identifier each is another's.
func ownerOf(c webhook.Claim) string {
	if c.Key.ID == "" {
		return digest("claim", c.Key.Endpoint, c.Token, nil, 0)
	}
	return digest("delivery", c.Key.Endpoint, c.Key.ID, c.Key.Body[:], 0)
}

func (g *Guard) sightings(k webhook.GuardKey) (names []string) {
	if k.IDSigned && k.ID != "" {
		return nil
	}
	if !k.Empty {
		names = append(names, g.name("body", k.Endpoint, "", k.Body[:], k.Index))
	}
	if k.ID != "" {
		names = append(names, g.name("id", k.Endpoint, k.ID, nil, k.Index))
	}
	return names
}

func (g *Guard) name(kind, endpoint, id string, body []byte, index int) string {
	return g.cfg.Prefix + ":event:" + digest(kind, endpoint, id, body, index)
}

// digest gives names of one size, however long the identifiers are that a sender
// chooses, and none in which two of them run into each other.
func digest(kind, endpoint, id string, body []byte, index int) string {
	b := make([]byte, 0, 256)
	for _, part := range []string{kind, endpoint, id} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = append(b, body...)
	b = binary.AppendVarint(b, int64(index))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
