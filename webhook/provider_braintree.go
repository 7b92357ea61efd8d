package webhook

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// Braintree verifies Braintree's webhooks: a form whose bt_signature holds
// "public key|signature" pairs and whose bt_payload is XML in base64. The
// signature is the hex HMAC-SHA1 of bt_payload, keyed with the SHA-1 of the
// private key ("Webhooks: Parse", Braintree docs, and its libraries). The public
// key picks the pairs; the source yields the private keys that belong to it. It
// answers the check of a new endpoint, a GET with bt_challenge of 20 to 32
// lower-case hex digits, under the newest private key; since anyone can have such a
// text signed, none is accepted as a bt_payload. The scheme signs no time; the one
// in the signed payload is in [Raw].Time. Options: [WithClock], [WithMaxBody].
func Braintree(publicKey string, privateKeys secret.Source, opts ...Option) (*Scheme, error) {
	const provider = "braintree"
	s, _, err := newScheme(provider, traits{
		methods: []string{http.MethodGet}, split: splitBraintree,
		form: otherForm{is: "XML", use: "struct{}"},
	}, opts)
	if err != nil {
		return nil, err
	}
	if publicKey == "" || strings.ContainsAny(publicKey, "|& \t\r\n") {
		return nil, configError(provider, errors.New("the public key is empty or holds what no such key has"))
	}
	c := &braintreeCore{publicKey: publicKey}
	c.ring, err = newKeyring(privateKeys, func(text string) (*macKey, error) {
		if text == publicKey {
			return nil, errors.New("this is the public key")
		}
		key, err := SHA1Key.decode(text)
		if err != nil {
			return nil, err
		}
		return newMACKey(sha1.New, key), nil
	})
	if err != nil {
		return nil, configError(provider, err)
	}
	s.verify, s.challenge = c.verify, c.answer
	return s, nil
}

type braintreeCore struct {
	publicKey string
	ring      *keyring[*macKey]
}

// braintreePayload is what Braintree's libraries take: base64 in lines.
var braintreePayload = regexp.MustCompile(`\A[A-Za-z0-9+/=\n]+\z`)

func (c *braintreeCore) verify(ctx context.Context, r *Request, _ time.Time) (Receipt, error) {
	signature, payload, err := braintreeForm(r.Body)
	if err != nil {
		return Receipt{}, err
	}
	switch {
	case !braintreePayload.MatchString(payload):
		return Receipt{}, &Error{Reason: ErrMalformed, Detail: "bt_payload is not base64"}
	case braintreeChallenge.MatchString(strings.TrimRight(payload, "\n")):
		// The endpoint signs it for anyone who asks; XML in base64 never reads so.
		return Receipt{}, &Error{Reason: ErrMalformed, Detail: "bt_payload is a challenge"}
	}
	var sigs candidates
	for pair := range strings.SplitSeq(signature, "&") {
		if public, sig, ok := strings.Cut(pair, "|"); ok && public == c.publicKey {
			sigs.add(sig, Hex.encodedLen(sha1.Size))
		}
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return Receipt{}, err
	}
	wellFormed := false
	for i, key := range keys {
		// The libraries sign and accept the payload with a line break behind it
		// as well.
		for _, signed := range []string{payload, payload + "\n"} {
			match, ok := key.matches(&template{}, &metadata{}, []byte(signed), &sigs, Hex)
			if match {
				return Receipt{Scheme: "hmac-sha1", KeyID: keyID(i)}, nil
			}
			wellFormed = wellFormed || ok
		}
	}
	switch {
	case wellFormed:
		return Receipt{}, &Error{Reason: ErrMismatch}
	case sigs.seen:
		return Receipt{}, &Error{Reason: ErrMalformed, Detail: "the signature for our public key in bt_signature"}
	}
	return Receipt{}, &Error{Reason: ErrMissing, Detail: "bt_signature holds no signature for the configured public key"}
}

// braintreeForm returns the two fields, each of which must be there once.
func braintreeForm(body []byte) (signature, payload string, err error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", "", &Error{Reason: ErrMalformed, Detail: "the body is not a form"}
	}
	for _, name := range []string{"bt_signature", "bt_payload"} {
		switch values := form[name]; {
		case len(values) > 1:
			return "", "", &Error{Reason: ErrDuplicate, Detail: "form field " + name}
		case len(values) == 0 || values[0] == "":
			return "", "", &Error{Reason: ErrMissing, Detail: "form field " + name}
		}
	}
	return form["bt_signature"][0], form["bt_payload"][0], nil
}

var braintreeChallenge = regexp.MustCompile(`\A[a-f0-9]{20,32}\z`)

func (c *braintreeCore) answer(ctx context.Context, r *Request, _ time.Time) (*Answer, bool, error) {
	challenge, ok, err := challengeQuery(r, "bt_challenge")
	if !ok || err != nil {
		return nil, ok, err
	}
	if !braintreeChallenge.MatchString(challenge) {
		return nil, true, &Error{Reason: ErrMalformed, Detail: "bt_challenge"}
	}
	keys, err := c.ring.get(ctx)
	if err != nil {
		return nil, true, err
	}
	state, sum := keys[0].sign(&template{}, &metadata{}, []byte(challenge))
	defer keys[0].release(state)
	return textAnswer(c.publicKey + "|" + hex.EncodeToString(sum)), true, nil
}

type braintreeNotification struct {
	XMLName xml.Name `xml:"notification"`
	Kind    string   `xml:"kind"`
	Time    string   `xml:"timestamp"`
}

// splitBraintree decodes the XML, which is the payload handed on.
func splitBraintree(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	_, payload, err := braintreeForm(r.Body)
	if err != nil {
		return nil, &Error{Reason: ErrPayload, Err: err}
	}
	if raw.Payload, err = base64.StdEncoding.DecodeString(payload); err != nil {
		return nil, &Error{Reason: ErrPayload, Detail: "bt_payload is not base64"}
	}
	var n braintreeNotification
	if err := xml.Unmarshal(raw.Payload, &n); err != nil {
		return nil, &Error{Reason: ErrPayload, Detail: "bt_payload is not the XML that Braintree documents"}
	}
	raw.Type, raw.TypeSigned = n.Kind, n.Kind != ""
	raw.Time, _ = parseDate(n.Time)
	return []Raw{raw}, nil
}
