package webhooktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	// The hashes that a scheme may name.
	_ "crypto/sha512"
)

// SchemeConfig describes the scheme of a service that this package does not
// list, for [HMAC], [ECDSA], [RSA] and [Ed25519].
type SchemeConfig struct {
	// Provider is the service's name, for [Signer.Provider] and errors.
	Provider string
	// Hash is crypto.SHA256 if zero, or crypto.SHA1, crypto.SHA384, crypto.SHA512.
	Hash crypto.Hash
	// PSS says that an RSA signature is of the form RSASSA-PSS.
	PSS bool
	// Base64 says that the signature is written in base64, not in hexadecimal.
	Base64 bool
	// Signed is the text that is signed, with {body}, {timestamp}, {id}, {type},
	// {method}, {url}, {path}, {query} and {header:Name}, whose value
	// [Signer.WithHeader] sets; "{body}" if empty.
	Signed string
	// Timestamp writes the time of signing; in Unix seconds if nil.
	Timestamp func(time.Time) string
	// Header is the signature's header, and Value what it holds, with {signature}
	// and {timestamp}, such as "t={timestamp},v1={signature}"; "{signature}" if
	// empty.
	Header, Value string
	// TimestampHeader, IDHeader and TypeHeader are the headers of their own that
	// the scheme has; none if empty. The type is "event" unless
	// [Signer.WithEvent] names another.
	TimestampHeader, IDHeader, TypeHeader string
}

// HMAC signs by a description, with a message authentication code: what package
// webhook verifies with its own HMAC. The key is the bytes of the key given.
func HMAC(config SchemeConfig, key []byte) *Signer {
	return described(config, func(h crypto.Hash, text []byte) ([]byte, error) {
		if len(key) == 0 {
			return nil, errBlankSecret
		}
		mac := hmac.New(h.New, key)
		mac.Write(text)
		return mac.Sum(nil), nil
	})
}

// ECDSA signs by a description, with a private key such as [SendGridKeys] makes:
// what package webhook verifies with its own ECDSA.
func ECDSA(config SchemeConfig, privateKey string) *Signer {
	return described(config, func(h crypto.Hash, text []byte) ([]byte, error) {
		key, err := parseECDSA(privateKey)
		if err != nil {
			return nil, err
		}
		digest := h.New()
		digest.Write(text)
		return ecdsa.SignASN1(rand.Reader, key, digest.Sum(nil))
	})
}

// RSA signs by a description, with a private key of at least 2048 bits in PEM, PKCS #8
// or PKCS #1: what package webhook verifies with its own RSA.
func RSA(config SchemeConfig, privateKey string) *Signer {
	return described(config, func(h crypto.Hash, text []byte) ([]byte, error) {
		key, _, err := parseRSA(privateKey)
		if err != nil {
			return nil, err
		}
		digest := h.New()
		digest.Write(text)
		if config.PSS {
			return rsa.SignPSS(rand.Reader, key, h, digest.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, key, h, digest.Sum(nil))
	})
}

// Ed25519 signs by a description, with a private key such as [Ed25519Keys] makes:
// what package webhook verifies with its own Ed25519. The hash is not used.
func Ed25519(config SchemeConfig, privateKey string) *Signer {
	return described(config, func(_ crypto.Hash, text []byte) ([]byte, error) {
		key, err := parseEd25519(privateKey)
		if err != nil {
			return nil, err
		}
		return ed25519.Sign(key, text), nil
	})
}

// described fills in the templates of a description.
func described(config SchemeConfig, sign func(h crypto.Hash, text []byte) ([]byte, error)) *Signer {
	return &Signer{provider: config.Provider, sign: func(d *delivery) error {
		h := config.Hash
		if h == 0 {
			h = crypto.SHA256
		}
		if !h.Available() {
			return fmt.Errorf("hash %d is not available", uint(h))
		}
		id, event, at := d.idOr(rand.Text), d.eventOr("event"), d.timestamp()
		if config.Timestamp != nil {
			at = config.Timestamp(d.now)
		}
		fill := func(template, fallback string, more ...string) string {
			if template == "" {
				template = fallback
			}
			return strings.NewReplacer(append(more, "{timestamp}", at, "{id}", id, "{type}", event)...).Replace(template)
		}
		target, err := url.Parse(d.url)
		if err != nil {
			return errors.New("the delivery's URL is malformed")
		}
		parts := []string{"{body}", string(d.body), "{method}", d.method, "{url}", d.url, "{path}", target.EscapedPath(), "{query}", target.RawQuery}
		for name, values := range d.header {
			parts = append(parts, "{header:"+name+"}", strings.Join(values, ","))
		}
		raw, err := sign(h, []byte(fill(config.Signed, "{body}", parts...)))
		if err != nil {
			return err
		}
		signature := hex.EncodeToString(raw)
		if config.Base64 {
			signature = base64.StdEncoding.EncodeToString(raw)
		}
		d.set(config.Header, fill(config.Value, "{signature}", "{signature}", signature))
		for name, value := range map[string]string{config.TimestampHeader: at, config.IDHeader: id, config.TypeHeader: event} {
			if name != "" {
				d.set(name, value)
			}
		}
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}
