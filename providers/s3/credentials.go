package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/secret"
)

// Credentials are what requests are signed with ("AWS security credentials" in the IAM
// User Guide). No printer shows the secret or the token.
type Credentials struct {
	// ID is the access key ID. It is sent in the clear.
	ID string

	// Secret is the secret access key.
	Secret secret.Value

	// Token is the session token of temporary credentials, blank for those of long life.
	Token secret.Value

	// Expires is when they cease to be valid. The zero time is never, or unknown.
	Expires time.Time
}

// check refuses what cannot be sent, or is certain not to work. Errors hold none of it.
func (c *Credentials) check(now time.Time) error {
	id, key, token := c.ID, c.Secret.Reveal(), c.Token.Reveal()
	switch {
	case strings.TrimSpace(id) == "":
		return fmt.Errorf("s3: the access key ID: %w", secret.ErrBlank)
	case c.Secret.IsBlank():
		return fmt.Errorf("s3: the secret access key: %w", secret.ErrBlank)
	case !visible(id) || strings.Contains(id, ","):
		return fmt.Errorf("s3: %w: the access key ID holds a comma, white space or a character beyond ASCII", client.ErrConfig)
	case !visible(key):
		return fmt.Errorf("s3: %w: the secret access key holds white space or a character beyond ASCII", client.ErrConfig)
	case !visible(token):
		return fmt.Errorf("s3: %w: the session token holds white space or a character beyond ASCII", client.ErrConfig)
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return fmt.Errorf("s3: the credentials expired at %s", c.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

// visible reports whether s is printable ASCII without spaces, byte order marks and the
// like included in what is not.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Source yields the credentials that are valid now. It is asked once per attempt and
// presigned URL, under the context of the call. Implementations must be safe for
// concurrent use, and must not put a secret into an error.
//
// A source that keeps a copy can have the method
//
//	Refresh(ctx context.Context) error
//
// which is called once for all calls that failed with the same credentials (401); one
// that can tell at construction whether it will work, Check() error; and one that knows
// for which account it speaks, Identity() string, as client.WithIdentity has it.
type Source interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// AccessKey is a Source of an access key whose parts are secrets of their own, such as
// environment variables. They are read at each use, one after the other; where the pair
// changes as a whole, use a [Temporary].
type AccessKey struct {
	ID     secret.Source // the access key ID. Required
	Secret secret.Source // the secret access key. Required
	Token  secret.Source // the session token; nil is none
}

// parts are the sources that k has.
func (k AccessKey) parts() []secret.Source {
	if k.Token == nil {
		return []secret.Source{k.ID, k.Secret}
	}
	return []secret.Source{k.ID, k.Secret, k.Token}
}

// Credentials reads the newest secret of each part.
func (k AccessKey) Credentials(ctx context.Context) (Credentials, error) {
	id, err := secret.Current(ctx, k.ID)
	if err != nil {
		return Credentials{}, fmt.Errorf("s3: the access key ID: %w", err)
	}
	c := Credentials{ID: id.Reveal()}
	if c.Secret, err = secret.Current(ctx, k.Secret); err != nil {
		return Credentials{}, fmt.Errorf("s3: the secret access key: %w", err)
	}
	if k.Token == nil {
		return c, nil
	}
	if c.Token, err = secret.Current(ctx, k.Token); err != nil {
		return Credentials{}, fmt.Errorf("s3: the session token: %w", err)
	}
	return c, nil
}

// Check reports a part that is known to be unusable. Where each of them can tell by its
// own Check, they are read as well, and what cannot be sent is an error.
func (k AccessKey) Check() error {
	local := true
	for _, part := range k.parts() {
		if err := secret.Check(part); err != nil {
			return err
		}
		_, ok := part.(secret.Checker)
		local = local && ok
	}
	if !local {
		return nil
	}
	c, err := k.Credentials(context.Background())
	if err != nil {
		return err
	}
	return c.check(time.Now())
}

// Refresh has each part read its origin again.
func (k AccessKey) Refresh(ctx context.Context) error {
	for _, part := range k.parts() {
		if err := secret.Refresh(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// Identity is made of that of the access key ID and that of the secret; "" where one of
// them has none.
func (k AccessKey) Identity() string {
	sum := sha256.New()
	for _, part := range []secret.Source{k.ID, k.Secret} {
		i, ok := part.(interface{ Identity() string })
		if !ok {
			return ""
		}
		id := i.Identity()
		if id == "" {
			return ""
		}
		sum.Write([]byte(id + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Temporary returns a Source that keeps what fetch returns until shortly before it
// expires: five minutes, or a tenth of the time that was left if that is less. A single
// call of fetch serves all who wait; it is bounded to 30 s, is not cancelled with any of
// them, and a panic in it is an error. While fetch fails, what is kept is handed out as
// long as it is valid, and fetch is called once every ten seconds at most. Without an
// expiry it is kept until a service refuses it (401).
func Temporary(fetch func(ctx context.Context) (Credentials, error)) Source {
	return &temporary{fetch: fetch}
}

const (
	fetchLimit    = 30 * time.Second
	fetchCooldown = 10 * time.Second
	renewBefore   = 5 * time.Minute
)

type temporary struct {
	fetch func(ctx context.Context) (Credentials, error)

	mu      sync.Mutex
	have    *Credentials
	renewAt time.Time // zero is never
	flight  *flight.Flight[Credentials]
	stale   bool // the flight began before a Refresh: it is not kept
}

// Check reports a missing function.
func (s *temporary) Check() error {
	if s.fetch == nil {
		return fmt.Errorf("s3: temporary credentials: %w", secret.ErrNone)
	}
	return nil
}

// Credentials returns what is kept, or waits for fetch.
func (s *temporary) Credentials(ctx context.Context) (Credentials, error) {
	for {
		s.mu.Lock()
		now := time.Now()
		if s.have != nil && (s.renewAt.IsZero() || now.Before(s.renewAt)) {
			defer s.mu.Unlock()
			return *s.have, nil
		}
		if s.flight == nil {
			s.flight = flight.Start(ctx, fetchLimit, "s3: the source of temporary credentials", s.fetch, s.land)
		}
		f, stale, have := s.flight, s.stale, s.have
		s.mu.Unlock()
		if have != nil && now.Before(have.Expires) && !stale {
			return *have, nil // the renewal goes on beside it
		}
		c, err := f.Wait(ctx)
		if !stale || err != nil {
			return c, err
		}
	}
}

// land keeps what fetch brought.
func (s *temporary) land(c Credentials, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case s.stale:
	case err == nil:
		s.have, s.renewAt = &c, time.Time{}
		if left := c.Expires.Sub(now); !c.Expires.IsZero() {
			s.renewAt = c.Expires.Add(-min(renewBefore, max(left, 0)/10))
		}
	case s.have != nil: // and expires, or it would not have been fetched again
		s.renewAt = now.Add(min(fetchCooldown, s.have.Expires.Sub(now)))
	}
	s.flight, s.stale = nil, false
}

// Refresh discards what is kept. What a call of fetch that is under way brings is not
// kept either.
func (s *temporary) Refresh(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.have, s.stale = nil, s.flight != nil
	return nil
}
