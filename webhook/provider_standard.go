package webhook

import (
	"crypto/ed25519"
	"errors"
	"strings"

	"github.com/standpipe-go/standpipe/secret"
)

// StandardWebhooks verifies senders that follow the Standard Webhooks
// specification 1.0.0 with a symmetric key: "v1," and the base64 HMAC-SHA256 of
// "{id}.{timestamp}.{body}", in the headers webhook-id, webhook-timestamp and
// webhook-signature. Secrets are base64 of at least 24 bytes, with or without the
// prefix "whsec_"; see [WithRawSecret] for senders that use the text itself. Options:
// [WithTolerance] (5 minutes), [WithClock], [WithMaxBody], [WithRawSecret].
//
// Stricter than the reference libraries for Go: those split a signature at every
// comma, so that "v1,<signature>,x" verifies, and print the timestamp anew before
// signing, so that "+1614265330" does. Both are forms no sender makes. An
// identifier with a dot is refused, since the specification forbids it: the dot
// delimits it.
func StandardWebhooks(secrets secret.Source, opts ...Option) (*Scheme, error) {
	return newHMAC(standardSpec("standard-webhooks"), secrets, opts)
}

// StandardWebhooksEd25519 verifies senders that follow the Standard Webhooks
// specification 1.0.0 with a key pair: "v1a," and the base64 Ed25519 signature.
// The source yields public keys with the prefix "whpk_". Signatures of the kind
// "v1" in the same header never count, even when keyed with the public key's
// bytes. Options: [WithTolerance] (5 minutes), [WithClock], [WithMaxBody].
func StandardWebhooksEd25519(publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	spec := standardSpec("standard-webhooks")
	layout := spec.Layout
	layout.Fields = &Fields{Separator: " ", Assign: ",", Signature: "v1a", bare: true}
	spec.uses = nil
	return newAsymmetric(asymmetricSpec{
		provider: spec.Provider, scheme: "v1a", layout: layout, traits: spec.traits,
		parse:      parseStandardPublicKey,
		encodedLen: Base64.encodedLen(ed25519.SignatureSize),
	}, publicKeys, opts)
}

func parseStandardPublicKey(text string) (publicKey, error) {
	rest, ok := strings.CutPrefix(text, "whpk_")
	if !ok {
		return nil, errors.New("a public key begins with whpk_")
	}
	key, err := decodeBase64(rest)
	if err != nil {
		return nil, err
	}
	if len(key) != ed25519.PublicKeySize {
		return nil, errors.New("an Ed25519 public key has 32 bytes")
	}
	return ed25519Key{key: key}, nil
}

// standardSpec is the symmetric scheme under the specification's own header
// names.
func standardSpec(provider string) hmacSpec {
	return hmacSpec{
		HMACConfig: HMACConfig{
			Provider: provider, Scheme: "v1", Key: StandardKey,
			Layout: Layout{
				SignatureHeader: "Webhook-Signature",
				TimestampHeader: "Webhook-Timestamp",
				IDHeader:        "Webhook-Id",
				Encoding:        Base64,
				Fields:          &Fields{Separator: " ", Assign: ",", Signature: "v1", bare: true},
				Signed:          "{id}.{timestamp}.{body}",
			},
		},
		traits: traits{
			uses: []string{"WithRawSecret"}, split: splitLoose[standardEnvelope], akin: []string{"standard-webhooks"},
			objects: objectRule{
				path: []string{"data"}, typ: "type",
				members: []string{"id", "object", "type", "timestamp", "created_at", "instance_id", "event_attributes"},
			},
		},
		wrong: wrongKinds{"whpk_": "a public key", "whsk_": "a private key"},
	}
}

type standardEnvelope struct {
	Type jsonText `json:"type"`
	Time jsonTime `json:"timestamp"`
}

func (e standardEnvelope) event() Raw { return Raw{Type: string(e.Type), Time: e.Time.Time} }
