package client

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// keyFor returns the call's idempotency key, the same on every hop and attempt: the
// caller's, else one that is made once. It belongs to the call: by it the service tells
// a repeat from a new request, and a hop with a key of its own would be a new one (C6).
func (h *call) keyFor(own string, build func() string) (key string, err error) {
	// Made under the lock: middleware may send two hops at once.
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.key != "":
		return h.key, nil
	case own != "":
		h.key = own
	case build == nil:
		// Made when it is needed, so that a call to a service without keys pays for
		// none.
		h.key = newKey()
	default:
		h.key, err = keyBy(build)
	}
	return h.key, err
}

// keyBy asks the profile for a key. One that no header can carry, or that would be
// taken for none, is no key.
func keyBy(build func() string) (key string, err error) {
	defer panics.Catch(&err, givenCode)
	// Said before anything is sent: a call that its caller takes for guarded must not
	// go out unguarded.
	if key = build(); strings.TrimSpace(key) == "" {
		return "", failf(ErrConfig, "Profile.NewIdempotencyKey made a blank key")
	}
	if !validHeaderValue(key) {
		return "", failf(ErrConfig, "Profile.NewIdempotencyKey made a key that holds CR, LF, NUL or another control character")
	}
	return key, nil
}

// newKey makes an idempotency key: a random UUID (RFC 9562 §5.4) in lower case,
// the one form that every service takes which says what it takes.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:], b[0:4])
	hex.Encode(s[9:], b[4:6])
	hex.Encode(s[14:], b[6:8])
	hex.Encode(s[19:], b[8:10])
	hex.Encode(s[24:], b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
