package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"
	"slices"
)

// Bounds on RSA moduli, in bits. Below the lower one keys are too weak (RFC 7518
// section 3.3); above the upper one a verification costs more than it is worth.
const (
	minRSABits = 2048
	maxRSABits = 16384
)

// Key is a key that verifies signatures: a public key, or a secret for HS*.
// It is immutable. Its printed form shows no key material.
type Key struct {
	id        string
	algorithm Algorithm // "" when the key is bound to none
	public    crypto.PublicKey
	secret    []byte
}

// NewKey returns a key of a *rsa.PublicKey, *ecdsa.PublicKey (P-256, P-384,
// P-521) or ed25519.PublicKey. An id of "" means that the key has none. An
// algorithm of "" means any that suits the key. Errors wrap [ErrKey].
func NewKey(id string, algorithm Algorithm, public crypto.PublicKey) (*Key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(k); err != nil {
			return nil, err
		}
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 a key without a point can be told by nothing else, and Bytes panics
		if k == nil || k.X == nil || k.Y == nil {
			return nil, fmt.Errorf("%w: no key", ErrKey)
		}
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return nil, fmt.Errorf("%w: curve other than P-256, P-384 and P-521", ErrKey)
		}
		if _, err := k.Bytes(); err != nil {
			return nil, fmt.Errorf("%w: the point is not on the curve", ErrKey)
		}
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: Ed25519 key of the wrong size", ErrKey)
		}
		public = slices.Clone(k)
	default:
		return nil, fmt.Errorf("%w: unsupported key type", ErrKey)
	}
	algorithm = algorithm.canonical()
	if algorithm != "" && !algorithm.fits(public) {
		return nil, fmt.Errorf("%w: the algorithm does not belong to the key type or curve", ErrKey)
	}
	return &Key{id: id, algorithm: algorithm, public: public}, nil
}

// NewSecretKey returns a key for one of HS256, HS384 and HS512. The secret must
// be at least as long as the hash (RFC 7518 section 3.2). Errors wrap [ErrKey].
func NewSecretKey(id string, algorithm Algorithm, secret []byte) (*Key, error) {
	info := algorithm.info()
	if info.family != familyHMAC {
		return nil, fmt.Errorf("%w: a secret needs HS256, HS384 or HS512", ErrKey)
	}
	if len(secret) < info.hash.Size() {
		return nil, fmt.Errorf("%w: the secret is shorter than the hash", ErrKey)
	}
	return &Key{id: id, algorithm: algorithm, secret: slices.Clone(secret)}, nil
}

// ID returns the key ID, "" when there is none.
func (k *Key) ID() string { return k.id }

// Algorithm returns the algorithm that the key is bound to, "" when it is bound
// to none.
func (k *Key) Algorithm() Algorithm { return k.algorithm }

// Public returns the public key, nil for a secret.
func (k *Key) Public() crypto.PublicKey { return k.public }

// String names the key by its ID and shows no key material.
func (k *Key) String() string { return fmt.Sprintf("key %q", k.id) }

// GoString is String.
func (k *Key) GoString() string { return k.String() }

// Suits reports whether the key may verify signatures of the algorithm.
func (k *Key) Suits(a Algorithm) bool {
	a = a.canonical()
	if k.algorithm != "" && k.algorithm != a {
		return false
	}
	return k.secret != nil || a.fits(k.public) // a secret is always bound to one
}

func (k *Key) equal(other *Key) bool {
	if k.algorithm != other.algorithm {
		return false
	}
	if k.secret != nil {
		return string(k.secret) == string(other.secret)
	}
	return k.public.(interface{ Equal(crypto.PublicKey) bool }).Equal(other.public)
}

func checkRSA(k *rsa.PublicKey) error {
	if k == nil || k.N == nil {
		return fmt.Errorf("%w: no key", ErrKey)
	}
	switch bits := k.N.Sign() * k.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Errorf("%w: RSA key under 2048 bits", ErrKey)
	case bits > maxRSABits:
		return fmt.Errorf("%w: RSA key over 16384 bits", ErrKey)
	case k.N.Bit(0) == 0:
		return fmt.Errorf("%w: even RSA modulus", ErrKey)
	case k.E < 3 || k.E&1 == 0:
		return fmt.Errorf("%w: RSA exponent is even or under 3", ErrKey)
	case roca(k.N):
		return fmt.Errorf("%w: RSA key from a generator with the ROCA weakness (CVE-2017-15361)", ErrKey)
	}
	return nil
}

// roca reports whether n has the fingerprint of Infineon's weak key generator:
// modulo each of these primes it is a power of 65537. A sound key passes for
// weak with a probability of about 2⁻²⁷. (Nemec et al., "The Return of
// Coppersmith's Attack", section 4.1.)
func roca(n *big.Int) bool {
	var r, m big.Int
	for _, p := range []uint64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		residue := r.Mod(n, m.SetUint64(p)).Uint64()
		power := uint64(1)
		found := false
		for range p {
			if power == residue {
				found = true
				break
			}
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}
