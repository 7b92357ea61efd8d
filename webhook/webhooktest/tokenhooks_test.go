package webhooktest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

var tokenTime = time.Unix(1750861210, 0)

// tokenIn returns the token of a delivery.
func tokenIn(t *testing.T, headers http.Header, body string) string {
	if token, ok := strings.CutPrefix(headers.Get("Authorization"), "Bearer "); ok {
		return token
	}
	if form, err := url.ParseQuery(body); err == nil && form.Has("logout_token") {
		return form.Get("logout_token")
	}
	var blocking struct{ Data struct{ JWT string } }
	require.NoError(t, json.Unmarshal([]byte(body), &blocking))
	return blocking.Data.JWT
}

func decodeToken(t *testing.T, token string) (header, claims map[string]any, signed string, sig []byte) {
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, into))
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	return header, claims, parts[0] + "." + parts[1], sig
}

// publishedKey reads the key the way an issuer's client does.
func publishedKey(t *testing.T, keys *webhooktest.KeyServer, kid string) *rsa.PublicKey {
	resp, err := keys.Client().Get("https://www.googleapis.com/oauth2/v3/certs")
	require.NoError(t, err)
	defer resp.Body.Close()
	var set struct {
		Keys []struct{ Kty, Kid, N, E string }
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&set))
	require.Len(t, set.Keys, 1)
	require.Equal(t, kid, set.Keys[0].Kid)
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	require.NoError(t, err)
	e, err := base64.RawURLEncoding.DecodeString(set.Keys[0].E)
	require.NoError(t, err)
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
}

// Tokens must have the header and the claims of the reference tokens, same
// names and same kinds of values, and a signature that the published key
// verifies.
func TestTokensLookLikeTheProviders(t *testing.T) {
	t.Parallel()
	keys := sharedKeys()
	signers := map[string]*webhooktest.Signer{
		"auth0-logout":  webhooktest.Auth0Logout(keys, "https://tenant.auth0.com/", "client123"),
		"firebase":      webhooktest.FirebaseBlocking(keys, "my-project", "https://us-central1-my-project.cloudfunctions.net/beforeCreate"),
		"google-pubsub": webhooktest.PubSub(keys, "https://example.com/pubsub/push", "push-sa@my-project.iam.gserviceaccount.com"),
	}
	seen := map[string]bool{}
	for _, v := range loadVectors(t) {
		signer, ok := signers[v.Provider]
		if !ok || v.ID == "auth0-logout/valid_sid_only" {
			continue
		}
		seen[v.Provider] = true
		t.Run(v.ID, func(t *testing.T) {
			req := signer.At(tokenTime).WithID("id-1").Request(nil)
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			require.Equal(t, v.Headers["Content-Type"] == "", v.Provider == "google-pubsub")
			if ct := v.Headers["Content-Type"]; ct != "" {
				require.Equal(t, ct, req.Header.Get("Content-Type"))
			}

			wantHeader, wantClaims, _, _ := decodeToken(t, tokenIn(t, http.Header{"Authorization": {v.header("Authorization")}}, v.Body))
			header, claims, signed, sig := decodeToken(t, tokenIn(t, req.Header, string(body)))
			require.Equal(t, wantHeader["alg"], header["alg"])
			require.Equal(t, wantHeader["typ"], header["typ"])
			require.ElementsMatch(t, slices.Collect(maps.Keys(wantClaims)), slices.Collect(maps.Keys(claims)))
			for _, name := range []string{"aud", "iat", "exp", "email", "email_verified", "event_type", "events"} {
				require.Equal(t, wantClaims[name], claims[name], name)
			}
			require.Contains(t, []any{claims["iss"], "accounts.google.com"}, wantClaims["iss"])

			digest := sha256.Sum256([]byte(signed))
			require.NoError(t, rsa.VerifyPKCS1v15(publishedKey(t, keys, header["kid"].(string)), crypto.SHA256, digest[:], sig))
		})
	}
	require.Len(t, seen, 3)
}

func TestClaimsComeFromTheBody(t *testing.T) {
	t.Parallel()
	keys := sharedKeys()
	logout := webhooktest.Auth0Logout(keys, "https://tenant.auth0.com/", "client")
	claims := func(s *webhooktest.Signer, body string) map[string]any {
		req := s.Request([]byte(body))
		b, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		_, c, _, _ := decodeToken(t, tokenIn(t, req.Header, string(b)))
		return c
	}
	c := claims(logout.WithID("jti-1"), `{"sub":null,"sid":"s","nonce":"n","exp":9007199254740993}`)
	require.NotContains(t, c, "sub")
	require.Equal(t, "s", c["sid"])
	require.Equal(t, "n", c["nonce"])
	require.Equal(t, "jti-1", c["jti"])

	c = claims(webhooktest.FirebaseBlocking(keys, "p", "https://f.example/").WithEvent("beforeSignIn").WithID("e"), `{"user_record":{"uid":"u"}}`)
	require.Equal(t, "beforeSignIn", c["event_type"])
	require.Equal(t, "e", c["event_id"])
	require.Equal(t, map[string]any{"uid": "u"}, c["user_record"])

	for _, bad := range []string{"[]", "x", `{"a":`} {
		_, err := logout.NewRequest(t.Context(), []byte(bad))
		require.ErrorContains(t, err, "JSON object of claims")
	}
	for name, s := range map[string]*webhooktest.Signer{
		"no issuer":   webhooktest.Auth0Logout(keys, "", "c"),
		"no project":  webhooktest.FirebaseBlocking(keys, "", "https://f.example/"),
		"no audience": webhooktest.PubSub(keys, "", "e@example.com"),
	} {
		_, err := s.NewRequest(t.Context(), nil)
		require.Error(t, err, name)
	}
}

func TestPubSubLeavesTheBodyAlone(t *testing.T) {
	t.Parallel()
	body := `{"message":{"data":"SGVsbG8=","messageId":"1"},"subscription":"projects/p/subscriptions/s"}`
	req := webhooktest.PubSub(sharedKeys(), "https://example.com/push", "sa@example.com").Request([]byte(body))
	b, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	require.Equal(t, body, string(b))
}

func TestKeyServerPublishes(t *testing.T) {
	t.Parallel()
	keys := sharedKeys()
	srv := httptest.NewServer(keys)
	defer srv.Close()

	get := func(client *http.Client, url string, into any) {
		resp, err := client.Get(url)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.NotEmpty(t, resp.Header.Get("Cache-Control"))
		require.NoError(t, json.NewDecoder(resp.Body).Decode(into))
	}
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	get(srv.Client(), srv.URL+"/.well-known/openid-configuration", &discovery)
	require.Equal(t, srv.URL+"/", discovery.Issuer)
	get(keys.Client(), "https://tenant.auth0.com/.well-known/openid-configuration", &discovery)
	require.Equal(t, "https://tenant.auth0.com/", discovery.Issuer)
	var set map[string]any
	get(keys.Client(), discovery.JWKSURI, &set)
	require.Len(t, set["keys"], 1)

	var certs map[string]string
	get(keys.Client(), "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com", &certs)
	block, _ := pem.Decode([]byte(certs[keys.KeyID()]))
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.Equal(t, publishedKey(t, keys, keys.KeyID()), cert.PublicKey)
}
