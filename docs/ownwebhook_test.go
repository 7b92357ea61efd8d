package docs

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Parcel is what the events of the warehouse are about.
type Parcel struct {
	Order string `json:"order"`
}

// newWarehouse is the scheme of a service of your own, which signs the time and the body.
func newWarehouse(secrets secret.Source) (*webhook.Scheme, error) {
	return webhook.HMAC(webhook.HMACConfig{
		Provider: "warehouse",
		Layout: webhook.Layout{
			SignatureHeader: "X-Warehouse-Signature",
			Prefix:          "sha256=",
			TimestampHeader: "X-Warehouse-Time", // in seconds since 1970
			Signed:          "{timestamp}.{body}",
		},
	}, secrets, webhook.WithSplit(warehouseEvents))
}

// warehouseEvents says where a delivery has its identifier and its type: here, in the
// body. If they are in headers, name those in the Layout instead.
func warehouseEvents(r *webhook.Request, _ webhook.Receipt) ([]webhook.Raw, error) {
	var e struct{ ID, Type string }
	if err := json.Unmarshal(r.Body, &e); err != nil {
		return nil, err
	}
	return []webhook.Raw{{ID: e.ID, IDSigned: true, Type: e.Type, TypeSigned: true, Payload: r.Body}}, nil
}

func TestAServiceOfYourOwnSendsWebhooks(t *testing.T) {
	var shipped []string
	scheme, err := newWarehouse(secret.Static("s3cret"))
	require.NoError(t, err)
	guard, err := webhook.NewMemoryGuard(webhook.MemoryGuardConfig{})
	require.NoError(t, err)
	hooks, err := webhook.NewHandler(scheme, webhook.WithDeduplication(guard),
		webhook.On("parcel.shipped", func(_ context.Context, e webhook.Event[Parcel]) error {
			shipped = append(shipped, e.Data.Order)
			return nil
		}))
	require.NoError(t, err)

	warehouse := webhooktest.HMAC(webhooktest.SchemeConfig{
		Provider: "warehouse",
		Header:   "X-Warehouse-Signature", Value: "sha256={signature}",
		TimestampHeader: "X-Warehouse-Time", Signed: "{timestamp}.{body}",
	}, []byte("s3cret"))
	body := []byte(`{"id":"e1","type":"parcel.shipped","order":"17"}`)
	for _, delivery := range []struct {
		by     *webhooktest.Signer
		status int
	}{
		{warehouse.At(time.Now().Add(-time.Hour)), http.StatusUnauthorized},
		{warehouse, http.StatusOK},
		{warehouse, http.StatusOK}, // again, and not run again
	} {
		w := httptest.NewRecorder()
		hooks.ServeHTTP(w, delivery.by.Request(body))
		require.Equal(t, delivery.status, w.Code)
	}
	require.Equal(t, []string{"17"}, shipped)
}
