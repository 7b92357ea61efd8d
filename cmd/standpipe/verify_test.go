package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// captured is a Stripe delivery as a dump.
func captured(t *testing.T, signer *webhooktest.Signer, body string) string {
	t.Helper()
	d, err := signed(t.Context(), signer, []byte(body))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, d.writeTo(&b))
	return b.String()
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "c4n4ry")
	now := time.Now()
	signer := webhooktest.Stripe("c4n4ry")
	event := `{"id":"evt_1","object":"event","type":"invoice.paid"}`
	good := captured(t, signer, event)
	for name, c := range map[string]struct {
		dump   string
		flags  []string
		status int
		says   []string
	}{
		"genuine":              {good, nil, exitOK, []string{"genuine: stripe, scheme v1, key 1, signed at ", `event: type "invoice.paid", id "evt_1", 53 bytes`}},
		"genuine, with LF":     {strings.Replace(good, "\r\n", "\n", -1), nil, exitOK, []string{"genuine"}},
		"no request line":      {strings.SplitN(good, "\r\n", 2)[1], nil, exitOK, []string{"genuine"}},
		"an editor's line end": {good + "\n", nil, exitOK, []string{"note: the copy has 1 bytes of line ends", "genuine"}},
		"a stranger":           {captured(t, webhooktest.Stripe("x"), event), nil, exitRefused, []string{"refused: webhook: stripe: signature does not match"}},
		"too old": {
			captured(t, signer.At(now.Add(-time.Hour)), event), nil, exitRefused,
			[]string{"timestamp too old", "the signature is right, only the time is not", "-at " + strconv.FormatInt(now.Add(-time.Hour).Unix(), 10)},
		},
		"old, but received then": {
			captured(t, signer.At(now.Add(-time.Hour)), event), []string{"-at", strconv.FormatInt(now.Add(-time.Hour).Unix(), 10)}, exitOK, []string{"genuine"},
		},
		"from the future":   {captured(t, signer.At(now.Add(time.Hour)), event), nil, exitRefused, []string{"timestamp in the future", "-at "}},
		"no signature":      {captured(t, signer.WithHeader("Stripe-Signature"), event), nil, exitRefused, []string{"signature missing"}},
		"repeated":          {captured(t, signer.WithHeader("Stripe-Signature", "t=1,v1=00", "t=2,v1=00"), event), nil, exitRefused, []string{"repeated"}},
		"another method":    {strings.Replace(good, "POST", "PUT", 1), nil, exitRefused, []string{"method not allowed"}},
		"cut off":           {good[:len(good)-3], nil, exitRefused, []string{"note: the body has 50 bytes but Content-Length says 53", "does not match"}},
		"genuine, not JSON": {captured(t, signer, "not JSON"), nil, exitRefused, []string{"genuine", "but: ", "payload not understood"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := standpipe(t, c.dump, append([]string{"webhook", "verify", "stripe", "-secret-file", secret}, c.flags...)...)
			require.Equal(t, c.status, r.status, r.out+r.err)
			for _, s := range c.says {
				require.Contains(t, r.out, s)
			}
			require.NotContains(t, r.out+r.err, "c4n4ry")
		})
	}
}

func TestVerifyFindsWhatHappenedToTheBody(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "s")
	compactJSON := `{"id":"evt_1","object":"event","type":"a","text":"<b> & c"}`
	spacedJSON := "{\n  \"id\": \"evt_1\",\n  \"object\": \"event\"\n}"
	wide := "{\n    \"id\": \"evt_1\"\n}"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(compactJSON))
	require.NoError(t, z.Close())
	for name, c := range map[string]struct{ signed, arrived, found string }{
		"trimmed LF":     {compactJSON + "\n", compactJSON, "lost the line break at its end (LF)"},
		"trimmed CR LF":  {compactJSON + "\r\n", compactJSON, "lost the line break at its end (CR LF)"},
		"added LF":       {compactJSON, compactJSON + "\n", "gained a line break"},
		"added CR LF":    {compactJSON, compactJSON + "\r\n", "gained a line break"},
		"CR LF to LF":    {"{\r\n\"id\":1}", "{\n\"id\":1}", "CR LF line ends became LF"},
		"LF to CR LF":    {"{\n\"id\":1,\n\"b\":2}", "{\r\n\"id\":1,\r\n\"b\":2}", "LF line ends became CR LF"},
		"a BOM":          {compactJSON, "\ufeff" + compactJSON, "byte order mark"},
		"indented":       {compactJSON, "{\n \"id\": \"evt_1\", \"object\": \"event\", \"type\": \"a\", \"text\": \"<b> & c\"}", "with white space"},
		"compacted":      {spacedJSON, `{"id":"evt_1","object":"event"}`, "without white space"},
		"compacted wide": {wide, `{"id":"evt_1"}`, "without white space"},
		"escaped":        {compactJSON, strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(compactJSON), "escaped on the way"},
		"compressed":     {compactJSON, zipped.String(), "compressed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// An old capture: what is found must not depend on the time.
			signer := webhooktest.Stripe("s").At(time.Now().Add(-time.Hour))
			head, _, _ := strings.Cut(captured(t, signer, c.signed), "Content-Length")
			r := standpipe(t, head+"\r\n"+c.arrived, "webhook", "verify", "stripe", "-secret-file", secret)
			require.Equal(t, exitRefused, r.status)
			require.Contains(t, r.out, "does not match")
			require.Contains(t, r.out, "found: ")
			require.Contains(t, r.out, c.found)
		})
	}
	t.Run("nothing found", func(t *testing.T) {
		t.Parallel()
		head, _, _ := strings.Cut(captured(t, webhooktest.Stripe("s"), "a"), "Content-Length")
		r := standpipe(t, head+"\r\nb", "webhook", "verify", "stripe", "-secret-file", secret)
		require.NotContains(t, r.out, "found")
	})
}

func TestVerifyFromParts(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "s")
	req := webhooktest.GitHub("s").WithEvent("push").Request([]byte("{}\r\n"))
	r := standpipe(t, "", "webhook", "verify", "github", "-secret-file", secret, "-body", file(t, "body", "{}\r\n"),
		"-H", "x-hub-signature-256: "+req.Header.Get("X-Hub-Signature-256"), "-H", "X-GitHub-Event: push")
	require.Equal(t, exitOK, r.status, r.out+r.err)
	require.Contains(t, r.out, `type "push" (not signed)`)
	require.Contains(t, r.out, "not signed, so not to be trusted: X-Github-Event")

	r = standpipe(t, "", "webhook", "verify", "github", "-secret-file", secret, "-body", file(t, "body", "{}\r\n"), "-method", "get",
		"-H", "X-Hub-Signature-256: "+req.Header.Get("X-Hub-Signature-256"))
	require.Equal(t, exitRefused, r.status)
}

func TestVerifyRecognisesAChallenge(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "c4n4ry")
	r := standpipe(t, "GET /hook?crc_token=abc HTTP/1.1\r\nHost: example.com\r\n\r\n", "webhook", "verify", "x", "-secret-file", secret)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	require.Equal(t, "challenge: x, which the endpoint answers with 200\n", r.out)
}

// W4
func TestVerifyThatCannotDecide(t *testing.T) {
	t.Parallel()
	keys := webhooktest.NewKeyServer()
	signer := webhooktest.PubSub(keys, "https://example.com/push", "sa@example.com")
	flags := []string{"webhook", "verify", "google-pubsub", "-audience", "https://example.com/push", "-email", "sa@example.com", "-keys-file"}
	r := standpipe(t, captured(t, signer, "{}"), append(flags, file(t, "not-keys", "no key set"))...)
	require.Equal(t, exitUndecidable, r.status, r.out+r.err)
	require.Contains(t, r.out, "undecided: ")

	r = standpipe(t, captured(t, signer, "{}"), append(flags, file(t, "keys", string(keys.JWKS())))...)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	r = standpipe(t, captured(t, signer, "{}"), append(flags, "no-such-file")...)
	require.Equal(t, exitFailure, r.status)
}

func TestChunkedDump(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "s")
	body := `{"id":"evt_1"}`
	head, _, _ := strings.Cut(captured(t, webhooktest.Stripe("s"), body), "Content-Length")
	head += "Transfer-Encoding: chunked\r\n\r\n"
	r := standpipe(t, head+fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 4, body[:4], len(body)-4, body[4:]), "webhook", "verify", "stripe", "-secret-file", secret)
	require.Equal(t, exitOK, r.status, r.out+r.err)
	r = standpipe(t, head+body, "webhook", "verify", "stripe", "-secret-file", secret)
	require.Equal(t, exitFailure, r.status)
	require.Contains(t, r.err, "says chunked, but the body is not")
}
