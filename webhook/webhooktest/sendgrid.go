package webhooktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
)

// SendGridKeys generates a key pair for [SendGrid] and [SendGridInbound]: ECDSA
// on P-256, the public half as the base64 of its DER form, which is what
// SendGrid shows, the private half as the base64 of PKCS #8.
func SendGridKeys() KeyPair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // the key is of a known kind
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return KeyPair{
		Private: base64.StdEncoding.EncodeToString(private),
		Public:  base64.StdEncoding.EncodeToString(public),
	}
}

// SendGrid signs like SendGrid's event webhook: ECDSA over the timestamp and the
// body. The private key comes from [SendGridKeys], or is a PEM file's text. Real
// bodies are a JSON array that ends in CR LF; a body is sent as it is given.
// Source: "Getting Started with the Event Webhook Security Features", twilio.com.
func SendGrid(privateKey string) *Signer {
	return sendGrid("sendgrid", privateKey, "application/json")
}

// SendGridInbound signs like SendGrid's inbound parse webhook under a security
// policy with signatures. The body is a multipart form: set its Content-Type
// with [Signer.WithHeader]. Source: "Securing your Inbound Parse webhooks",
// twilio.com.
func SendGridInbound(privateKey string) *Signer {
	return sendGrid("sendgrid-inbound", privateKey, "multipart/form-data; boundary=xYzZY")
}

func sendGrid(provider, privateKey, contentType string) *Signer {
	return &Signer{provider: provider, sign: func(d *delivery) error {
		key, err := parseECDSA(privateKey)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(append([]byte(d.timestamp()), d.body...))
		sig, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			return errors.New("signing failed")
		}
		d.set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(sig))
		d.set("X-Twilio-Email-Event-Webhook-Timestamp", d.timestamp())
		d.setDefault("Content-Type", contentType)
		d.setDefault("User-Agent", "SendGrid Event API")
		return nil
	}}
}

// parseECDSA reads a private key: PEM or bare base64, PKCS #8 or SEC 1.
func parseECDSA(text string) (*ecdsa.PrivateKey, error) {
	var der []byte
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		der = raw
	}
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, errors.New("the private key is neither PEM nor base64 of an ECDSA key")
		}
		key, _ = parsed.(*ecdsa.PrivateKey)
	}
	if key == nil || key.Curve != elliptic.P256() {
		return nil, errors.New("the private key is not an ECDSA key on P-256")
	}
	return key, nil
}
