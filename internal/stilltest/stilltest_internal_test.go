package stilltest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder stands for a test whose end is looked at.
type recorder struct {
	testing.TB
	logged int
}

func (r *recorder) Helper()      {}
func (r *recorder) Fatal(...any) { panic(r) }
func (r *recorder) Log(...any)   { r.logged++ }

func TestItTriesAgainWhereItWasDisturbed(t *testing.T) {
	for _, tc := range []struct {
		wrong     int // so many times in the beginning
		disturbed bool
		tries     int
		failed    bool
	}{
		{0, false, 1, false},
		{0, true, 1, false},
		{1, false, 1, true},
		{4, true, 5, false},
		{9, true, 5, true},
	} {
		r, tries, watching := &recorder{TB: t}, 0, 0
		watch := func(func()) func() []Stretch {
			watching++
			return func() []Stretch {
				watching--
				return make([]Stretch, map[bool]int{true: 1}[tc.disturbed])
			}
		}
		measure := func() string {
			if tries++; tries <= tc.wrong {
				return fmt.Sprint(tries)
			}
			return ""
		}
		run := func() { undisturbed(r, measure, watch) }
		if tc.failed {
			require.Panics(t, run, "%+v", tc)
		} else {
			run()
		}
		require.Equal(t, []int{tc.tries, tc.tries - 1, 0}, []int{tries, r.logged, watching}, "%+v", tc)
	}
}

func TestTheWatchEndsWhereTheTestDoes(t *testing.T) {
	watching := true
	require.Panics(t, func() {
		watched(func() string { panic("it ends") }, func(func()) func() []Stretch {
			return func() []Stretch { watching = false; return nil }
		})
	})
	require.False(t, watching)
}
