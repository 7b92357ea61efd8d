package client

import (
	"cmp"
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/secret"
)

// An identity is whom a service counts a client's calls for: limits and pacing
// belong to an origin and an identity. It is the name that the Auth itself has for
// the account, else the one given with [WithIdentity], else the Auth value, or the
// source that it draws on: equal ones are the same caller.
type identity struct {
	name  string
	used  atomic.Bool // since an entry to forget was last looked for
	taken atomic.Bool // by a client, where a value has it
}

// identified is implemented by an Auth, or a source that it draws on, that knows for
// which account it speaks; "" is that it does not.
type identified interface {
	Identity() string
}

// WithIdentity names the account that the credential stands for: clients with the same
// name share limits and pacing at an origin. It is for an [Auth] that cannot tell by
// itself. One over a fixed secret, an environment variable, a file or the source of a
// tokens.Manager can: the name changes nothing there. One of your own can if it has the
// method
//
//	Identity() string
//
// which [New] and [Client.With] ask once, and whose "" is none. Without either,
// clients with the same Auth value, or with the same source in it, count as one; 10,000
// such values are told apart.
//
// Where there is a rate limit, the first such copy that [Client.With] makes is a warning
// in the client's log: a source that is made anew for each request would have a new
// limit each time.
//
// The name becomes part of the keys that limiters see, and must hold no secret. A
// later WithAuth drops it, unless it comes in the same With.
func WithIdentity(name string) Option {
	return func(c *config) error { c.identity, c.identitySet = name, true; return nil }
}

// identify finds out who c calls as.
func (c *Client) identify(parent *Client) {
	cfg := &c.cfg
	if cfg.authSet && !cfg.identitySet {
		cfg.identity = ""
	}
	if parent != nil && !cfg.authSet && !cfg.identitySet {
		c.identity = parent.identity
		return
	}
	name := ""
	if i, ok := cfg.auth.(identified); ok {
		name = i.Identity()
	}
	if name = cmp.Or(name, cfg.identity); name != "" || isNil(cfg.auth) {
		c.identity = &identity{name: name}
		return
	}
	c.identity = c.state.identities.of(credentialOf(cfg.auth), c.idle)
	if first := !c.identity.taken.Swap(true); first && parent != nil && !cfg.limitsSet && (cfg.limiter != nil || !cfg.pacerOwn && cfg.pacer != nil) {
		c.state.identities.warn(cfg.logger)
	}
}

// idle reports whether nothing is known of an identity at any origin that a new one
// would not know. A limiter that cannot tell is never idle.
func (c *Client) idle(id *identity) bool {
	if c.limits == nil {
		return true
	}
	l, ok := c.limits.(interface{ Idle(key string) bool })
	if !ok {
		return false
	}
	for _, o := range c.state.origins() {
		key := limitKeyOf(o, id)
		if !l.Idle(key) || !c.state.limitNames.every(func(name string) bool { return l.Idle(resourceKeyOf(key, name)) }) {
			return false
		}
	}
	return true
}

// limitKeyOf is the key of the limiter and the pacer.
func limitKeyOf(o origin, id *identity) string { return o.String() + "#" + id.name }

// maxIdentities bounds how many Auth values are told apart.
const maxIdentities = 10_000

// maxLooked bounds how many of them are looked at to make room for another.
const maxLooked = 64

// identities gives Auth values their names. The zero value is empty and ready.
type identities struct {
	mu    sync.Mutex
	known map[any]*list.Element
	order list.List // of *namedValue, the one to be forgotten first at the back
	rest  *identity // shared by those for whom there is no room

	warned sync.Once
}

type namedValue struct {
	value any
	id    *identity
}

// of returns the identity of value. Where there is no room, the one that was not
// used for longest is forgotten if it is idle; where none is, value shares an
// identity with all others that found no room: that slows them down, and never lets
// more through.
func (s *identities) of(value any, idle func(*identity) bool) *identity {
	if !reflect.ValueOf(value).Comparable() {
		return &identity{name: rand.Text()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[value]; e != nil {
		s.order.MoveToFront(e)
		return e.Value.(*namedValue).id
	}
	if len(s.known) >= maxIdentities && !s.forget(idle) {
		if s.rest == nil {
			s.rest = &identity{name: rand.Text()}
		}
		return s.rest
	}
	if s.known == nil {
		s.known = map[any]*list.Element{}
	}
	n := &namedValue{value, &identity{name: rand.Text()}}
	s.known[value] = s.order.PushFront(n)
	return n.id
}

// warn tells, once, of a copy whose credential begins a limit of its own. A source made
// for each request would never meet a limit, and nothing else would show it. It is no
// error: one that is kept for each account is right without a name.
func (s *identities) warn(l *slog.Logger) {
	if l == nil {
		return
	}
	s.warned.Do(func() {
		l.Warn("a credential that cannot tell whose it is has a rate limit of its own: name its account with client.WithIdentity")
	})
}

// forget drops one identity, and reports whether it found one. Those that were used
// meanwhile, and those that are not idle, go to the front.
func (s *identities) forget(idle func(*identity) bool) bool {
	for looked := 0; looked < maxLooked; {
		e := s.order.Back()
		n := e.Value.(*namedValue)
		if n.id.used.CompareAndSwap(true, false) {
			s.order.MoveToFront(e)
			continue
		}
		if idle(n.id) {
			s.order.Remove(e)
			delete(s.known, n.value)
			return true
		}
		s.order.MoveToFront(e)
		looked++
	}
	return false
}

// touch notes that the identity is in use. Reading first keeps calls off each
// other's cache lines.
func (id *identity) touch() {
	if !id.used.Load() {
		id.used.Store(true)
	}
}

// drawing is implemented by the credentials of this package that are no more than
// what they draw on: two of them over one source are one caller.
type drawing interface {
	drawsOn() any
}

func credentialOf(a Auth) any {
	if d, ok := a.(drawing); ok {
		if v := d.drawsOn(); reflect.ValueOf(v).Comparable() {
			return v
		}
	}
	return a
}

// identityOf asks a source of secrets or tokens for its name.
func identityOf(src any) string {
	if i, ok := src.(identified); ok {
		return i.Identity()
	}
	return ""
}

func (a *headerAuth) drawsOn() any { return a.src }
func (a *queryAuth) drawsOn() any  { return a.src }
func (a *basicAuth) drawsOn() any {
	return struct {
		user string
		src  secret.Source
	}{a.user, a.src}
}
func (a *oauthAuth) drawsOn() any { return a.ts }

// Identity is the source's.
func (a *headerAuth) Identity() string { return identityOf(a.src) }

// Identity is the source's.
func (a *queryAuth) Identity() string { return identityOf(a.src) }

// Identity is the source's, for each user name another. A user name can be a secret
// too.
func (a *basicAuth) Identity() string {
	id := identityOf(a.src)
	if id == "" || a.user == "" {
		return id
	}
	sum := sha256.Sum256([]byte(a.user + "\x00" + id))
	return hex.EncodeToString(sum[:16])
}

// Identity is the token source's, such as the key of a tokens.Manager.
func (a *oauthAuth) Identity() string { return identityOf(a.ts) }
