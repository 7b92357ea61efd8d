package webhook

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

const (
	snsNotification = "Notification"
	snsSubscription = "SubscriptionConfirmation"
	snsUnsubscribe  = "UnsubscribeConfirmation"
)

// snsMessage is the envelope of an SNS message.
type snsMessage struct {
	typ, messageID, topicARN, message, subject string
	token, subscribeURL                        string
	version, signature, certURL                string
	sentAt                                     string
	timestamp                                  time.Time
	hasSubject                                 bool
}

// parseSNS reads the envelope and holds it to everything that can be told without
// a key. What is signed is a list of lines, so that a line break in a field could
// make it read as several: only Message may have one, since all that comes after
// it in the list is of a form that it cannot take the place of.
func parseSNS(body []byte) (*snsMessage, error) {
	members, err := strictjson.Object(body, nil)
	if err != nil {
		return nil, &Error{Reason: ErrMalformed, Detail: "the body is not an SNS message", Err: err}
	}
	m := &snsMessage{}
	fields := map[string]*string{
		"Type": &m.typ, "MessageId": &m.messageID, "TopicArn": &m.topicARN, "Message": &m.message,
		"Subject": &m.subject, "Timestamp": &m.sentAt, "Token": &m.token, "SubscribeURL": &m.subscribeURL,
		"SignatureVersion": &m.version, "Signature": &m.signature, "SigningCertURL": &m.certURL,
	}
	for _, member := range members {
		field := fields[string(member.Name)]
		if field == nil {
			continue
		}
		text, ok := strictjson.String(member.Value)
		if !ok {
			return nil, &Error{Reason: ErrMalformed, Detail: "field " + string(member.Name) + " is not a string"}
		}
		if field != &m.message && strings.ContainsAny(text, "\r\n") {
			return nil, &Error{Reason: ErrMalformed, Detail: "line break in field " + string(member.Name)}
		}
		*field = text
		m.hasSubject = m.hasSubject || field == &m.subject
	}
	return m, m.check()
}

func (m *snsMessage) check() error {
	switch {
	case m.signature == "":
		return &Error{Reason: ErrMissing, Detail: "field Signature"}
	case m.typ != snsNotification && m.typ != snsSubscription && m.typ != snsUnsubscribe:
		return &Error{Reason: ErrMalformed, Detail: "field Type"}
	case m.version != "1" && m.version != "2":
		return &Error{Reason: ErrMalformed, Detail: "field SignatureVersion"}
	case m.messageID == "" || m.topicARN == "" || m.certURL == "":
		return &Error{Reason: ErrMissing, Detail: "one of the fields MessageId, TopicArn and SigningCertURL"}
	case m.typ != snsNotification && (m.token == "" || m.subscribeURL == ""):
		return &Error{Reason: ErrMissing, Detail: "one of the fields Token and SubscribeURL"}
	}
	at, err := time.Parse(time.RFC3339, m.sentAt)
	if err != nil {
		return &Error{Reason: ErrMalformed, Detail: "field Timestamp"}
	}
	m.timestamp = at.UTC()
	return nil
}

// content is what SNS signs: names and values, a line each, in the order that the
// documentation gives.
func (m *snsMessage) content() []byte {
	var b strings.Builder
	add := func(name, value string) {
		b.WriteString(name)
		b.WriteByte('\n')
		b.WriteString(value)
		b.WriteByte('\n')
	}
	add("Message", m.message)
	add("MessageId", m.messageID)
	if m.typ != snsNotification {
		add("SubscribeURL", m.subscribeURL)
	} else if m.hasSubject {
		add("Subject", m.subject)
	}
	add("Timestamp", m.sentAt)
	if m.typ != snsNotification {
		add("Token", m.token)
	}
	add("TopicArn", m.topicARN)
	add("Type", m.typ)
	return []byte(b.String())
}

// checkSubscribeURL makes sure that fetching the URL does nothing but confirm
// this subscription, at the host that the message was signed for.
func (m *snsMessage) checkSubscribeURL() error {
	u, err := url.Parse(m.subscribeURL)
	if err != nil {
		return errors.New("not a URL")
	}
	cert, err := url.Parse(m.certURL)
	if err != nil || u.Host != cert.Host {
		return errors.New("not on the host of the signing certificate")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the query is malformed")
	}
	for name, want := range map[string]string{"Action": "ConfirmSubscription", "TopicArn": m.topicARN, "Token": m.token} {
		if len(query[name]) != 1 || query[name][0] != want {
			return errors.New("the query does not confirm this subscription")
		}
	}
	return nil
}
