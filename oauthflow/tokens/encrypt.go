package tokens

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/seal"
	"github.com/standpipe-go/standpipe/secret"
)

// EncryptedStore is a [Store] that seals what another store keeps. Create it
// with [Encrypt]. It is safe for concurrent use.
type EncryptedStore struct {
	store Store
	keys  secret.Source
}

// Encrypt returns a store that keeps its records in store, sealed with
// AES-256-GCM. The key under which a record is stored is bound to it as
// associated data, so that one user's record does not open in the place of
// another's; keys themselves are stored in the clear.
//
// Encrypt reads keys once, so that a key that will not do is an error here. Each
// secret is 32 random bytes in standard base64, such as
// `openssl rand -base64 32` prints. The newest seals; a record names the one
// that sealed it, and any of them opens it. To rotate, put a new key last, so that every
// process can open what the first one seals with it; once all have it, put it in front;
// once all have that, call [EncryptedStore.Reseal], and take the old one away.
//
// A record that was not sealed by one of the keys for its place does not open,
// and the error matches [ErrCorrupt]: also one that was stored before the
// wrapper was introduced. What sealing cannot notice is that whoever can write
// to the store puts back an older record of the same key.
func Encrypt(store Store, keys secret.Source) (*EncryptedStore, error) {
	if store == nil {
		return nil, errors.New("tokens: encrypt: the store is nil")
	}
	if err := secret.Check(keys); err != nil {
		return nil, fmt.Errorf("tokens: encrypt: %w", err)
	}
	s := &EncryptedStore{store, keys}
	ctx, cancel := context.WithTimeout(context.Background(), firstReadLimit)
	defer cancel()
	if _, err := s.read(ctx); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return s, nil
}

const firstReadLimit = 30 * time.Second

// read returns the keys as they are now.
func (s *EncryptedStore) read(ctx context.Context) (seal.Keys, error) {
	values, err := panics.Do(ctx, "their source", s.keys.Secrets)
	if err == nil && len(values) == 0 {
		err = secret.ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("encryption keys: %w", err)
	}
	keys, err := seal.New(values)
	if err != nil {
		return nil, fmt.Errorf("encryption %w", err)
	}
	return keys, nil
}

// Load implements [Store]. With an error for a record that does not open comes the
// record's version, so that it can be replaced.
func (s *EncryptedStore) Load(ctx context.Context, key string) (Record, error) {
	r, _, err := s.load(ctx, key)
	return r, err
}

func (s *EncryptedStore) load(ctx context.Context, key string) (Record, int, error) {
	r, err := s.store.Load(ctx, key)
	if err != nil {
		return Record{}, 0, err
	}
	keys, err := s.read(ctx)
	if err != nil {
		return Record{}, 0, err
	}
	plain, used, err := keys.Open(key, r.Data)
	if err != nil {
		return Record{Version: r.Version}, 0, fmt.Errorf("sealed record: %w: %w", ErrCorrupt, err)
	}
	return Record{Data: plain, Version: r.Version}, used, nil
}

// Save implements [Store].
func (s *EncryptedStore) Save(ctx context.Context, key string, r Record) (int64, error) {
	keys, err := s.read(ctx)
	if err != nil {
		return 0, err
	}
	return s.store.Save(ctx, key, Record{Data: keys.Seal(key, r.Data), Version: r.Version})
}

// Delete implements [Store].
func (s *EncryptedStore) Delete(ctx context.Context, key string) error {
	return s.store.Delete(ctx, key)
}

// DeleteVersion implements [VersionDeleter]. If the wrapped store cannot delete by
// version, the error matches errors.ErrUnsupported.
func (s *EncryptedStore) DeleteVersion(ctx context.Context, key string, version int64) error {
	if d, ok := s.store.(VersionDeleter); ok {
		return d.DeleteVersion(ctx, key, version)
	}
	return fmt.Errorf("delete by version: %T: %w", s.store, errors.ErrUnsupported)
}

// Keys implements [KeyLister]. If the wrapped store cannot list its keys, the
// error matches errors.ErrUnsupported.
func (s *EncryptedStore) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return storeKeys(ctx, s.store, prefix)
}

// Reseal seals with the newest key what is still sealed with an older one, and
// returns how many records that were. It may run while managers are at work, and
// again after an error. A record that does not open is left as it is and does not
// stop the others; the errors for such records are joined.
func (s *EncryptedStore) Reseal(ctx context.Context) (int, error) {
	var n int
	var failed []error
	for key, err := range s.Keys(ctx, "") {
		if err != nil {
			return n, errors.Join(append(failed, fmt.Errorf("tokens: reseal: %w", err))...)
		}
		done, err := s.reseal(ctx, key)
		if err != nil {
			failed = append(failed, fmt.Errorf("tokens: reseal %q: %w", key, err))
		}
		if done {
			n++
		}
	}
	return n, errors.Join(failed...)
}

func (s *EncryptedStore) reseal(ctx context.Context, key string) (bool, error) {
	for {
		r, used, err := s.load(ctx, key)
		if errors.Is(err, ErrNotFound) || err == nil && used == 0 {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		_, err = s.Save(ctx, key, r)
		if errors.Is(err, ErrConflict) {
			continue // written meanwhile, perhaps by a process that has the old keys
		}
		return err == nil, err
	}
}

func storeKeys(ctx context.Context, store Store, prefix string) iter.Seq2[string, error] {
	if l, ok := store.(KeyLister); ok {
		return l.Keys(ctx, prefix)
	}
	return func(yield func(string, error) bool) {
		yield("", fmt.Errorf("list keys: %T: %w", store, errors.ErrUnsupported))
	}
}
