package webhook

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"errors"
	"sync"

	"github.com/standpipe-go/standpipe/secret"
)

// RSAConfig describes a scheme that signs with RSA (RFC 8017).
type RSAConfig struct {
	// Provider is the sender's name in lower case, for receipts and errors.
	// Required.
	Provider string
	// Scheme is the scheme's name in receipts; empty: "rsa", or "rsa-pss".
	Scheme string
	// Hash is crypto.SHA256 if zero, or crypto.SHA384, crypto.SHA512.
	Hash crypto.Hash
	// PSS is set where signatures are of the form RSASSA-PSS, with any length of salt;
	// otherwise they are RSASSA-PKCS1-v1_5.
	PSS bool
	Layout
}

// RSA returns the scheme that cfg describes, for a service that this package does
// not list. The source yields public keys of at least 2048 bits as
// SubjectPublicKeyInfo, in PEM or as base64 of the DER form. Options: [WithSplit],
// [WithTolerance] (if a timestamp is signed), [WithClock], [WithMaxBody].
func RSA(cfg RSAConfig, publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	h, err := digestHash(cfg.Hash)
	if err != nil {
		return nil, configError(cfg.Provider, err)
	}
	name := "rsa"
	if cfg.PSS {
		name = "rsa-pss"
	}
	return newAsymmetric(asymmetricSpec{
		provider: cfg.Provider,
		scheme:   cmp.Or(cfg.Scheme, name),
		layout:   cfg.Layout,
		traits:   described(),
		parse:    func(text string) (publicKey, error) { return parseRSA(h, cfg.PSS, text) },
	}, publicKeys, opts)
}

// digestHash returns the hash of an asymmetric scheme, SHA-256 for zero.
func digestHash(h crypto.Hash) (crypto.Hash, error) {
	switch h {
	case 0:
		return crypto.SHA256, nil
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		return h, nil
	}
	return 0, errors.New("the hash is not one of SHA-256, SHA-384 and SHA-512")
}

type rsaKey struct {
	key  *rsa.PublicKey
	hash crypto.Hash
	pss  bool
	pool *sync.Pool // of *digestState
}

func parseRSA(h crypto.Hash, pss bool, text string) (publicKey, error) {
	parsed, err := parseSPKI(text)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, errors.New("not an RSA key")
	case key.N.BitLen() < minRSABits:
		return nil, errors.New("the RSA key has fewer than 2048 bits")
	}
	return &rsaKey{key: key, hash: h, pss: pss, pool: digestPool(h)}, nil
}

func (k *rsaKey) verifies(t *template, m *metadata, body []byte, enc Encoding, text string) (match, wellFormed bool) {
	if len(text) != enc.encodedLen(k.key.Size()) {
		return false, false
	}
	sig := make([]byte, len(text))
	n, ok := enc.decodeAny(sig, []byte(text))
	if !ok || n != k.key.Size() {
		return false, false
	}
	s := k.pool.Get().(*digestState)
	defer k.pool.Put(s)
	digest := s.digest(t, m, body)
	if k.pss {
		return rsa.VerifyPSS(k.key, k.hash, digest, sig[:n], nil) == nil, true
	}
	return rsa.VerifyPKCS1v15(k.key, k.hash, digest, sig[:n]) == nil, true
}
