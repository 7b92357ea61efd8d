package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// ErrBlank is wrapped by the error for a secret that is empty or only white space.
var ErrBlank = errors.New("secret is blank")

// ErrNone is wrapped by the error for a source that yields no secret at all.
var ErrNone = errors.New("no secret")

// Source yields the secrets that are valid now, newest first. A client uses
// the first; a verifier accepts any of them. Implementations must be safe for
// concurrent use, must not return an empty slice or a blank value without an
// error, and must not put a secret into an error. Callers must not modify the
// slice.
type Source interface {
	Secrets(ctx context.Context) ([]Value, error)
}

// Refresher is implemented by sources that keep a copy: Refresh discards it, so
// that the next call of Secrets reads the origin again. Clients call it once
// when a service answers 401.
type Refresher interface {
	Refresh(ctx context.Context) error
}

// Checker is implemented by sources that can tell at construction, without
// network traffic, whether they will work. See [Check].
type Checker interface {
	Check() error
}

// Check returns an error if src is nil or already known to be unusable: a blank
// static value, an unset variable, a missing file. Constructors call it. A
// source that cannot tell in advance ([Func]) passes.
func Check(src Source) (err error) {
	defer panics.Catch(&err, "secret: the source")
	if src == nil {
		return fmt.Errorf("secret: nil source: %w", ErrNone)
	}
	if c, ok := src.(Checker); ok {
		return c.Check()
	}
	return nil
}

// Current returns the first, that is the newest, secret of src. A panic in src is
// an error.
func Current(ctx context.Context, src Source) (Value, error) {
	vs, err := all(ctx, src)
	if err != nil {
		return Value{}, err
	}
	if vs[0].IsBlank() {
		return Value{}, fmt.Errorf("secret: source: %w", ErrBlank)
	}
	return vs[0], nil
}

// all returns what src yields, newest first: at least one.
func all(ctx context.Context, src Source) ([]Value, error) {
	if src == nil {
		return nil, fmt.Errorf("secret: nil source: %w", ErrNone)
	}
	values, err := panics.Do(ctx, "secret: the source", src.Secrets)
	if err == nil && len(values) == 0 {
		err = fmt.Errorf("secret: source: %w", ErrNone)
	}
	if err != nil {
		return nil, err
	}
	return values, nil
}

// Refresh calls src's Refresh if it has one. A panic in it is an error.
func Refresh(ctx context.Context, src Source) (err error) {
	defer panics.Catch(&err, "secret: the source")
	if r, ok := src.(Refresher); ok {
		return r.Refresh(ctx)
	}
	return nil
}

type static struct {
	values []Value
	err    error
}

// Static returns a source of fixed values, newest first, taken as they are. No
// value, or a blank one, is an error at construction of whatever uses it.
func Static(values ...string) Source {
	s := static{values: make([]Value, len(values))}
	if len(values) == 0 {
		s.err = fmt.Errorf("secret: static: %w", ErrNone)
	}
	for i, v := range values {
		s.values[i] = New(v)
		if s.values[i].IsBlank() {
			s.err = fmt.Errorf("secret: static value %d of %d: %w", i+1, len(values), ErrBlank)
		}
	}
	return &s
}

// Check reports a missing or blank value.
func (s *static) Check() error { return s.err }

// Secrets returns the values.
func (s *static) Secrets(context.Context) ([]Value, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.values, nil
}

type env struct {
	names []string
	last  atomic.Pointer[[]Value]
}

// Env returns a source that reads the named environment variables at each use,
// newest first, and trims one trailing newline from each. Every name must be
// set and not blank.
func Env(names ...string) Source { return &env{names: names} }

// Check reads the variables.
func (e *env) Check() error {
	_, err := e.Secrets(context.Background())
	return err
}

// Secrets returns what the variables hold now.
func (e *env) Secrets(context.Context) ([]Value, error) {
	if len(e.names) == 0 {
		return nil, fmt.Errorf("secret: env: no variable named: %w", ErrNone)
	}
	if last := e.last.Load(); last != nil && e.unchanged(*last) {
		return *last, nil
	}
	values := make([]Value, len(e.names))
	for i, name := range e.names {
		s, ok := os.LookupEnv(name)
		if !ok {
			return nil, unsetError(name)
		}
		values[i] = New(trimNewline(s))
		if values[i].IsBlank() {
			return nil, fmt.Errorf("secret: environment variable %q: %w", name, ErrBlank)
		}
	}
	e.last.Store(&values)
	return values, nil
}

// unsetError names a variable that is not set, which says all there is to say.
type unsetError string

func (e unsetError) Error() string {
	return fmt.Sprintf("secret: environment variable %q is not set", string(e))
}

func (unsetError) Unwrap() error { return ErrNone }

func (e *env) unchanged(values []Value) bool {
	for i, name := range e.names {
		if trimNewline(os.Getenv(name)) != values[i].Reveal() {
			return false
		}
	}
	return true
}

// trimNewline removes one trailing newline, "\n" or "\r\n": editors and
// `echo` add one, and more than one is not an accident.
func trimNewline(s string) string {
	s, cut := strings.CutSuffix(s, "\n")
	if cut {
		s = strings.TrimSuffix(s, "\r")
	}
	return s
}

// Func is a source backed by a function, such as a call to a vault. It is
// called at every use: wrap it in [Cache] unless it is cheap. It must follow
// the contract of [Source].
type Func func(ctx context.Context) ([]Value, error)

// Secrets calls f and refuses an empty or blank result.
func (f Func) Secrets(ctx context.Context) ([]Value, error) {
	if f == nil {
		return nil, fmt.Errorf("secret: nil func: %w", ErrNone)
	}
	vs, err := f(ctx)
	if err != nil {
		return nil, err
	}
	return usable("func", vs)
}

// usable refuses what breaks the contract of [Source].
func usable(kind string, values []Value) ([]Value, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("secret: %s: %w", kind, ErrNone)
	}
	for i, v := range values {
		if v.IsBlank() {
			return nil, fmt.Errorf("secret: %s: value %d of %d: %w", kind, i+1, len(values), ErrBlank)
		}
	}
	return values, nil
}

// Check reports a nil function.
func (f Func) Check() error {
	if f == nil {
		return fmt.Errorf("secret: nil func: %w", ErrNone)
	}
	return nil
}

type joined []Source

// Join returns a source that yields the secrets of all sources, in order: the
// way to accept an old secret from one place beside a new one from another. It
// fails when any of them fails.
func Join(sources ...Source) Source { return joined(sources) }

// Secrets returns the secrets of all sources.
func (j joined) Secrets(ctx context.Context) ([]Value, error) {
	var all []Value
	for _, s := range j {
		if s == nil {
			return nil, fmt.Errorf("secret: join: nil source: %w", ErrNone)
		}
		vs, err := s.Secrets(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, vs...)
	}
	return usable("join", all)
}

// Check reports the first source that will not work.
func (j joined) Check() error {
	if len(j) == 0 {
		return fmt.Errorf("secret: join: %w", ErrNone)
	}
	for _, s := range j {
		if err := Check(s); err != nil {
			return err
		}
	}
	return nil
}

// Refresh refreshes every source that keeps a copy.
func (j joined) Refresh(ctx context.Context) error {
	var errs []error
	for _, s := range j {
		errs = append(errs, Refresh(ctx, s))
	}
	return errors.Join(errs...)
}
