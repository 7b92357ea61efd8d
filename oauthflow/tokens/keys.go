package tokens

import (
	"context"
	"iter"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// Keys yields the stored keys that begin with prefix, such as "user:42/". If the store
// is not a [KeyLister], the error matches errors.ErrUnsupported.
func (m *Manager) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		fail := func(cause error) { yield("", &StoreError{Op: "list", Key: prefix, cause: clean(cause)}) }
		theirs := true // what runs is the store, not the loop
		defer func() {
			if !theirs {
				return
			}
			if p := recover(); p != nil {
				fail(panics.New("the store", p))
			}
		}()
		for key, err := range storeKeys(ctx, m.store, prefix) {
			if err != nil {
				theirs = false
				fail(err)
				return
			}
			if m.deleted(ctx, key) {
				continue
			}
			theirs = false
			if !yield(key, nil) {
				return
			}
			theirs = true
		}
	}
}

// deleted reports whether a listed key is one that was deleted: only a store that
// cannot delete by version keeps those.
func (m *Manager) deleted(ctx context.Context, key string) bool {
	if _, ok := m.store.(VersionDeleter); ok {
		return false
	}
	st, err := m.load(ctx, key)
	return err == nil && st.gone()
}
