package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// result is what one run of the program did.
type result struct {
	status   int
	out, err string
}

// standpipe runs the program as a shell would.
func standpipe(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return result{status, out.String(), errs.String()}
}

// file writes a file and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"webhook"}, {"webhook", "help"}, {"webhook", "-help"}} {
		r := standpipe(t, "", args...)
		require.Equal(t, exitOK, r.status, args)
		for _, c := range commands() {
			require.Contains(t, r.out, "standpipe webhook "+c.name)
		}
		require.Empty(t, r.err)
	}
	for _, c := range commands() {
		r := standpipe(t, "", "webhook", c.name, "-h")
		require.Equal(t, exitOK, r.status)
		require.Contains(t, r.out, "usage: standpipe webhook "+c.name)
		require.Contains(t, r.out, c.help)
		require.Empty(t, r.err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	r := standpipe(t, "", "version")
	require.Equal(t, exitOK, r.status)
	require.Regexp(t, `^standpipe \S+, go1\.\S+ `+runtime.GOOS+"/"+runtime.GOARCH+"\n$", r.out)
	require.Equal(t, exitUsage, standpipe(t, "", "version", "2").status)
}

// A placeholder in a flag's help stands for the value: "-timeout long" reads as one.
func TestHelpNamesWhatAFlagTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"send", "listen", "replay"} {
		require.Contains(t, standpipe(t, "", "webhook", c, "-h").out, "  -timeout duration\n")
	}
}

func TestMistakesInTheCommand(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "s3cr3t")
	blank := file(t, "blank", " \n")
	body := file(t, "body", "{}")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"server"}, exitUsage, "unknown command"},
		{[]string{"webhook", "fetch"}, exitUsage, "unknown command"},
		{[]string{"sign"}, exitUsage, `unknown command "sign": it is "standpipe webhook sign"`},
		{[]string{"webhook", "sign"}, exitUsage, "0 arguments where 1 to 2 are wanted"},
		{[]string{"webhook", "sign", "stripe", body, "extra"}, exitUsage, "3 arguments"},
		{[]string{"webhook", "sign", "-nonsense", "stripe"}, exitUsage, "nonsense"},
		{[]string{"webhook", "sign", "acme", "-secret-file", secret}, exitUsage, `unknown provider "acme"`},
		{[]string{"webhook", "sign", "stripe", body}, exitUsage, "no secret"},
		{[]string{"webhook", "sign", "stripe", body, "-secret-file", blank}, exitFailure, "blank"},
		{[]string{"webhook", "sign", "stripe", body, "-secret-env", "STANDPIPE_TEST_UNSET"}, exitFailure, "not set"},
		{[]string{"webhook", "sign", "stripe", "no-such-file", "-secret-file", secret}, exitFailure, "no-such-file"},
		{[]string{"webhook", "sign", "svix", body, "-secret-file", secret}, exitUsage, "base64"},
		{[]string{"webhook", "sign", "github", body, "-secret-file", secret, "-secret-file", secret}, exitUsage, "one secret"},
		{[]string{"webhook", "sign", "datadog", body, "-secret-file", secret}, exitUsage, "needs -token-header"},
		{[]string{"webhook", "sign", "stripe", body, "-secret-file", secret, "-time", "yesterday"}, exitUsage, "RFC 3339"},
		{[]string{"webhook", "sign", "stripe", body, "-secret-file", secret, "-H", "nonsense"}, exitUsage, "Name: value"},
		{[]string{"webhook", "send", "stripe", "localhost", body, "-secret-file", secret}, exitUsage, "not an http"},
		{[]string{"webhook", "send", "stripe", "http://127.0.0.1:1/", "-challenge", "-secret-file", secret}, exitUsage, "no challenge"},
		{[]string{"webhook", "verify", "svix", body, "-secret-file", secret}, exitUsage, "svix"},
		{[]string{"webhook", "verify", "stripe", body, "-secret-file", secret}, exitFailure, "not a raw HTTP request"},
		{[]string{"webhook", "verify", "stripe", body, "-body", body, "-secret-file", secret}, exitUsage, "exclude each other"},
		{[]string{"webhook", "verify", "stripe", "-H", "A: b", "-secret-file", secret}, exitUsage, "together with -body"},
		{[]string{"webhook", "verify", "twilio", "-body", body, "-secret-file", secret}, exitUsage, "needs -url"},
		{[]string{"webhook", "listen", "stripe"}, exitUsage, "no secret"},
		{[]string{"webhook", "listen", "-forward", "nowhere"}, exitUsage, "not an http"},
		{[]string{"webhook", "listen", "-host", "https://tunnel.test"}, exitUsage, "not the name of a host"},
		{[]string{"webhook", "listen", "-addr", "256.0.0.1:0"}, exitFailure, "256.0.0.1"},
		{[]string{"webhook", "replay", t.TempDir()}, exitUsage, "not an http"},
		{[]string{"webhook", "replay", t.TempDir(), "-to", "http://127.0.0.1:1/"}, exitFailure, "no delivery"},
		{[]string{"webhook", "replay", "no-such-dir", "-to", "http://127.0.0.1:1/"}, exitFailure, "does not exist"},
		{[]string{"webhook", "keys", "stripe"}, exitUsage, "1 arguments where 2 are wanted"},
		{[]string{"webhook", "keys", "stripe", secret}, exitFailure, "exists already"},
	} {
		r := standpipe(t, "", c.args...)
		require.Equal(t, c.status, r.status, "%q: %s", c.args, r.err)
		require.Contains(t, r.err, c.says, "%q", c.args)
		require.NotContains(t, r.err+r.out, "s3cr3t")
	}
}

func TestFlagsMayComeAnywhere(t *testing.T) {
	t.Parallel()
	secret, body := file(t, "secret", "whsec_test"), file(t, "event.json", "{}")
	for _, args := range [][]string{
		{"-secret-file", secret, "-time", "1750861210", "stripe", body},
		{"stripe", "-secret-file", secret, body, "-time", "2025-06-25T14:20:10Z"},
		{"stripe", body, "-time=1750861210", "--secret-file=" + secret},
	} {
		r := standpipe(t, "", append([]string{"webhook", "sign"}, args...)...)
		require.Equal(t, exitOK, r.status, r.err)
		require.Contains(t, r.out, "Stripe-Signature: t=1750861210,v1=")
	}
}

func TestProvidersAreAllThere(t *testing.T) {
	t.Parallel()
	r := standpipe(t, "", "webhook", "providers")
	require.Equal(t, exitOK, r.status)
	for _, name := range []string{
		"auth0-log-stream", "auth0-logout", "aws-sns", "braintree", "clerk", "cloudflare", "datadog", "firebase", "github",
		"google-calendar", "google-pubsub", "openai", "paddle", "postmark", "resend", "sendgrid", "sentry", "shopify", "slack",
		"standard-webhooks", "stripe", "svix", "twilio", "x",
	} {
		require.Regexp(t, `(?m)^`+name+` `, r.out)
	}
}

// failingWriter is a standard output that is gone.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestOutputThatIsGone(t *testing.T) {
	t.Parallel()
	secret := file(t, "secret", "s3cr3t")
	var errs bytes.Buffer
	status := run(context.Background(), []string{"webhook", "sign", "stripe", "-secret-file", secret}, strings.NewReader("{}"), failingWriter{}, &errs)
	require.Equal(t, exitFailure, status)
	require.Contains(t, errs.String(), "closed pipe")
}
