package webhook

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	// The hashes that a scheme may name.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/standpipe-go/standpipe/secret"
)

// HMACConfig describes a scheme of the most common family: a message
// authentication code (RFC 2104) over the body and perhaps some headers. Every
// HMAC provider of this package is such a description.
type HMACConfig struct {
	// Provider is the sender's name in lower case, for receipts and errors.
	// Required.
	Provider string
	// Scheme is the scheme's name in receipts; empty: "hmac-" and the hash's
	// name.
	Scheme string
	// Hash is crypto.SHA256 if zero, or crypto.SHA1, crypto.SHA384,
	// crypto.SHA512.
	Hash crypto.Hash
	// Key says how a secret's text stands for the key: as it is, if zero.
	Key KeyFormat
	Layout
}

// HMAC returns the scheme that cfg describes, for a service that this package
// does not list. An event's identifier and type come from headers that cfg names, or
// from the body by [WithSplit]. Other options: [WithTolerance] (if a timestamp is
// signed), [WithClock], [WithMaxBody].
func HMAC(cfg HMACConfig, secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(hmacSpec{HMACConfig: cfg, traits: described()}, secrets, opts)
}

// hmacSpec is an HMACConfig and what the package's own providers need beyond it.
type hmacSpec struct {
	HMACConfig
	traits
	families []headerFamily // beside the one in Layout
	wrong    wrongKinds
	// checkSecret refuses a secret by its text.
	checkSecret func(text string) error
	// admit refuses a delivery by its form before any cryptography.
	admit func(r *Request) error
}

func newHMAC(spec hmacSpec, secrets secret.Source, opts []Option) (*Scheme, error) {
	core, err := newHMACCore(spec)
	if err != nil {
		return nil, configError(spec.Provider, err)
	}
	s, cfg, err := newScheme(spec.Provider, spec.traits.stamped(core.template.has[timestampPiece]), opts)
	if err != nil {
		return nil, err
	}
	if cfg.rawSecret {
		spec.Key, spec.checkSecret = RawKey, nil
	}
	if err := core.setKeys(spec, secrets); err != nil {
		return nil, configError(spec.Provider, err)
	}
	core.tolerance = cfg.tolerance
	s.verify = core.verify
	s.describedBy(&core.reader)
	return s, nil
}

// hmacCore verifies one hmacSpec.
type hmacCore struct {
	reader
	scheme    string
	hash      crypto.Hash
	admit     func(r *Request) error
	ring      *keyring[*macKey]
	tolerance time.Duration
}

// newHMACCore returns a core that still wants keys.
func newHMACCore(spec hmacSpec) (*hmacCore, error) {
	if spec.Provider == "" {
		return nil, errors.New("no provider named")
	}
	h := cmp.Or(spec.Hash, crypto.SHA256)
	switch h {
	case crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return nil, fmt.Errorf("hash %d is not one of SHA-1, SHA-256, SHA-384 and SHA-512", h)
	}
	var err error
	c := &hmacCore{hash: h, admit: spec.admit}
	c.scheme = cmp.Or(spec.Scheme, "hmac-"+strings.ReplaceAll(strings.ToLower(h.String()), "-", ""))
	if c.reader, err = newReader(spec.Layout, spec.families, spec.untrusted); err != nil {
		return nil, err
	}
	c.encodedLen = spec.Encoding.encodedLen(h.Size())
	return c, nil
}

// setKeys gives the core the keys of a source, as spec reads them.
func (c *hmacCore) setKeys(spec hmacSpec, secrets secret.Source) (err error) {
	c.ring, err = newKeyring(secrets, func(text string) (*macKey, error) {
		if err := spec.wrong.check(text); err != nil {
			return nil, err
		}
		if spec.checkSecret != nil {
			if err := spec.checkSecret(text); err != nil {
				return nil, err
			}
		}
		key, err := spec.Key.decode(text)
		if err != nil {
			return nil, err
		}
		return newMACKey(c.hash.New, key), nil
	})
	return err
}

func (c *hmacCore) verify(ctx context.Context, r *Request, now time.Time) (Receipt, error) {
	var (
		sigs candidates
		m    metadata
	)
	fam, err := c.read(r, &sigs, &m)
	if err != nil {
		return Receipt{}, err
	}
	if c.admit != nil {
		if err := c.admit(r); err != nil {
			return Receipt{}, err
		}
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return Receipt{}, err
	}
	wellFormed := false
	for i, key := range keys {
		match, ok := key.matches(&c.template, &m, r.Body, &sigs, c.Encoding)
		if match {
			return c.receipt(r, &m, c.scheme, i, now, c.tolerance)
		}
		wellFormed = wellFormed || ok
	}
	return Receipt{}, noMatch(&sigs, wellFormed, fam)
}

// receipt is written once the signature is known to be right. The time is checked
// only here, so that a stale or future timestamp is known to be the sender's.
func (r *reader) receipt(req *Request, m *metadata, scheme string, key int, now time.Time, tolerance time.Duration) (Receipt, error) {
	rec := Receipt{
		Scheme: scheme, KeyID: keyID(key),
		EventID: m.id, EventIDSigned: r.template.has[idPiece],
		EventType: m.typ, EventTypeSigned: r.template.has[typePiece],
		Untrusted: delivered(req.Header, r.untrusted),
	}
	if r.template.has[timestampPiece] {
		rec.SignedAt = m.at
		if err := within(rec.SignedAt, now, tolerance); err != nil {
			return Receipt{}, err
		}
	}
	return rec, nil
}
