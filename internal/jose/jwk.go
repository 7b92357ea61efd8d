package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// ParseKey reads one JWK (RFC 7517 section 4; RSA, EC and OKP by RFC 7518
// section 6 and RFC 8037 section 2, and "oct" where its "alg" is HS256, HS384
// or HS512). All errors wrap [ErrKey]: for a malformed key, for one whose
// "use" is not "sig" or whose "key_ops" lacks "verify", for an "alg" that this
// package does not know or that does not belong to the key, and for a private
// key, which has no place where verifiers look (see [ParsePrivateJWK]).
func ParseKey(data []byte) (*Key, error) {
	j, err := parseJWK(data)
	if err != nil {
		return nil, err
	}
	if j.d != nil {
		return nil, fmt.Errorf("%w: a private key where a public one belongs", ErrKey)
	}
	if err := j.checkUse("verify"); err != nil {
		return nil, err
	}
	return j.key()
}

// jwk holds the members of a JWK, byte strings decoded.
type jwk struct {
	kty, crv, kid, use     string
	algorithm              Algorithm
	hasAlgorithm           bool
	ops                    []string
	hasOps                 bool
	n, e, d, p, q, x, y, k []byte
}

func parseJWK(data []byte) (*jwk, error) {
	var buf [16]strictjson.Member
	members, err := strictjson.Object(data, buf[:0])
	if err != nil {
		return nil, fmt.Errorf("%w: JWK: %w", ErrKey, err)
	}
	j := new(jwk)
	for _, m := range members {
		name := string(m.Name)
		if string(m.Value) == "null" {
			continue // what a serializer writes for a member that is not there
		}
		if name == "key_ops" {
			j.hasOps = true
			if j.ops, err = stringArray(m.Value); err != nil {
				return nil, fmt.Errorf("%w: JWK: %q: %w", ErrKey, name, err)
			}
			continue
		}
		text, bytesOf := j.fields(name)
		if text == nil && bytesOf == nil {
			continue
		}
		s, ok := strictjson.String(m.Value)
		if !ok {
			return nil, fmt.Errorf("%w: JWK: %q is not a string", ErrKey, name)
		}
		if text != nil {
			*text = s
			continue
		}
		if *bytesOf, err = decodeText(s); err != nil {
			return nil, fmt.Errorf("%w: JWK: %q is not canonical base64url", ErrKey, name)
		}
	}
	if j.kty == "" {
		return nil, fmt.Errorf(`%w: JWK: no "kty"`, ErrKey)
	}
	return j, nil
}

// fields returns where the member of that name goes. The algorithm shares the
// text path through a field of its own.
func (j *jwk) fields(name string) (text *string, bytesOf *[]byte) {
	switch name {
	case "kty":
		return &j.kty, nil
	case "crv":
		return &j.crv, nil
	case "kid":
		return &j.kid, nil
	case "use":
		return &j.use, nil
	case "alg":
		j.hasAlgorithm = true
		return (*string)(&j.algorithm), nil
	case "n":
		return nil, &j.n
	case "e":
		return nil, &j.e
	case "d":
		return nil, &j.d
	case "p":
		return nil, &j.p
	case "q":
		return nil, &j.q
	case "x":
		return nil, &j.x
	case "y":
		return nil, &j.y
	case "k":
		return nil, &j.k
	}
	return nil, nil
}

// decodeText returns a slice that is not nil, also for an empty string.
func decodeText(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return strict.DecodeString(s)
}

func stringArray(value []byte) ([]string, error) {
	elements, err := strictjson.Array(value)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		s, ok := strictjson.String(e)
		if !ok {
			return nil, strictjson.ErrType
		}
		out[i] = s
	}
	return out, nil
}

func (j *jwk) checkUse(op string) error {
	if j.use != "" && j.use != "sig" {
		return fmt.Errorf(`%w: JWK: "use" is not "sig"`, ErrKey)
	}
	if j.hasOps && !slices.Contains(j.ops, op) {
		return fmt.Errorf(`%w: JWK: "key_ops" lacks %q`, ErrKey, op)
	}
	return nil
}

func (j *jwk) key() (*Key, error) {
	if j.hasAlgorithm && j.algorithm.info().family == familyUnknown {
		return nil, fmt.Errorf("%w: JWK: not for a signature algorithm of this package", ErrKey)
	}
	if j.kty == "oct" {
		return NewSecretKey(j.kid, j.algorithm, j.k)
	}
	public, err := j.public()
	if err != nil {
		return nil, err
	}
	return NewKey(j.kid, j.algorithm, public)
}

// public leaves to NewKey what concerns keys from everywhere.
func (j *jwk) public() (crypto.PublicKey, error) {
	switch j.kty {
	case "RSA":
		e := trimZeros(j.e)
		if len(e) > 4 || len(e) == 4 && e[0] > 0x7f {
			return nil, fmt.Errorf("%w: JWK: RSA exponent", ErrKey)
		}
		exponent := 0
		for _, b := range e {
			exponent = exponent<<8 | int(b)
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(j.n), E: exponent}, nil
	case "EC":
		curve := curveByName(j.crv)
		if curve == nil {
			return nil, fmt.Errorf("%w: JWK: unsupported curve", ErrKey)
		}
		// RFC 7518 section 6.2.1.2: coordinates have the full size of the field.
		size := (curve.Params().BitSize + 7) / 8
		if len(j.x) != size || len(j.y) != size {
			return nil, fmt.Errorf("%w: JWK: coordinate of the wrong size", ErrKey)
		}
		point := append(append([]byte{4}, j.x...), j.y...)
		public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
		if err != nil {
			return nil, fmt.Errorf("%w: JWK: the point is not on the curve", ErrKey)
		}
		return public, nil
	case "OKP":
		if j.crv != "Ed25519" {
			return nil, fmt.Errorf("%w: JWK: not an Ed25519 key", ErrKey)
		}
		return ed25519.PublicKey(j.x), nil
	}
	return nil, fmt.Errorf("%w: JWK: unsupported key type", ErrKey)
}

func curveByName(name string) elliptic.Curve {
	switch name {
	case "P-256":
		return elliptic.P256()
	case "P-384":
		return elliptic.P384()
	case "P-521":
		return elliptic.P521()
	}
	return nil
}

// publicJWK has its members in lexicographic order: its JSON without the last
// four is what RFC 7638 hashes.
type publicJWK struct {
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`

	Kid string    `json:"kid,omitempty"`
	Alg Algorithm `json:"alg,omitempty"`
	Use string    `json:"use,omitempty"`
}

func (k *Key) required() (publicJWK, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	switch p := k.public.(type) {
	case *rsa.PublicKey:
		e := trimZeros([]byte{byte(p.E >> 24), byte(p.E >> 16), byte(p.E >> 8), byte(p.E)})
		return publicJWK{Kty: "RSA", N: b64(p.N.Bytes()), E: b64(e)}, nil
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil {
			return publicJWK{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
		size := (len(point) - 1) / 2
		return publicJWK{Kty: "EC", Crv: p.Curve.Params().Name, X: b64(point[1 : 1+size]), Y: b64(point[1+size:])}, nil
	case ed25519.PublicKey:
		return publicJWK{Kty: "OKP", Crv: "Ed25519", X: b64(p)}, nil
	}
	return publicJWK{}, fmt.Errorf("%w: a secret has no public form", ErrKey)
}

// MarshalJSON returns the key as a public JWK with "kid" and "alg" where they are
// known and "use": "sig". A secret cannot be marshalled.
func (k *Key) MarshalJSON() ([]byte, error) {
	j, err := k.required()
	if err != nil {
		return nil, err
	}
	j.Kid, j.Alg, j.Use = k.id, k.algorithm, "sig"
	return json.Marshal(j)
}

// BareJWK returns only the members that RFC 7638 section 3.2 requires, in its
// order and form: what a DPoP proof embeds as "jwk" (RFC 9449 section 4.2).
func (k *Key) BareJWK() (json.RawMessage, error) {
	j, err := k.required()
	if err != nil {
		return nil, err
	}
	return json.Marshal(j)
}

// Thumbprint returns the SHA-256 thumbprint of RFC 7638 in base64url. A secret
// has none.
func (k *Key) Thumbprint() (string, error) {
	bare, err := k.BareJWK()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(bare)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
