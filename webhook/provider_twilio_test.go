package webhook_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func twilioRequest(t testing.TB, method, target, signed, body, contentType string) *webhook.Request {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	h := http.Header{"X-Twilio-Signature": {base64.StdEncoding.EncodeToString(macOf(sha1.New, "12345", signed))}}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &webhook.Request{Method: method, URL: u, Header: h, Body: []byte(body)}
}

const form = "application/x-www-form-urlencoded"

// W23
func TestW23_TwilioURLComesFromConfiguration(t *testing.T) {
	t.Parallel()
	s, err := webhook.Twilio(secret.Static("12345"), "https://example.com/sms?foo=1")
	require.NoError(t, err)
	good := twilioRequest(t, "POST", "/sms?foo=1", "https://example.com/sms?foo=1"+"BodyHi", "Body=Hi", form)
	_, err = s.Verify(t.Context(), good)
	require.NoError(t, err)

	// What was signed for another URL does not pass, whatever the request says
	// about itself.
	for _, target := range []string{"/sms?foo=1", "https://attacker.example/sms?foo=1", "//attacker.example/sms?foo=1"} {
		r := twilioRequest(t, "POST", target, "https://attacker.example/sms?foo=1"+"BodyHi", "Body=Hi", form)
		for _, header := range []string{"Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded", "X-Forwarded-Server"} {
			r.Header.Set(header, "attacker.example")
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("Forwarded", "host=attacker.example;proto=https")
		_, err := s.Verify(t.Context(), r)
		require.ErrorIs(t, err, webhook.ErrMismatch, target)
	}
	// Genuine, and the headers lie: they have no say.
	good.Header.Set("X-Forwarded-Host", "attacker.example")
	_, err = s.Verify(t.Context(), good)
	require.NoError(t, err)
	// The path that was received has none either, where one is configured.
	_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/internal/rewritten?foo=1", "https://example.com/sms?foo=1"+"BodyHi", "Body=Hi", form))
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/other?foo=1", "https://example.com/other?foo=1"+"BodyHi", "Body=Hi", form))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	// Nor may the query grow, since parameters could be shifted into it.
	for _, target := range []string{"/sms?foo=1BodyHi", "/sms?foo=1&BodyHi", "/sms?foo=2", "/sms?x=1&foo=1", "/sms"} {
		_, err = s.Verify(t.Context(), twilioRequest(t, "POST", target, "https://example.com"+target, "", form))
		require.Error(t, err, target)
	}
	_, err = s.Verify(t.Context(), twilioRequest(t, "GET", "/sms?foo=1&Body=Hi", "https://example.com/sms?foo=1&Body=Hi", "", ""))
	require.NoError(t, err, "the parameters of a GET are in the query")
	_, err = s.Verify(t.Context(), twilioRequest(t, "GET", "/sms?foo=1Body=Hi", "https://example.com/sms?foo=1Body=Hi", "", ""))
	require.Error(t, err)

	// Without a path, path and query are as received; the origin is not.
	base, err := webhook.Twilio(secret.Static("12345"), "https://example.com")
	require.NoError(t, err)
	for _, target := range []string{"/a", "/b%20c?x=%27", "/", "/a?b=1&c=2"} {
		_, err = base.Verify(t.Context(), twilioRequest(t, "POST", target, "https://example.com"+target+"BodyHi", "Body=Hi", form))
		require.NoError(t, err, target)
		_, err = base.Verify(t.Context(), twilioRequest(t, "POST", "https://evil.example"+target, "https://evil.example"+target+"BodyHi", "Body=Hi", form))
		require.ErrorIs(t, err, webhook.ErrMismatch, target)
	}
	_, err = base.Verify(t.Context(), &webhook.Request{Header: good.Header, Body: good.Body})
	require.ErrorIs(t, err, webhook.ErrMissing)
}

func TestTwilioPortsAndUserinfo(t *testing.T) {
	t.Parallel()
	for configured, signed := range map[string][]string{
		"https://example.com/x":         {"https://example.com/x", "https://example.com:443/x"},
		"https://example.com:8443/x":    {"https://example.com:8443/x", "https://example.com/x"},
		"http://example.com/x":          {"http://example.com/x", "http://example.com:80/x"},
		"https://u:p@example.com/x":     {"https://u:p@example.com/x", "https://u:p@example.com:443/x"},
		"https://u:p@example.com:444/x": {"https://u:p@example.com:444/x", "https://u:p@example.com/x"},
		"https://example.com":           {"https://example.com/x", "https://example.com:443/x"},
		"https://[2001:db8::1]:444/x":   {"https://[2001:db8::1]:444/x", "https://[2001:db8::1]/x"},
		"https://[2001:db8::1]/x":       {"https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"},
	} {
		s, err := webhook.Twilio(secret.Static("12345"), configured)
		require.NoError(t, err)
		for _, u := range signed {
			_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/x", u+"BodyHi", "Body=Hi", form))
			require.NoError(t, err, "%s for %s", u, configured)
		}
		_, err = s.Verify(t.Context(), twilioRequest(t, "POST", "/x", "https://example.com:1/xBodyHi", "Body=Hi", form))
		require.ErrorIs(t, err, webhook.ErrMismatch)
	}
	for _, bad := range []string{"", "/x", "example.com/x", "ftp://example.com/x", "https:///x", "https://example.com/x#f", "https://example.com?x=1", "https://:443/x", "https:example.com", "https://exa mple.com/"} {
		_, err := webhook.Twilio(secret.Static("12345"), bad)
		require.ErrorIs(t, err, webhook.ErrConfig, bad)
	}
}

func TestTwilioBodies(t *testing.T) {
	t.Parallel()
	s, err := webhook.Twilio(secret.Static("12345"), "https://example.com/x")
	require.NoError(t, err)
	const body = `{"a":1}`
	sum := sha256.Sum256([]byte(body))
	target := "/x?bodySHA256=" + hex.EncodeToString(sum[:])
	verify := func(target, signed, body, contentType string) error {
		_, err := s.Verify(t.Context(), twilioRequest(t, "POST", target, "https://example.com"+signed, body, contentType))
		return err
	}
	require.NoError(t, verify(target, target, body, "application/json"))
	require.NoError(t, verify(target, target, body, ""))
	require.ErrorIs(t, verify(target, target, body+" ", "application/json"), webhook.ErrMismatch)
	require.ErrorIs(t, verify(target, "/x", body, "application/json"), webhook.ErrMismatch)
	require.ErrorIs(t, verify("/x", "/x", body, "application/json"), webhook.ErrMissing)
	require.ErrorIs(t, verify("/x", "/x", "a=1", ""), webhook.ErrMismatch, "its parameters are signed")
	require.ErrorIs(t, verify("/x", "/x", "--b", "multipart/form-data; boundary=b"), webhook.ErrMissing)
	require.ErrorIs(t, verify("/x?bodySHA256=zz", "/x?bodySHA256=zz", body, ""), webhook.ErrMalformed)
	require.ErrorIs(t, verify(target+"&bodySHA256=00", target+"&bodySHA256=00", body, ""), webhook.ErrDuplicate)
	require.ErrorIs(t, verify("/x", "/xab", "%zz", form), webhook.ErrMalformed)
	require.NoError(t, verify("/x", "/x", "", form))
	require.NoError(t, verify("/x", "/xA1A2B", "A=2&B=&A=1&A=2", form+"; charset=utf-8"), "sorted, each value once")
	require.ErrorIs(t, verify("/x", "/xA2A1B", "A=2&B=&A=1", form), webhook.ErrMismatch)
}

// W23: the handshake of a WebSocket is signed over the wss URL of the TwiML, and
// over nothing else.
func TestW23_TwilioWebSocketHandshake(t *testing.T) {
	t.Parallel()
	for configured, c := range map[string]struct{ good, bad []string }{
		"wss://voice.example.com/media": {
			[]string{"wss://voice.example.com/media", "wss://voice.example.com:443/media"},
			[]string{"https://voice.example.com/media", "ws://voice.example.com/media", "wss://voice.example.com:80/media", "wss://voice.example.com/media/", "wss://evil.example/media"},
		},
		"wss://voice.example.com": {
			[]string{"wss://voice.example.com/media", "wss://voice.example.com:443/media"}, []string{"https://voice.example.com/media", "wss://voice.example.com/other"},
		},
		"wss://voice.example.com:8443/media": {
			[]string{"wss://voice.example.com:8443/media", "wss://voice.example.com/media"}, []string{"wss://voice.example.com:443/media"},
		},
		"ws://127.0.0.1/media": {
			[]string{"ws://127.0.0.1/media", "ws://127.0.0.1:80/media"}, []string{"wss://127.0.0.1/media", "ws://127.0.0.1:443/media"},
		},
		"https://voice.example.com/media": {
			[]string{"https://voice.example.com/media"}, []string{"wss://voice.example.com/media", "wss://voice.example.com:443/media"},
		},
	} {
		s, err := webhook.Twilio(secret.Static("12345"), configured)
		require.NoError(t, err)
		for _, signed := range c.good {
			_, err := s.Verify(t.Context(), twilioRequest(t, "GET", "/media", signed, "", ""))
			require.NoError(t, err, "%s at %s", signed, configured)
		}
		for _, signed := range c.bad {
			_, err := s.Verify(t.Context(), twilioRequest(t, "GET", "/media", signed, "", ""))
			require.ErrorIs(t, err, webhook.ErrMismatch, "%s at %s", signed, configured)
		}
	}
	// As a server gets it.
	const target = "wss://voice.example.com/media"
	s, err := webhook.Twilio(secret.Static(rawKey), target)
	require.NoError(t, err)
	sign := webhooktest.Twilio(rawKey).WithURL(target)
	r := sign.Request(nil)
	require.Equal(t, http.MethodGet, r.Method)
	require.Equal(t, "websocket", r.Header.Get("Upgrade"))
	_, _, err = webhook.VerifyHTTP(s, r)
	require.NoError(t, err)
	_, err = sign.NewRequest(t.Context(), []byte("x"))
	require.ErrorContains(t, err, "no body")
	for _, bad := range []string{"wss:///x", "wss:voice.example.com", "wss://voice.example.com/x#f", "wss://voice.example.com?x=1", "wsss://voice.example.com/x", "gopher://voice.example.com/x"} {
		_, err := webhook.Twilio(secret.Static(rawKey), bad)
		require.ErrorIs(t, err, webhook.ErrConfig, bad)
	}
}
