package onredis

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// Limit is one of the limits that a [Limiter] keeps for each key. Make it with [Rate],
// [Quota] or [InFlight]; the zero value is none.
type Limit struct {
	kind   kind
	n      int
	burst  int
	per    time.Duration
	period ratelimit.Period
	loc    *time.Location
}

type kind byte

const (
	rateKind  kind = 'r'
	quotaKind kind = 'q'
	slotsKind kind = 's'
)

// Rate is a limit of n calls in any span of the length per, wherever it begins: at least
// 10 ms, at most 366 days. Calls are spaced evenly unless [Limit.Burst] says otherwise.
//
// It is a generic cell rate algorithm (GCRA) with a burst of B and a rate of (n-B)/per.
// One whose rate were n/per would let up to n+B calls through in an unlucky span, and
// twice the limit where B is n. A call that was given its turn has 2 % of per to take
// it, at least 5 ms, and the rate is lower by as much: so that what holds for turns
// holds for calls too.
func Rate(n int, per time.Duration) Limit {
	return Limit{kind: rateKind, n: n, burst: 1, per: per}
}

// Burst lets b of a [Rate]'s calls go at once after a quiet time, and one call weigh as
// much as b. They come off the rate: the larger the burst, the lower the rate that can
// be promised after it, (n-b)/per. So b must be less than n, unless n is 1, and what was
// used up must come back within 200 years. 1 is the default.
func (l Limit) Burst(b int) Limit {
	l.burst = b
	return l
}

// Quota is a limit of n calls in each period of the calendar, of Redis' clock, in UTC
// unless [Limit.In] says otherwise. All of them may be made at its start: put a
// [Rate] beside it to spread them.
func Quota(n int, per ratelimit.Period) Limit {
	return Limit{kind: quotaKind, n: n, period: per, loc: time.UTC}
}

// In sets the time zone in which the periods of a [Quota] begin. All processes must use
// the same. Nil is UTC.
func (l Limit) In(loc *time.Location) Limit {
	if loc == nil {
		loc = time.UTC
	}
	l.loc = loc
	return l
}

// InFlight is a limit of n calls that are under way at once, in all processes together.
// A call is under way from Wait to [Limiter.Release]. Those of a process that died have
// ended when its lease of ten seconds has.
func InFlight(n int) Limit { return Limit{kind: slotsKind, n: n} }

// check returns what is wrong with l.
func (l Limit) check() error {
	switch {
	case l.kind == 0:
		return fmt.Errorf("a limit is the zero value: make it with Rate, Quota or InFlight")
	case l.n < 1 || l.n > maxWeight:
		return fmt.Errorf("%s: the number must be from 1 to %d", l, maxWeight)
	case l.kind == rateKind && (l.per < 10*time.Millisecond || l.per > 366*24*time.Hour):
		return fmt.Errorf("%s: the span must be from 10ms to 366 days", l)
	case l.kind == rateKind && (l.burst < 1 || l.burst >= l.n && l.n > 1 || l.burst > 1 && l.n == 1):
		return fmt.Errorf("%s: the burst must be at least 1 and less than the number, not %d", l, l.burst)
	case l.kind == rateKind && float64(l.burst)*float64(l.every()) > float64(longestFull):
		return fmt.Errorf("%s: a burst of %d takes more than 200 years to come back", l, l.burst)
	case l.kind == quotaKind && (l.period < ratelimit.Hour || l.period > ratelimit.Month):
		return fmt.Errorf("a quota of %d: the period must be an Hour, a Day or a Month", l.n)
	}
	return nil
}

// longestFull is how long a burst may take to come back: up to there the numbers of
// Redis' scripts are exact, and a [time.Duration] does not overflow.
const longestFull = 200 * 365 * 24 * time.Hour

// maxWeight is the largest number of a limit; Redis' numbers are exact far above it.
const maxWeight = 1 << 30

// String names the limit as its constructor does: "Rate(100, 1m0s)".
func (l Limit) String() string {
	switch l.kind {
	case rateKind:
		return fmt.Sprintf("Rate(%d, %v)", l.n, l.per)
	case quotaKind:
		return fmt.Sprintf("Quota(%d, %s)", l.n, periods[l.period])
	case slotsKind:
		return fmt.Sprintf("InFlight(%d)", l.n)
	}
	return "no limit"
}

var periods = map[ratelimit.Period]string{ratelimit.Hour: "Hour", ratelimit.Day: "Day", ratelimit.Month: "Month"}

// field is where the state of the limit is kept. It does not name the number, so that
// one that is raised or lowered keeps what is known.
func (l Limit) field() string {
	switch l.kind {
	case rateKind:
		return "r:" + strconv.FormatInt(l.per.Microseconds(), 10)
	case quotaKind:
		return "q:" + periods[l.period]
	}
	return "s"
}

// slack is how long a turn may be taken after it has come.
func (l Limit) slack() time.Duration { return max(l.per/50, 5*time.Millisecond) }

// every is the time between two turns at the limit's rate.
func (l Limit) every() time.Duration {
	if l.n <= 1 {
		return l.per + l.slack() + time.Microsecond
	}
	return time.Duration(math.Ceil(float64(l.per+l.slack()) / float64(l.n-l.burst)))
}

// full is how long a burst that was used up takes to come back.
func (l Limit) full() time.Duration { return time.Duration(l.burst) * l.every() }

// most is how much one call may weigh.
func (l Limit) most() int {
	switch l.kind {
	case rateKind:
		return l.burst
	case quotaKind:
		return l.n
	}
	return maxWeight
}

// micros writes a time as the scripts read it, rounded up to the nanosecond.
func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/1000, 'f', 3, 64)
}

// horizon is how far ahead a batch is reserved (D7).
const horizon = 250 * time.Millisecond

// ahead is how far in the future a turn may lie that is given out: what a batch spans,
// and beyond it one turn for each of so many processes that wait.
func (l Limit) ahead() time.Duration { return horizon + min(32*l.every(), 10*time.Second) }
