package webhooktest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// StandardWebhooks signs by the Standard Webhooks specification: webhook-id,
// webhook-timestamp and webhook-signature, with one "v1," signature for each
// secret. A secret is base64, with or without its prefix "whsec_".
func StandardWebhooks(secret string, rotated ...string) *Signer {
	return standard("standard-webhooks", "Webhook-", base64Keys(append([]string{secret}, rotated...)))
}

// StandardWebhooksRaw is [StandardWebhooks] with keys that are the secrets' own
// bytes, for the services that issue such.
func StandardWebhooksRaw(secret string, rotated ...string) *Signer {
	return standard("standard-webhooks", "Webhook-", rawKeys(append([]string{secret}, rotated...)))
}

// Svix signs like Svix: as [StandardWebhooks], in headers named svix-id,
// svix-timestamp and svix-signature. (A Svix server that was told to leave its
// name out sends what StandardWebhooks sends.)
func Svix(secret string, rotated ...string) *Signer {
	return standard("svix", "Svix-", base64Keys(append([]string{secret}, rotated...)))
}

// Clerk signs like Clerk, whose webhooks are sent by Svix.
func Clerk(secret string, rotated ...string) *Signer {
	return standard("clerk", "Svix-", base64Keys(append([]string{secret}, rotated...)))
}

// Resend signs like Resend, whose webhooks are sent by Svix.
func Resend(secret string, rotated ...string) *Signer {
	return standard("resend", "Svix-", base64Keys(append([]string{secret}, rotated...)))
}

// OpenAI signs like OpenAI: as [StandardWebhooks], except that a secret without
// the prefix "whsec_" is its own bytes, not base64. Source: "Webhooks",
// platform.openai.com, and the official SDKs.
func OpenAI(secret string, rotated ...string) *Signer {
	secrets := append([]string{secret}, rotated...)
	return standard("openai", "Webhook-", func(text string) ([]signature, error) {
		var all []signature
		for _, s := range secrets {
			keys := rawKeys([]string{s})
			if strings.HasPrefix(s, "whsec_") {
				keys = base64Keys([]string{s})
			}
			sigs, err := keys(text)
			if err != nil {
				return nil, err
			}
			all = append(all, sigs...)
		}
		return all, nil
	})
}

// KeyPair is a generated key in the text form that its provider uses.
type KeyPair struct {
	Private string // for the signer
	Public  string // for the verifier
}

// Ed25519Keys generates a key pair for [StandardWebhooksEd25519], written as
// "whsk_" and "whpk_" with base64.
func Ed25519Keys() KeyPair {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return KeyPair{
		Private: "whsk_" + base64.StdEncoding.EncodeToString(priv),
		Public:  "whpk_" + base64.StdEncoding.EncodeToString(pub),
	}
}

// StandardWebhooksEd25519 signs by the asymmetric half of the Standard Webhooks
// specification, "v1a". A private key is the base64 of its 64 bytes (seed and
// public key) or of its 32-byte seed, with or without the prefix "whsk_".
func StandardWebhooksEd25519(privateKey string, rotated ...string) *Signer {
	keys := append([]string{privateKey}, rotated...)
	return standard("standard-webhooks", "Webhook-", func(text string) ([]signature, error) {
		var all []signature
		for _, k := range keys {
			key, err := parseEd25519(k)
			if err != nil {
				return nil, err
			}
			all = append(all, signature{"v1a", ed25519.Sign(key, []byte(text))})
		}
		return all, nil
	})
}

// parseEd25519 reads a private key as [StandardWebhooksEd25519] takes it.
func parseEd25519(text string) (ed25519.PrivateKey, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsk_"))
	if err != nil {
		return nil, errors.New("the private key is not base64")
	}
	switch len(raw) {
	case ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(raw), nil
	case ed25519.PrivateKeySize:
		return raw, nil
	}
	return nil, fmt.Errorf("an ed25519 private key has %d or %d bytes, not %d", ed25519.SeedSize, ed25519.PrivateKeySize, len(raw))
}

type signature struct {
	version string
	bytes   []byte
}

// standard does what the whole family has in common: the text that is signed
// and the three headers.
func standard(provider, prefix string, sign func(text string) ([]signature, error)) *Signer {
	return &Signer{provider: provider, sign: func(d *delivery) error {
		id := d.idOr(func() string { return "msg_" + rand.Text() })
		sigs, err := sign(id + "." + d.timestamp() + "." + string(d.body))
		if err != nil {
			return err
		}
		var list []string
		for _, s := range sigs {
			list = append(list, s.version+","+base64.StdEncoding.EncodeToString(s.bytes))
		}
		d.set(prefix+"Id", id)
		d.set(prefix+"Timestamp", d.timestamp())
		d.set(prefix+"Signature", strings.Join(list, " "))
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}

func base64Keys(secrets []string) func(string) ([]signature, error) {
	return func(text string) ([]signature, error) {
		var sigs []signature
		for _, s := range secrets {
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
			if err != nil {
				return nil, errors.New("the secret is not base64")
			}
			if len(key) == 0 {
				return nil, errBlankSecret
			}
			sigs = append(sigs, signature{"v1", hmacSHA256(key, text)})
		}
		return sigs, nil
	}
}

func rawKeys(secrets []string) func(string) ([]signature, error) {
	return func(text string) ([]signature, error) {
		if err := notBlank(secrets...); err != nil {
			return nil, err
		}
		var sigs []signature
		for _, s := range secrets {
			sigs = append(sigs, signature{"v1", hmacSHA256([]byte(s), text)})
		}
		return sigs, nil
	}
}
