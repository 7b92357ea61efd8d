package oauthflow

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/secret"
)

// SigningKey is a private key with its key ID and algorithm. It is immutable,
// safe for concurrent use, and prints without key material.
type SigningKey struct{ signer *jose.Signer }

// NewSigningKey returns a key that signs with an RSA key of at least 2048 bits,
// an ECDSA key on P-256, P-384 or P-521, an Ed25519 key, or anything that signs
// for one, such as a key in a KMS. The algorithm is a name of RFC 7518 or RFC
// 8037; empty means RS256, the ES algorithm of the curve, or EdDSA. The keyID
// is what the authorization server knows the key by, empty for none.
func NewSigningKey(key crypto.Signer, algorithm, keyID string) (*SigningKey, error) {
	k, err := newSigningKey(key, algorithm, keyID)
	if err != nil {
		return nil, fmt.Errorf("oauthflow: signing key: %w", err)
	}
	return k, nil
}

func newSigningKey(key crypto.Signer, algorithm, keyID string) (*SigningKey, error) {
	s, err := jose.NewSigner(key, jose.Algorithm(algorithm), keyID)
	if err != nil {
		return nil, err
	}
	return &SigningKey{s}, nil
}

// SigningKey implements [KeySource].
func (k *SigningKey) SigningKey(context.Context) (*SigningKey, error) {
	if k == nil || k.signer == nil {
		return nil, errors.New("the signing key is missing")
	}
	return k, nil
}

// String names the key without showing it.
func (k *SigningKey) String() string {
	if k == nil || k.signer == nil {
		return "no signing key"
	}
	return k.signer.String()
}

func (k *SigningKey) GoString() string { return k.String() }

// KeySource yields the key to sign with now. [*SigningKey] is one, [KeyFrom]
// another.
type KeySource interface {
	SigningKey(ctx context.Context) (*SigningKey, error)
}

// KeyFrom reads the key from the newest secret of src: a private key in PEM
// (PKCS #8, PKCS #1, SEC 1; line breaks may be escaped), or a private JWK,
// whose own "alg" and "kid" then hold. A key that is rotated in src is picked
// up at the next use. The keyID is for PEM, which has none.
func KeyFrom(src secret.Source, keyID string) KeySource {
	return &keyFrom{src: src, parse: func(text string) (*SigningKey, error) { return parseSigningKey(text, keyID) }}
}

// firstReadLimit bounds the reading of a key at construction.
const firstReadLimit = 30 * time.Second

type keyFrom struct {
	src   secret.Source
	parse func(text string) (*SigningKey, error)

	mu   sync.Mutex
	text secret.Value
	key  *SigningKey
}

func (k *keyFrom) SigningKey(ctx context.Context) (*SigningKey, error) {
	text, err := secret.Current(ctx, k.src)
	if err != nil {
		return nil, fmt.Errorf("the signing key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key != nil && k.text.Equal(text) {
		return k.key, nil
	}
	key, err := k.parse(text.Reveal())
	if err != nil {
		return nil, fmt.Errorf("the signing key: %w", err)
	}
	k.text, k.key = text, key
	return key, nil
}

func (k *keyFrom) Check() error {
	if err := secret.Check(k.src); err != nil {
		return fmt.Errorf("the signing key: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), firstReadLimit)
	defer cancel()
	_, err := k.SigningKey(ctx)
	return err
}

func parseSigningKey(text, keyID string) (*SigningKey, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		key, err := jose.ParsePrivateKeyPEM(text)
		if err != nil {
			return nil, err
		}
		return newSigningKey(key, "", keyID)
	}
	s, err := jose.ParsePrivateJWK([]byte(text))
	if err != nil {
		return nil, err
	}
	return &SigningKey{s}, nil
}

// checkKeySource reports what can be known of a key source at construction.
func checkKeySource(src KeySource) error {
	if c, ok := src.(secret.Checker); ok {
		return c.Check()
	}
	if k, ok := src.(*SigningKey); ok {
		_, err := k.SigningKey(context.Background())
		return err
	}
	return nil
}
