package webhook_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// tokenOf finds the token in a delivery: header, form or JSON.
func tokenOf(t *testing.T, r *http.Request) string {
	t.Helper()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("logout_token") {
		return form.Get("logout_token")
	}
	var blocking struct{ Data struct{ JWT string } }
	require.NoError(t, json.Unmarshal(body, &blocking))
	return blocking.Data.JWT
}

// publishedKey looks the key up in what the key server publishes.
func publishedKey(t *testing.T, keys *webhooktest.KeyServer) jwt.Keyfunc {
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	require.NoError(t, json.Unmarshal(keys.JWKS(), &set))
	return func(token *jwt.Token) (any, error) {
		for _, k := range set.Keys {
			if k.Kid == token.Header["kid"] {
				n, err := base64.RawURLEncoding.DecodeString(k.N)
				if err != nil {
					return nil, err
				}
				e, err := base64.RawURLEncoding.DecodeString(k.E)
				if err != nil {
					return nil, err
				}
				return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
			}
		}
		return nil, fmt.Errorf("unknown kid")
	}
}
