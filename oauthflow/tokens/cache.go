package tokens

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

const (
	shardCount = 64

	// maxIdle is how long an unused token stays in memory at most, once there
	// is anything to make room for.
	maxIdle = 10 * time.Minute

	// evictionSample is how many entries are looked at for each that is added.
	evictionSample = 8

	// glance bounds how long a token is handed out without looking at the wall
	// clock. The monotonic clock, which is what a glance costs, may stand still
	// while the machine sleeps.
	glance = time.Second
)

// cache is what the process knows of all keys. It is safe for concurrent use.
type cache struct {
	seed     maphash.Seed
	capacity int
	shards   [shardCount]shard
}

type shard struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is what the process knows of one key.
type entry struct {
	key string
	hot atomic.Pointer[hotToken]

	mu      sync.Mutex
	jitter  float64 // of snap's token, see newJitter
	used    time.Time
	evicted bool
	snap    *snapshot // nil: not known
	watch   watcher   // what the flights have seen
	flight  *lookout  // nil: nothing is under way
	epoch   int       // counts what makes a flight's outcome obsolete: Put, Delete
	failed  error     // of the last flight; nil if it succeeded
	retryAt time.Time // pause after failed
}

// lookout is one look at the store, and a refresh if needed, on behalf of
// everyone who asks meanwhile.
type lookout struct {
	failed string  // the access token that must not come back, if any
	jitter float64 // the entry's when it began
	began  time.Time
	done   chan struct{} // closed when token and err are set
	token  *oauth2.Token
	err    error

	// stuck is closed, once stuckErr is set, when the new token is there but
	// cannot be stored yet: the flight goes on, its callers do not wait.
	stuck    chan struct{}
	stuckErr error
}

// hotToken is handed out without a lock until the given time.
type hotToken struct {
	until time.Time // has a monotonic reading
	token *oauth2.Token
}

// snapshot is a stored state as it was seen.
type snapshot struct {
	state   *tokenState
	token   *oauth2.Token
	staleAt time.Time // zero: never
	seen    time.Time
}

// learn makes st what is known.
func (e *entry) learn(st *tokenState, now time.Time) {
	if e.snap == nil || e.snap.state.Access != st.Access {
		e.jitter = newJitter()
	}
	e.snap = &snapshot{st, st.token(false), st.staleAt(e.jitter), now}
}

// quick is the path that nearly every call takes: no lock, no allocation.
func (e *entry) quick() *oauth2.Token {
	if h := e.hot.Load(); h != nil && time.Until(h.until) > 0 {
		return h.token
	}
	return nil
}

// warm allows quick to hand out the snapshot's token for d at most.
func (e *entry) warm(now time.Time, d time.Duration) {
	if !e.snap.state.Expiry.IsZero() {
		d = min(d, e.snap.state.Expiry.Sub(now))
	}
	e.hot.Store(&hotToken{now.Add(min(d, glance)), e.snap.token})
}

// replace makes st what is known: nil after a Delete.
func (e *entry) replace(st *tokenState) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.epoch++
	e.hot.Store(nil)
	e.snap, e.failed, e.retryAt, e.watch = nil, nil, time.Time{}, watcher{}
	if st != nil {
		now := time.Now()
		e.watch.see(st, now)
		e.learn(st, now)
	}
}

// entry returns the entry of a key, and makes room for it if it is new.
func (c *cache) entry(key string) (*entry, error) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[key]; e != nil {
		return e, nil
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if s.entries == nil {
		s.entries = make(map[string]*entry)
	}
	now := time.Now()
	s.makeRoom(now, max(1, c.capacity/shardCount))
	e := &entry{key: key, jitter: newJitter(), used: now}
	s.entries[key] = e
	return e, nil
}

func (c *cache) shard(key string) *shard {
	return &c.shards[maphash.String(c.seed, key)%shardCount]
}

// makeRoom looks at a few entries, which a map yields in random order, and drops
// those that have been idle for long, and the idlest if the shard is full.
func (s *shard) makeRoom(now time.Time, limit int) {
	var oldest *entry
	var oldestUsed time.Time
	looked := 0
	for _, e := range s.entries {
		if looked++; looked > evictionSample {
			break
		}
		used, busy := e.lastUsed()
		switch {
		case busy:
		case now.Sub(used) > maxIdle:
			s.drop(e)
		case oldest == nil || used.Before(oldestUsed):
			oldest, oldestUsed = e, used
		}
	}
	if len(s.entries) >= limit && oldest != nil {
		s.drop(oldest)
	}
}

// lastUsed is exact to a glance: quick leaves no trace.
func (e *entry) lastUsed() (used time.Time, busy bool) {
	if !e.mu.TryLock() {
		return used, true
	}
	defer e.mu.Unlock()
	return e.used, e.flight != nil
}

// drop removes an entry unless it has become busy. A pause after a failure goes
// with it; the record has it too.
func (s *shard) drop(e *entry) {
	if !e.mu.TryLock() {
		return
	}
	defer e.mu.Unlock()
	if e.flight != nil {
		return
	}
	e.evicted = true
	e.hot.Store(nil)
	delete(s.entries, e.key)
}
