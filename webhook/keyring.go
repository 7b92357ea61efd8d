package webhook

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/secret"
)

// keyring turns the secrets of a source into keys once for as long as the source
// yields the same secrets.
type keyring[K any] struct {
	src   secret.Source
	parse func(text string) (K, error)
	cur   atomic.Pointer[ring[K]]
}

type ring[K any] struct {
	values []secret.Value
	keys   []K
}

// newKeyring fails if the source or a secret it already holds is unusable. The
// source is asked with a context that has ended: those that hold their values
// answer all the same, and one that would have to call a vault gives up instead
// of delaying the start, and is checked at first use.
func newKeyring[K any](src secret.Source, parse func(text string) (K, error)) (*keyring[K], error) {
	if err := secret.Check(src); err != nil {
		return nil, &Error{Reason: ErrConfig, Err: err}
	}
	k := &keyring[K]{src: src, parse: parse}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	values, err := panics.Do(ended, "the secret source", src.Secrets)
	if err != nil {
		return k, nil
	}
	if _, err := k.load(values); err != nil {
		return nil, &Error{Reason: ErrConfig, Err: err}
	}
	return k, nil
}

// get returns the keys that are valid now, newest first, at least one.
func (k *keyring[K]) get(ctx context.Context) ([]K, error) {
	values, err := panics.Do(ctx, "it", k.src.Secrets)
	if err != nil {
		return nil, &Error{Reason: ErrUnavailable, Detail: "secret source", Err: err}
	}
	if cur := k.cur.Load(); cur != nil && slices.EqualFunc(cur.values, values, sameValue) {
		return cur.keys, nil
	}
	keys, err := k.load(values)
	if err != nil {
		return nil, &Error{Reason: ErrUnavailable, Err: err}
	}
	return keys, nil
}

func (k *keyring[K]) load(values []secret.Value) ([]K, error) {
	if len(values) == 0 {
		return nil, secret.ErrNone
	}
	keys := make([]K, len(values))
	for i, v := range values {
		if v.IsBlank() {
			return nil, &keyError{position: i + 1, err: secret.ErrBlank}
		}
		key, err := k.parse(v.Reveal())
		if err != nil {
			return nil, &keyError{position: i + 1, err: err}
		}
		keys[i] = key
	}
	k.cur.Store(&ring[K]{values: values, keys: keys})
	return keys, nil
}

// keyError says which secret of a source is unusable and why, but not what it is.
type keyError struct {
	position int
	err      error
}

func (e *keyError) Error() string { return keyID(e.position-1) + ": " + e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

func sameValue(a, b secret.Value) bool { return a.Reveal() == b.Reveal() }

// keyID names the key at index i of its source.
func keyID(i int) string {
	switch i {
	case 0:
		return "key 1"
	case 1:
		return "key 2"
	}
	return "key " + strconv.Itoa(i+1)
}
