package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend/resendtest"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `Resend fails once:
    Resend is asked under the key welcome/1
    Resend is asked under the key welcome/1
    sent
The address is none:
    Resend is asked under the key welcome/2
    refused
Too many mails:
    Resend is asked under the key welcome/3
    limited
    again in 1h0m0s
The day's quota is used up:
    Resend is asked under the key welcome/4
    limited
    again in 24h0m0s
Resend is down:
    Resend is asked under the key welcome/5
    Resend is asked under the key welcome/5
    Resend is asked under the key welcome/5
    may have been sent
    again in 1m0s
The same mail, called again:
    Resend is asked under the key welcome/5
    sent
There is no network:
    never sent
    again in 1m0s
`, out.String())
}

func TestLive(t *testing.T) {
	fake := resendtest.New()
	to := client.WithTransport(fake.Transport())
	var out bytes.Buffer
	t.Setenv("RESEND_API_KEY", "re_other")
	require.ErrorContains(t, live(t.Context(), &out, to), "stuck: ")
	t.Setenv("RESEND_API_KEY", fake.Key())
	require.NoError(t, live(t.Context(), &out, to))
	require.Equal(t, "sent "+fake.Sent()[0].ID+"\n", out.String())
	require.Equal(t, []string{"delivered@resend.dev"}, fake.Sent()[0].To)
}
