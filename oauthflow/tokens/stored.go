package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

const (
	// storeTimeout bounds one call of the store.
	storeTimeout = 5 * time.Second

	// storeTries is how often a call that fails at once is made: a database that is
	// locked, or that has just dropped an idle connection, works the next time.
	storeTries = 3
)

// load reads a record. The error is bare ErrNotFound or a *StoreError; the state is
// never nil, and has the version of a record that cannot be read as far as the
// store tells it.
func (m *Manager) load(ctx context.Context, key string) (*tokenState, error) {
	st := &tokenState{}
	err := m.retryStore(ctx, func(ctx context.Context) error {
		rec, err := m.store.Load(ctx, key)
		st.version = rec.Version
		if err != nil {
			return err
		}
		read, err := decodeState(rec)
		if err == nil {
			st = read
		}
		return err
	})
	switch {
	case err == nil:
		return st, nil
	case errors.Is(err, ErrNotFound):
		return &tokenState{}, ErrNotFound
	}
	return st, &StoreError{Op: "load", Key: key, cause: clean(err)}
}

// save stores st if the record still has st's version, and sets the new one.
// The error is bare ErrConflict or a *StoreError. Since a save whose result was
// lost is repeated, a conflict may be with ourselves: callers look.
func (m *Manager) save(ctx context.Context, key string, st *tokenState) error {
	return m.retryStoreError(m.retryStore(ctx, func(ctx context.Context) error { return m.saveRaw(ctx, key, st) }), key, st)
}

// saveOnce is save without a second try.
func (m *Manager) saveOnce(ctx context.Context, key string, st *tokenState) error {
	return m.retryStoreError(m.storeOnce(ctx, func(ctx context.Context) error { return m.saveRaw(ctx, key, st) }), key, st)
}

func (m *Manager) saveRaw(ctx context.Context, key string, st *tokenState) error {
	data, err := st.encode()
	if err != nil {
		return err
	}
	version, err := m.store.Save(ctx, key, Record{Data: data, Version: st.version})
	if err == nil {
		st.version = version
	}
	return err
}

func (m *Manager) retryStoreError(err error, key string, st *tokenState) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrConflict):
		return ErrConflict
	}
	return &StoreError{Op: "save", Key: key, cause: clean(err, st.Access, st.Refresh)}
}

func (m *Manager) retryStore(ctx context.Context, op func(context.Context) error) error {
	wait := 20 * time.Millisecond
	for try := 1; ; try++ {
		bounded, cancel := context.WithTimeout(ctx, storeTimeout)
		err := m.storeOnce(bounded, op)
		cancel()
		_, panicked := errors.AsType[*PanicError](err)
		decided := err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.Is(err, ErrCorrupt)
		if decided || panicked || isContextError(err) || try == storeTries || pause.For(ctx, wait) != nil {
			return err
		}
		wait *= 5
	}
}

// storeOnce calls the store, a panic in which is an error.
func (m *Manager) storeOnce(ctx context.Context, op func(context.Context) error) (err error) {
	defer panics.Catch(&err, "the store")
	return op(ctx)
}

// remove deletes the record if it still has that version. Where the store cannot
// do that, an empty one takes its place. The error is bare ErrConflict or a
// *StoreError.
func (m *Manager) remove(ctx context.Context, key string, version int64) error {
	err := m.retryStore(ctx, func(ctx context.Context) error {
		if version == 0 { // a record that does not open, in a store that does not tell
			return m.store.Delete(ctx, key)
		}
		if d, ok := m.store.(VersionDeleter); ok {
			if err := d.DeleteVersion(ctx, key, version); !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
		}
		data, err := (&tokenState{Format: recordFormat, Dead: &deathMark{At: time.Now().Round(0)}}).encode()
		if err == nil {
			_, err = m.store.Save(ctx, key, Record{Data: data, Version: version})
		}
		return err
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrConflict):
		return ErrConflict
	}
	return &StoreError{Op: "delete", Key: key, cause: clean(err)}
}
