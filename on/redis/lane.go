package onredis

import (
	"context"
	"sync"
	"time"
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

// known is what a process knows of one limit of a key.
type known struct {
	turn  string // the end of a rate's last turn, as Redis wrote it
	ends  int64  // of a quota's period, in microseconds of Redis' clock
	taken int64  // in it, by all
	back  int64  // of which were given back
	birth int64  // of Redis' count, which is another one where it begins anew
	spent        // while Redis was away

	mine, before int       // what it took of late, and somewhat earlier, and may yet return
	counted      time.Time // since when mine counts
	old          int       // what may yet come back of the period that has ended
	oldUntil     time.Time
}

// local is this process's share of the limits while Redis is away. It begins with
// nothing of a rate, so that what was used up to then and what is used from then on
// are within the limit together.
type local struct {
	since  time.Time
	next   time.Time // when whoever is first is to be looked at again
	turns  []time.Time
	shares []quotaShare
}

// quotaShare is what this process may use of a quota's period by itself.
type quotaShare struct {
	ends time.Time
	left int
}

// spent is what a process took of a quota while Redis was away, since the lane began. It
// tells both numbers in whatever it asks of Redis next: so that what was told counts
// once, also where the response was lost.
type spent struct {
	total int
	told  int       // of these, how many Redis has counted, or are of a period that has ended
	last  time.Time // when the last was taken
}
