package webhook

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// SendGrid verifies the signed event webhook: ECDSA on P-256 over the SHA-256 of
// timestamp and body, in the headers X-Twilio-Email-Event-Webhook-Signature and
// -Timestamp ("Getting Started with the Event Webhook Security Features",
// SendGrid docs). The source yields the verification keys as SendGrid shows them:
// base64 of the DER form. A delivery is split into one event per array element.
// Options: [Tolerance] (25 hours, since SendGrid retries for 24 and is not known
// to sign again), [Clock], [MaxBody].
//
// Nothing stands between timestamp and body in what is signed, so a timestamp of
// ten digits and a body that begins with "[" are required before the signature
// counts. sendgrid-go checks neither that nor the time. The body's trailing line
// break is signed. ECDSA signatures are malleable: never recognise a delivery by
// its signature.
func SendGrid(publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	return newAsymmetric(sendGridSpec(traits{split: splitArray[sendGridEnvelope]}, func(body []byte) error {
		if len(body) == 0 || body[0] != '[' {
			return &Error{Reason: ErrMalformed, Detail: "the body does not begin with ["}
		}
		return nil
	}), publicKeys, opts)
}

// SendGridInbound verifies inbound parse requests under a security policy with a
// signature, which is that of [SendGrid] over a multipart/form-data body
// ("Securing your Inbound Parse Webhooks", SendGrid docs). A policy with OAuth
// alone signs nothing and is not for this. The payload is the form; the event's
// type is "inbound". Options: [Tolerance] (25 hours), [Clock], [MaxBody] (30
// MiB).
func SendGridInbound(publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	spec := sendGridSpec(traits{split: splitInbound, maxBody: inboundMaxBody}, func(body []byte) error {
		if len(body) < 2 || body[0] != '-' || body[1] != '-' {
			return &Error{Reason: ErrMalformed, Detail: "the body does not begin with a multipart boundary"}
		}
		return nil
	})
	spec.provider, spec.types = "sendgrid-inbound", only("inbound")
	return newAsymmetric(spec, publicKeys, opts)
}

func sendGridSpec(t traits, admit func([]byte) error) asymmetricSpec {
	t.tolerance = 25 * time.Hour
	t.akin = []string{"sendgrid"}
	t.unsignedHint = "SendGrid signs only once the signed event webhook, or a security policy, is switched on"
	return asymmetricSpec{
		provider: "sendgrid", scheme: "ecdsa-p256",
		layout: Layout{
			SignatureHeader: "X-Twilio-Email-Event-Webhook-Signature",
			TimestampHeader: "X-Twilio-Email-Event-Webhook-Timestamp",
			Encoding:        Base64,
			Signed:          "{timestamp}{body}",
		},
		traits: t,
		parse:  parseSendGridKey,
		admit:  admit,
	}
}

func parseSendGridKey(text string) (publicKey, error) {
	if strings.HasPrefix(text, "SG.") {
		return nil, errors.New("this is an API key (SG.…), not the verification key")
	}
	key, err := parseECDSA(crypto.SHA256, text)
	if err != nil {
		return nil, err
	}
	if key.(*ecdsaKey).key.Curve != elliptic.P256() {
		return nil, errors.New("not a key on P-256")
	}
	return key, nil
}

type sendGridEnvelope struct {
	ID   jsonText `json:"sg_event_id"`
	Type jsonText `json:"event"`
	Time jsonTime `json:"timestamp"`
}

func (e sendGridEnvelope) event() Raw {
	return Raw{ID: string(e.ID), Type: string(e.Type), Time: e.Time.Time}
}

func splitInbound(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	raw.Type, raw.TypeSigned = "inbound", true
	return []Raw{raw}, nil
}
