package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
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
