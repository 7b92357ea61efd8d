package webhooktest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// SNSConfig says what an SNS message is about besides its text.
type SNSConfig struct {
	TopicARN string // required, such as arn:aws:sns:us-west-2:123456789012:MyTopic
	Subject  string // left out when empty
	Version  string // SignatureVersion: "2", the default, or "1" (SHA-1)
	CertURL  string // SigningCertURL; by default the one of the topic's region
}

// SNS signs like Amazon SNS. The body given is the text that was published (an
// S3 event, for instance); what is sent is the JSON envelope around it. The type
// is "Notification" unless [Signer.WithEvent] says "SubscriptionConfirmation" or
// "UnsubscribeConfirmation". Source: "Verifying the signatures of Amazon SNS
// messages", docs.aws.amazon.com.
func SNS(certificates *SNSCertificates, config SNSConfig) *Signer {
	return &Signer{provider: "aws-sns", sign: func(d *delivery) error {
		m, err := newSNSMessage(certificates, config, d)
		if err != nil {
			return err
		}
		if m.Signature, err = m.sign(certificates.key); err != nil {
			return err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(m); err != nil {
			return errors.New("the message cannot be written as JSON")
		}
		d.body = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		d.set("X-Amz-Sns-Message-Type", m.Type)
		d.set("X-Amz-Sns-Message-Id", m.MessageID)
		d.set("X-Amz-Sns-Topic-Arn", m.TopicARN)
		if m.Type == "Notification" {
			d.setDefault("X-Amz-Sns-Subscription-Arn", m.TopicARN+":c9135db0-26c4-47ec-8998-413945fb5a96")
		}
		d.setDefault("Content-Type", "text/plain; charset=UTF-8")
		d.setDefault("User-Agent", "Amazon Simple Notification Service Agent")
		return nil
	}}
}

// snsMessage has the members in the order in which AWS writes them.
type snsMessage struct {
	Type             string `json:"Type"`
	MessageID        string `json:"MessageId"`
	Token            string `json:"Token,omitempty"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:"Subject,omitempty"`
	Message          string `json:"Message"`
	SubscribeURL     string `json:"SubscribeURL,omitempty"`
	Timestamp        string `json:"Timestamp"`
	SignatureVersion string `json:"SignatureVersion"`
	Signature        string `json:"Signature"`
	SigningCertURL   string `json:"SigningCertURL"`
	UnsubscribeURL   string `json:"UnsubscribeURL,omitempty"`
}

func newSNSMessage(certificates *SNSCertificates, config SNSConfig, d *delivery) (*snsMessage, error) {
	if !utf8.Valid(d.body) || !utf8.ValidString(config.Subject) {
		return nil, errors.New("the message or its subject is not UTF-8")
	}
	host, err := snsHost(config.TopicARN)
	if err != nil {
		return nil, err
	}
	m := &snsMessage{
		Type:             d.eventOr("Notification"),
		MessageID:        d.idOr(newUUID),
		TopicARN:         config.TopicARN,
		Subject:          config.Subject,
		Message:          string(d.body),
		Timestamp:        d.now.UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: config.Version,
		SigningCertURL:   config.CertURL,
	}
	if m.SignatureVersion == "" {
		m.SignatureVersion = "2"
	}
	if m.SigningCertURL == "" {
		m.SigningCertURL = host + certificates.file
	}
	if m.Type == "Notification" {
		m.UnsubscribeURL = host + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(m.TopicARN+":c9135db0-26c4-47ec-8998-413945fb5a96")
		return m, nil
	}
	m.Subject = ""
	m.Token = strings.ToLower(rand.Text() + rand.Text())
	m.SubscribeURL = host + "/?Action=ConfirmSubscription&TopicArn=" + url.QueryEscape(m.TopicARN) + "&Token=" + m.Token
	return m, nil
}

// snsHost returns the endpoint of the topic's region.
func snsHost(topicARN string) (string, error) {
	parts := strings.Split(topicARN, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sns" || parts[3] == "" {
		return "", errors.New("the topic is not an ARN of SNS")
	}
	suffix := ".amazonaws.com"
	if parts[1] == "aws-cn" {
		suffix += ".cn"
	}
	return "https://sns." + parts[3] + suffix, nil
}

func (m *snsMessage) sign(key *rsa.PrivateKey) (string, error) {
	text := m.stringToSign()
	var sig []byte
	var err error
	switch m.SignatureVersion {
	case "1":
		digest := sha1.Sum([]byte(text))
		sig, err = rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
	case "2":
		digest := sha256.Sum256([]byte(text))
		sig, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	default:
		return "", fmt.Errorf("signature version %q is neither 1 nor 2", m.SignatureVersion)
	}
	if err != nil {
		return "", errors.New("signing failed")
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

// stringToSign lists names and values in byte order of the names, which differ
// between the two kinds of message.
func (m *snsMessage) stringToSign() string {
	pairs := []string{"Message", m.Message, "MessageId", m.MessageID}
	if m.Type == "Notification" {
		if m.Subject != "" {
			pairs = append(pairs, "Subject", m.Subject)
		}
		pairs = append(pairs, "Timestamp", m.Timestamp)
	} else {
		pairs = append(pairs, "SubscribeURL", m.SubscribeURL, "Timestamp", m.Timestamp, "Token", m.Token)
	}
	pairs = append(pairs, "TopicArn", m.TopicARN, "Type", m.Type)
	return strings.Join(pairs, "\n") + "\n"
}
