package webhook

import (
	"cmp"
	"crypto/ed25519"
	"encoding/hex"
	"errors"

	"github.com/standpipe-go/standpipe/secret"
)

// Ed25519Config describes a scheme that signs with Ed25519 (RFC 8032).
type Ed25519Config struct {
	// Provider is the sender's name in lower case, for receipts and errors.
	// Required.
	Provider string
	// Scheme is the scheme's name in receipts; empty: "ed25519".
	Scheme string
	// Key says how the 32 bytes of a public key are written, HexKey or Base64Key; if
	// zero, a key is a SubjectPublicKeyInfo, in PEM or as base64 of the DER form.
	Key KeyFormat
	Layout
}

// Ed25519 returns the scheme that cfg describes, for a service that this package
// does not list: Discord's, for one, signs "{timestamp}{body}" and shows its key in
// hex. The source yields public keys. Options: [WithSplit], [WithTolerance] (if a
// timestamp is signed), [WithClock], [WithMaxBody].
func Ed25519(cfg Ed25519Config, publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	if cfg.Key != RawKey && cfg.Key != HexKey && cfg.Key != Base64Key {
		return nil, configError(cfg.Provider, errors.New("the key's format is neither HexKey nor Base64Key"))
	}
	return newAsymmetric(asymmetricSpec{
		provider:   cfg.Provider,
		scheme:     cmp.Or(cfg.Scheme, "ed25519"),
		layout:     cfg.Layout,
		traits:     described(),
		parse:      func(text string) (publicKey, error) { return parseEd25519(cfg.Key, text) },
		encodedLen: cfg.Encoding.encodedLen(ed25519.SignatureSize),
	}, publicKeys, opts)
}

func parseEd25519(format KeyFormat, text string) (publicKey, error) {
	var raw []byte
	var err error
	switch format {
	case HexKey:
		if raw, err = hex.DecodeString(text); err != nil {
			return nil, errors.New("not base 16")
		}
	case Base64Key:
		if raw, err = decodeBase64(text); err != nil {
			return nil, err
		}
	default:
		parsed, err := parseSPKI(text)
		if err != nil {
			return nil, err
		}
		key, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("not an Ed25519 key")
		}
		return ed25519Key{key: key}, nil
	}
	if len(raw) != ed25519.PublicKeySize {
		return nil, errors.New("an Ed25519 public key has 32 bytes")
	}
	return ed25519Key{key: raw}, nil
}

// ed25519Key verifies signatures over the content itself, which has to be put
// together: Ed25519 reads it twice.
type ed25519Key struct{ key ed25519.PublicKey }

func (k ed25519Key) verifies(t *template, m *metadata, body []byte, enc Encoding, text string) (match, wellFormed bool) {
	var sig [maxSignature]byte
	if !enc.decode(&sig, text, ed25519.SignatureSize) {
		return false, false
	}
	content := make([]byte, 0, len(body)+256)
	content = appendPieces(content, t.before, m)
	content = append(content, body...)
	content = appendPieces(content, t.after, m)
	return ed25519.Verify(k.key, content, sig[:]), true
}
