package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms below
	_ "crypto/sha512"
)

// Algorithm is a signature algorithm by its name in the IANA registry "JSON Web
// Signature and Encryption Algorithms" (RFC 7518 section 3.1, RFC 8037 section
// 3.1). The zero value names none.
type Algorithm string

// The algorithms of this package.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	// EdDSA is Ed25519. RFC 9864 names the same thing "Ed25519": a header or a
	// key may use either name.
	EdDSA Algorithm = "EdDSA"
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
)

// Ed25519 is the name of RFC 9864 for what [EdDSA] names in practice. The two
// are equal wherever this package compares algorithms.
const Ed25519 Algorithm = "Ed25519"

// Asymmetric returns the algorithms that verify with a public key: what an
// issuer may be expected to use when nothing more is known about it.
func Asymmetric() []Algorithm {
	return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA}
}

// IsAsymmetric reports whether a is one of [Asymmetric], by either name of Ed25519.
func IsAsymmetric(a Algorithm) bool {
	f := a.info().family
	return f != familyUnknown && f != familyHMAC
}

type family uint8

const (
	familyUnknown family = iota
	familyRSA
	familyPSS
	familyECDSA
	familyEd25519
	familyHMAC
)

type algorithmInfo struct {
	family family
	hash   crypto.Hash
}

func (a Algorithm) info() algorithmInfo {
	switch a {
	case RS256:
		return algorithmInfo{familyRSA, crypto.SHA256}
	case RS384:
		return algorithmInfo{familyRSA, crypto.SHA384}
	case RS512:
		return algorithmInfo{familyRSA, crypto.SHA512}
	case PS256:
		return algorithmInfo{familyPSS, crypto.SHA256}
	case PS384:
		return algorithmInfo{familyPSS, crypto.SHA384}
	case PS512:
		return algorithmInfo{familyPSS, crypto.SHA512}
	case ES256:
		return algorithmInfo{familyECDSA, crypto.SHA256}
	case ES384:
		return algorithmInfo{familyECDSA, crypto.SHA384}
	case ES512:
		return algorithmInfo{familyECDSA, crypto.SHA512}
	case EdDSA, Ed25519:
		return algorithmInfo{familyEd25519, 0}
	case HS256:
		return algorithmInfo{familyHMAC, crypto.SHA256}
	case HS384:
		return algorithmInfo{familyHMAC, crypto.SHA384}
	case HS512:
		return algorithmInfo{familyHMAC, crypto.SHA512}
	}
	return algorithmInfo{}
}

func (a Algorithm) canonical() Algorithm {
	if a == Ed25519 {
		return EdDSA
	}
	return a
}

// algorithmByName returns the canonical algorithm of that name, and "" for one
// that is unknown, "none" among them.
func algorithmByName(name string) Algorithm {
	a := Algorithm(name).canonical()
	if a.info().family == familyUnknown {
		return ""
	}
	return a
}

// fits reports whether a key of this kind can be used with the algorithm. The
// curve belongs to the algorithm (RFC 7518 section 3.4).
func (a Algorithm) fits(public crypto.PublicKey) bool {
	f := a.info().family
	switch k := public.(type) {
	case *rsa.PublicKey:
		return f == familyRSA || f == familyPSS
	case *ecdsa.PublicKey:
		return f == familyECDSA && k != nil && k.Curve == a.curve()
	case ed25519.PublicKey:
		return f == familyEd25519
	}
	return false
}

func (a Algorithm) curve() elliptic.Curve {
	switch a {
	case ES256:
		return elliptic.P256()
	case ES384:
		return elliptic.P384()
	case ES512:
		return elliptic.P521()
	}
	return nil
}

// DefaultAlgorithm returns the algorithm that a key of this kind signs with
// when nothing else is said: RS256, the ES algorithm of the curve, or EdDSA;
// "" for any other kind.
func DefaultAlgorithm(public crypto.PublicKey) Algorithm {
	for _, a := range []Algorithm{RS256, ES256, ES384, ES512, EdDSA} {
		if a.fits(public) {
			return a
		}
	}
	return ""
}
