package webhook_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"testing/synctest"
	"time"

	paddle "github.com/PaddleHQ/paddle-go-sdk/v4"
	"github.com/google/go-github/v92/github"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	stripe "github.com/stripe/stripe-go/v76/webhook"
	svix "github.com/svix/svix-webhooks/go"
	twilio "github.com/twilio/twilio-go/client"
)

// vector is a case of package webhook's own test data.
type vector struct {
	ID          string          `json:"id"`
	Provider    string          `json:"provider"`
	Kind        string          `json:"kind"`
	Secret      json.RawMessage `json:"secret"`
	PublicKey   string          `json:"public_key"`
	Headers     map[string]any  `json:"headers"`
	Body        string          `json:"body"`
	URL         string          `json:"url"`
	Now         *int64          `json:"now"`
	Valid       bool            `json:"valid"`
	SDKAccepts  *bool           `json:"official_sdk_accepts"`
	GoAccepts   *bool           `json:"official_go_sdk_accepts"`
	Verdict     string          `json:"official_verdict"`
	Certificate string          `json:"certificate_pem"`
	MathHolds   *bool           `json:"signature_math_verifies"` // which is all that sendgrid-go looks at
}

func (v vector) header() http.Header {
	h := http.Header{}
	for name, value := range v.Headers {
		switch value := value.(type) {
		case string:
			h.Add(name, value)
		case []any:
			for _, one := range value {
				h.Add(name, one.(string))
			}
		}
	}
	return h
}

// official asks the provider's own Go library; known is false for providers
// without one here.
func (v vector) official(t *testing.T) (accepts, known bool) {
	h, body := v.header(), []byte(v.Body)
	var text string
	_ = json.Unmarshal(v.Secret, &text) // an object for Braintree, which has no Go library
	verdict := func(err error) (bool, bool) { return err == nil, true }
	switch v.Provider {
	case "stripe":
		return verdict(stripe.ValidatePayload(body, h.Get("Stripe-Signature"), text))
	case "paddle":
		r := &http.Request{Header: h, Body: io.NopCloser(bytes.NewReader(body))}
		return verdict(refusedUnless(paddle.NewWebhookVerifier(text).Verify(r)))
	case "github":
		r := &http.Request{Method: http.MethodPost, Header: h, Body: io.NopCloser(bytes.NewReader(body))}
		r.Header.Set("Content-Type", "application/json")
		_, err := github.ValidatePayload(r, []byte(text))
		return verdict(err)
	case "standard-webhooks":
		if v.PublicKey != "" {
			return false, false // the Go library has no v1a
		}
		w, err := standardwebhooks.NewWebhook(text)
		if err != nil {
			return verdict(err)
		}
		return verdict(w.Verify(body, h))
	case "svix", "clerk", "resend":
		w, err := svix.NewWebhook(text)
		require.NoError(t, err)
		return verdict(w.Verify(body, h))
	case "openai":
		c := openai.NewClient(option.WithAPIKey("none"), option.WithWebhookSecret(text))
		return verdict(c.Webhooks.VerifySignature(body, h))
	case "sendgrid":
		key, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(v.PublicKey)
		require.NoError(t, err)
		return verdict(refusedUnless(eventwebhook.VerifySignature(key, body, h.Get(eventwebhook.VerificationHTTPHeader), h.Get(eventwebhook.TimestampHTTPHeader))))
	case "twilio":
		validator := twilio.NewRequestValidator(text)
		if h.Get("Content-Type") == "application/json" {
			return validator.ValidateBody(v.URL, body, h.Get("X-Twilio-Signature")), true
		}
		values, err := url.ParseQuery(v.Body)
		require.NoError(t, err)
		params := map[string]string{}
		for name := range values {
			params[name] = values.Get(name)
		}
		return validator.Validate(v.URL, params, h.Get("X-Twilio-Signature")), true
	}
	return false, false
}

func loadVectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("../../webhook/testdata/webhooks.json")
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(data, &vectors))
	return vectors
}

// What package webhook's documentation says about where the official libraries
// disagree must be true of their present versions: each case is put to the
// library at the time that the case is about.
func TestOfficialLibrariesDisagreeWhereWeSay(t *testing.T) {
	t.Parallel()
	asked := 0
	for _, v := range loadVectors(t) {
		if v.Kind != "" {
			continue
		}
		expected := v.Valid
		for _, stated := range []*bool{v.SDKAccepts, v.GoAccepts, v.MathHolds} {
			if stated != nil {
				expected = *stated
			}
		}
		synctest.Test(t, func(t *testing.T) {
			if v.Now != nil {
				time.Sleep(time.Until(time.Unix(*v.Now, 0)))
			}
			if accepts, known := v.official(t); known {
				asked++
				if accepts != expected {
					t.Errorf("%s: accepted %v, stated %v", v.ID, accepts, expected)
				}
			}
		})
	}
	require.Greater(t, asked, 80)
}

func TestSNSValidatorDisagreesWhereWeSay(t *testing.T) {
	t.Parallel()
	libraries := startNPM(t)
	asked := 0
	for _, v := range loadVectors(t) {
		if v.Provider != "aws-sns" {
			continue
		}
		asked++
		_, err := libraries.ask(question{Operation: "sns.verify", Body: []byte(v.Body), Certificate: v.Certificate})
		require.Equal(t, v.Verdict == "ACCEPT", err == nil, "%s: %v", v.ID, err)
	}
	require.Equal(t, 12, asked)
}
