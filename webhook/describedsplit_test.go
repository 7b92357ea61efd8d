package webhook_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// splitOwn reads {"id": …, "type": …}, as most services of one's own have it.
func splitOwn(r *webhook.Request, _ webhook.Receipt) ([]webhook.Raw, error) {
	var e struct{ ID, Type string }
	if err := json.Unmarshal(r.Body, &e); err != nil {
		return nil, err
	}
	return []webhook.Raw{{ID: e.ID, IDSigned: true, Type: e.Type, TypeSigned: true, Object: "own", Payload: r.Body}}, nil
}

// splitting is a described scheme that finds its events in the body.
type splitting struct {
	name   string
	signed bool
	new    func(opts ...webhook.Option) (*webhook.Scheme, error)
	signer *webhooktest.Signer
}

func splittings(t *testing.T) []splitting {
	t.Helper()
	layout := webhook.Layout{SignatureHeader: "X-Signature", Signed: "{timestamp}.{body}", TimestampHeader: "X-Time"}
	config := webhooktest.SchemeConfig{Provider: "own", Header: "X-Signature", Signed: "{timestamp}.{body}", TimestampHeader: "X-Time"}
	modulus, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(modulus)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	der, err = x509.MarshalPKIXPublicKey(&modulus.PublicKey)
	require.NoError(t, err)
	public := base64.StdEncoding.EncodeToString(der)
	curve, edwards := webhooktest.SendGridKeys(), webhooktest.Ed25519Keys()
	return []splitting{
		{"HMAC", true, func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.HMAC(webhook.HMACConfig{Provider: "own", Layout: layout}, secret.Static("s3cret"), opts...)
		}, webhooktest.HMAC(config, []byte("s3cret"))},
		{"ECDSA", true, func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.ECDSA(webhook.ECDSAConfig{Provider: "own", Layout: layout}, secret.Static(curve.Public), opts...)
		}, webhooktest.ECDSA(config, curve.Private)},
		{"RSA", true, func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.RSA(webhook.RSAConfig{Provider: "own", Layout: layout}, secret.Static(public), opts...)
		}, webhooktest.RSA(config, private)},
		{"Ed25519", true, func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.Ed25519(webhook.Ed25519Config{Provider: "own", Key: webhook.Base64Key, Layout: layout}, secret.Static(strings.TrimPrefix(edwards.Public, "whpk_")), opts...)
		}, webhooktest.Ed25519(config, edwards.Private)},
		{"StaticToken", false, func(opts ...webhook.Option) (*webhook.Scheme, error) {
			return webhook.StaticToken(webhook.StaticTokenConfig{Provider: "own", Header: "X-Token"}, secret.Static("t0ken"), opts...)
		}, webhooktest.StaticToken("own", "X-Token", "t0ken")},
	}
}

// A service of one's own mostly says in the body which event it is. Its type finds the
// function then, and its identifier the guard.
func TestADescribedSchemeFindsItsEventsInTheBody(t *testing.T) {
	t.Parallel()
	for _, k := range splittings(t) {
		var got []webhook.Event[struct{ Parcel string }]
		shipped := webhook.On("parcel.shipped", func(_ context.Context, e webhook.Event[struct{ Parcel string }]) error {
			got = append(got, e)
			return nil
		})
		plain, err := k.new()
		require.NoError(t, err, k.name)
		_, err = webhook.NewHandler(plain, shipped)
		require.ErrorIs(t, err, webhook.ErrConfig, k.name)
		require.ErrorContains(t, err, "in the body with WithSplit", k.name)

		s, err := k.new(webhook.WithSplit(splitOwn))
		require.NoError(t, err, k.name)
		guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
		require.NoError(t, err)
		h, err := webhook.NewHandler(s, shipped, webhook.WithDeduplication(guard),
			webhook.OnObject("own", func(context.Context, webhook.Event[struct{}]) error { return nil }))
		require.NoError(t, err, k.name)
		post := func(body string) int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, k.signer.Request([]byte(body)))
			return w.Code
		}
		for range 2 {
			require.Equal(t, http.StatusOK, post(`{"id":"e1","type":"parcel.shipped","parcel":"p1"}`), k.name)
		}
		require.Equal(t, http.StatusOK, post(`{"id":"e2","type":"parcel.lost"}`), k.name)
		require.Equal(t, http.StatusInternalServerError, post(`no JSON`), k.name)
		require.Len(t, got, 1, k.name)
		require.Equal(t, "p1", got[0].Data.Parcel)
		require.Equal(t, "e1", got[0].ID)
		require.Equal(t, k.signed, got[0].IDSigned, k.name)
		require.Equal(t, k.signed, got[0].TypeSigned, k.name)

		_, err = s.Split(&webhook.Request{Body: []byte("no JSON")}, webhook.Receipt{})
		require.ErrorIs(t, err, webhook.ErrPayload, k.name)
	}
}
