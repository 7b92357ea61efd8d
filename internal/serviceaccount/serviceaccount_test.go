package serviceaccount_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/serviceaccount"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func file(t *testing.T, change map[string]any) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	said := map[string]any{
		"type": "service_account", "client_email": "app@p.iam.example", "client_id": "1042", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.example.com/token",
	}
	for name, value := range change {
		said[name] = value
	}
	text, err := json.Marshal(said)
	require.NoError(t, err)
	return string(text)
}

func TestAKeyFile(t *testing.T) {
	t.Parallel()
	f, err := serviceaccount.Parse(file(t, map[string]any{"universe_domain": "googleapis.com"}))
	require.NoError(t, err)
	require.Equal(t, []string{"app@p.iam.example", "1042", "k1", "https://oauth2.example.com/token"},
		[]string{f.ClientEmail, f.ClientID, f.PrivateKeyID, f.TokenURI})
	s, err := f.Signer("")
	require.NoError(t, err)
	token, err := s.SignClaims(map[string]any{"typ": "JWT"}, map[string]any{"iss": f.ClientEmail})
	require.NoError(t, err)
	parsed, err := jose.Parse(token)
	require.NoError(t, err)
	require.Equal(t, "k1", parsed.Header.KeyID)
	_, err = f.Signer(jose.RS256)
	require.Error(t, err, "the key is none of RSA")
}

// X1: neither a file nor an error about one shows the key.
func TestX1_TheKeyIsNotShown(t *testing.T) {
	t.Parallel()
	f, err := serviceaccount.Parse(file(t, map[string]any{"private_key": "canary"}))
	require.NoError(t, err, "the key is looked at when it is to sign")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", f, f, f), "canary")
	_, err = f.Signer("")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary")
	for text, say := range map[string]string{
		"canary": "not JSON", `["canary"]`: "not JSON", file(t, nil) + "canary": "not JSON", file(t, map[string]any{"client_email": 1}): "not JSON",
		file(t, map[string]any{"type": "authorized_user", "refresh_token": "canary"}): "not one of a service account",
		file(t, map[string]any{"client_email": ""}):                                   "not one of a service account",
		file(t, map[string]any{"private_key": nil}):                                   "not one of a service account",
	} {
		_, err := serviceaccount.Parse(text)
		require.ErrorContains(t, err, say)
		require.NotContains(t, err.Error(), "canary")
	}
}

// L2
func FuzzParse(f *testing.F) {
	f.Add(`{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----"}`)
	f.Add(`{"type":"authorized_user"}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := serviceaccount.Parse(text)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "the key file is not "))
			return
		}
		require.NotEmpty(t, file.ClientEmail)
		if s, err := file.Signer(""); err == nil {
			require.NotNil(t, s)
		}
	})
}
