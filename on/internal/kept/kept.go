// Package kept makes a [secret.Source] of a function that asks a secret store, such as
// Vault or a cloud's: what it brought is used for an interval, and serves on while the
// store is away.
package kept

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// MaxVersions is how many versions a source holds: each is a request.
const MaxVersions = 10

// ErrGone is the kind of everything that the store has, and that is no secret.
var ErrGone = errors.New("there is no such secret")

// Origin is one secret in a store.
type Origin struct {
	// Place is how errors call it, the package's name first.
	Place string
	// Parts tell it from every other secret, and are no secrets.
	Parts []string
	// Bad is what is wrong with how it was named, nil if nothing is.
	Bad error
	// Ask reads the secrets, the newest first, and the newest one's number. 0 is for a
	// store whose versions have no order.
	Ask func(ctx context.Context) (values []secret.Value, version int64, err error)
	// Interval is for how long what was read is used.
	Interval time.Duration
	// Grace is for how long it serves while the store fails, counted from when it was
	// read.
	Grace time.Duration
}

// Source returns the source of o.
func Source(o Origin) secret.Source {
	return secret.Cache(&source{Origin: o}, o.Interval)
}

type source struct {
	Origin

	mu      sync.Mutex
	last    []secret.Value // the last that were read
	version int64          // of the newest of them
	read    time.Time
}

// Check reports a place that is none.
func (s *source) Check() error {
	if s.Bad != nil {
		return fmt.Errorf("%s: %w", s.Place, s.Bad)
	}
	return nil
}

// Identity is a digest of the place: the secret that lies there may change.
func (s *source) Identity() string {
	sum := sha256.Sum256([]byte(strings.Join(s.Parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// lag is for how long a version older than one that was seen is taken for what a
// replica does not know yet. After that it is believed: the secret was made anew.
const lag = time.Minute

// Secrets asks the store.
func (s *source) Secrets(ctx context.Context) ([]secret.Value, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	values, version, err := s.Ask(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch age := time.Since(s.read); {
	case err == nil && (version >= s.version || age >= lag):
		s.last, s.version, s.read = values, version, time.Now()
		return values, nil
	case err == nil: // a replica that lags
		return s.last, nil
	case s.last != nil && age < s.Grace && !decided(err) && ctx.Err() == nil:
		return s.last, nil
	case decided(err):
		s.last, s.version = nil, 0 // it does not come back when the store is away later
	}
	return nil, fmt.Errorf("%s: %w", s.Place, err)
}

// decided reports whether the store has said no, and does not merely fail.
func decided(err error) bool {
	for _, no := range []error{ErrGone, client.ErrNotFound, client.ErrForbidden, client.ErrUnauthorized, client.ErrBadRequest} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// Value is the secret in what the store holds: all of it, or the member of a JSON object
// that field names. No error shows anything of it.
func Value(text, field string) (secret.Value, error) {
	if field == "" {
		value := secret.New(text)
		if value.IsBlank() {
			return secret.Value{}, fmt.Errorf("%w: %w", ErrGone, secret.ErrBlank)
		}
		return value, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil { // whose error may hold the secret
		return secret.Value{}, fmt.Errorf("%w: it is no JSON object, and has no field %q", ErrGone, field)
	}
	return Member(members, field)
}

// Member is the secret in a member of a JSON object. No error shows anything of it.
func Member(members map[string]json.RawMessage, field string) (secret.Value, error) {
	raw, ok := members[field]
	if !ok {
		return secret.Value{}, fmt.Errorf("%w: it has no field %q", ErrGone, field)
	}
	var member *string
	if json.Unmarshal(raw, &member) != nil || member == nil { // whose error may hold the secret
		return secret.Value{}, fmt.Errorf("%w: its field %q is no text", ErrGone, field)
	}
	value := secret.New(*member)
	if value.IsBlank() {
		return secret.Value{}, fmt.Errorf("%w: its field %q: %w", ErrGone, field, secret.ErrBlank)
	}
	return value, nil
}

// Older reads the versions before the newest one that are still there, up to n in all.
// missing reports whether an error says that one is not.
func Older(newest secret.Value, version int64, n int, get func(version int64) (secret.Value, error), missing func(error) bool) ([]secret.Value, error) {
	values := []secret.Value{newest}
	for older := version - 1; older > version-int64(n) && older > 0; older-- {
		switch value, err := get(older); {
		case err == nil:
			values = append(values, value)
		case !missing(err):
			return nil, err
		}
	}
	return values, nil
}

// Versions is n, or 1 for 0.
func Versions(n int) (int, error) {
	if n < 0 || n > MaxVersions {
		return 0, fmt.Errorf("the number of versions must be 1 to %d", MaxVersions)
	}
	return max(n, 1), nil
}
