package webhook

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"hash"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// publicKey checks one signature of the content that a template describes.
type publicKey interface {
	// verifies reports whether the encoded signature in text is right, and
	// whether it is well formed at all.
	verifies(t *template, m *metadata, body []byte, enc Encoding, text string) (match, wellFormed bool)
}

type asymmetricSpec struct {
	provider, scheme string
	layout           Layout
	traits
	families []headerFamily
	parse    func(text string) (publicKey, error)
	// encodedLen is the length of every signature; 0: it varies.
	encodedLen int
	// admit refuses a delivery by its form before any cryptography.
	admit func(r *Request) error
}

type asymmetricCore struct {
	reader
	spec      asymmetricSpec
	ring      *keyring[publicKey]
	tolerance time.Duration
}

func newAsymmetric(spec asymmetricSpec, keys secret.Source, opts []Option) (*Scheme, error) {
	if spec.provider == "" {
		return nil, configError("", errors.New("no provider named"))
	}
	c := &asymmetricCore{spec: spec}
	var err error
	if c.reader, err = newReader(spec.layout, spec.families, spec.untrusted); err != nil {
		return nil, configError(spec.provider, err)
	}
	c.encodedLen = spec.encodedLen
	if c.ring, err = newKeyring(keys, spec.parse); err != nil {
		return nil, configError(spec.provider, err)
	}
	s, o, err := newScheme(spec.provider, spec.traits.stamped(c.template.has[timestampPiece]), opts)
	if err != nil {
		return nil, err
	}
	c.tolerance = o.tolerance
	s.verify = c.verify
	s.describedBy(&c.reader)
	return s, nil
}

func (c *asymmetricCore) verify(ctx context.Context, r *Request, now time.Time) (Receipt, error) {
	var (
		sigs candidates
		m    metadata
	)
	fam, err := c.read(r, &sigs, &m)
	if err != nil {
		return Receipt{}, err
	}
	if c.spec.admit != nil {
		if err := c.spec.admit(r); err != nil {
			return Receipt{}, err
		}
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return Receipt{}, err
	}
	wellFormed := false
	for i, key := range keys {
		for _, text := range sigs.text[:sigs.n] {
			match, ok := key.verifies(&c.template, &m, r.Body, c.Encoding, text)
			if match {
				return c.receipt(r, &m, c.spec.scheme, i, now, c.tolerance)
			}
			wellFormed = wellFormed || ok
		}
	}
	return Receipt{}, noMatch(&sigs, wellFormed, fam)
}

// ecdsaKey verifies ASN.1 signatures over a hash of the content.
type ecdsaKey struct {
	key  *ecdsa.PublicKey
	pool *sync.Pool // of *digestState
}

type digestState struct {
	h   hash.Hash
	sum [maxSignature]byte
	buf []byte
}

func digestPool(h crypto.Hash) *sync.Pool {
	return &sync.Pool{New: func() any { return &digestState{h: h.New()} }}
}

// digest is the hash of the template filled with m and body. It is the state's own.
func (s *digestState) digest(t *template, m *metadata, body []byte) []byte {
	s.h.Reset()
	s.buf = appendPieces(s.buf[:0], t.before, m)
	s.h.Write(s.buf)
	s.h.Write(body)
	s.buf = appendPieces(s.buf[:0], t.after, m)
	s.h.Write(s.buf)
	return s.h.Sum(s.sum[:0])
}

// maxASN1 is enough for a signature on P-521.
const maxASN1 = 144

func (k *ecdsaKey) verifies(t *template, m *metadata, body []byte, enc Encoding, text string) (match, wellFormed bool) {
	var src, sig [2 * maxASN1]byte
	if len(text) > len(src) {
		return false, false
	}
	n, ok := enc.decodeAny(sig[:], src[:copy(src[:], text)])
	if !ok {
		return false, false
	}
	s := k.pool.Get().(*digestState)
	defer k.pool.Put(s)
	return ecdsa.VerifyASN1(k.key, s.digest(t, m, body), sig[:n]), true
}

// parseSPKI reads a public key as DER SubjectPublicKeyInfo, in base64 or PEM.
func parseSPKI(text string) (any, error) {
	der, err := publicKeyDER(text)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("not a SubjectPublicKeyInfo")
	}
	return parsed, nil
}

func parseECDSA(h crypto.Hash, text string) (publicKey, error) {
	parsed, err := parseSPKI(text)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("not an ECDSA key")
	}
	return &ecdsaKey{key: key, pool: digestPool(h)}, nil
}

func publicKeyDER(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "-----BEGIN") {
		return decodeBase64(text)
	}
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return nil, errors.New("not PEM")
	case block.Type != "PUBLIC KEY":
		return nil, errors.New("PEM block is not a PUBLIC KEY")
	case len(rest) > 0:
		return nil, errors.New("something after the PEM block")
	}
	return block.Bytes, nil
}
