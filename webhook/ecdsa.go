package webhook

import (
	"cmp"
	"crypto"

	"github.com/standpipe-go/standpipe/secret"
)

// ECDSAConfig describes a scheme that signs with ECDSA (FIPS 186-5), the
// signature in ASN.1 form.
type ECDSAConfig struct {
	// Provider is the sender's name in lower case, for receipts and errors.
	// Required.
	Provider string
	// Scheme is the scheme's name in receipts; empty: "ecdsa".
	Scheme string
	// Hash is crypto.SHA256 if zero, or crypto.SHA384, crypto.SHA512.
	Hash crypto.Hash
	Layout
}

// ECDSA returns the scheme that cfg describes, for a service that this package
// does not list. The source yields public keys as SubjectPublicKeyInfo, in PEM or
// as base64 of the DER form. Options: [WithSplit], [WithTolerance] (if a timestamp is
// signed), [WithClock], [WithMaxBody].
//
// An ECDSA signature can be changed into another valid one by anyone: never use
// it to recognise a delivery that was seen before.
func ECDSA(cfg ECDSAConfig, publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	h, err := digestHash(cfg.Hash)
	if err != nil {
		return nil, configError(cfg.Provider, err)
	}
	return newAsymmetric(asymmetricSpec{
		provider: cfg.Provider,
		scheme:   cmp.Or(cfg.Scheme, "ecdsa"),
		layout:   cfg.Layout,
		traits:   described(),
		parse:    func(text string) (publicKey, error) { return parseECDSA(h, text) },
	}, publicKeys, opts)
}
