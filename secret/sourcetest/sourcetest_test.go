package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/suitetest"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/secret/sourcetest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// source keeps what its origin held for a minute, and is made bad by what stands in its
// fields.
type source struct {
	mu      sync.Mutex
	origin  func() []string // which no printer looks into
	shown   []string        // which any does
	away    bool
	kept    []secret.Value
	expires time.Time
	calls   int

	give      func(s *source, values []secret.Value, err error) ([]secret.Value, error)
	identity  func(s *source) string
	check     error
	shows     bool
	noRefresh bool
	reuse     bool
	cancelled bool // a cancelled context spoils what comes after it
	spoilt    bool
}

var errNone = errors.New("there is none")

func (s *source) Secrets(ctx context.Context) ([]secret.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	values, err := s.current(ctx)
	if s.give != nil {
		return s.give(s, values, err)
	}
	return values, err
}

func (s *source) current(ctx context.Context) ([]secret.Value, error) {
	if ctx.Err() != nil {
		s.spoilt = s.cancelled
		return nil, ctx.Err()
	}
	if s.spoilt {
		return nil, context.Canceled
	}
	if time.Now().Before(s.expires) {
		return s.kept, nil
	}
	if s.away {
		return nil, errNone
	}
	read := make([]secret.Value, 0, len(s.origin()))
	for _, text := range s.origin() {
		v := secret.New(text)
		if v.IsBlank() {
			return nil, errNone
		}
		read = append(read, v)
	}
	if len(read) == 0 {
		return nil, errNone
	}
	if s.reuse && s.kept != nil {
		copy(s.kept, read)
	} else {
		s.kept = read
	}
	s.expires = time.Now().Add(time.Minute)
	return s.kept, nil
}

func (s *source) Refresh(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.noRefresh {
		s.expires = time.Time{}
	}
	return nil
}

func (s *source) Check() error { return s.check }

func (s *source) Identity() string {
	if s.identity != nil {
		return s.identity(s)
	}
	return "source"
}

func (s *source) backend(values []string) sourcetest.Backend {
	s.origin = func() []string { return values }
	if s.shows {
		s.shown = values
	}
	return sourcetest.Backend{
		Source: s,
		Set: func(values ...string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.origin = func() []string { return values }
		},
		Pass: func() { time.Sleep(time.Minute) },
		Away: func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.away = true
		},
	}
}

func TestAGoodSourcePasses(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(_ *testing.T, values ...string) sourcetest.Backend { return (&source{}).backend(values) })
}

// plain is a source that can do no more than it must.
type plain struct{ secret.Source }

// What is fixed, asked at each use, or of one secret at a time, passes as well.
func TestLessIsEnough(t *testing.T) {
	t.Parallel()
	sourcetest.Run(t, func(_ *testing.T, values ...string) sourcetest.Backend {
		return sourcetest.Backend{Source: plain{secret.Static(values...)}, One: true}
	})
}

func TestEachRuleIsNoticed(t *testing.T) {
	broken := map[string]suitetest.Broken{}
	add := func(name, check, says string, open func(values []string) sourcetest.Backend) {
		broken[name] = suitetest.Broken{Check: check, Says: says, Run: func(t *testing.T) {
			sourcetest.RunInBubble(t, func(_ *testing.T, values ...string) sourcetest.Backend { return open(values) })
		}}
	}
	of := func(breaks func(s *source)) func(values []string) sourcetest.Backend {
		return func(values []string) sourcetest.Backend {
			s := &source{}
			breaks(s)
			return s.backend(values)
		}
	}
	gives := func(f func(s *source, values []secret.Value, err error) ([]secret.Value, error)) func(values []string) sourcetest.Backend {
		return of(func(s *source) { s.give = f })
	}
	add("oldest first", "newest first", "the newest first", gives(func(_ *source, values []secret.Value, err error) ([]secret.Value, error) {
		values = slices.Clone(values)
		slices.Reverse(values)
		return values, err
	}))
	add("the newest alone", "newest first", "an origin with three secrets gives 1", gives(func(_ *source, values []secret.Value, err error) ([]secret.Value, error) {
		return values[:min(len(values), 1)], err
	}))
	add("nothing and no error", "never none, never a blank", `an origin that holds [] gives [] and no error`, gives(func(_ *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, errNone) {
			return nil, nil
		}
		return values, err
	}))
	add("blanks", "never none, never a blank", `an origin that holds ["newest" ""] gives ["newest" ""] and no error`, gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, errNone) {
			for _, text := range s.origin() {
				values = append(values, secret.New(text))
			}
			return values, nil
		}
		return values, err
	}))
	add("errors that show it", "no secret is shown", "the error of an origin with a blank beside it shows the secret", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, errNone) {
			err = fmt.Errorf("one of %q is blank", s.origin())
		}
		return values, err
	}))
	add("errors that show what was kept", "no secret is shown", "the error of an origin that is out of reach shows the secret", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if s.away && err != nil {
			err = fmt.Errorf("the vault is away; it held %x", s.origin())
		}
		return values, err
	}))
	add("a field that shows it", "no secret is shown", "the source under %v shows the secret as CANARY", of(func(s *source) { s.shows = true }))
	add("never read again", "rotation", `the source gives ["first"]; it must give "second"`, gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		s.expires = time.Now().Add(time.Hour)
		return values, err
	}))
	add("the first of two alone is read again", "rotation", "after both secrets of the origin were changed", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if len(values) == 2 && s.calls > 1 {
			values = []secret.Value{values[0], secret.New("second")}
		}
		return values, err
	}))
	add("a refresh that does nothing", "refresh", `after a Refresh the source gives ["first"]; the origin holds "second"`, of(func(s *source) { s.noRefresh = true }))
	add("a slice that is used again", "what was handed out stays", `has become ["second"]`, of(func(s *source) { s.reuse = true }))
	add("a blank in a rotation", "rotated to a blank", `gives [""] and no error`, gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, errNone) && len(s.origin()) == 1 {
			return []secret.Value{secret.New(s.origin()[0])}, nil
		}
		return values, err
	}))
	add("a rotation that ends it", "rotated to a blank", "Secrets: there is none", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, errNone) || s.spoilt {
			s.spoilt = true
			return nil, errNone
		}
		return values, err
	}))
	add("busy", "concurrent use", "gets 0 secrets and the error busy", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if s.calls > 40 {
			return nil, errors.New("busy")
		}
		return values, err
	}))
	add("now the old, now the new", "concurrent use", `gets the secret "0" after`, gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if s.calls > 40 && s.calls%3 == 0 {
			return []secret.Value{secret.New("0")}, nil
		}
		return values, err
	}))
	add("a default without its origin", "out of reach", "was never read, gives 1 secrets and no error", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if s.away {
			return []secret.Value{secret.New("default")}, nil
		}
		return values, err
	}))
	add("another secret without its origin", "out of reach", "they are not those which it had", gives(func(s *source, values []secret.Value, err error) ([]secret.Value, error) {
		if s.away && s.calls > 1 {
			return []secret.Value{secret.New("default")}, nil
		}
		return values, err
	}))
	add("a cancel that is kept", "cancelled", "Secrets: context canceled", of(func(s *source) { s.cancelled = true }))
	add("a default when cancelled", "cancelled", `under a cancelled context the source gives ["default"]`, gives(func(_ *source, values []secret.Value, err error) ([]secret.Value, error) {
		if errors.Is(err, context.Canceled) {
			return []secret.Value{secret.New("default")}, nil
		}
		return values, err
	}))
	add("a check that refuses what works", "check", "Check of a source that works: there is none", of(func(s *source) { s.check = errNone }))
	add("an identity that shows it", "identity", "Identity shows the secret", of(func(s *source) { s.identity = func(s *source) string { return s.origin()[0] } }))
	add("an identity that changes", "identity", `Identity is "source-0" before the secret was read, and "source-1" after`, of(func(s *source) { s.identity = func(s *source) string { return fmt.Sprint("source-", s.calls) } }))
	suitetest.Catches(t, broken)
}
