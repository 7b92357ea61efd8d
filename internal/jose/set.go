package jose

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// Set is a set of keys of one issuer. The zero Set is empty.
type Set struct {
	keys []*Key
	byID map[string][]*Key
	left []error
}

// NewSet returns the set of the given keys. Public keys and secrets in one set
// are an error that wraps [ErrKey]: an issuer uses either, and mixing them is
// how algorithms get confused. A nil key is an error as well.
func NewSet(keys ...*Key) (*Set, error) {
	s := &Set{byID: make(map[string][]*Key, len(keys))}
	for _, k := range keys {
		if k == nil {
			return nil, fmt.Errorf("%w: nil key", ErrKey)
		}
		if (k.secret != nil) != (keys[0].secret != nil) {
			return nil, fmt.Errorf("%w: public keys and secrets in one set", ErrKey)
		}
		s.add(k)
	}
	return s, nil
}

func (s *Set) add(k *Key) {
	for _, other := range s.byID[k.id] {
		if k.equal(other) {
			return
		}
	}
	s.keys = append(s.keys, k)
	s.byID[k.id] = append(s.byID[k.id], k)
}

// ParseSet reads a JWK set (RFC 7517 section 5). A key that [ParseKey] refuses,
// and any secret, is left out and noted in [Set.LeftOut]: whatever is odd about one
// key concerns that key alone. A document that is not a JWK set is an error that
// wraps [ErrKey].
func ParseSet(data []byte) (*Set, error) {
	var keys []byte
	err := strictjson.LooseObject(data, func(name string, value []byte) error {
		if name != "keys" {
			return nil
		}
		if keys != nil {
			return strictjson.ErrDuplicate
		}
		keys = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: JWK set: %w", ErrKey, err)
	}
	if keys == nil {
		return nil, fmt.Errorf(`%w: JWK set: no "keys"`, ErrKey)
	}
	elements, err := strictjson.LooseArray(keys)
	if err != nil {
		return nil, fmt.Errorf(`%w: JWK set: "keys": %w`, ErrKey, err)
	}
	s := &Set{byID: make(map[string][]*Key, len(elements))}
	for i, e := range elements {
		k, err := ParseKey(e)
		if err == nil && k.secret != nil {
			err = fmt.Errorf("%w: a secret in a public key set", ErrKey)
		}
		if err != nil {
			s.left = append(s.left, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		s.add(k)
	}
	return s, nil
}

// ParseCertificates reads a JSON object that maps key IDs to X.509 certificates
// in PEM, the form in which Google publishes Firebase's keys. The certificates
// are taken as containers of keys: trust comes from where the document was
// fetched. One that cannot be used is left out and noted in [Set.LeftOut].
func ParseCertificates(data []byte) (*Set, error) {
	s := &Set{byID: map[string][]*Key{}}
	i := 0
	err := strictjson.LooseObject(data, func(name string, value []byte) error {
		k, err := certificateKey(name, value)
		if err != nil {
			s.left = append(s.left, fmt.Errorf("certificate %d: %w", i, err))
		} else {
			s.add(k)
		}
		i++
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: certificate map: %w", ErrKey, err)
	}
	return s, nil
}

func certificateKey(id string, value []byte) (*Key, error) {
	if err := strictjson.Check(value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	text, _ := strictjson.String(value)
	block, _ := pem.Decode([]byte(text))
	if id == "" || block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: no key ID, or not a certificate in PEM", ErrKey)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrKey, err)
	}
	return NewKey(id, "", cert.PublicKey)
}

// Keys returns the keys of the set. Callers must not modify the slice.
func (s *Set) Keys() []*Key { return s.keys }

// LeftOut returns why keys of a parsed document are not in the set, for logs.
func (s *Set) LeftOut() []error { return s.left }

// MarshalJSON returns the set as a public JWK set.
func (s *Set) MarshalJSON() ([]byte, error) {
	keys := s.keys
	if keys == nil {
		keys = []*Key{}
	}
	return json.Marshal(struct {
		Keys []*Key `json:"keys"`
	}{keys})
}

// Find returns the key for a token with header h.
//
// A "kid" is looked up as it is. Where a set has several keys of that ID, the
// one that suits the algorithm is taken if it is the only such one. A token
// without "kid", or a set whose only key has no ID, needs the set to have one
// key. Errors wrap [ErrUnknownKey]; when the ID is known but its key cannot be
// used with the algorithm they wrap [ErrAlgorithm] instead, so that nobody
// fetches the set again for it.
func (s *Set) Find(h Header) (*Key, error) {
	var candidates []*Key
	switch {
	case len(s.keys) == 1 && (h.KeyID == "" || s.keys[0].id == ""):
		candidates = s.keys
	case h.KeyID == "":
		return nil, fmt.Errorf(`%w: no "kid", and not exactly one key`, ErrUnknownKey)
	default:
		candidates = s.byID[h.KeyID]
		if len(candidates) == 0 {
			return nil, ErrUnknownKey
		}
	}
	var found *Key
	for _, k := range candidates {
		if !k.Suits(h.Algorithm) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: several keys of this ID", ErrAlgorithm)
		}
		found = k
	}
	if found == nil {
		return nil, fmt.Errorf("%w: does not belong to the key", ErrAlgorithm)
	}
	return found, nil
}
