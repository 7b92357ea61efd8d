package tokens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrNotFound is returned by a [Store] that holds nothing under a key, and
	// matched by the manager's error for such a key.
	ErrNotFound = errors.New("no token is stored under this key")

	// ErrConflict is returned by [Store.Save] when the record is no longer, or
	// not yet, the version that the caller has seen.
	ErrConflict = errors.New("the stored record has changed meanwhile")

	// ErrCorrupt is matched by the error for a stored record that cannot be read:
	// tampered with, moved to another key, sealed under an unknown key, or of a newer
	// format.
	ErrCorrupt = errors.New("the stored record cannot be opened")
)

// Record is what a [Store] keeps under a key. Data is the manager's business
// and holds secrets unless the store is wrapped by [Encrypt]; a store keeps it
// as it is. A Record prints without its content.
type Record struct {
	Data []byte

	// Version tells one content from the next. Zero stands for "nothing is stored".
	Version int64
}

// Store keeps tokens, one record per key. Most callers use package sqlstore
// wrapped by [Encrypt]; [NewMemoryStore] serves a single process and tests.
//
// Any storage that can compare and swap will do: there is no separate lock.
// What keeps two processes from refreshing one token is a mark inside the record,
// set by Save, and a holder that was stopped for too long is fenced off by the
// version.
//
// Implementations must be safe for concurrent use, return soon after the
// context ends, put no part of Data into an error, and neither keep nor change
// a caller's Data. Package storetest checks the rest.
type Store interface {
	// Load returns the record, or an error that matches ErrNotFound. It must see
	// every Save that has returned: no replica that lags, no cache.
	Load(ctx context.Context, key string) (Record, error)

	// Save stores r.Data if the stored record still has r.Version, where 0 means
	// that there must be none, and returns the new version: positive, and never
	// given before under this key, not even before a Delete. If the version differs it
	// stores nothing, and the error matches ErrConflict. After any other error the
	// record may or may not have been stored.
	Save(ctx context.Context, key string, r Record) (int64, error)

	// Delete removes the record. It is not an error if there is none.
	Delete(ctx context.Context, key string) error
}

// VersionDeleter is implemented by stores that can delete by compare-and-swap. All
// stores of this module do. In one that cannot, [Manager.Delete] leaves a record
// without a token, which later sign-ins replace.
type VersionDeleter interface {
	// DeleteVersion removes the record if it still has that version. It is not an
	// error if there is none. If the version differs, nothing is removed, and the
	// error matches ErrConflict. A wrapper around a store that cannot do it returns
	// an error that matches errors.ErrUnsupported.
	DeleteVersion(ctx context.Context, key string, version int64) error
}

// KeyLister is implemented by stores that can list their keys. All stores of
// this module do.
type KeyLister interface {
	// Keys yields, in byte order, the keys that begin with prefix. A key that is
	// saved or deleted meanwhile may or may not appear. After an error the sequence
	// ends.
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

func (r Record) summary() string {
	return fmt.Sprintf("record of %d bytes, version %d", len(r.Data), r.Version)
}

// String returns the size and the version.
func (r Record) String() string { return r.summary() }

// GoString returns the size and the version.
func (r Record) GoString() string { return r.summary() }

// Format writes the size and the version, whatever the verb.
func (r Record) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.summary()) }

// LogValue returns the size and the version for log/slog.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.summary()) }

// MarshalJSON fails: a store keeps Data and Version in fields of its own, and
// anything else that encodes a record is about to write down a secret.
func (Record) MarshalJSON() ([]byte, error) {
	return nil, errors.New("tokens: a Record is not encoded as JSON; store its Data and Version")
}

// maxKey bounds keys in bytes; they are primary keys in databases.
const maxKey = 512

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("tokens: the token's key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("tokens: the token's key is longer than %d bytes", maxKey)
	case !utf8.ValidString(key), strings.ContainsFunc(key, unicode.IsControl):
		return errors.New("tokens: the token's key holds control characters or is not UTF-8")
	}
	return nil
}
