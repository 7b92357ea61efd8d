package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/safefetch"
)

// SNS verifies the messages of Amazon SNS, signature versions 1 (SHA-1) and 2
// (SHA-256), with the certificate that SigningCertURL names ("Verifying the
// signatures of Amazon SNS messages", AWS docs). At least one topic ARN is
// required and compared exactly: anyone with an AWS account can have messages
// signed. S3 notifications are split into one event per record, named by
// eventName; any other message is one event of the type "Notification" with the
// message's text as payload. Message attributes are not signed. Raw message
// delivery is not signed at all and is refused. Options: [WithTolerance] (none by
// default), [WithClock], [WithMaxBody], [WithHTTPClient], [SNSAutoConfirm].
//
// The certificate is fetched only from the SNS host of an AWS region, at the path
// that AWS uses, by a client that refuses redirects, proxies and addresses that
// are not public; it is kept for a day, within its validity. A message waits for its
// certificate, at most 10 seconds, and a flood of messages that name others does not
// keep it from being fetched. A confirmation's SubscribeURL is not fetched unless
// asked for.
//
// Stricter than sns-validator for Node.js, which takes any topic, certificate
// URLs with other paths and queries and buckets of S3 named "sns", and a Type,
// MessageId, Timestamp or TopicArn with line breaks: with these a message signed
// for the attacker's own topic reads as one of yours.
func SNS(topicARNs []string, opts ...Option) (*Scheme, error) {
	const provider = "aws-sns"
	s, o, err := newScheme(provider, traits{
		ack: 15 * time.Second, split: splitSNS, types: snsTypes, kinds: true,
		unsignedHint: "SNS signs its own JSON envelope only: is raw message delivery on?",
		uses:         []string{"WithTolerance", "WithHTTPClient", "SNSAutoConfirm"},
	}, opts)
	if err != nil {
		return nil, err
	}
	if len(topicARNs) == 0 {
		return nil, configError(provider, errors.New("no topic: without one, messages of any AWS account would be accepted"))
	}
	for _, arn := range topicARNs {
		if err := checkTopicARN(arn); err != nil {
			return nil, configError(provider, err)
		}
	}
	c := &snsCore{topics: slices.Clone(topicARNs), tolerance: o.tolerance}
	if c.certs, err = newSNSCerts(o.client, o.now); err != nil {
		return nil, configError(provider, err)
	}
	s.verify = c.verify
	if o.autoConfirm {
		if c.confirm, err = safefetch.New(safefetch.Config{Allow: allowSubscribeURL, Client: o.client}); err != nil {
			return nil, configError(provider, err)
		}
		s.challenge = c.answer
	}
	return s, nil
}

// snsTypes are SNS's own and those of S3's records, whose names come without the
// "s3:" that they have in a bucket's configuration.
var snsTypes = eventTypes{
	closed: true,
	names:  []string{snsNotification, snsSubscription, snsUnsubscribe, "s3:TestEvent"},
	form:   regexp.MustCompile(`\A[A-Z][A-Za-z]*(:[A-Za-z]*)?\z`),
	advice: `the types are "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation", and those of S3 as in "ObjectCreated:Put"`,
}

// snsHeaders repeat what the body says, without a signature.
var snsHeaders = []string{
	"X-Amz-Sns-Message-Type", "X-Amz-Sns-Message-Id", "X-Amz-Sns-Topic-Arn", "X-Amz-Sns-Subscription-Arn",
}

func checkTopicARN(arn string) error {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" || slices.Contains(parts, "") ||
		strings.ContainsAny(arn, "* \t\r\n") {
		return fmt.Errorf("%s is not the ARN of one topic", shown(arn))
	}
	return nil
}

type snsCore struct {
	topics    []string
	certs     *snsCerts
	confirm   *safefetch.Fetcher // nil: subscriptions are not confirmed
	tolerance time.Duration
}

func (c *snsCore) verify(ctx context.Context, r *Request, now time.Time) (Receipt, error) {
	_, rec, err := c.check(ctx, r, now)
	return rec, err
}

func (c *snsCore) check(ctx context.Context, r *Request, now time.Time) (*snsMessage, Receipt, error) {
	m, err := parseSNS(r.Body)
	if err != nil {
		return nil, Receipt{}, err
	}
	if !slices.Contains(c.topics, m.topicARN) {
		return nil, Receipt{}, &Error{Reason: ErrNotAllowed, Detail: "topic " + shown(m.topicARN)}
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(m.signature)
	switch { // before anything is fetched on the word of a message that nobody may have signed
	case err != nil:
		return nil, Receipt{}, &Error{Reason: ErrMalformed, Detail: "the signature is not base64"}
	case len(signature) < minRSABits/8 || len(signature) > maxRSABits/8:
		return nil, Receipt{}, &Error{Reason: ErrMalformed, Detail: "the signature is not as long as one of RSA"}
	}
	if err := c.certs.fetcher.Check(m.certURL); err != nil {
		return nil, Receipt{}, &Error{Reason: ErrMalformed, Detail: "SigningCertURL", Err: err}
	}
	cert, err := c.certs.get(ctx, m.certURL)
	if err != nil {
		return nil, Receipt{}, &Error{Reason: ErrUnavailable, Detail: "signing certificate", Err: err}
	}
	switch {
	case now.Before(cert.notBefore):
		return nil, Receipt{}, &Error{Reason: ErrFuture, Detail: "the signing certificate is not valid yet"}
	case now.After(cert.notAfter):
		return nil, Receipt{}, &Error{Reason: ErrStale, Detail: "the signing certificate has expired"}
	}
	if err := m.verify(cert.key, signature); err != nil {
		return nil, Receipt{}, err
	}
	cert.proven.Store(true)
	if err := within(m.timestamp, now, c.tolerance); err != nil {
		return nil, Receipt{}, err
	}
	return m, Receipt{
		Scheme: "sns-v" + m.version, KeyID: certID(m.certURL),
		EventID: m.messageID, EventIDSigned: true,
		EventType: m.typ, EventTypeSigned: true,
		SignedAt:  m.timestamp,
		Untrusted: delivered(r.Header, snsHeaders),
	}, nil
}

// answer confirms a subscription to one of the topics.
func (c *snsCore) answer(ctx context.Context, r *Request, now time.Time) (*Answer, bool, error) {
	m, err := parseSNS(r.Body)
	if err != nil || m.typ != snsSubscription {
		return nil, false, nil
	}
	if m, _, err = c.check(ctx, r, now); err != nil {
		return nil, true, err
	}
	if err := m.checkSubscribeURL(); err != nil {
		return nil, true, &Error{Reason: ErrMalformed, Detail: "SubscribeURL", Err: err}
	}
	if _, err := c.confirm.Get(ctx, m.subscribeURL); err != nil {
		return nil, true, &Error{Reason: ErrUnavailable, Detail: "confirming the subscription", Err: err}
	}
	return &Answer{Status: http.StatusOK, Header: http.Header{}}, true, nil
}

func (m *snsMessage) verify(key *rsa.PublicKey, signature []byte) error {
	content := m.content()
	var err error
	if m.version == "1" {
		digest := sha1.Sum(content)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, digest[:], signature)
	} else {
		digest := sha256.Sum256(content)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	}
	if err != nil {
		return &Error{Reason: ErrMismatch}
	}
	return nil
}

type snsRecords struct {
	Records []json.RawMessage
	Service jsonText
	Event   jsonText
}

type snsRecord struct {
	Source jsonText `json:"eventSource"`
	Name   jsonText `json:"eventName"`
	Time   jsonTime `json:"eventTime"`
}

// splitSNS takes the message out of its envelope, and S3 records out of the
// message.
func splitSNS(r *Request, rec Receipt) ([]Raw, error) {
	m, err := parseSNS(r.Body)
	if err != nil {
		return nil, &Error{Reason: ErrPayload, Err: err}
	}
	raw := whole(r, rec)
	if m.typ != snsNotification {
		return []Raw{raw}, nil
	}
	raw.Payload = []byte(m.message)
	var s3 snsRecords
	if json.Unmarshal(raw.Payload, &s3) != nil {
		return []Raw{raw}, nil
	}
	if s3.Event == "s3:TestEvent" {
		raw.Object, raw.Type = "aws:s3", string(s3.Event)
		return []Raw{raw}, nil
	}
	raws := make([]Raw, 0, len(s3.Records))
	for i, payload := range s3.Records {
		var record snsRecord
		if json.Unmarshal(payload, &record) != nil || record.Source != "aws:s3" || record.Name == "" {
			return []Raw{raw}, nil
		}
		raws = append(raws, Raw{
			ID: m.messageID + "/" + strconv.Itoa(i), IDSigned: true,
			Type: string(record.Name), TypeSigned: true, Object: string(record.Source),
			Time: record.Time.Time, Payload: payload,
		})
	}
	if len(raws) == 0 {
		return []Raw{raw}, nil
	}
	return raws, nil
}
