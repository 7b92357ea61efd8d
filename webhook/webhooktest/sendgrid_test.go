package webhooktest_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func TestSendGridSignatureVerifies(t *testing.T) {
	t.Parallel()
	keys := webhooktest.SendGridKeys()
	body := []byte("[{\"event\":\"delivered\"}]\r\n")
	der, err := base64.StdEncoding.DecodeString(keys.Private)
	require.NoError(t, err)
	pemText := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))

	for name, signer := range map[string]*webhooktest.Signer{
		"event webhook": webhooktest.SendGrid(keys.Private),
		"from a PEM":    webhooktest.SendGrid(pemText),
		"inbound parse": webhooktest.SendGridInbound(keys.Private),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := signer.At(time.Unix(1600112502, 0)).Request(body)
			require.Equal(t, "1600112502", req.Header.Get("X-Twilio-Email-Event-Webhook-Timestamp"))

			spki, err := base64.StdEncoding.DecodeString(keys.Public)
			require.NoError(t, err)
			public, err := x509.ParsePKIXPublicKey(spki)
			require.NoError(t, err)
			sig, err := base64.StdEncoding.DecodeString(req.Header.Get("X-Twilio-Email-Event-Webhook-Signature"))
			require.NoError(t, err)
			digest := sha256.Sum256([]byte("1600112502" + string(body)))
			require.True(t, ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], sig))
		})
	}
}
