package inbox

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/standpipe-go/standpipe/webhook"
)

// Identifiers are chosen by senders, so the tables know them by hashes of one size.

// identity is what makes two events the same one; nil for an event without an
// identifier, which is the same as no other.
func identity(k webhook.GuardKey) []byte {
	switch {
	case k.ID == "":
		return nil
	case k.IDSigned:
		return hashed("signed", k.Endpoint, k.ID, nil, k.Index)
	}
	return hashed("unsigned", k.Endpoint, k.ID, k.Body[:], k.Index)
}

// quarantined is the identity of an event that has another's identifier and says
// something else, so that its copies are one row.
func quarantined(identity []byte, content [sha256.Size]byte) []byte {
	return hashed("quarantined", string(identity), "", content[:], 0)
}

// marks are what an event without a signed identifier is recognised by in another guise:
// its content, and its identifier. Either may be nil.
func marks(k webhook.GuardKey) (body, id []byte) {
	if k.ID != "" && k.IDSigned {
		return nil, nil
	}
	if !k.Empty {
		body = hashed("body", k.Endpoint, "", k.Body[:], k.Index)
	}
	if k.ID != "" {
		id = hashed("id", k.Endpoint, k.ID, nil, k.Index)
	}
	return body, id
}

// contentOf is what an event says; without a signed identifier that is what it is known
// by.
func contentOf(k webhook.EventKey) [sha256.Size]byte {
	if k.IDSigned {
		return k.Content
	}
	return k.Body
}

// orderKey is nil for an event that need not wait for others.
func orderKey(endpoint, key string) []byte {
	if key == "" {
		return nil
	}
	return hashed("order", endpoint, key, nil, 0)
}

func hashed(kind, endpoint, id string, body []byte, index int) []byte {
	b := make([]byte, 0, 256)
	for _, part := range []string{kind, endpoint, id} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = append(b, body...)
	b = binary.AppendVarint(b, int64(index))
	sum := sha256.Sum256(b)
	return sum[:]
}
