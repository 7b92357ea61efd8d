package compare

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrNotCovered is what Open returns where the subject does not set out to do what it
// is asked, such as to take two secrets.
var ErrNotCovered = errors.New("not covered")

// A Receiver is a library that verifies webhooks.
type Receiver struct {
	Subject
	// Sender is the service whose webhooks it verifies.
	Sender Sender
	// ReadsBody says that the library reads the request's body itself, rather than
	// being handed it.
	ReadsBody bool
	// Open returns what verifies requests under the secrets, any of which is good. Most
	// behaviours have one secret.
	Open func(secrets ...string) (Accept, error)
}

// Accept verifies a request. It is for an http.Handler: it returns nil if the
// application is to act on the request.
type Accept func(*http.Request) error

// A Sender signs as a service does, by means of the standard library alone.
type Sender struct {
	// Secret is one as the service would give it out, and so are Other and Stranger.
	Secret, Other, Stranger string
	// SignatureHeader is the one that holds the signature.
	SignatureHeader string
	// Sign returns the headers of a delivery that is sent at that time.
	Sign func(secret string, at time.Time, body []byte) http.Header
	// Timed says that the time is signed.
	Timed bool
	// Retired returns headers as they were before, or as are not meant to count; nil
	// where there is no such thing.
	Retired func(secret string, at time.Time, body []byte) http.Header
}

// GitHub signs the body with SHA-256, and did so with SHA-1.
func GitHub() Sender {
	return Sender{
		Secret: "github-secret-of-the-example", Other: "another-secret-of-the-example", Stranger: "nobody-has-this-secret-at-all",
		SignatureHeader: "X-Hub-Signature-256",
		Sign: func(secret string, _ time.Time, body []byte) http.Header {
			return gitHubHeader("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac(sha256.New, secret, body)))
		},
		Retired: func(secret string, _ time.Time, body []byte) http.Header {
			return gitHubHeader("X-Hub-Signature", "sha1="+hex.EncodeToString(mac(sha1.New, secret, body)))
		},
	}
}

func gitHubHeader(name, signature string) http.Header {
	return http.Header{
		name: {signature}, "X-Github-Event": {"push"}, "X-Github-Delivery": {"72d3162e-cc78-11e3-81ab-4c9367dc0958"},
	}
}

// Stripe signs time and body; its v0 is for tests and is not meant to count.
func Stripe() Sender {
	sign := func(scheme string) func(string, time.Time, []byte) http.Header {
		return func(secret string, at time.Time, body []byte) http.Header {
			t := strconv.FormatInt(at.Unix(), 10)
			sum := hex.EncodeToString(mac(sha256.New, secret, []byte(t+"."), body))
			return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%s,%s=%s", t, scheme, sum)}}
		}
	}
	return Sender{
		Secret: "whsec_stripe0123456789abcdefghijklmnop", Other: "whsec_another0123456789abcdefghijklm", Stranger: "whsec_nobody0123456789abcdefghijklmn",
		SignatureHeader: "Stripe-Signature", Timed: true,
		Sign: sign("v1"), Retired: sign("v0"),
	}
}

// StandardWebhooks signs identifier, time and body, in headers that begin with prefix:
// Webhook or Svix.
func StandardWebhooks(prefix string) Sender {
	return Sender{
		Secret: standardSecret("a secret of thirty-two bytes, 01"), Other: standardSecret("a secret of thirty-two bytes, 02"),
		Stranger:        standardSecret("a secret of thirty-two bytes, 03"),
		SignatureHeader: prefix + "-Signature", Timed: true,
		Sign: func(secret string, at time.Time, body []byte) http.Header {
			key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			const id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
			t := strconv.FormatInt(at.Unix(), 10)
			sum := mac(sha256.New, string(key), []byte(id+"."+t+"."), body)
			return http.Header{
				prefix + "-Id": {id}, prefix + "-Timestamp": {t},
				prefix + "-Signature": {"v1," + base64.StdEncoding.EncodeToString(sum)},
			}
		},
	}
}

func standardSecret(key string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
}

func mac(h func() hash.Hash, key string, parts ...[]byte) []byte {
	m := hmac.New(h, []byte(key))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}
