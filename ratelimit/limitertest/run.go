package limitertest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

// moment is how long a wait may last that is none, and how soon one must be over whose
// context has ended: limiters may ask a storage.
const moment = 5 * time.Second

// Run runs the checks as subtests of t, each on a limiter that open returns: one that
// lets n calls of each key through at once and then, for a minute at least, no more.
// Limiters of one test may share what they keep. Run may be called in a bubble of
// testing/synctest for a limiter without I/O.
func Run(t *testing.T, open func(t *testing.T, n int) ratelimit.Limiter) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.check(t, open(t, burst)) })
	}
}

// Check runs one check after the other in t itself, on limiters that open returns, for
// where there can be no subtests.
func Check(t *testing.T, open func(t *testing.T, n int) ratelimit.Limiter) {
	for _, c := range checks {
		c.check(t, open(t, burst))
	}
}

// burst is how many calls a limiter of the checks lets through.
const burst = 4

var checks = []struct {
	name  string
	check func(*testing.T, ratelimit.Limiter)
}{
	{"so many and no more", testBurst},
	{"each key by itself", testKeys},
	{"context", testContext},
	{"who gives up takes nothing", testGivesUp},
	{"many at once", testConcurrent},
	{"errors hold no key", testErrors},
	{"any key", testAnyKey},
	{"return", testReturn},
	{"return lets the next in", testReturnWakes},
	{"release lets the next in", testRelease},
	{"weights", testWeights},
	{"delay", testDelay},
}

func newKey() string { return "limitertest/" + rand.Text() }

// take wants a token at once.
func take(t *testing.T, l ratelimit.Limiter, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	if err := l.Wait(ctx, key); err != nil {
		t.Fatalf("wait: %v; want a token at once", err)
	}
}

// refused wants a wait to fail that has no time.
func refused(t *testing.T, l ratelimit.Limiter, key string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), moment/20)
	defer cancel()
	err := l.Wait(ctx, key)
	if err == nil {
		t.Fatalf("wait: got a token; want none to be left")
	}
	if _, ok := errors.AsType[*ratelimit.Error](err); !ok {
		t.Errorf("wait: %v is no *ratelimit.Error", err)
	}
	if !errors.Is(err, ratelimit.ErrDeadline) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait: %v; want ErrDeadline, or that of the context", err)
	}
	return err
}

func testBurst(t *testing.T, l ratelimit.Limiter) {
	key := newKey()
	for range burst {
		take(t, l, key)
	}
	refused(t, l, key)
	refused(t, l, key)
}

func testKeys(t *testing.T, l ratelimit.Limiter) {
	one, other := newKey(), newKey()
	for range burst {
		take(t, l, one)
	}
	refused(t, l, one)
	for range burst {
		take(t, l, other)
	}
}

func testContext(t *testing.T, l ratelimit.Limiter) {
	key := newKey()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	err := l.Wait(ctx, key)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("wait under a context that has ended: %v; want its error and its cause", err)
	}
	if _, ok := errors.AsType[*ratelimit.Error](err); !ok {
		t.Errorf("wait: %v is no *ratelimit.Error", err)
	}
	for range burst { // it has taken none
		take(t, l, key)
	}
}

func testGivesUp(t *testing.T, l ratelimit.Limiter) {
	key := newKey()
	for range burst - 1 {
		take(t, l, key)
	}
	rest := hold(t, l, key)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 3)
	for range cap(done) {
		go func() { done <- l.Wait(ctx, key) }()
	}
	time.Sleep(moment / 100)
	cancel()
	for range cap(done) {
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("wait: %v; want that of the context", err)
			}
		case <-time.After(moment):
			t.Fatal("wait: does not return after its context has ended")
		}
	}
	if rest() {
		take(t, l, key)
	}
}

// hold takes the last token, and returns what gives it back, if it can be.
func hold(t *testing.T, l ratelimit.Limiter, key string) func() bool {
	t.Helper()
	take(t, l, key)
	return func() bool {
		switch l := l.(type) {
		case ratelimit.Returner:
			l.Return(key)
		case ratelimit.Releaser:
			l.Release(key)
		default:
			return false
		}
		return true
	}
}

func testConcurrent(t *testing.T, l ratelimit.Limiter) {
	key := newKey()
	var got atomic.Int64
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), moment*3/5)
	defer cancel()
	for range 8 * burst {
		wg.Go(func() {
			if l.Wait(ctx, key) == nil {
				got.Add(1)
			}
		})
	}
	wg.Wait()
	if got.Load() != burst {
		t.Errorf("%d of %d calls at once got a token; want %d", got.Load(), 8*burst, burst)
	}
}

func testErrors(t *testing.T, l ratelimit.Limiter) {
	key := newKey()
	for range burst {
		take(t, l, key)
	}
	if err := refused(t, l, key); strings.Contains(err.Error(), key) {
		t.Errorf("the error holds the key: %v", err)
	}
}

func testAnyKey(t *testing.T, l ratelimit.Limiter) {
	for _, key := range []string{"", newKey() + "{x}", newKey() + "{x}y", newKey() + " \r\n\x00ä\xff", newKey() + strings.Repeat("k", 5000)} {
		take(t, l, key)
	}
}

func testReturn(t *testing.T, l ratelimit.Limiter) {
	r, ok := l.(ratelimit.Returner)
	if !ok {
		return
	}
	key := newKey()
	for range 3 {
		take(t, l, key)
		r.Return(key)
	}
	for range burst {
		take(t, l, key)
	}
	refused(t, l, key)
	r.Return(key)
	take(t, l, key)
	refused(t, l, key)
	r.Return(newKey()) // one that was never seen
}

func testReturnWakes(t *testing.T, l ratelimit.Limiter) {
	if r, ok := l.(ratelimit.Returner); ok {
		testWakes(t, l, r.Return)
	}
}

func testRelease(t *testing.T, l ratelimit.Limiter) {
	r, ok := l.(ratelimit.Releaser)
	if !ok {
		return
	}
	r.Release(newKey()) // one that was never seen
	if w, ok := l.(ratelimit.Weighted); !ok || !heavy(t, w) {
		return // it counts something else too, which does not come back
	}
	key := newKey()
	for range burst {
		take(t, l, key)
	}
	r.Release(key)
	take(t, l, key)
	refused(t, l, key)
	testWakes(t, l, r.Release)
}

func testWakes(t *testing.T, l ratelimit.Limiter, give func(string)) {
	key := newKey()
	for range burst {
		take(t, l, key)
	}
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // the next may come in an hour
		defer cancel()
		done <- l.Wait(ctx, key)
	}()
	time.Sleep(moment / 100)
	give(key)
	select {
	case err := <-done:
		// One that knew that it would wait for longer than it may has not begun to.
		if err != nil && !errors.Is(err, ratelimit.ErrDeadline) {
			t.Errorf("wait: %v; want the token that came back", err)
		}
	case <-time.After(moment):
		t.Error("a token came back, and nobody has it who waits")
	}
}

func testWeights(t *testing.T, l ratelimit.Limiter) {
	w, ok := l.(ratelimit.Weighted)
	if _, counts := l.(ratelimit.Releaser); !ok || counts && heavy(t, w) {
		return // a call is one call, whatever it weighs
	}
	key := newKey()
	wait := func(n int) error {
		ctx, cancel := context.WithTimeout(t.Context(), moment)
		defer cancel()
		return w.WaitN(ctx, key, n)
	}
	for _, n := range []int{burst + 1, 1 << 20} {
		if err := wait(n); !errors.Is(err, ratelimit.ErrNever) {
			t.Errorf("wait for %d tokens of %d: %v; want ErrNever", n, burst, err)
		}
	}
	if err := wait(burst); err != nil { // what was refused has taken none
		t.Fatalf("wait for %d tokens: %v", burst, err)
	}
	refused(t, l, key)
	w.ReturnN(key, burst)
	if err := wait(burst - 1); err != nil {
		t.Fatalf("wait for %d tokens that came back: %v", burst-1, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), moment/20)
	defer cancel()
	if err := w.WaitN(ctx, key, 2); err == nil {
		t.Fatal("wait for 2 tokens: got them; want all or none, and 1 is left")
	}
	take(t, l, key)
	refused(t, l, key)
}

// heavy reports whether a call of any weight is let through.
func heavy(t *testing.T, w ratelimit.Weighted) bool {
	key := newKey()
	ctx, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	err := w.WaitN(ctx, key, burst+1)
	if err == nil {
		w.ReturnN(key, burst+1)
	}
	return err == nil
}

func testDelay(t *testing.T, l ratelimit.Limiter) {
	d, ok := l.(ratelimit.Delayer)
	if !ok {
		return
	}
	key := newKey()
	for range burst {
		if got := d.Delay(key); got != 0 {
			t.Errorf("delay of a call that can be made now: %v", got)
		}
		take(t, l, key)
	}
	var got time.Duration
	for range 3 { // one that asks elsewhere knows by a refusal, and not for long
		refused(t, l, key)
		if got = d.Delay(key); got > 0 {
			return
		}
	}
	t.Errorf("delay of a call that has to wait: %v", got)
}
