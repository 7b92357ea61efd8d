package keyset

import (
	"context"
	"errors"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// ErrUnavailable is wrapped by errors for keys that cannot be had at present:
// whether a token is good cannot be decided.
var ErrUnavailable = errors.New("keys unavailable")

// Source yields the keys of one issuer. It is safe for concurrent use.
type Source interface {
	// Key returns the key for a token with header h. It may wait for keys to be
	// fetched, no longer than ctx allows.
	Key(ctx context.Context, h jose.Header) (*jose.Key, error)
	// Warm fetches the keys if there are none yet, so that the first callers of
	// Key need not wait.
	Warm(ctx context.Context) error
}

type static struct{ set *jose.Set }

// Static returns the source of a fixed set of keys. It never fetches.
func Static(set *jose.Set) Source { return static{set} }

func (s static) Key(_ context.Context, h jose.Header) (*jose.Key, error) { return s.set.Find(h) }

func (s static) Warm(context.Context) error { return nil }
