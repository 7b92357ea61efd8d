package webhooktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestKeysAreKeptForAnotherRun(t *testing.T) {
	t.Parallel()
	keys := webhooktest.NewKeyServer()
	again, err := webhooktest.ParseKeyServer(keys.PrivatePEM())
	require.NoError(t, err)
	require.Equal(t, string(keys.JWKS()), string(again.JWKS()))

	certs := webhooktest.NewSNSCertificates()
	restored, err := webhooktest.ParseSNSCertificates(certs.PEM())
	require.NoError(t, err)
	require.Equal(t, certs.PEM(), restored.PEM())
	require.Equal(t, certs.Path(), restored.Path())
	require.Equal(t, certs.CertificatePEM(), restored.CertificatePEM())
	require.Equal(t, certs.AuthorityPEM(), restored.AuthorityPEM())

	var m map[string]string
	req := webhooktest.SNS(restored, webhooktest.SNSConfig{TopicARN: topic}).Request([]byte("x"))
	require.NoError(t, json.NewDecoder(req.Body).Decode(&m))
	require.True(t, strings.HasSuffix(m["SigningCertURL"], certs.Path()))
}

// X1
func TestUnusablePEMIsRefusedUnseen(t *testing.T) {
	t.Parallel()
	keys := webhooktest.NewKeyServer().PrivatePEM()
	ec := "-----BEGIN EC PRIVATE KEY-----\n" + canary + "\n-----END EC PRIVATE KEY-----\n"
	for name, text := range map[string]string{
		"empty": "", "no PEM": canary, "not a key": ec, "two keys": keys + keys,
		"a short key": "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("A", 64) + "\n-----END PRIVATE KEY-----\n",
		"an EC key":   "-----BEGIN PRIVATE KEY-----\n" + webhooktest.SendGridKeys().Private + "\n-----END PRIVATE KEY-----\n",
	} {
		_, err := webhooktest.ParseKeyServer(text)
		require.ErrorContains(t, err, "webhooktest: ", name)
		require.NotContains(t, err.Error(), canary)
		_, err = webhooktest.ParseSNSCertificates(text)
		require.Error(t, err, name)
	}
	_, err := webhooktest.ParseSNSCertificates(keys)
	require.ErrorContains(t, err, "0 certificates")
}
