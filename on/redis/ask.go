package onredis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/ratelimit"
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

// heard takes in what the clock of Redis said, half-way through the call.
func (a *lane) heard(q question, r answer, now time.Time) {
	a.l.offset.Store(r.now*1000 - q.sent.Add(now.Sub(q.sent)/2).UnixNano())
}

// answered takes in what Redis said.
func (a *lane) answered(q question, got any, err error) {
	a.asking = false
	var r answer
	if err == nil {
		r, err = readAnswer(got, a.l.cfg.Limits)
	}
	now := time.Now()
	if err == nil && r.status == isStale {
		a.heard(q, r, now)
		if a.staled++; a.staled <= 2 {
			return // asked again at once, with a better clock
		}
		err = errClock
	}
	if err != nil {
		a.failed(err)
		return
	}
	a.staled = 0
	a.worked(now)
	a.l.checkMemory()
	a.l.stats.clamped.Add(r.clamped)
	a.heard(q, r, now)
	a.fresh = q.sent.Add(lease)
	if r.members >= a.members || !now.Before(a.counted) {
		a.members, a.counted = r.members, now.Add(memberLease)
	}
	a.l.members.Store(int64(r.members))
	_, _, a.returns = a.breaker.state()
	ends := a.learn(q, r, now)
	a.learnPauses(now, r.pauses)
	if r.status != isGranted && r.wait > lease {
		if a.yield(q.first); a.asking {
			return
		}
	}
	switch r.status {
	case isGranted:
		a.pooled(q, r, now, ends)
	case isLate:
		a.earliest = now.Add(r.wait - time.Duration(q.first.n-1)*a.l.every)
		if i := index(a.queue, q.first); i >= 0 {
			a.queue = append(a.queue[:i], a.queue[i+1:]...)
			q.first.ready <- &ratelimit.Error{Wait: r.wait, Err: ratelimit.ErrDeadline}
		}
	default:
		if a.spare > 0 {
			// There may be enough with what nobody here has used.
			if a.give(0); a.asking {
				return
			}
		}
		if !now.Before(a.paused) {
			a.heavy = 1
			if q.first != nil {
				a.heavy = q.first.n
			}
			a.denied = now.Add(r.wait + rand.N(min(r.wait/20, 10*time.Millisecond)+1))
			if a.l.slots && r.wait == slotsDenied {
				a.full = now.Add(lease)
			}
			if a.recheck = a.denied; a.l.quotas && r.wait > leastRecheck {
				a.recheck = now.Add(min(leastRecheck<<min(a.refusals, 10), mostRecheck))
				a.refusals++
			}
		}
	}
	a.refuse(0)
}

func index(queue []*waiter, w *waiter) int {
	for i := range queue {
		if queue[i] == w {
			return i
		}
	}
	return -1
}

// learn takes in the state of the limits. It returns when the first period ends, in
// microseconds from the script's run.
func (a *lane) learn(q question, r answer, now time.Time) (ends time.Duration) {
	ends = -1
	for i, lim := range a.l.cfg.Limits {
		k := &a.limits[i]
		switch lim.kind {
		case rateKind:
			k.turn = r.limits[i]
		case quotaKind:
			var over int64
			_, _ = fmt.Sscan(r.limits[i], &over, &k.taken, &k.back, &k.birth) // readAnswer has tried
			k.told = max(k.told, q.spent[i])
			if over != k.ends {
				if k.ends != 0 {
					k.old, k.oldUntil = k.mine+k.before, now.Add(2*mayReturn)
					a.spare = 0 // it was of the period that has ended
				}
				k.mine, k.before, k.ends = 0, 0, over
			}
			if d := time.Duration(over-r.now) * time.Microsecond; ends < 0 || d < ends {
				ends = d
			}
		}
	}
	return ends
}

// pooled takes in what was granted. A turn is counted from the script's run, which was
// after the call was sent and before its response came: it begins at the later of
// the two and ends at the earlier, so that it lies within what Redis has granted.
func (a *lane) pooled(q question, r answer, now time.Time, ends time.Duration) {
	if len(r.grants) == 0 {
		return
	}
	a.granted, a.denied, a.refusals = now, time.Time{}, 0
	for i, d := range r.grants {
		t := token{at: now.Add(d), until: q.sent.Add(d + a.l.slack), n: 1}
		if ends >= 0 {
			t.until = earlier(t.until, q.sent.Add(ends))
		}
		weight := 1
		if i == 0 && q.first != nil {
			weight = q.first.n
		}
		if a.l.slots {
			t.n, weight = weight, 1
		}
		for range weight {
			a.pool = append(a.pool, t)
		}
	}
	a.last = a.pool[len(a.pool)-1].at
	if len(r.grants) < q.asked { // there are no more: not before these have been used
		a.askAt = later(now, a.last.Add(-lead))
	}
	if now.Before(a.paused) {
		a.drop()
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
