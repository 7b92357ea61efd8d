// Package stilltest tells a test where its process stood still, as processes do on a
// machine that has other things to do: what it measures can leave that out, or measure
// again.
package stilltest

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// Least is how long nothing happens where a process stands still.
const Least = 50 * time.Millisecond

// Stretch is a time in which the process, or what it asked, stood still.
type Stretch struct{ From, To time.Time }

// Watch notes where it does not go on as soon as it wants, and what is slow of what it
// does each time, which may be nil, until the function is called that it returns.
func Watch(each func()) (stop func() []Stretch) {
	var all []Stretch
	done, end := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(Least / 10)
		defer tick.Stop()
		for last, over := time.Now(), false; !over; {
			select {
			case <-tick.C:
			case <-end:
				over = true
			}
			if each != nil {
				each()
			}
			now := time.Now()
			if now.Sub(last) >= Least {
				all = append(all, Stretch{last, now})
			}
			last = now
		}
	}()
	return func() []Stretch {
		close(end)
		<-done
		return all
	}
}

// Undisturbed has measure, which returns what is wrong, try again where something was and
// the process stood still meanwhile: five times in all.
func Undisturbed(t testing.TB, measure func() (wrong string)) {
	t.Helper()
	undisturbed(t, measure, Watch)
}

func undisturbed(t testing.TB, measure func() (wrong string), watch func(func()) func() []Stretch) {
	t.Helper()
	for tries := 1; ; tries++ {
		wrong, stretches := watched(measure, watch)
		if wrong == "" {
			return
		}
		said := fmt.Sprintf("%s; meanwhile the process stood still %d times", wrong, len(stretches))
		if tries == 5 || len(stretches) == 0 {
			t.Fatal(said)
		}
		t.Log(said)
	}
}

func watched(measure func() string, watch func(func()) func() []Stretch) (wrong string, stretches []Stretch) {
	stop := sync.OnceValue(watch(nil))
	defer stop() // also where the test ends within
	wrong = measure()
	return wrong, stop()
}
