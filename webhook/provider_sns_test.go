package webhook_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

const certURL = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"

var snsKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func certificatePEM(t testing.TB, key crypto.Signer, notBefore, notAfter time.Time) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: notBefore, NotAfter: notAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// snsBody signs a message with snsKey by the rules of AWS, which are written out
// here once more.
func snsBody(t testing.TB, change func(m map[string]string)) []byte {
	t.Helper()
	m := map[string]string{
		"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": topicARN,
		"Message": "hello", "Timestamp": "2025-06-25T14:20:10.000Z", "SignatureVersion": "2", "SigningCertURL": certURL,
	}
	if change != nil {
		change(m)
	}
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if strings.Contains(m["Type"], "Confirmation") {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var content strings.Builder
	for _, name := range names {
		if value, ok := m[name]; ok {
			fmt.Fprintf(&content, "%s\n%s\n", name, value)
		}
	}
	digest := sha256.Sum256([]byte(content.String()))
	sig, err := rsa.SignPKCS1v15(nil, snsKey(), crypto.SHA256, digest[:])
	require.NoError(t, err)
	m["Signature"] = base64.StdEncoding.EncodeToString(sig)
	body, err := json.Marshal(m)
	require.NoError(t, err)
	return body
}

// snsServer counts what is fetched, and where from.
type snsServer struct {
	mu      sync.Mutex
	fetched []string
	answer  func(r *http.Request) (*http.Response, error)
}

func (s *snsServer) client() *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		s.mu.Lock()
		s.fetched = append(s.fetched, r.URL.String())
		s.mu.Unlock()
		return s.answer(r)
	})}
}

func (s *snsServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fetched)
}

func response(status int, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
}

func newSNS(t testing.TB, opts ...webhook.Option) (*webhook.Scheme, *snsServer) {
	t.Helper()
	cert := certificatePEM(t, snsKey(), fixedTime.Add(-time.Hour), fixedTime.Add(365*24*time.Hour))
	server := &snsServer{answer: func(*http.Request) (*http.Response, error) { return response(http.StatusOK, cert), nil }}
	s, err := webhook.SNS([]string{topicARN}, append([]webhook.Option{at(fixedTime), webhook.WithHTTPClient(server.client())}, opts...)...)
	require.NoError(t, err)
	return s, server
}

// W14
func TestW14_CertificateURLIsPinned(t *testing.T) {
	t.Parallel()
	s, server := newSNS(t)
	const file = "/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"
	for _, good := range []string{
		"https://sns.us-west-2.amazonaws.com" + file, "https://sns.eu-central-1.amazonaws.com" + file,
		"https://sns.us-gov-west-1.amazonaws.com" + file, "https://sns.ap-southeast-4.amazonaws.com" + file,
		"https://sns.cn-north-1.amazonaws.com.cn" + file, "https://sns.eusc-de-east-1.amazonaws.eu" + file,
		"https://sns.us-iso-east-1.c2s.ic.gov" + file, "https://sns.us-isob-east-1.sc2s.sgov.gov" + file,
	} {
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["SigningCertURL"] = good }))))
		require.NoError(t, err, good)
	}
	before := server.count()
	for _, bad := range []string{
		"http://sns.us-west-2.amazonaws.com" + file,
		"https://sns.us-west-2.amazonaws.com:443" + file,
		"https://sns.us-west-2.amazonaws.com:8443" + file,
		"https://user@sns.us-west-2.amazonaws.com" + file,
		"https://user:pw@sns.us-west-2.amazonaws.com" + file,
		"https://sns.us-west-2.amazonaws.com" + file + "?x=.pem",
		"https://sns.us-west-2.amazonaws.com" + file + "?",
		"https://sns.us-west-2.amazonaws.com" + file + "#x",
		"https://sns.us-west-2.amazonaws.com/?Action=GetTopicAttributes&x=.pem",
		"https://sns.us-west-2.amazonaws.com/../x.pem",
		"https://sns.us-west-2.amazonaws.com/a/.." + file,
		"https://sns.us-west-2.amazonaws.com/x" + file,
		"https://sns.us-west-2.amazonaws.com/%53impleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
		"https://sns.us-west-2.amazonaws.com/SimpleNotificationService-F3ECFB7224C7233FE7BB5F59F96DE52F.pem",
		"https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52.pem",
		"https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem/",
		"https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem%0A",
		"https://sns.us-west-2.amazonaws.com.evil.example" + file,
		"https://sns.us-west-2.amazonaws.com@evil.example" + file,
		"https://sns.us-west-2.amazonaws.com." + file,
		"https://evil.example/sns.us-west-2.amazonaws.com" + file,
		"https://sns.s3-us-west-2.amazonaws.com" + file,
		"https://sns.s3.amazonaws.com" + file,
		"https://sns.amazonaws.com" + file,
		"https://bucket.sns.us-west-2.amazonaws.com" + file,
		"https://sns.us-west-2.s3.amazonaws.com" + file,
		"https://sns.us-west-2.amazonaws.com.cn" + file,
		"https://sns.cn-north-1.amazonaws.com" + file,
		"https://sns.us-west-2.amazonaws.eu" + file,
		"https://SNS.us-west-2.amazonaws.com" + file,
		"https://sns.us-west-222.amazonaws.com" + file,
		"//sns.us-west-2.amazonaws.com" + file, file, "https:" + file, "data:text/plain,x", "",
	} {
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["SigningCertURL"] = bad }))))
		require.Error(t, err, bad)
		require.False(t, webhook.Undecidable(err), bad)
	}
	require.Equal(t, before, server.count(), "a URL that is not allowed is not fetched")
}

// W14
func TestW14_CertificateWithinItsValidityAndStrong(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	day := 24 * time.Hour
	good := certificatePEM(t, snsKey(), fixedTime.Add(-day), fixedTime.Add(day))
	for name, c := range map[string]struct {
		cert []byte
		want error
	}{
		"good":           {good, nil},
		"first second":   {certificatePEM(t, snsKey(), fixedTime, fixedTime.Add(day)), nil},
		"last second":    {certificatePEM(t, snsKey(), fixedTime.Add(-day), fixedTime), nil},
		"not yet valid":  {certificatePEM(t, snsKey(), fixedTime.Add(time.Second), fixedTime.Add(day)), webhook.ErrFuture},
		"expired":        {certificatePEM(t, snsKey(), fixedTime.Add(-day), fixedTime.Add(-time.Second)), webhook.ErrStale},
		"another key":    {certificatePEM(t, other, fixedTime.Add(-day), fixedTime.Add(day)), webhook.ErrMismatch},
		"1024 bits":      {certificatePEM(t, weak, fixedTime.Add(-day), fixedTime.Add(day)), webhook.ErrUnavailable},
		"ECDSA":          {certificatePEM(t, ec, fixedTime.Add(-day), fixedTime.Add(day)), webhook.ErrUnavailable},
		"not PEM":        {[]byte("hello"), webhook.ErrUnavailable},
		"not a cert":     {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), webhook.ErrUnavailable},
		"over the limit": {append(bytes.Repeat([]byte("\n"), 64<<10), good...), webhook.ErrUnavailable},
	} {
		s, err := webhook.SNS([]string{topicARN}, at(fixedTime), webhook.WithHTTPClient(serving(c.cert)))
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post(string(snsBody(t, nil))))
		if c.want == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, c.want, name)
		}
	}
}

// W14, W4
func TestW14_CertificateFetch(t *testing.T) {
	t.Parallel()
	body := string(snsBody(t, nil))
	s, server := newSNS(t)
	for range 5 {
		_, err := s.Verify(t.Context(), post(body))
		require.NoError(t, err)
	}
	require.Equal(t, []string{certURL}, server.fetched, "kept")

	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"redirect": func(*http.Request) (*http.Response, error) {
			res := response(http.StatusFound, nil)
			res.Header.Set("Location", "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem")
			return res, nil
		},
		"404":   func(*http.Request) (*http.Response, error) { return response(http.StatusNotFound, nil), nil },
		"500":   func(*http.Request) (*http.Response, error) { return response(http.StatusInternalServerError, nil), nil },
		"error": func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") },
	} {
		s, server := newSNS(t)
		server.answer = answer
		_, err := s.Verify(t.Context(), post(body))
		require.True(t, webhook.Undecidable(err), "%s: %v", name, err)
		_, err = s.Verify(t.Context(), post(body))
		require.True(t, webhook.Undecidable(err), name)
		require.Equal(t, 1, server.count(), "%s: a failure is not repeated at once", name)
	}
}

// W14: a flood of made-up certificate names keeps a bounded number of fetches
// going, and neither a slow server nor a caller that gives up fails the others.
func TestW14_CertificateFetchesAreBounded(t *testing.T) {
	t.Parallel()
	bodies := make([]string, 40)
	for i := range bodies {
		bodies[i] = string(snsBody(t, func(m map[string]string) {
			m["SigningCertURL"] = fmt.Sprintf("https://sns.us-west-2.amazonaws.com/SimpleNotificationService-%032x.pem", i)
		}))
	}
	cert := certificatePEM(t, snsKey(), fixedTime.Add(-time.Hour), fixedTime.Add(time.Hour))
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			select {
			case <-time.After(2 * time.Second):
				return response(http.StatusOK, cert), nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})}
		s, err := webhook.SNS([]string{topicARN}, at(fixedTime), webhook.WithHTTPClient(client))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for _, body := range bodies {
			wg.Go(func() {
				if _, err := s.Verify(t.Context(), post(body)); err != nil {
					require.True(t, webhook.Undecidable(err))
				}
			})
		}
		wg.Wait()
		require.LessOrEqual(t, most.Load(), int64(8))

		ctx, cancel := context.WithCancel(t.Context())
		slow := post(string(snsBody(t, nil)))
		wg.Go(func() {
			_, err := s.Verify(ctx, slow)
			require.True(t, webhook.Undecidable(err))
			require.ErrorIs(t, err, context.Canceled)
		})
		wg.Go(func() {
			_, err := s.Verify(t.Context(), slow)
			require.NoError(t, err, "the fetch belongs to no caller")
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

// W15
func TestW15_TopicMustBeListedExactly(t *testing.T) {
	t.Parallel()
	s, server := newSNS(t)
	for _, arn := range []string{
		"arn:aws:sns:us-west-2:999999999999:AttackerTopic", topicARN + "2", topicARN[:len(topicARN)-1], strings.ToUpper(topicARN), topicARN + " ", "arn:aws:sns:us-west-2:123456789012:*",
	} {
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["TopicArn"] = arn }))))
		require.ErrorIs(t, err, webhook.ErrNotAllowed, arn)
	}
	require.Zero(t, server.count(), "nothing is fetched for another's topic")
	for _, arns := range [][]string{nil, {}, {""}, {topicARN, ""}, {"arn:aws:sns:us-west-2:123456789012:*"}, {"arn:aws:sqs:us-west-2:123456789012:q"}, {"MyTopic"}, {topicARN + "\n"}} {
		_, err := webhook.SNS(arns)
		require.ErrorIs(t, err, webhook.ErrConfig, "%q", arns)
	}
}

// W16
func TestW16_TypeIsExactAndFieldsHaveNoLineBreaks(t *testing.T) {
	t.Parallel()
	s, _ := newSNS(t)
	for _, typ := range []string{"", "notification", "Notification ", "Other", "NOTIFICATION", "SubscriptionConfirmation2"} {
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["Type"] = typ }))))
		require.ErrorIs(t, err, webhook.ErrMalformed, typ)
	}
	for _, field := range []string{"MessageId", "Timestamp", "TopicArn", "Type", "Subject", "SignatureVersion", "SigningCertURL"} {
		for _, line := range []string{"\n", "\r", "\r\n"} {
			_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m[field] += line + "x" }))))
			require.ErrorIs(t, err, webhook.ErrMalformed, field)
		}
	}
	// A genuine message on the attacker's topic, cut so that the victim's topic
	// is the one that is read.
	genuine := snsBody(t, func(m map[string]string) { m["TopicArn"] = "arn:aws:sns:us-west-2:999999999999:Attacker" })
	var m map[string]string
	require.NoError(t, json.Unmarshal(genuine, &m))
	m["Type"] = "Notification\nTopicArn\n" + m["TopicArn"] + "\nType\nNotification"
	m["TopicArn"] = topicARN
	forged, err := json.Marshal(m)
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), post(string(forged)))
	require.ErrorIs(t, err, webhook.ErrMalformed)

	good := string(snsBody(t, func(m map[string]string) { m["Subject"], m["Message"] = "s", "line 1\nTopicArn\nx\r\n" }))
	_, err = s.Verify(t.Context(), post(good))
	require.NoError(t, err, "the message itself may have lines")
	for name, body := range map[string]string{
		"field twice":      strings.Replace(good, `{`, `{"TopicArn":"arn:aws:sns:us-west-2:999999999999:x",`, 1),
		"field of a case":  strings.Replace(good, `"TopicArn"`, `"topicarn"`, 1),
		"number":           strings.Replace(good, `"SignatureVersion":"2"`, `"SignatureVersion":2`, 1),
		"null subject":     strings.Replace(good, `"Subject":"s"`, `"Subject":null`, 1),
		"version 3":        strings.Replace(good, `"SignatureVersion":"2"`, `"SignatureVersion":"3"`, 1),
		"trailing":         good + "{}",
		"array":            "[" + good + "]",
		"no signature":     strings.Replace(good, `"Signature":`, `"Sig":`, 1),
		"signature spaced": strings.Replace(good, `"Signature":"`, `"Signature":"\n`, 1),
	} {
		_, err := s.Verify(t.Context(), post(body))
		require.Error(t, err, name)
		require.False(t, webhook.Undecidable(err), name)
	}
}

// W17
func TestW17_SubscriptionsAreConfirmedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	const host = "https://sns.us-west-2.amazonaws.com"
	subscribe := func(url string) string {
		return string(snsBody(t, func(m map[string]string) {
			m["Type"], m["Token"], m["SubscribeURL"] = "SubscriptionConfirmation", "token1", url
		}))
	}
	good := host + "/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1"

	s, server := newSNS(t)
	_, ok, err := s.Challenge(t.Context(), post(subscribe(good)))
	require.NoError(t, err)
	require.False(t, ok)
	rec, err := s.Verify(t.Context(), post(subscribe(good)))
	require.NoError(t, err)
	require.Equal(t, "SubscriptionConfirmation", rec.EventType)
	raws, err := s.Split(post(subscribe(good)), rec)
	require.NoError(t, err)
	require.Len(t, raws, 1)
	require.JSONEq(t, subscribe(good), string(raws[0].Payload))
	require.Equal(t, []string{certURL}, server.fetched, "SubscribeURL is not fetched")

	s, server = newSNS(t, webhook.SNSAutoConfirm())
	_, ok, err = s.Challenge(t.Context(), post(string(snsBody(t, nil))))
	require.NoError(t, err)
	require.False(t, ok, "a notification is none")
	answer, ok, err := s.Challenge(t.Context(), post(subscribe(good)))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, []string{certURL, good}, server.fetched)

	unsigned := strings.Replace(subscribe(good), `"MessageId":"2`, `"MessageId":"3`, 1)
	_, ok, err = s.Challenge(t.Context(), post(unsigned))
	require.True(t, ok)
	require.ErrorIs(t, err, webhook.ErrMismatch, "verified before anything is fetched")
	for _, bad := range []string{
		"https://evil.example/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1",
		"http://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1",
		host + ":444/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1",
		host + "/?Action=DeleteTopic&TopicArn=" + topicARN + "&Token=token1",
		host + "/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn=" + topicARN + "&Token=token1",
		host + "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:1:x&Token=token1",
		host + "/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token2",
		host + "/path?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=token1",
	} {
		answer, ok, err := s.Challenge(t.Context(), post(subscribe(bad)))
		require.True(t, ok, bad)
		require.Error(t, err, bad)
		require.Nil(t, answer)
	}
	require.Len(t, server.fetched, 2)
	server.answer = func(*http.Request) (*http.Response, error) { return response(http.StatusInternalServerError, nil), nil }
	_, _, err = s.Challenge(t.Context(), post(subscribe(good)))
	require.True(t, webhook.Undecidable(err), "so that SNS sends the confirmation again")
}

func TestSNSVersion1AndSubjects(t *testing.T) {
	t.Parallel()
	for _, config := range []webhooktest.SNSConfig{
		{TopicARN: topicARN, Version: "1"}, {TopicARN: topicARN, Version: "1", Subject: "s"}, {TopicARN: topicARN, Subject: "s"},
	} {
		r := received(t, webhooktest.SNS(snsCerts(), config).At(fixedTime).Request([]byte("Ａ é 🔑\nline")))
		rec, err := kitNamed(t, "aws-sns").scheme(t).Verify(t.Context(), r)
		require.NoError(t, err)
		version := config.Version
		if version == "" {
			version = "2"
		}
		require.Equal(t, "sns-v"+version, rec.Scheme)
		require.Equal(t, fixedTime.UTC(), rec.SignedAt)
		require.Len(t, rec.KeyID, 32)
	}
}

// W14: no other service of a region counts, nor the region by itself.
func TestW14_OtherHostsOfARegionAreRefused(t *testing.T) {
	t.Parallel()
	s, server := newSNS(t)
	for _, host := range []string{"us-west-2.amazonaws.com", "SNS.us-west-2.amazonaws.com", "sqs.us-west-2.amazonaws.com", "sns-us-west-2.amazonaws.com", ".us-west-2.amazonaws.com", "sns..us-west-2.amazonaws.com"} {
		address := "https://" + host + "/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"
		_, err := s.Verify(t.Context(), post(string(snsBody(t, func(m map[string]string) { m["SigningCertURL"] = address }))))
		require.ErrorIs(t, err, webhook.ErrMalformed, host)
	}
	require.Zero(t, server.count())
}
