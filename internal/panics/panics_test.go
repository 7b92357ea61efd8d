package panics_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/panics"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func call(f func() error) (err error) {
	defer panics.Catch(&err, "the source")
	return f()
}

// C37
func TestCatch(t *testing.T) {
	mine := errors.New("mine")
	require.ErrorIs(t, call(func() error { return mine }), mine)
	require.NoError(t, call(func() error { return nil }))

	var none []int
	for name, c := range map[string]struct {
		f    func() error
		text string
	}{
		"a string":      {func() error { panic("canary") }, "the source panicked with a string"},
		"an error":      {func() error { panic(errors.New("canary")) }, "the source panicked with a *errors.errorString"},
		"the runtime's": {func() error { return fmt.Errorf("%d", none[5]) }, "the source panicked: runtime error: index out of range [5] with length 0"},
	} {
		t.Run(name, func(t *testing.T) {
			err := call(c.f)
			require.EqualError(t, err, c.text)
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				require.NotContains(t, fmt.Sprintf(verb, err), "canary", verb)
			}
			p, ok := errors.AsType[*panics.Error](err)
			require.True(t, ok)
			require.NotNil(t, p.Value())
			require.Contains(t, string(p.Stack()), "TestCatch")
		})
	}
}

// speechless is an error whose method panics, as that of a typed nil does.
type speechless struct{ text *string }

func (s *speechless) Error() string { return *s.text }

// odd is an error that does not like to be compared, and dark one that does not like to
// be unwrapped.
type (
	odd  struct{ error }
	dark struct{ error }
)

func (odd) Is(error) bool  { panic("canary") }
func (dark) Unwrap() error { panic("canary") }

// C37
func TestLegible(t *testing.T) {
	var none *speechless
	mine := errors.New("mine")
	require.NoError(t, panics.Legible(nil, "its error"))
	require.Equal(t, mine, panics.Legible(mine, "its error"))
	for _, err := range []error{none, odd{mine}, dark{mine}, fmt.Errorf("within: %w", odd{mine})} {
		told := panics.Legible(err, "its error")
		require.ErrorContains(t, told, "its error panicked")
		require.NotContains(t, told.Error(), "canary")
		require.False(t, errors.Is(told, mine))
	}
}

// What ends its goroutine is not held back, and no error of anybody's.
func TestCatchLetsAGoroutineEnd(t *testing.T) {
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		_ = call(func() error { runtime.Goexit(); return nil })
		returned = true
	}()
	<-done
	require.False(t, returned)
	require.ErrorIs(t, panics.Exited("the source"), panics.ErrExited)
	require.EqualError(t, panics.Exited("the source"), "the source ended its goroutine")
}

func TestCatchAllocatesNothingWhereNothingPanics(t *testing.T) {
	f := func() error { return nil }
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = call(f) }))
}
