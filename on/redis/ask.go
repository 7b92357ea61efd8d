package onredis

import (
	"context"
	_ "embed"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/internal/panics"
)

//go:embed ask.lua
var askText string

var askScript = redis.NewScript(askText)

// What ask.lua decides.
const (
	isRefused = 0 // what was asked for cannot be had yet
	isGranted = 1
	isLate    = 2 // it could be had, and not as soon as the caller needs it
	isStale   = 3 // the calendar was told by a clock that is wrong
)

// question is one call of the script, and who it is for.
type question struct {
	sent  time.Time
	first *waiter
	asked int   // tokens
	spent []int // of each limit, in total
}

// ask sends the question: tokens for the waiter first together, if there is one, and as
// many more as may be had.
func (a *lane) ask(now time.Time, first *waiter, more int) {
	a.asking, a.asked, a.dirty = true, now, false
	q, args := a.question(now, first, more)
	a.send(func(ctx context.Context) (any, error) {
		return askScript.Run(ctx, a.l.rdb, []string{a.state, a.pauses}, args...).Result()
	}, func(got any, err error) { a.answered(q, got, err) })
}

// question packs the arguments of the script.
func (a *lane) question(now time.Time, first *waiter, more int) (question, []any) {
	away, _, returns := a.breaker.state()
	q := question{sent: now, first: first, asked: more}
	n, patience := 0, time.Duration(-1)
	if first != nil {
		n = first.n
		q.asked++
		if deadline, ok := first.ctx.Deadline(); ok {
			patience = max(deadline.Sub(now), 0)
		}
	}
	if patience < 0 {
		patience = longestPause * 1000
	}
	expected, probing := 0, 0
	if away || returns != a.returns {
		expected = max(a.known(), 1)
	}
	if away {
		probing = 1
	}
	believed := 0
	if now.Before(a.counted) {
		believed = a.members
	}
	clock := a.l.now()
	args := make([]any, 0, 13+8*len(a.limits))
	args = append(args, a.l.id, memberLease.Microseconds(), n, min(more, maxBatch), micros(patience), micros(horizon),
		clock.UnixMicro(), longestPause.Microseconds(), expected, probing, a.underway+len(a.pool), believed, len(a.limits))
	for i, lim := range a.l.cfg.Limits {
		k := &a.limits[i]
		q.spent = append(q.spent, k.total)
		switch lim.kind {
		case rateKind:
			args = append(args, "r", lim.field(), lim.burst, micros(lim.every()), micros(lim.ahead()), orZero(k.turn))
		case quotaKind:
			args = append(args, "q", lim.field(), lim.n, lim.period.End(clock, lim.loc).UnixMicro(), k.ends, k.taken, k.back, k.birth,
				a.account, a.spentIn(i), k.total, k.told)
		case slotsKind:
			args = append(args, "s", lim.field(), lim.n)
		}
	}
	return q, args
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// send makes a call that ends after the timeout, whatever the client in between does.
// done is called once, with a locked.
func (a *lane) send(call func(context.Context) (any, error), done func(any, error)) {
	a.l.stats.asked.Add(1)
	over := false
	once := func(got any, err error) {
		for _, say := range a.locked(func() {
			if !over {
				over = true
				done(got, err)
				a.step()
			}
		}) {
			say()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.l.timeout)
	timer := time.AfterFunc(a.l.timeout, func() { once(nil, errSlow) })
	a.calls.Add(1)
	go func() {
		defer a.calls.Done()
		defer cancel()
		got, err := guarded(ctx, call)
		timer.Stop()
		once(got, err)
	}()
}

// locked does something with a locked, and returns what there is to log of it, for
// afterwards: the log handler may be one that waits for this limiter.
func (a *lane) locked(do func()) (say []func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	do()
	say, a.say = a.say, nil
	return say
}

var errSlow = errors.New("no response in time")

// guarded makes a panic of the client's, or of a hook of its user's, an error.
func guarded(ctx context.Context, call func(context.Context) (any, error)) (got any, err error) {
	return panics.Do(ctx, "the Redis client", call)
}

// failed is called where Redis did not do what it was asked.
func (a *lane) failed(err error) {
	now := time.Now()
	a.failures++
	d := min(leastRetry<<min(a.failures-1, 10), mostRetry)
	a.askAt = now.Add(d/2 + rand.N(d/2+1))
	a.dirty = a.l.slots
	if a.failures >= failuresToOpen {
		a.settleAt = now.Add(lastProbe) // nobody waits for it
	}
	if a.breaker.failed(now) && a.l.away.Add(1) == 1 {
		a.say = append(a.say, func() { a.l.log.Warn("onredis: Redis is away: "+a.l.cfg.Away.String(), "error", err) })
	}
}

// String says what an away Redis means, for the log.
func (w Away) String() string {
	if w == Fail {
		return "calls fail until it is back"
	}
	return "each process keeps to its share of the limits until it is back"
}

// worked is called where Redis did.
func (a *lane) worked(now time.Time) {
	a.failures, a.askAt = 0, time.Time{}
	back, after := a.breaker.worked(now)
	if !back {
		return
	}
	if a.l.away.Add(-1) == 0 {
		a.say = append(a.say, func() {
			a.l.log.Info("onredis: Redis is back: limits are shared again", "after", after.Round(time.Millisecond))
		})
	}
	if a.l.breaker != nil && a.l.quotas {
		a.say = append(a.say, a.l.settle)
	}
}

var errClock = errors.New("the clock of Redis is not the one that it had a moment ago")
