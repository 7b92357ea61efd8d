package client

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/retry"
)

// everyOutcome is a table of all combinations of rules and facts that are told apart,
// but for the durations. Statuses stand for their classes, and for those that are
// named.
func everyOutcome(yield func(rules, facts)) {
	statuses := []int{0, 101, 200, 299, 300, 301, 303, 400, 401, 403, 408, 409, 425, 429, 500, 501, 502, 503, 504}
	for bits := range 1 << 9 {
		on := func(i int) bool { return bits&(1<<i) != 0 }
		r := rules{attempts: 3, maxWait: time.Minute, repeatable: on(0), replayable: on(1), hintPermits: on(2)}
		f := facts{number: 1, throttled: on(3), running: on(4), misused: on(5), failed: on(6), renewed: on(7)}
		if on(8) {
			f.number = 3
		}
		for _, f.outcome = range []outcome{answered, neverSent, broken, fatal, ended} {
			for _, f.status = range statuses {
				for _, f.hint = range []Hint{NoHint, Retry, DontRetry, NotThrottled} {
					yield(r, f)
				}
			}
		}
	}
}

// everyWait is a table of the durations, each on both sides of each bound.
func everyWait(yield func(facts)) {
	const s = time.Second
	for _, told := range []bool{false, true} {
		for _, asked := range []time.Duration{0, time.Minute - 1, time.Minute, time.Minute + 1} {
			for _, forbidden := range []bool{false, true} {
				for _, limits := range []time.Duration{0, 2*s - 1, 2 * s, 3 * s, 4*s - 1, 4 * s, 5 * s} {
					for _, open := range []time.Duration{0, 2*s - 1, 2 * s, 2*s + 1, 3 * s, 4 * s, 6 * s} {
						yield(facts{advice: advice{asked, told}, forbidden: forbidden, delay: 2 * s, limits: limits, open: open})
						for _, left := range []time.Duration{-s, 0, 2*s - 1, 2 * s, 2*s + 1, 4 * s} {
							yield(facts{advice: advice{asked, told}, forbidden: forbidden, delay: 2 * s, limits: limits, open: open, left: left, bounded: true})
						}
					}
				}
			}
		}
	}
}

func (f facts) waiting(w facts) facts {
	w.number, w.outcome, w.status, w.throttled, w.running = f.number, f.outcome, f.status, f.throttled, f.running
	w.misused, w.failed, w.renewed, w.hint = f.misused, f.failed, f.renewed, f.hint
	return w
}

// lawful says what the sentences say, one after the other, and not how next does it.
func lawful(r rules, f facts) decision {
	isAnswer := f.outcome == answered
	// C15: a 401 for which the credential has been renewed is replayed, whatever the
	// policy says, at once and for nothing.
	if isAnswer && f.renewed && r.replayable {
		return decision{again: true, reason: Reauthorized}
	}
	curable := slices.Contains([]int{408, 425, 429, 500, 502, 503, 504}, f.status)
	success := f.status < 300 && !f.throttled && !f.failed
	// C5: what has certainly not been done may be asked for again by any method.
	notDone := f.outcome == neverSent || isAnswer && (f.status == 425 || f.throttled && f.status < 500)
	stillRuns := isAnswer && f.running && r.repeatable // C30
	hinted := isAnswer && f.hint == Retry
	forbids := isAnswer && (f.hint == DontRetry || f.hint == NotThrottled)
	permitted := notDone || r.repeatable || hinted && r.hintPermits

	for _, stop := range []struct {
		reason Reason
		when   bool
	}{
		{Succeeded, isAnswer && success},
		{ContextEnded, f.outcome == ended},
		{NotRetryable, f.outcome == fatal},
		{HintForbids, forbids},
		{NotRetryable, isAnswer && !stillRuns && hinted && f.misused}, // C30
		{NotRetryable, isAnswer && !stillRuns && !hinted && !curable && !f.throttled},
		{NotIdempotent, !permitted},
		{LastAttempt, f.number >= int(r.attempts)},
		{BodyNotReplayed, !r.replayable},
		{PolicyForbids, f.forbidden},
		{WaitTooLong, f.told && f.asked > r.maxWait},         // C4
		{WaitPastDeadline, f.bounded && f.left <= f.delay},   // C1
		{LimitPastDeadline, f.bounded && f.left <= f.limits}, // C13, C16
		{CircuitOpen, f.open > f.delay},                      // C13: the breaker comes before the limits
	} {
		if stop.when {
			return decision{reason: stop.reason}
		}
	}
	cost := retry.RetryCost
	if f.throttled || f.running {
		cost = retry.ThrottleCost
	}
	return decision{again: true, reason: Retried, wait: f.delay, cost: cost}
}

// invariants are what must hold of every decision, whatever led to it. It returns the
// one that does not.
func invariants(r rules, f facts, d decision) string {
	renewal := d.reason == Reauthorized
	switch {
	case d.again != (d.reason == Retried || renewal):
		return "the reason tells whether it is tried again"
	case !d.again && (d.wait != 0 || d.cost != 0):
		return "what is not tried again waits for nothing and costs nothing"
	case d.again && (f.outcome == ended || f.outcome == fatal):
		return "nothing is tried again that has ended or that no repetition cures (C19)"
	case d.again && !r.replayable:
		return "a body that is gone is not sent (C5)"
	case d.again && !renewal && f.number >= int(r.attempts):
		return "the policy's attempts are all there are"
	case d.again && !renewal && !r.repeatable && f.outcome == broken:
		return "a POST without a key that was sent is not repeated (C5)"
	case d.again && !renewal && !r.repeatable && f.outcome == answered && f.status != 425 && !(f.throttled && f.status < 500) && !(f.hint == Retry && r.hintPermits):
		return "a POST without a key is repeated only where it was not done (C5)"
	case d.again && !renewal && f.outcome == answered && (f.hint == DontRetry || f.hint == NotThrottled):
		return "a hint can forbid (C5)"
	case d.again && !renewal && f.told && f.asked > r.maxWait:
		return "a wait above the cap means stop (C4)"
	case d.again && !renewal && d.wait < f.delay:
		return "what is asked for is never shortened (C4)"
	case d.again && !renewal && f.bounded && max(d.wait, f.limits) >= f.left:
		return "no wait passes the deadline (C1, C13)"
	case d.again && !renewal && d.wait < f.open:
		return "nothing waits for a breaker that will refuse it (C13)"
	case d.again && !renewal && (d.cost == retry.ThrottleCost) != (f.throttled || f.running):
		return "a retry costs less after a throttle, and only then (C18)"
	case d.again && !renewal && d.cost != retry.ThrottleCost && d.cost != retry.RetryCost:
		return "a retry has a cost (C18)"
	case renewal && (d.cost != 0 || d.wait != 0):
		return "the replay after a renewal costs nothing (C15)"
	case f.outcome == answered && f.renewed && r.replayable && !renewal:
		return "a renewed 401 goes on, whatever the policy says (C15)"
	}
	return ""
}

// C4, C5, C13, C15, C16, C30: every combination of facts is decided as the sentences
// say.
func TestNextDecidesAsTheSentencesSay(t *testing.T) {
	t.Parallel()
	check := func(r rules, f facts) {
		got := next(&r, &f)
		if broken := invariants(r, f, got); broken != "" {
			t.Fatalf("%s\n%+v\n%+v\n%+v", broken, r, f, got)
		}
		if want := lawful(r, f); got != want {
			t.Fatalf("%+v\n%+v\n got %+v\nwant %+v", r, f, got, want)
		}
	}
	plain := facts{delay: 2 * time.Second}
	few := []facts{plain}
	last := map[Reason]bool{}
	everyWait(func(w facts) { // one for each decision is enough where all outcomes are gone through
		f := facts{number: 1, outcome: broken}.waiting(w)
		if d := next(&rules{attempts: 2, maxWait: time.Minute, repeatable: true, replayable: true}, &f); !last[d.reason] {
			last[d.reason] = true
			few = append(few, w)
		}
	})
	require.Len(t, last, 6, "%v", last)
	type kind struct {
		decision
		outcome
		number                         int
		replayable, throttled, running bool
	}
	seen := map[kind]bool{}
	everyOutcome(func(r rules, f facts) {
		for _, w := range few {
			check(r, f.waiting(w))
		}
		// One of each kind goes through all the durations too.
		once := f.waiting(plain)
		d := next(&r, &once)
		if k := (kind{d, f.outcome, f.number, r.replayable, f.throttled, f.running}); !seen[k] {
			seen[k] = true
			everyWait(func(w facts) { check(r, f.waiting(w)) })
		}
	})
}

// The bounds of a wait, in words.
func TestNextAtTheBounds(t *testing.T) {
	t.Parallel()
	const s = time.Second
	r := rules{attempts: 3, maxWait: time.Minute, repeatable: true, replayable: true}
	for name, tc := range map[string]struct {
		f    facts
		want Reason
	}{
		"nothing in the way":                   {facts{delay: s}, Retried},
		"the last attempt":                     {facts{number: 3, delay: s}, LastAttempt},
		"beyond the last, which net/http made": {facts{number: 4, delay: s}, LastAttempt},
		"asked for as long as permitted":       {facts{advice: advice{time.Minute, true}, delay: time.Minute}, Retried},
		"asked for a little longer":            {facts{advice: advice{time.Minute + 1, true}, delay: time.Minute + 1}, WaitTooLong},
		"the backoff alone has no cap":         {facts{advice: advice{asked: time.Hour}, delay: time.Hour}, Retried},
		"ends with the deadline":               {facts{delay: s, left: s, bounded: true}, WaitPastDeadline},
		"ends before the deadline":             {facts{delay: s, left: s + 1, bounded: true}, Retried},
		"no deadline":                          {facts{delay: s, left: 0}, Retried},
		"the limits end with the deadline":     {facts{delay: s, limits: 2 * s, left: 2 * s, bounded: true}, LimitPastDeadline},
		"the limits end before the deadline":   {facts{delay: s, limits: 2 * s, left: 2*s + 1, bounded: true}, Retried},
		"the limits never end":                 {facts{delay: s, limits: 1<<63 - 1, left: time.Hour, bounded: true}, LimitPastDeadline},
		"the breaker opens up in time":         {facts{delay: s, open: s}, Retried},
		"the breaker opens up a little later":  {facts{delay: s, open: s + 1}, CircuitOpen},
		"a limit does not wait for a breaker":  {facts{delay: s, open: 2 * s, limits: 3 * s}, CircuitOpen},
	} {
		tc.f.status, tc.f.number = 503, max(tc.f.number, 1)
		require.Equal(t, tc.want, next(&r, &tc.f).reason, name)
	}
}
