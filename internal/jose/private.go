package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// ParsePrivateKeyPEM reads a private key in PEM: PKCS #8 ("PRIVATE KEY"), PKCS
// #1 ("RSA PRIVATE KEY") or SEC 1 ("EC PRIVATE KEY"). A PEM whose line breaks
// became the two characters `\n`, as happens in environment variables, is read
// as well. The key must be one that [NewSigner] takes. Encrypted keys, and any
// other content, are errors that wrap [ErrKey] and hold nothing of the input.
func ParsePrivateKeyPEM(text string) (crypto.Signer, error) {
	for block := range pemBlocks(text) {
		key, err := privateKeyOf(block)
		if err != nil {
			return nil, err
		}
		if key == nil {
			continue // such as the "EC PARAMETERS" that OpenSSL puts in front
		}
		if _, err := NewSigner(key, "", ""); err != nil {
			return nil, err
		}
		return key, nil
	}
	return nil, fmt.Errorf("%w: no private key in PEM", ErrKey)
}

func pemBlocks(text string) func(yield func(*pem.Block) bool) {
	rest := []byte(strings.NewReplacer(`\r`, "", `\n`, "\n").Replace(text)) // PEM has no backslash of its own
	return func(yield func(*pem.Block) bool) {
		for {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil || !yield(block) {
				return
			}
		}
	}
}

func privateKeyOf(block *pem.Block) (crypto.Signer, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, fmt.Errorf("%w: the private key is encrypted", ErrKey)
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil
	}
	if err != nil {
		// Not wrapped: what the parsers of crypto/x509 quote is not ours to vouch for.
		return nil, fmt.Errorf("%w: the %s block does not hold a valid key", ErrKey, strings.ToLower(block.Type))
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: a private key that cannot sign", ErrKey)
	}
	return signer, nil
}

// ParsePublicKeyPEM reads a public key in PEM: PKIX ("PUBLIC KEY"), PKCS #1
// ("RSA PUBLIC KEY") or a certificate, escaped line breaks included, and returns
// it as a [Key] with the given ID and algorithm as [NewKey] does.
func ParsePublicKeyPEM(text, id string, algorithm Algorithm) (*Key, error) {
	for block := range pemBlocks(text) {
		var public crypto.PublicKey
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var cert *x509.Certificate
			if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = cert.PublicKey
			}
		default:
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: the %s block does not hold a valid key", ErrKey, strings.ToLower(block.Type))
		}
		return NewKey(id, algorithm, public)
	}
	return nil, fmt.Errorf("%w: no public key in PEM", ErrKey)
}

// ParsePrivateJWK reads a private JWK of type RSA, EC or OKP (Ed25519) and
// returns a signer with its "kid" and "alg"; without "alg" the signer uses the
// [DefaultAlgorithm]. The public part must belong to the private one. Errors
// wrap [ErrKey].
func ParsePrivateJWK(data []byte) (*Signer, error) {
	j, err := parseJWK(data)
	if err != nil {
		return nil, err
	}
	if j.d == nil || j.kty == "oct" {
		return nil, fmt.Errorf("%w: JWK: not a private key", ErrKey)
	}
	if err := j.checkUse("sign"); err != nil {
		return nil, err
	}
	key, err := j.key()
	if err != nil {
		return nil, err
	}
	private, err := j.private(key.Public())
	if err != nil {
		return nil, err
	}
	return NewSigner(private, j.algorithm, j.kid)
}

// private returns the private key to the public one.
func (j *jwk) private(public crypto.PublicKey) (crypto.Signer, error) {
	mismatch := fmt.Errorf("%w: JWK: the private part does not belong to the public one", ErrKey)
	switch p := public.(type) {
	case *rsa.PublicKey:
		if len(j.p) == 0 || len(j.q) == 0 {
			return nil, fmt.Errorf(`%w: JWK: RSA key without "p" and "q"`, ErrKey)
		}
		key := &rsa.PrivateKey{
			PublicKey: *p,
			D:         new(big.Int).SetBytes(j.d),
			Primes:    []*big.Int{new(big.Int).SetBytes(j.p), new(big.Int).SetBytes(j.q)},
		}
		if key.Validate() != nil {
			return nil, mismatch
		}
		key.Precompute()
		return key, nil
	case *ecdsa.PublicKey:
		key, err := ecdsa.ParseRawPrivateKey(p.Curve, j.d)
		if err != nil || !key.PublicKey.Equal(p) {
			return nil, mismatch
		}
		return key, nil
	case ed25519.PublicKey:
		if len(j.d) != ed25519.SeedSize {
			return nil, mismatch
		}
		key := ed25519.NewKeyFromSeed(j.d)
		if !p.Equal(key.Public()) {
			return nil, mismatch
		}
		return key, nil
	}
	return nil, mismatch
}
