package webhooktest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The text that SNS signs cannot be seen from outside, so that the messages
// that AWS's own validator accepts are checked against it from inside.
func TestStringToSignIsAmazons(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../testdata/webhooks.json")
	require.NoError(t, err)
	var vectors []struct {
		ID          string `json:"id"`
		Provider    string `json:"provider"`
		Valid       bool   `json:"valid"`
		Body        string `json:"body"`
		Certificate string `json:"certificate_pem"`
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	checked := 0
	for _, v := range vectors {
		if v.Provider != "aws-sns" || !v.Valid {
			continue
		}
		checked++
		t.Run(v.ID, func(t *testing.T) {
			var m snsMessage
			require.NoError(t, json.Unmarshal([]byte(v.Body), &m))
			requireSNSSignature(t, &m, v.Certificate)
		})
	}
	require.Equal(t, 3, checked)
}

func requireSNSSignature(t *testing.T, m *snsMessage, certificate string) {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	sig, err := base64.StdEncoding.DecodeString(m.Signature)
	require.NoError(t, err)
	v1, v2 := sha1.Sum([]byte(m.stringToSign())), sha256.Sum256([]byte(m.stringToSign()))
	hash, digest := crypto.SHA256, v2[:]
	if m.SignatureVersion == "1" {
		hash, digest = crypto.SHA1, v1[:]
	}
	require.NoError(t, rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), hash, digest, sig))
}
