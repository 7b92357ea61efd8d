package webhook

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// EventKey says by what an event is known when it comes again, and what it says: an
// event of equal GuardKey and other Content is not the same event, whatever its
// provider means by that.
type EventKey struct {
	GuardKey
	// Content is the SHA-256 of what the event says, without the members of its
	// payload that the provider renders anew for a retry (Stripe's pending_webhooks;
	// see [WithVolatile]).
	Content [sha256.Size]byte
}

// eventKey is the guardKey of event i of d with its content.
func (h *Handler) eventKey(d *Delivery, i int) EventKey {
	raw := &d.Events[i]
	if len(raw.Payload) == 0 && d.Request != nil { // all that is said may be in the URL
		return EventKey{h.guardKey(d, i), digest(h.scheme.signedURL(d.Request), d.Request.Body)}
	}
	return EventKey{h.guardKey(d, i), h.scheme.content(raw.Payload)}
}

// content is the hash of a payload without its volatile members. The others count as
// they are written, in their order: what is equal in another spelling is told apart,
// which a person can look into, and never the reverse.
func (s *Scheme) content(payload []byte) (sum [sha256.Size]byte) {
	if len(s.volatile) == 0 {
		return sha256.Sum256(payload)
	}
	hash := sha256.New()
	add := func(part []byte) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		hash.Write(size[:]) // so that no two lists of parts are one text
		hash.Write(part)
	}
	err := jsonscan.Tolerant.Object(payload, func(m jsonscan.Member) {
		if !slices.Contains(s.volatile, string(m.Name)) {
			add(m.Name)
			add(m.Value)
		}
	})
	if err != nil { // a form, or a list
		return sha256.Sum256(payload)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}
