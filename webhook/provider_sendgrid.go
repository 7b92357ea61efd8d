package webhook

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"errors"
	"mime"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// SendGrid verifies the signed event webhook: ECDSA on P-256 over the SHA-256 of
// timestamp and body, in the headers X-Twilio-Email-Event-Webhook-Signature and
// -Timestamp ("Getting Started with the Event Webhook Security Features",
// SendGrid docs). The source yields the verification keys as SendGrid shows them:
// base64 of the DER form. A delivery is split into one event per array element.
// Options: [WithTolerance] (25 hours, since SendGrid retries for 24 and is not known
// to sign again), [WithClock], [WithMaxBody].
//
// Nothing stands between timestamp and body in what is signed, so a timestamp of
// ten digits and a body that begins with "[" are required before the signature
// counts. sendgrid-go checks neither that nor the time. The body's trailing line
// break is signed. ECDSA signatures are malleable: never recognise a delivery by
// its signature.
func SendGrid(publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	return newAsymmetric(sendGridSpec(traits{split: splitArray[sendGridEnvelope]}, func(r *Request) error {
		if len(r.Body) == 0 || r.Body[0] != '[' {
			return &Error{Reason: ErrMalformed, Detail: "the body does not begin with ["}
		}
		return nil
	}), publicKeys, opts)
}

// SendGridInbound verifies inbound parse requests under a security policy with a
// signature, which is that of [SendGrid] over a multipart/form-data body ("Securing
// your Inbound Parse Webhooks", SendGrid docs). A policy with OAuth alone signs
// nothing and is not for this. The payload is the form; the event's type is
// "inbound". The boundary is the one that the body begins with, and a Content-Type
// with another is refused. Options: [WithTolerance] (25 hours), [WithClock],
// [WithMaxBody] (30 MiB).
func SendGridInbound(publicKeys secret.Source, opts ...Option) (*Scheme, error) {
	spec := sendGridSpec(traits{split: splitInbound, maxBody: inboundMaxBody}, admitInbound)
	spec.provider, spec.types = "sendgrid-inbound", only("inbound")
	spec.form = otherForm{is: "a multipart form", use: "struct{}"}
	return newAsymmetric(spec, publicKeys, opts)
}

func sendGridSpec(t traits, admit func(*Request) error) asymmetricSpec {
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

// admitInbound demands that the body begins with a boundary, and that a
// Content-Type, which is not signed, names that one and no other: under another
// boundary the text of a mail could read as fields of the form.
func admitInbound(r *Request) error {
	if !bytes.HasPrefix(r.Body, []byte("--")) {
		return &Error{Reason: ErrMalformed, Detail: "the body does not begin with a multipart boundary"}
	}
	for _, contentType := range r.Header["Content-Type"] {
		media, params, err := mime.ParseMediaType(contentType)
		rest, begins := bytes.CutPrefix(r.Body[2:], []byte(params["boundary"]))
		if err != nil || media != "multipart/form-data" || params["boundary"] == "" || !begins || !bytes.HasPrefix(bytes.TrimPrefix(rest, []byte("\r")), []byte("\n")) {
			return &Error{Reason: ErrMalformed, Detail: "header Content-Type does not name the boundary that the body begins with"}
		}
	}
	return nil
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
