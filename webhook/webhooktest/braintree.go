package webhooktest

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// Braintree signs like Braintree. The body given is the notification's XML; what
// is sent is the form with bt_signature and bt_payload around it. Several key
// pairs sign together: BraintreeKey{"public", "private"}. Source: "Webhooks",
// developer.paypal.com/braintree, and the official libraries.
func Braintree(key BraintreeKey, more ...BraintreeKey) *Signer {
	keys := append([]BraintreeKey{key}, more...)
	return &Signer{provider: "braintree", sign: func(d *delivery) error {
		payload := base64.StdEncoding.EncodeToString(d.body) + "\n"
		var pairs []string
		for _, k := range keys {
			if err := notBlank(k.Public, k.Private); err != nil {
				return err
			}
			pairs = append(pairs, k.Public+"|"+k.mac(payload))
		}
		d.body = []byte("bt_signature=" + url.QueryEscape(strings.Join(pairs, "&")) + "&bt_payload=" + url.QueryEscape(payload))
		d.setDefault("Content-Type", "application/x-www-form-urlencoded")
		return nil
	}}
}

// BraintreeKey is an API key pair of a Braintree merchant.
type BraintreeKey struct {
	Public, Private string
}

func (k BraintreeKey) mac(text string) string {
	key := sha1.Sum([]byte(k.Private))
	return hex.EncodeToString(hmacSHA1(key[:], text))
}

// BraintreeChallenge returns Braintree's check of a new endpoint: a GET with
// bt_challenge. It panics if the URL is not usable.
func BraintreeChallenge(endpoint, challengeText string) *http.Request {
	return challenge(endpoint, "bt_challenge", challengeText)
}

// BraintreeChallengeAnswer returns the body that Braintree expects for a
// bt_challenge.
func BraintreeChallengeAnswer(key BraintreeKey, challengeText string) string {
	return key.Public + "|" + key.mac(challengeText)
}
