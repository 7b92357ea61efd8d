package webhooktest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const topic = "arn:aws:sns:us-west-2:123456789012:MyTopic"

func TestSNSMessages(t *testing.T) {
	t.Parallel()
	certs := sharedCertificates()
	at := time.Date(2026, 5, 2, 0, 54, 6, 655e6, time.UTC)
	text := "Ünïcode \"quoted\"\nline <&> \u2028"

	for name, c := range map[string]struct {
		config webhooktest.SNSConfig
		event  string
		signed []string
	}{
		"notification": {
			config: webhooktest.SNSConfig{TopicARN: topic},
			signed: []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"},
		},
		"version 1 with a subject": {
			config: webhooktest.SNSConfig{TopicARN: topic, Subject: "s", Version: "1"},
			signed: []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"},
		},
		"confirmation has no subject": {
			config: webhooktest.SNSConfig{TopicARN: topic, Subject: "s"}, event: "SubscriptionConfirmation",
			signed: []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := webhooktest.SNS(certs, c.config).At(at).WithEvent(c.event).WithID("id-1").Request([]byte(text))
			require.Equal(t, "text/plain; charset=UTF-8", req.Header.Get("Content-Type"))
			var m map[string]string
			require.NoError(t, json.NewDecoder(req.Body).Decode(&m))
			require.Equal(t, text, m["Message"])
			require.Equal(t, "id-1", m["MessageId"])
			require.Equal(t, "2026-05-02T00:54:06.655Z", m["Timestamp"])
			require.Equal(t, m["Type"], req.Header.Get("X-Amz-Sns-Message-Type"))

			var signed string
			for _, name := range c.signed {
				require.NotEmpty(t, m[name], name)
				signed += name + "\n" + m[name] + "\n"
			}
			sig, err := base64.StdEncoding.DecodeString(m["Signature"])
			require.NoError(t, err)
			v1, v2 := sha1.Sum([]byte(signed)), sha256.Sum256([]byte(signed))
			hash, digest := crypto.SHA256, v2[:]
			if m["SignatureVersion"] == "1" {
				hash, digest = crypto.SHA1, v1[:]
			}
			require.NoError(t, rsa.VerifyPKCS1v15(fetchKey(t, certs.Client(), m["SigningCertURL"]), hash, digest, sig))
		})
	}
}

func fetchKey(t *testing.T, client *http.Client, url string) *rsa.PublicKey {
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	block, _ := pem.Decode(body)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert.PublicKey.(*rsa.PublicKey)
}

func TestSNSCertificatesChainToTheirAuthority(t *testing.T) {
	t.Parallel()
	certs := sharedCertificates()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(certs.AuthorityPEM())))
	block, _ := pem.Decode([]byte(certs.CertificatePEM()))
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: "sns.amazonaws.com"})
	require.NoError(t, err)
	require.Regexp(t, `^/SimpleNotificationService-[0-9a-f]{32}\.pem$`, certs.Path())
}

func TestSNSHosts(t *testing.T) {
	t.Parallel()
	certs := sharedCertificates()
	for arn, host := range map[string]string{
		topic: "https://sns.us-west-2.amazonaws.com",
		"arn:aws-cn:sns:cn-north-1:123456789012:t":        "https://sns.cn-north-1.amazonaws.com.cn",
		"arn:aws-us-gov:sns:us-gov-west-1:123456789012:t": "https://sns.us-gov-west-1.amazonaws.com",
	} {
		var m map[string]string
		req := webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: arn}).Request([]byte("x"))
		require.NoError(t, json.NewDecoder(req.Body).Decode(&m))
		require.Equal(t, host+certs.Path(), m["SigningCertURL"])
	}
}

func TestSNSConfirmationCanBeFollowed(t *testing.T) {
	t.Parallel()
	certs := sharedCertificates()
	req := webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).WithEvent("SubscriptionConfirmation").Request([]byte("You have chosen…"))
	var m map[string]string
	require.NoError(t, json.NewDecoder(req.Body).Decode(&m))
	for url, status := range map[string]int{m["SubscribeURL"]: 200, "https://sns.us-west-2.amazonaws.com/other": 404} {
		resp, err := certs.Client().Get(url)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, status, resp.StatusCode)
	}
}

func TestSNSRefusesWhatAmazonCannotSend(t *testing.T) {
	t.Parallel()
	certs := sharedCertificates()
	for name, s := range map[string]*webhooktest.Signer{
		"not an ARN":          webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: "MyTopic"}),
		"a version 3":         webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic, Version: "3"}),
		"a subject not UTF-8": webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic, Subject: "\xff"}),
	} {
		_, err := s.NewRequest(t.Context(), []byte("x"))
		require.Error(t, err, name)
	}
	_, err := webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).NewRequest(t.Context(), []byte("\xff"))
	require.ErrorContains(t, err, "not UTF-8")
}
