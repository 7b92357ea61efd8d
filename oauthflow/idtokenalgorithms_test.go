package oauthflow_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/oauthflow"
)

// What could never verify an ID token is a mistake of the configuration, and is
// told at construction: not at the first sign-in, nor as an attack. J1
func TestIDTokenAlgorithmsThatNobodyCanVerify(t *testing.T) {
	t.Parallel()
	build := func(algorithms ...string) error {
		p := oauthflow.Provider{IDTokenAlgorithms: algorithms, Endpoint: oauth2.Endpoint{TokenURL: "https://i.test/token"}}
		_, unused := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web"})
		p.Issuer, p.JWKSURL = "https://i.test", "https://i.test/keys"
		_, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web"})
		require.Equal(t, err, unused, "it does not wait for a key set")
		return err
	}
	for _, a := range []string{"", " ", "none", "None", "HS256", "HS384", "HS512", "rs256", "RS256 ", "RS257", "ES256K", "RSA-OAEP", "dir"} {
		require.ErrorContains(t, build(a), "ID token algorithm", "%q", a)
		require.ErrorContains(t, build("RS256", a), "ID token algorithm", "RS256 and %q", a)
		require.ErrorContains(t, build(a, "RS256"), "ID token algorithm", "%q and RS256", a)
	}
	require.ErrorContains(t, build("none", "HS256"), `"none"`)
	require.NoError(t, build())
	require.NoError(t, build("Ed25519"), "the name of RFC 9864")
	for _, a := range jose.Asymmetric() {
		require.NoError(t, build(string(a)), a)
	}
}

// An issuer may list more than is known here. What is left has to be something,
// and is not RS256, which the issuer does not use.
func TestDiscoveredIDTokenAlgorithms(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		listed, kept []string
		refused      string
	}{
		{nil, nil, ""},
		{[]string{}, nil, ""},
		{[]string{"none", "HS256", "PS256", "Ed25519", "ES256K", "EdDSA"}, []string{"PS256", "Ed25519", "EdDSA"}, ""},
		{[]string{"none", "RS256"}, []string{"RS256"}, ""},
		{[]string{"HS256"}, []string{"HS256"}, `"HS256"`},
		{[]string{"none", "ES256K"}, []string{"none", "ES256K"}, `"none"`},
	} {
		p, err := discovering(t, func(w http.ResponseWriter, r *http.Request) {
			origin := "http://" + r.Host
			doc := map[string]any{"issuer": origin, "token_endpoint": origin + "/token", "jwks_uri": origin + "/keys"}
			if tc.listed != nil {
				doc["id_token_signing_alg_values_supported"] = tc.listed
			}
			body, err := json.Marshal(doc)
			require.NoError(t, err)
			_, _ = w.Write(body)
		})
		require.NoError(t, err)
		require.Equal(t, tc.kept, p.IDTokenAlgorithms)
		_, err = oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web"})
		if tc.refused == "" {
			require.NoError(t, err, tc.listed)
		} else {
			require.ErrorContains(t, err, tc.refused, tc.listed)
		}
	}
}
