package onredis

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

const (
	lead       = 30 * time.Millisecond // before its last turn the next batch is asked for
	keptRecent = 1024
	// A quota that is used up is asked after now and then: tokens may have come back.
	leastRecheck = time.Second
	mostRecheck  = time.Minute
	leastRetry   = 10 * time.Millisecond
	mostRetry    = 250 * time.Millisecond
	// mayReturn is within what time a call that was not made is returned.
	mayReturn   = 15 * time.Minute
	slotsDenied = 25 * time.Millisecond // what ask.lua says where all slots are taken
)

// lane is what this process knows of one key, and who waits for it. Everything that
// happens, a call, a response, a timer, changes the state and then runs step, which
// serves who can be served and asks Redis where that takes it.
type lane struct {
	l       *Limiter
	key     string
	state   string // the names of its keys in Redis
	pauses  string
	callers int      // guarded by the limiter's mutex
	breaker *breaker // the limiter's, or its own

	mu     sync.Mutex
	queue  []*waiter // for tokens, in the order of arrival
	peeks  []*waiter // for what Redis says of pauses
	pool   []token   // reserved and not used, by their turns
	recent []token   // used, while their turns last
	closed bool

	asking   bool
	calls    sync.WaitGroup // of Redis, which end; none begins once closed
	asked    time.Time
	granted  time.Time
	last     time.Time // the last turn that was granted
	used     time.Time // when one was taken
	fresh    time.Time // until when what is known of pauses may be believed
	denied   time.Time // Redis has refused until then
	heavy    int       // what takes as many tokens, or more
	recheck  time.Time // whether a quota's tokens have come back meanwhile
	refusals int       // by a quota, in a row
	earliest time.Time // there is no turn before, as one who could not wait was told
	askAt    time.Time // not before: batches are spaced, and failures
	failures int
	staled   int
	batch    int
	members  int
	counted  time.Time // until when fewer members are not believed: Redis may begin anew
	returns  int       // Redis' returns that its state has been told of

	paused time.Time
	routes map[string]time.Time

	underway int       // calls, for InFlight
	full     time.Time // until when all slots are taken, as far as can be told
	dirty    bool      // Redis has not been told of a call's end
	spare    int       // tokens of quotas to give back

	limits   []known
	local    *local    // the share, while Redis is away
	settleAt time.Time // when Redis is to be told of it at the earliest
	account  string    // by which Redis knows what it has been told of shares; empty before the first
	say      []func()  // to be done once the lane is unlocked
	timer    *time.Timer
}

type waiter struct {
	ctx   context.Context
	n     int
	ready chan error
}

// token is a turn: it may be taken from at on, and before until.
type token struct {
	at, until time.Time
	n         int
	back      bool // it was taken once, and returned
}

func newLane(l *Limiter, key string) *lane {
	name := tag(l.prefix, key)
	a := &lane{l: l, key: key, state: name + ":limits", pauses: name + ":pauses", batch: 1, limits: make([]known, len(l.cfg.Limits))}
	if a.breaker = l.breaker; a.breaker == nil {
		a.breaker = new(breaker)
	}
	away, _, returns := a.breaker.state()
	if a.returns = returns; away {
		a.returns-- // it has yet to hear of the next
	}
	return a
}

func (a *lane) wait(ctx context.Context, n int) error {
	w := &waiter{ctx: ctx, n: n, ready: make(chan error, 1)}
	a.mu.Lock()
	if n == 0 {
		a.peeks = append(a.peeks, w)
	} else {
		a.queue = append(a.queue, w)
		a.expire(time.Now())
		a.refuse(len(a.queue) - 1) // before Redis is asked for somebody who cannot wait
	}
	a.step()
	a.mu.Unlock()
	select {
	case err := <-w.ready:
		return err
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.remove(w) {
		return <-w.ready // its turn came first
	}
	a.step()
	return &ratelimit.Error{Err: cause(ctx)}
}

func (a *lane) remove(w *waiter) bool {
	list := &a.queue
	if w.n == 0 {
		list = &a.peeks
	}
	i := slices.Index(*list, w)
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	return i >= 0
}

// step is called with a locked, after anything has changed.
func (a *lane) step() {
	now := time.Now()
	if a.closed {
		a.failAll(&ratelimit.Error{Err: ErrClosed})
		return
	}
	a.expire(now)
	away, since, _ := a.breaker.state()
	a.serve(now)
	if away {
		// Before they are served: who has his share cares for Redis all the same.
		a.probe(now)
		a.serveShare(now, since)
	} else {
		a.local = nil
		a.request(now)
	}
	a.arm(now, away)
}

// serve hands tokens to those who wait, first come, first served.
func (a *lane) serve(now time.Time) {
	if !now.Before(a.fresh) {
		return
	}
	for _, w := range a.peeks {
		w.ready <- nil
	}
	clear(a.peeks)
	a.peeks = a.peeks[:0]
	if now.Before(a.paused) {
		return
	}
	for len(a.queue) > 0 && a.take(now, a.queue[0].n) {
		a.l.stats.granted.Add(int64(a.queue[0].n))
		a.pop(nil)
	}
}

// pop ends the wait of who is first.
func (a *lane) pop(err error) {
	w := a.queue[0]
	a.queue[0] = nil
	a.queue = a.queue[1:]
	w.ready <- err
}

func (a *lane) failAll(err error) {
	for len(a.queue) > 0 {
		a.pop(err)
	}
	for _, w := range a.peeks {
		w.ready <- err
	}
	a.peeks = nil
}

// take takes n tokens of the pool whose turn it is.
func (a *lane) take(now time.Time, n int) bool {
	if len(a.l.cfg.Limits) == 0 {
		return true
	}
	k := a.covered(n)
	if k == 0 || a.pool[k-1].at.After(now) {
		return false
	}
	if len(a.recent) >= keptRecent {
		a.recent = slices.DeleteFunc(a.recent, func(t token) bool { return !now.Before(t.until) })
		if over := len(a.recent) - keptRecent/2; over > 0 {
			a.recent = slices.Delete(a.recent, 0, over)
		}
	}
	a.used = now
	a.recent = append(a.recent, a.pool[:k]...)
	a.pool = slices.Delete(a.pool, 0, k)
	if a.l.slots {
		a.underway++
	}
	a.took(now, n)
	return true
}

// took counts what this process has taken of the quotas.
func (a *lane) took(now time.Time, n int) {
	if !a.l.quotas {
		return
	}
	for i := range a.limits {
		k := &a.limits[i]
		if now.Sub(k.counted) >= mayReturn {
			k.before, k.mine, k.counted = k.mine, 0, now
		}
		k.mine += n
	}
}

// covered returns how many entries of the pool are n tokens, or 0 where they are not
// there. Where calls are counted, an entry is the right to one call.
func (a *lane) covered(n int) int {
	if len(a.pool) == 0 {
		return 0
	}
	if a.pool[0].n >= n {
		return 1
	}
	if a.l.slots || len(a.pool) < n {
		return 0
	}
	return n // an entry holds one then
}

// expire drops the turns that are over.
func (a *lane) expire(now time.Time) {
	lost := 0
	a.pool = slices.DeleteFunc(a.pool, func(t token) bool {
		over := !now.Before(t.until)
		if over {
			lost += t.n
		}
		return over
	})
	if lost > 0 {
		a.unused(lost)
		a.batch = max(1, a.batch-lost)
	}
}

// unused notes tokens that nobody will use.
func (a *lane) unused(n int) {
	if a.l.quotas {
		a.spare += n
		a.denied = time.Time{} // there will be more than Redis said
	}
	a.dirty = a.l.slots
}

// drop gives up what is in the pool: the key is paused.
func (a *lane) drop() {
	if n := a.reserved(); n > 0 {
		a.unused(n)
	}
	a.pool = a.pool[:0]
}

// reserved returns how many tokens are in the pool.
func (a *lane) reserved() (n int) {
	for _, t := range a.pool {
		n += t.n
	}
	return n
}

// idle reports whether nothing is lost when the lane is forgotten.
func (a *lane) idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if away, _, _ := a.breaker.state(); a.l.breaker == nil && away || a.owes() {
		return false // nobody else knows of it
	}
	now := time.Now()
	a.expire(now)
	return len(a.queue)+len(a.peeks)+len(a.pool)+a.underway+a.spare == 0 && !a.asking && !a.dirty && !a.unsettled() && !now.Before(a.paused)
}
