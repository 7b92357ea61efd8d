package google_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// over is a client whose responses are the steps.
func over(t *testing.T, steps ...clienttest.Step) (*google.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, steps...)
	c, err := google.New(client.Bearer(secret.Static("ya29.user")), client.WithTransport(rt))
	require.NoError(t, err)
	return c, rt
}

// scripted is over for a script.
func scripted(t *testing.T, script string) (*google.Client, *clienttest.Transport) {
	t.Helper()
	return over(t, clienttest.MustParse(script)...)
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// keyFile is a service account's, with changes.
func keyFile(t *testing.T, change map[string]string) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(rsaKey())
	require.NoError(t, err)
	said := map[string]string{
		"type": "service_account", "private_key_id": "k1", "client_email": "app@demo.iam.gserviceaccount.com", "client_id": "1042",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://oauth2.googleapis.com/token",
	}
	maps.Copy(said, change)
	text, err := json.Marshal(said)
	require.NoError(t, err)
	return string(text)
}
