package webhook_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

const subscribeURL = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1"

func snsConfirmation(t *testing.T, typ, url, token string) string {
	t.Helper()
	return string(snsBody(t, func(m map[string]string) {
		m["Type"] = typ
		if m["SubscribeURL"] = url; url == "" {
			delete(m, "SubscribeURL")
		}
		if m["Token"] = token; token == "" {
			delete(m, "Token")
		}
	}))
}

// W16: each message has the fields of its kind, in their form.
func TestW16_FieldsOfEachKind(t *testing.T) {
	t.Parallel()
	s, _ := newSNS(t)
	for _, field := range []string{"MessageId", "TopicArn", "SigningCertURL"} {
		for _, value := range []string{"", "-"} {
			body := string(snsBody(t, func(m map[string]string) {
				if m[field] = ""; value == "-" {
					delete(m, field)
				}
			}))
			_, err := s.Verify(t.Context(), post(body))
			require.ErrorIs(t, err, webhook.ErrMissing, field)
		}
	}
	for _, typ := range []string{"SubscriptionConfirmation", "UnsubscribeConfirmation"} {
		_, err := s.Verify(t.Context(), post(snsConfirmation(t, typ, subscribeURL, "token1")))
		require.NoError(t, err)
		for _, c := range [][2]string{{"", "token1"}, {subscribeURL, ""}, {"", ""}} {
			_, err := s.Verify(t.Context(), post(snsConfirmation(t, typ, c[0], c[1])))
			require.ErrorIs(t, err, webhook.ErrMissing, "%s %q", typ, c)
		}
		for _, c := range [][2]string{{subscribeURL + "\n", "token1"}, {subscribeURL, "token1\r"}} {
			_, err := s.Verify(t.Context(), post(snsConfirmation(t, typ, c[0], c[1])))
			require.ErrorIs(t, err, webhook.ErrMalformed, "%s %q", typ, c)
		}
	}
	for _, at := range []string{"", "yesterday", "1750861210", "2025-06-25 14:20:10", "2025-06-25T14:20:10"} {
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["Timestamp"] = at }))))
		require.ErrorIs(t, err, webhook.ErrMalformed, at)
	}
	for _, version := range []string{"", "0", "1", "3", "12"} { // what is signed is right for 2 only
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["SignatureVersion"] = version }))))
		require.Error(t, err, version)
		require.Equal(t, version == "1", strings.Contains(err.Error(), webhook.ErrMismatch.Error()), version)
	}
}

// A field that is signed counts, one that is not signed for the kind does not.
func TestSNSWhatIsSigned(t *testing.T) {
	t.Parallel()
	s, _ := newSNS(t)
	change := func(body, field, value string) error {
		var m map[string]string
		require.NoError(t, json.Unmarshal([]byte(body), &m))
		m[field] = value
		changed, err := json.Marshal(m)
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post(string(changed)))
		return err
	}
	notice := string(snsBody(t, func(m map[string]string) { m["Subject"] = "s" }))
	for field, value := range map[string]string{
		"Message": "x", "MessageId": "x", "Subject": "x", "Timestamp": "2025-06-25T14:20:11.000Z", "Type": "SubscriptionConfirmation",
	} {
		require.Error(t, change(notice, field, value), field)
	}
	require.ErrorIs(t, change(notice, "Subject", ""), webhook.ErrMismatch, "an empty subject is one")
	require.NoError(t, change(notice, "UnsubscribeURL", "https://example.com"))
	confirmation := snsConfirmation(t, "SubscriptionConfirmation", subscribeURL, "token1")
	for _, field := range []string{"Message", "MessageId", "SubscribeURL", "Token"} {
		require.ErrorIs(t, change(confirmation, field, "x"), webhook.ErrMismatch, field)
	}
	require.NoError(t, change(confirmation, "Subject", "x"), "has none")
}

// W17: nothing is fetched but what confirms this subscription.
func TestW17_SubscribeURLThatIsNone(t *testing.T) {
	t.Parallel()
	s, server := newSNS(t, webhook.SNSAutoConfirm())
	for _, url := range []string{
		":", "https://sns.us-west-2.amazonaws.com/?%zz", subscribeURL + "&Token=token1", subscribeURL + ";x", strings.Replace(subscribeURL, "&Token=token1", "", 1),
		strings.Replace(subscribeURL, "Action=ConfirmSubscription&", "", 1), strings.Replace(subscribeURL, topicARN, topicARN+"2", 1), subscribeURL + "#x",
	} {
		answer, ok, err := s.Challenge(t.Context(), post(snsConfirmation(t, "SubscriptionConfirmation", url, "token1")))
		require.True(t, ok, url)
		require.Error(t, err, url)
		require.Nil(t, answer, url)
	}
	require.Equal(t, []string{certURL}, server.fetched)
	_, ok, err := s.Challenge(t.Context(), post(snsConfirmation(t, "UnsubscribeConfirmation", subscribeURL, "token1")))
	require.NoError(t, err)
	require.False(t, ok, "somebody left; this does not bring them back")
	_, ok, err = s.Challenge(t.Context(), post("hello"))
	require.NoError(t, err)
	require.False(t, ok)
	noPath := strings.Replace(subscribeURL, ".com/?", ".com?", 1)
	_, ok, err = s.Challenge(t.Context(), post(snsConfirmation(t, "SubscriptionConfirmation", noPath, "token1")))
	require.NoError(t, err)
	require.True(t, ok)
}

// W15
func TestW15_TopicIsOneARN(t *testing.T) {
	t.Parallel()
	for _, arn := range []string{
		"arn:aws:sns:us-west-2:1", "arn:aws:sns:us-west-2:1:t:x", "arx:aws:sns:us-west-2:1:t", "arn::sns:us-west-2:1:t", "arn:aws:sns::1:t", "arn:aws:sns:us-west-2::t",
		"arn:aws:sns:us-west-2:1:", "arn:aws:sns:us-west-2:1:a b", "arn:aws:sns:us-west-2:1:a\tb", "arn:aws:sns:us-west-2:1:t*", " arn:aws:sns:us-west-2:1:t",
	} {
		_, err := webhook.SNS([]string{arn})
		require.ErrorIs(t, err, webhook.ErrConfig, arn)
	}
	_, err := webhook.SNS([]string{"arn:aws-cn:sns:cn-north-1:1:t", "arn:aws:sns:us-west-2:1:t.fifo"})
	require.NoError(t, err)
}

// SNS signs no time that has to be near, unless that is asked for.
func TestSNSTolerance(t *testing.T) {
	t.Parallel()
	body := string(snsBody(t, nil)) // of 14:20:10
	for skew, ok := range map[time.Duration]bool{0: true, time.Minute: true, -time.Minute: true, time.Minute + time.Second: false, -time.Minute - time.Second: false} {
		s, _ := newSNS(t, webhook.WithTolerance(time.Minute))
		r := post(body)
		r.ReceivedAt = time.Date(2025, 6, 25, 14, 20, 10, 0, time.UTC).Add(skew)
		_, err := s.Verify(t.Context(), r)
		require.Equal(t, ok, err == nil, "%v: %v", skew, err)
		s, _ = newSNS(t)
		_, err = s.Verify(t.Context(), r)
		require.NoError(t, err)
	}
}

// W12: headers repeat what the body says, and are not signed.
func TestW12_SNSHeadersAreUntrusted(t *testing.T) {
	t.Parallel()
	s, _ := newSNS(t)
	r := post(string(snsBody(t, nil)))
	rec, err := s.Verify(t.Context(), r)
	require.NoError(t, err)
	require.Empty(t, rec.Untrusted)
	r.Header = http.Header{"X-Amz-Sns-Topic-Arn": {"x"}, "X-Amz-Sns-Message-Type": {"y"}, "User-Agent": {"z"}}
	rec, err = s.Verify(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, []string{"X-Amz-Sns-Message-Type", "X-Amz-Sns-Topic-Arn"}, rec.Untrusted)
	require.True(t, rec.EventIDSigned)
	require.True(t, rec.EventTypeSigned)
}

// Records of S3 that are not all S3's are one message.
func TestSNSRecordsThatAreNotS3s(t *testing.T) {
	t.Parallel()
	const s3 = `{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}`
	for message, want := range map[string][]string{
		`{"Records":[` + s3 + `]}`:                                        {"ObjectCreated:Put"},
		`{"Records":[` + s3 + `,` + s3 + `]}`:                             {"ObjectCreated:Put", "ObjectCreated:Put"},
		`{"Records":[` + s3 + `,{"eventSource":"acme","eventName":"x"}]}`: {"Notification"},
		`{"Records":[{"eventSource":"acme","eventName":"x"}]}`:            {"Notification"},
		`{"Records":[{"eventSource":"aws:s3"}]}`:                          {"Notification"},
		`{"Records":[7]}`:                                                 {"Notification"},
		`{"Records":[]}`:                                                  {"Notification"},
		`{"Records":{}}`:                                                  {"Notification"},
		`[]`:                                                              {"Notification"},
		`{"Event":"s3:Other"}`:                                            {"Notification"},
		`{"Event":"s3:TestEvent","Records":[` + s3 + `]}`:                 {"s3:TestEvent"},
	} {
		s, _ := newSNS(t)
		r := post(string(snsBody(t, func(m map[string]string) { m["Message"] = message })))
		raws, err := split(t, s, r)
		require.NoError(t, err)
		var types []string
		for _, raw := range raws {
			types = append(types, raw.Type)
			require.True(t, raw.IDSigned)
			require.True(t, raw.TypeSigned)
		}
		require.Equal(t, want, types, message)
	}
	s, _ := newSNS(t)
	_, err := s.Split(post("hello"), webhook.Receipt{})
	require.ErrorIs(t, err, webhook.ErrPayload)
}

// W14: a certificate is one in PEM, with an RSA key of a size that is neither weak
// nor made to cost time.
func TestW14_CertificatesKey(t *testing.T) {
	t.Parallel()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: fixedTime.Add(-time.Hour), NotAfter: fixedTime.Add(time.Hour)}
	certificate := func(bits uint) []byte {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		der, err := x509.CreateCertificate(rand.Reader, template, template, &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}, snsKey())
		require.NoError(t, err)
		return der
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for name, c := range map[string]struct {
		cert []byte
		want error
	}{
		"2047 bits":    {encode("CERTIFICATE", certificate(2047)), webhook.ErrUnavailable},
		"2048 bits":    {encode("CERTIFICATE", certificate(2048)), webhook.ErrMismatch},
		"8192 bits":    {encode("CERTIFICATE", certificate(8192)), webhook.ErrMismatch},
		"8193 bits":    {encode("CERTIFICATE", certificate(8193)), webhook.ErrUnavailable},
		"another kind": {encode("TRUSTED CERTIFICATE", certificate(2048)), webhook.ErrUnavailable},
		"DER":          {certificate(2048), webhook.ErrUnavailable},
		"nothing":      {nil, webhook.ErrUnavailable},
	} {
		s, err := webhook.SNS([]string{topicARN}, at(fixedTime), webhook.WithHTTPClient(serving(c.cert)))
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post(string(snsBody(t, nil))))
		require.ErrorIs(t, err, c.want, name)
	}
}
