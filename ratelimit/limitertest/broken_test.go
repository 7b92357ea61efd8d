package limitertest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/suitetest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/ratelimit/limitertest"
)

// simple is a good limiter, made bad by what stands in its fields.
type simple struct {
	mu    sync.Mutex
	used  map[string]int
	asked map[string]int
	freed chan struct{} // closed, and made anew, when something comes back
	n     int

	extra    int                    // tokens too many
	late     int                    // from which call on it lets everybody through
	key      func(string) string    // what the key is taken for
	refuse   func(key string) error // before anything else
	deaf     bool                   // to a context that has ended
	greedy   bool                   // takes a token for who gives up
	keep     bool                   // takes nothing back
	silent   bool                   // does not tell those who wait
	partial  bool                   // takes as many as there are
	hasty    bool                   // says that there is no wait
	deadline func(key string) error // for a wait that is too long
}

func (s *simple) open(_ *testing.T, n int) ratelimit.Limiter {
	s.used, s.asked, s.freed, s.n = map[string]int{}, map[string]int{}, make(chan struct{}), n+s.extra
	return s
}

func (s *simple) Wait(ctx context.Context, key string) error { return s.WaitN(ctx, key, 1) }

func (s *simple) WaitN(ctx context.Context, key string, n int) error {
	if s.refuse != nil {
		if err := s.refuse(key); err != nil {
			return err
		}
	}
	if n > s.n && !s.partial {
		return &ratelimit.Error{Err: ratelimit.ErrNever}
	}
	for {
		ended := ctx.Err() != nil
		if ended && !s.deaf {
			return &ratelimit.Error{Err: fmt.Errorf("%w: %w", ctx.Err(), context.Cause(ctx))}
		}
		freed, ok := s.take(key, n)
		if ok || ended {
			return nil
		}
		if d, bounded := ctx.Deadline(); bounded && time.Until(d) < time.Minute {
			if s.deadline != nil {
				return s.deadline(key)
			}
			return &ratelimit.Error{Wait: time.Hour, Err: ratelimit.ErrDeadline}
		}
		select {
		case <-freed:
		case <-ctx.Done():
			if s.greedy {
				s.take(key, -100)
				s.take(key, 100+s.n)
			}
		}
	}
}

func (s *simple) take(key string, n int) (freed chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		key = s.key(key)
	}
	s.asked[key]++
	if s.used[key]+n <= s.n || n > 100 || s.late > 0 && s.asked[key] > s.late || s.partial && s.used[key] < s.n {
		s.used[key] += n
		return nil, true
	}
	return s.freed, false
}

func (s *simple) Return(key string) { s.ReturnN(key, 1) }

func (s *simple) ReturnN(key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep {
		return
	}
	s.used[key] = max(s.used[key]-n, 0)
	if !s.silent {
		close(s.freed)
		s.freed = make(chan struct{})
	}
}

func (s *simple) Delay(key string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[key] < s.n || s.hasty {
		return 0
	}
	return time.Hour
}

// slots is one that counts calls under way, and never hears of their ends.
type slots struct{ *ratelimit.Slots }

func (slots) Release(string) {}

func TestASuiteNoticesWhatIsBroken(t *testing.T) {
	over := func(s *simple) func(t *testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			limitertest.Run(t, s.open)
		}
	}
	suitetest.Catches(t, map[string]suitetest.Broken{
		"none":          {Check: "so many and no more", Says: "want none to be left", Run: over(&simple{extra: 1})},
		"one for all":   {Check: "each key by itself", Says: "want a token at once", Run: over(&simple{key: func(string) string { return "" }})},
		"deaf":          {Check: "context", Says: "want its error and its cause", Run: over(&simple{deaf: true})},
		"greedy":        {Check: "who gives up takes nothing", Says: "want a token at once", Run: over(&simple{greedy: true})},
		"overrun":       {Check: "many at once", Says: "want 4", Run: over(&simple{late: 12})},
		"keeps":         {Check: "return", Says: "want a token at once", Run: over(&simple{keep: true})},
		"silent":        {Check: "return lets the next in", Says: "nobody has it who waits", Run: over(&simple{silent: true})},
		"in parts":      {Check: "weights", Says: "want ErrNever", Run: over(&simple{partial: true})},
		"no wait":       {Check: "delay", Says: "has to wait", Run: over(&simple{hasty: true})},
		"short of room": {Check: "any key", Says: "too long", Run: over(&simple{refuse: tooLong})},
		"talkative": {Check: "errors hold no key", Says: "holds the key", Run: over(&simple{deadline: func(key string) error {
			return &ratelimit.Error{Err: fmt.Errorf("%s: %w", key, ratelimit.ErrDeadline)}
		}})},
		"untyped": {Check: "so many and no more", Says: "is no *ratelimit.Error", Run: over(&simple{deadline: func(string) error {
			return ratelimit.ErrDeadline
		}})},
		"never ends": {Check: "release lets the next in", Says: "want a token at once", Run: func(t *testing.T) {
			t.Parallel()
			limitertest.Run(t, func(_ *testing.T, n int) ratelimit.Limiter { return slots{ratelimit.InFlight(n)} })
		}},
	})
}

func tooLong(key string) error {
	if len(key) > 1000 {
		return fmt.Errorf("the key is too long: %s…", strings.ToUpper(key[:10]))
	}
	return nil
}

// What is made bad above is good without it.
func TestTheSimpleLimiterIsGood(t *testing.T) {
	t.Parallel()
	limitertest.Run(t, new(simple).open)
}
