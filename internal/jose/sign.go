package jose

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// Signer makes compact JWSs with one key and one algorithm. It is immutable, and
// safe for concurrent use if the crypto.Signer in it is, as those of the
// standard library are. Its printed form shows no key material.
type Signer struct {
	algorithm Algorithm
	key       crypto.Signer // nil for a secret
	verifier  *Key
}

// NewSigner returns a signer for a private key of RSA (at least 2048 bits),
// ECDSA (P-256, P-384, P-521) or Ed25519, or for anything that signs for one,
// such as a key in a KMS. An algorithm of "" means the [DefaultAlgorithm] of
// the key. A keyID of "" leaves "kid" out of the header. Errors wrap [ErrKey].
func NewSigner(key crypto.Signer, algorithm Algorithm, keyID string) (*Signer, error) {
	if key == nil {
		return nil, fmt.Errorf("%w: no key", ErrKey)
	}
	if algorithm == "" {
		algorithm = DefaultAlgorithm(key.Public())
	}
	verifier, err := NewKey(keyID, algorithm, key.Public())
	if err != nil {
		return nil, err
	}
	return &Signer{algorithm: algorithm.canonical(), key: key, verifier: verifier}, nil
}

// NewSecretSigner returns a signer for HS256, HS384 or HS512, with the rules of
// [NewSecretKey].
func NewSecretSigner(secret []byte, algorithm Algorithm, keyID string) (*Signer, error) {
	verifier, err := NewSecretKey(keyID, algorithm, secret)
	if err != nil {
		return nil, err
	}
	return &Signer{algorithm: algorithm, verifier: verifier}, nil
}

// Algorithm returns the algorithm that the signer uses.
func (s *Signer) Algorithm() Algorithm { return s.algorithm }

// KeyID returns the "kid" that the signer sets, "" for none.
func (s *Signer) KeyID() string { return s.verifier.id }

// PublicKey returns the key that verifies what the signer makes. For a secret
// it is the secret, which has no public form.
func (s *Signer) PublicKey() *Key { return s.verifier }

// String names the signer by algorithm and key ID.
func (s *Signer) String() string { return fmt.Sprintf("%s signer, key %q", s.algorithm, s.KeyID()) }

// GoString is String.
func (s *Signer) GoString() string { return s.String() }

// Sign makes a token of payload, commonly a claims set as JSON. The protected
// header holds "alg", "kid" if there is one, and the further fields, such as
// "typ"; values in fields are marshalled as encoding/json does it (a
// json.RawMessage stands as it is). A field that the signer sets itself, or
// that a verifier must refuse ("crit", "b64", "zip"), is an error.
func (s *Signer) Sign(fields map[string]any, payload []byte) (string, error) {
	header := make(map[string]any, len(fields)+2)
	maps.Copy(header, fields)
	for _, name := range []string{"alg", "kid", "crit", "b64", "zip"} {
		if _, ok := header[name]; ok {
			return "", fmt.Errorf("sign token: header field %q is not the caller's to set", name)
		}
	}
	header["alg"] = s.algorithm
	if id := s.KeyID(); id != "" {
		header["kid"] = id
	}
	data, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("sign token: header: %w", err)
	}
	if err := strictjson.Check(data); err != nil {
		return "", fmt.Errorf("sign token: header: %w", err)
	}
	return s.SignBytes(data, payload)
}

// SignClaims is [Signer.Sign] with claims marshalled by encoding/json.
func (s *Signer) SignClaims(fields map[string]any, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign token: claims: %w", err)
	}
	return s.Sign(fields, payload)
}

// SignBytes makes a token of exactly these bytes, whatever they say: for tests
// of verifiers. Everyone else calls [Signer.Sign].
func (s *Signer) SignBytes(header, payload []byte) (string, error) {
	b64 := base64.RawURLEncoding
	buf := make([]byte, 0, b64.EncodedLen(len(header))+b64.EncodedLen(len(payload))+2+b64.EncodedLen(512))
	buf = b64.AppendEncode(buf, header)
	buf = append(buf, '.')
	buf = b64.AppendEncode(buf, payload)
	signature, err := s.sign(buf)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	buf = append(buf, '.')
	return string(b64.AppendEncode(buf, signature)), nil
}

func (s *Signer) sign(input []byte) ([]byte, error) {
	info := s.algorithm.info()
	switch info.family {
	case familyHMAC:
		mac := hmac.New(info.hash.New, s.verifier.secret)
		mac.Write(input)
		return mac.Sum(nil), nil
	case familyEd25519:
		return s.key.Sign(rand.Reader, input, crypto.Hash(0))
	case familyPSS:
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: info.hash}
		return s.key.Sign(rand.Reader, digest(info.hash, input), opts)
	case familyECDSA:
		der, err := s.key.Sign(rand.Reader, digest(info.hash, input), info.hash)
		if err != nil {
			return nil, err
		}
		return fixedSignature(der, (s.algorithm.curve().Params().BitSize+7)/8)
	default:
		return s.key.Sign(rand.Reader, digest(info.hash, input), info.hash)
	}
}

// fixedSignature turns the DER form that crypto.Signer gives into the one of RFC
// 7518 section 3.4: both integers at the full size of the curve's order.
func fixedSignature(der []byte, size int) ([]byte, error) {
	var parsed struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &parsed)
	if err != nil || len(rest) != 0 || parsed.R.Sign() <= 0 || parsed.S.Sign() <= 0 ||
		parsed.R.BitLen() > 8*size || parsed.S.BitLen() > 8*size {
		return nil, fmt.Errorf("the key made an invalid ECDSA signature")
	}
	out := make([]byte, 2*size)
	parsed.R.FillBytes(out[:size])
	parsed.S.FillBytes(out[size:])
	return out, nil
}
