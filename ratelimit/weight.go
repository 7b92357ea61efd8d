package ratelimit

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// maxOneByOne is how many tokens are waited for one by one.
const maxOneByOne = 16

// WaitN takes n tokens of l for key, for a call that costs as much as n others. A
// limiter that is not [Weighted] is waited for n times where n is at most 16; above
// that, the error matches [ErrNever]. One that counts calls, since it observes
// responses as a [Pacer] does or is a [Releaser], is waited for once. Of what was taken
// before it failed, everything that l takes back is returned. A panic in l is an error.
// Less than 1 counts as 1.
func WaitN(ctx context.Context, l Limiter, key string, n int) (err error) {
	defer panics.Catch(&err, "the limiter")
	n = max(n, 1)
	if w, ok := l.(Weighted); ok && n > 1 {
		return w.WaitN(ctx, key, n)
	}
	if n > maxOneByOne && !countsCalls(l) {
		return tooMany(n, maxOneByOne)
	}
	taken := 0
	defer func() {
		if taken < oneByOne(l, n) {
			giveOneByOne(l, key, taken)
		}
	}()
	for range oneByOne(l, n) {
		if err := l.Wait(ctx, key); err != nil {
			return err
		}
		taken++
	}
	return nil
}

// ReturnN gives back what [WaitN] took of l with the same n, where l takes tokens back.
func ReturnN(l Limiter, key string, n int) {
	if w, ok := l.(Weighted); ok && n > 1 {
		w.ReturnN(key, n)
		return
	}
	giveOneByOne(l, key, oneByOne(l, n))
}

func giveOneByOne(l Limiter, key string, n int) {
	for range n {
		switch r := l.(type) {
		case Returner:
			r.Return(key)
		case Releaser:
			r.Release(key)
		}
	}
}

// oneByOne returns how often l, which is not asked for tokens together, is waited for.
func oneByOne(l Limiter, n int) int {
	if countsCalls(l) {
		return min(n, 1)
	}
	return n
}

// countsCalls reports whether a call is one call to l, whatever it weighs.
func countsCalls(l Limiter) bool {
	switch l.(type) {
	case interface {
		Observe(key string, status int, h http.Header, throttled bool)
	}, Releaser:
		return true
	}
	return false
}

// delayOf returns what any limiter says of its wait for n tokens: 0 where it cannot tell,
// or panics.
func delayOf(l Limiter, key string, n int) (d time.Duration) {
	var panicked error
	defer panics.Catch(&panicked, "the limiter")
	if t, ok := l.(interface {
		DelayN(key string, n int) time.Duration
	}); ok && n > 1 {
		return max(t.DelayN(key, n), 0)
	}
	if t, ok := l.(Delayer); ok {
		return max(t.Delay(key), 0)
	}
	return 0
}

// tooMany is the error of a call that takes more tokens than there ever are.
func tooMany(n, most int) error {
	if most < 1 {
		return &Error{Err: ErrNever}
	}
	return &Error{Err: &weightError{n, most}}
}

type weightError struct{ n, most int }

func (e *weightError) Error() string {
	return fmt.Sprintf("the call takes %d tokens at once, of which there are never more than %d", e.n, e.most)
}

// Unwrap returns ErrNever: no wait would help.
func (e *weightError) Unwrap() error { return ErrNever }
