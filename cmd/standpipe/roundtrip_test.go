package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const endpointURL = "https://example.com/hooks?a=b"

// endpointFlags are enough for any provider; each reads its own.
var endpointFlags = []string{
	"-public-key", "public_key", "-token-header", "X-Hook-Token", "-audience", "https://example.com/audience",
	"-issuer", "https://tenant.auth0.com/", "-email", "push@project.iam.gserviceaccount.com", "-project", "my-project",
	"-topic", "arn:aws:sns:eu-central-1:123456789012:topic", "-url", endpointURL,
}

// bodyFor is a body that the provider could send.
func bodyFor(name string) string {
	switch name {
	case "sendgrid":
		return "[{\"event\":\"delivered\",\"sg_event_id\":\"1\"}]\r\n"
	case "sendgrid-inbound":
		return "--xYzZY\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nHi\r\n--xYzZY--\r\n"
	case "braintree":
		return "<notification><timestamp type=\"datetime\">2026-11-23T14:40:25Z</timestamp><kind>check</kind><subject/></notification>"
	case "firebase", "auth0-logout":
		return ""
	case "slack":
		return `{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}`
	case "twilio":
		return "From=%2B18005551212&Body=Hi"
	}
	return `{"id":"evt_1","object":"event","type":"thing.happened","event":"thing.happened","data":{}}`
}

// The program's own work must pass its own verification: keys are made, a body
// is signed, the request verified, for every provider.
func TestEveryProviderGoesRound(t *testing.T) {
	t.Parallel()
	for _, p := range providers() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			private, request := filepath.Join(dir, "key"), filepath.Join(dir, "request.http")

			r := standpipe(t, "", "webhook", "keys", p.name, private)
			require.Equal(t, exitOK, r.status, r.err)
			info, err := os.Stat(private)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			secret, err := os.ReadFile(private)
			require.NoError(t, err)
			secrets := append(strings.Split(strings.TrimSpace(string(secret)), "\n"), string(secret))
			if strings.HasPrefix(string(secret), "-----BEGIN") {
				secrets = secrets[1:2] // the first line of a PEM is no secret
			}

			sign := append([]string{"webhook", "sign", p.name, "-secret-file", private}, endpointFlags...)
			r = standpipe(t, bodyFor(p.name), append(sign, "-o", request)...)
			require.Equal(t, exitOK, r.status, r.err)
			r2 := standpipe(t, bodyFor(p.name), sign...)
			require.Equal(t, exitOK, r2.status, r2.err)

			verify := append([]string{"webhook", "verify", p.name, request}, endpointFlags...)
			switch found, _ := filepath.Glob(private + ".*"); {
			case p.keyless:
				require.Len(t, found, 1)
				verify = append(verify, "-keys-file", found[0])
			case len(found) == 1:
				verify = append(verify, "-secret-file", found[0])
			default:
				verify = append(verify, "-secret-file", private)
			}
			v := standpipe(t, "", verify...)
			require.Equal(t, exitOK, v.status, v.out+v.err)
			require.Contains(t, v.out, "genuine: ")
			require.Contains(t, v.out, "event: ")

			tampered, err := os.ReadFile(request)
			require.NoError(t, err)
			stranger := standpipe(t, strings.Replace(string(tampered), "POST ", "PUT ", 1), append(verify[:3:3], verify[4:]...)...)
			require.Equal(t, exitRefused, stranger.status, stranger.out+stranger.err)
			require.Contains(t, stranger.out, "refused: ")

			// X1
			shown := r.out + r.err + r2.out + r2.err + v.out + v.err + stranger.out + stranger.err
			for _, s := range secrets {
				require.NotContains(t, shown, s)
			}
		})
	}
}

func TestSecretThatIsSentIsNotPrinted(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "hook:c4n4ry-p@ssword")
	r := standpipe(t, "{}", "webhook", "sign", "postmark", "-secret-file", secret)
	require.Equal(t, exitOK, r.status)
	require.Contains(t, r.out, "Authorization: Basic [redacted]")
	require.Contains(t, r.err, "whole in a file with -o")
	require.NotContains(t, r.out+r.err, "c4n4ry")

	whole := filepath.Join(t.TempDir(), "request.http")
	require.Equal(t, exitOK, standpipe(t, "{}", "webhook", "sign", "postmark", "-secret-file", secret, "-o", whole).status)
	content, err := os.ReadFile(whole)
	require.NoError(t, err)
	require.Contains(t, string(content), "Authorization: Basic aG9vazpjNG40cnktcEBzc3dvcmQ=")
	again := standpipe(t, "{}", "webhook", "sign", "postmark", "-secret-file", secret, "-o", whole)
	require.Equal(t, exitFailure, again.status)
}

func TestSignSaysWhatItWasTold(t *testing.T) {
	t.Setenv("STANDPIPE_TEST_NEW", "new-secret")
	t.Setenv("STANDPIPE_TEST_OLD", "old-secret")
	r := standpipe(t, `{"a":"é"}`+"\r\n", "webhook", "sign", "github", "-secret-env", "STANDPIPE_TEST_NEW",
		"-event", "push", "-id", "delivery-1", "-H", "X-Extra: a", "-H", "X-Extra: b", "-url", "http://localhost:8080/hooks/github")
	require.Equal(t, exitOK, r.status, r.err)
	require.Equal(t, strings.Join([]string{
		"POST /hooks/github HTTP/1.1",
		"Host: localhost:8080",
		"Content-Type: application/json",
		"User-Agent: GitHub-Hookshot/044aadd",
		"X-Extra: a",
		"X-Extra: b",
		"X-Github-Delivery: delivery-1",
		"X-Github-Event: push",
		"X-Github-Hook-Id: 1",
		"X-Hub-Signature: sha1=9b91193f260b1c2d9a866bef48f9ceaca74bec97",
		"X-Hub-Signature-256: sha256=4deee684c9e3292ba29492117fc6977813f5beb39b796396b6c140246353e2a4",
		"Content-Length: 12",
		"", `{"a":"é"}` + "\r\n",
	}, "\r\n"), r.out)

	r = standpipe(t, "{}", "webhook", "sign", "stripe", "-time", "1", "-secret-env", "STANDPIPE_TEST_NEW", "-secret-env", "STANDPIPE_TEST_OLD")
	require.Equal(t, 2, strings.Count(r.out, "v1="))
}
