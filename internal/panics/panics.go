// Package panics turns a panic in code of the user's into an error of the call
// that ran it.
package panics

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Error stands for a panic. Its text names the value's type and leaves the value
// out, which may well be a secret; what the runtime itself panics with holds
// none and is shown. It is immutable.
type Error struct {
	who   string
	value any
	stack []byte
}

// New returns the error for a panic of who with value. It is called by the
// function that has recovered, so that the stack is the panic's.
func New(who string, value any) *Error {
	return &Error{who: who, value: value, stack: debug.Stack()}
}

// Catch, deferred, makes a panic of who the error that err points to:
//
//	defer panics.Catch(&err, "client: the middleware")
func Catch(err *error, who string) {
	if p := recover(); p != nil {
		*err = New(who, p)
	}
}

// Do returns what f returns, and an error where it panics.
func Do[T any](ctx context.Context, who string, f func(context.Context) (T, error)) (value T, err error) {
	defer Catch(&err, who)
	return f(ctx)
}

// Legible returns err, or the error of who's panic where a method of err panics when it
// is asked for its text or what it matches, as that of a typed nil may. Whoever has the
// error of a function on a goroutine that must go on asks here first.
func Legible(err error, who string) (told error) {
	if err == nil {
		return nil
	}
	defer Catch(&told, who)
	_ = err.Error()
	_ = errors.Is(err, ErrExited)
	_, _ = errors.AsType[*Error](err)
	return err
}

// Error says who panicked, and with what type of value.
func (e *Error) Error() string {
	if re, ok := e.value.(runtime.Error); ok {
		return e.who + " panicked: " + re.Error()
	}
	return fmt.Sprintf("%s panicked with a %T", e.who, e.value)
}

// GoString returns the text alone: the value may be a secret.
func (e *Error) GoString() string { return e.Error() }

// Value returns what was panicked with. It may hold a secret.
func (e *Error) Value() any { return e.value }

// Stack returns the stack of the goroutine that panicked, as
// [runtime/debug.Stack] formats it.
func (e *Error) Stack() []byte { return e.stack }

// ErrExited is matched by the error for code that has ended its goroutine
// ([runtime.Goexit]) instead of returning.
var ErrExited = errors.New("ended its goroutine")

// Exited returns the error for who having done that.
func Exited(who string) error { return fmt.Errorf("%s %w", who, ErrExited) }
