package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

var braintreeKey = webhooktest.BraintreeKey{Public: "integration_public_key", Private: "integration_private_key"}

func TestOfficialNPMVerifiersAcceptOurSignatures(t *testing.T) {
	t.Parallel()
	certs := webhooktest.NewSNSCertificates()
	snsQuestion := func(_ *http.Request, sent []byte) question {
		return question{Operation: "sns.verify", Body: sent, Certificate: certs.CertificatePEM()}
	}
	const topic = "arn:aws:sns:us-west-2:123456789012:MyTopic"

	for name, c := range map[string]struct {
		signer   *webhooktest.Signer
		kind     kind
		question func(r *http.Request, sent []byte) question
	}{
		"stripe": {webhooktest.Stripe(plainSecret), text, func(r *http.Request, sent []byte) question {
			return question{Operation: "stripe.verify", Body: sent, Header: r.Header.Get("Stripe-Signature"), Secret: plainSecret}
		}},
		"stripe, old secret of two": {webhooktest.Stripe("new", plainSecret), text, func(r *http.Request, sent []byte) question {
			return question{Operation: "stripe.verify", Body: sent, Header: r.Header.Get("Stripe-Signature"), Secret: plainSecret}
		}},
		"octokit": {webhooktest.GitHub(plainSecret), text, func(r *http.Request, sent []byte) question {
			return question{Operation: "octokit.verify", Body: sent, Header: r.Header.Get("X-Hub-Signature-256"), Secret: plainSecret}
		}},
		"svix": {webhooktest.Svix(base64Secret), object, func(r *http.Request, sent []byte) question {
			headers := map[string]string{}
			for _, name := range []string{"svix-id", "svix-timestamp", "svix-signature"} {
				headers[name] = r.Header.Get(name)
			}
			return question{Operation: "svix.verify", Body: sent, Headers: headers, Secret: base64Secret}
		}},
		"braintree": {webhooktest.Braintree(braintreeKey), anyBytes, func(_ *http.Request, sent []byte) question {
			form, err := url.ParseQuery(string(sent))
			if err != nil {
				form = url.Values{}
			}
			return question{Operation: "braintree.verify", Signature: form.Get("bt_signature"), Payload: form.Get("bt_payload"),
				PublicKey: braintreeKey.Public, PrivateKey: braintreeKey.Private}
		}},
		"sns-validator":               {webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}), text, snsQuestion},
		"sns-validator, version 1":    {webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic, Subject: "A subject", Version: "1"}), text, snsQuestion},
		"sns-validator, with subject": {webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic, Subject: "Grüße"}), object, snsQuestion},
		"sns-validator, subscription": {webhooktest.SNS(certs, webhooktest.SNSConfig{TopicARN: topic}).WithEvent("SubscriptionConfirmation"), text, snsQuestion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			libraries := startNPM(t)
			bodies(t, c.kind, func(i int, body []byte) {
				if len(body) == 0 && c.kind == text {
					body = []byte("\r\n") // Stripe's and GitHub's libraries take "" for an argument that was forgotten
				}
				req := c.signer.Request(body)
				sent, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				if _, err := libraries.ask(c.question(req, sent)); err != nil {
					require.NoError(t, err, "body %d: %.100q", i, body)
				}
				if i < 50 {
					_, err := libraries.ask(c.question(req, changed(sent)))
					require.Error(t, err, "body %d, changed", i)
				}
			})
		})
	}
}

func TestBraintreeParsesOurNotifications(t *testing.T) {
	t.Parallel()
	libraries := startNPM(t)
	for i := range 50 {
		kind := fmt.Sprint("subscription_went_past_due_", i)
		xml := "<notification>\n  <timestamp type=\"datetime\">2026-11-23T14:40:25Z</timestamp>\n  <kind>" + kind +
			"</kind>\n  <subject><check type=\"boolean\">true</check></subject>\n</notification>\r\n"
		req := webhooktest.Braintree(webhooktest.BraintreeKey{Public: "other", Private: "other"}, braintreeKey).Request([]byte(xml))
		require.NoError(t, req.ParseForm())
		value, err := libraries.ask(question{Operation: "braintree.parse", Signature: req.PostForm.Get("bt_signature"), Payload: req.PostForm.Get("bt_payload"),
			PublicKey: braintreeKey.Public, PrivateKey: braintreeKey.Private})
		require.NoError(t, err)
		var got string
		require.NoError(t, json.Unmarshal(value, &got))
		require.Equal(t, kind, got)

		challenge := fmt.Sprintf("20f9f8ed05f77439fe955c977e4c8a%02x", i)
		require.Equal(t, webhooktest.BraintreeChallengeAnswer(braintreeKey, challenge), libraries.askString(question{
			Operation: "braintree.challenge", Challenge: challenge, PublicKey: braintreeKey.Public, PrivateKey: braintreeKey.Private}))
	}
}
