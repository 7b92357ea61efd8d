package oauthflow_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	claimset "github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestO1_MaxAge(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	for ago, ok := range map[time.Duration]bool{0: true, 59 * time.Minute: true, 2 * time.Hour: false, -time.Hour: false} {
		c := newClient(t, s, "web", nil, editedIDToken(t, s, func(m map[string]any) { m["auth_time"] = time.Now().Add(-ago).Unix() }))
		b := newBrowser(t)
		authURL := b.start(c, oauthflow.WithMaxAge(time.Hour))
		require.Equal(t, "3600", query(t, authURL).Get("max_age"))
		back, err := s.Authorize(authURL, "alice")
		require.NoError(t, err)
		_, err = b.finish(c, back)
		require.Equal(t, ok, err == nil, "%v: %v", ago, err)
	}
	c := newClient(t, s, "web", nil)
	require.False(t, query(t, newBrowser(t).start(c)).Has("max_age"))
	require.Equal(t, "1", query(t, newBrowser(t).start(c, oauthflow.WithMaxAge(time.Second))).Get("max_age"))
}

func TestMaxAgeEdges(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil, oauthflow.WithClock(func() time.Time { return now }))
	for age, ok := range map[time.Duration]bool{
		time.Minute + 30*time.Second: true, time.Minute + 31*time.Second: false, -30 * time.Second: true, -31 * time.Second: false,
	} {
		raw := s.SignIDToken(map[string]any{
			"iss": s.URL, "sub": "a", "aud": "web", "iat": now.Unix(), "exp": now.Unix() + 60, "auth_time": now.Add(-age).Unix(),
		})
		_, err := c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{MaxAge: time.Minute})
		require.Equal(t, ok, err == nil, "%v: %v", age, err)
	}
}

func TestAtHashOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	const access = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	require.NoError(t, err)
	sum384, sum512 := sha512.Sum384([]byte(access)), sha512.Sum512([]byte(access))
	for alg, tc := range map[string]struct {
		key  crypto.Signer
		half []byte
	}{
		"ES384": {p384, sum384[:24]}, "ES512": {p521, sum512[:32]}, "EdDSA": {ed25519.NewKeyFromSeed(make([]byte, 32)), sum512[:32]},
	} {
		signer, err := jose.NewSigner(tc.key, jose.Algorithm(alg), "k")
		require.NoError(t, err)
		jwk, err := json.Marshal(signer.PublicKey())
		require.NoError(t, err)
		p := oauthflow.Provider{
			Issuer: "https://i.test", JWKSURL: "https://i.test/keys", IDTokenAlgorithms: []string{alg}, Endpoint: oauth2.Endpoint{TokenURL: "https://i.test/token"},
		}
		c, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web"}, oauthflow.WithHTTPClient(&http.Client{
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				resp := plainAnswer(200, `{"keys":[`+string(jwk)+`]}`)
				resp.Request = r
				return resp, nil
			}),
		}))
		require.NoError(t, err)
		verify := func(atHash string) error {
			raw, err := signer.SignClaims(map[string]any{"typ": "JWT"}, map[string]any{
				"iss": p.Issuer, "sub": "a", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60, "at_hash": atHash,
			})
			require.NoError(t, err)
			_, err = c.VerifyIDToken(t.Context(), withIDToken(access, raw), oauthflow.IDTokenCheck{})
			return err
		}
		require.NoError(t, verify(raw64(tc.half)), alg)
		require.Error(t, verify(raw64(tc.half[:16])), alg)
		require.Error(t, verify(raw64(sum512[:])), alg)
		require.Error(t, verify(""), alg)
	}
}

// J4, J1: what is signed as it should be and is no ID token. Without a list the
// algorithm is RS256 (OpenID Connect Core section 3.1.3.7).
func TestJ4_WhatIsSignedAndNoIDToken(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signer, err := jose.NewSigner(key, "RS256", "k")
	require.NoError(t, err)
	jwk, err := json.Marshal(signer.PublicKey())
	require.NoError(t, err)
	p := oauthflow.Provider{Issuer: "https://i.test", JWKSURL: "https://i.test/keys", Endpoint: oauth2.Endpoint{TokenURL: "https://i.test/token"}}
	c, err := oauthflow.New(oauthflow.Config{Provider: p, ClientID: "web"}, oauthflow.WithHTTPClient(&http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			resp := plainAnswer(200, `{"keys":[`+string(jwk)+`]}`)
			resp.Request = r
			return resp, nil
		}),
	}))
	require.NoError(t, err)
	claims, err := json.Marshal(map[string]any{"iss": p.Issuer, "sub": "a", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60})
	require.NoError(t, err)
	verify := func(header map[string]any, payload string) error {
		raw, err := signer.Sign(header, []byte(payload))
		require.NoError(t, err)
		_, err = c.VerifyIDToken(t.Context(), withIDToken("a", raw), oauthflow.IDTokenCheck{})
		return err
	}
	for typ, ok := range map[string]bool{"JWT": true, "jwt": true, "application/jwt": true, "at+jwt": false, "logout+jwt": false, "dpop+jwt": false, "x": false} {
		err := verify(map[string]any{"typ": typ}, string(claims))
		require.Equal(t, ok, err == nil, "%s: %v", typ, err)
	}
	require.NoError(t, verify(nil, string(claims)))
	for _, payload := range []string{"", "[]", "x", `{"sub":"a","sub":"a"}`} {
		require.ErrorIs(t, verify(nil, payload), claimset.ErrMalformed, payload)
	}
	raw, err := signer.Sign(nil, claims)
	require.NoError(t, err)
	part := strings.Split(raw, ".")
	_, err = c.VerifyIDToken(t.Context(), withIDToken("a", part[0]+"."+raw64([]byte("{}"))+"."+part[2]), oauthflow.IDTokenCheck{})
	require.ErrorIs(t, err, jose.ErrSignature, "what is not signed is not read")
	require.ErrorContains(t, err, "oauthflow: ID token: ")
}

func TestIDTokenClaims(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	var signed map[string]any
	require.NoError(t, json.Unmarshal(res.IDToken.JSON(), &signed))
	require.Equal(t, "alice", signed["sub"])
	require.Error(t, res.IDToken.Claims(nil))
	var wrong struct {
		Sub int `json:"sub"`
	}
	require.ErrorContains(t, res.IDToken.Claims(&wrong), "ID token claims")

	id, err := c.VerifyIDToken(t.Context(), withIDToken("a", s.SignIDToken(map[string]any{
		"iss": s.URL, "sub": "a", "aud": "web", "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60,
		"uid": json.Number("90071992547409931"), "org": map[string]any{"id": json.Number("90071992547409931")},
	})), oauthflow.IDTokenCheck{})
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, id.Claims(&m))
	require.Equal(t, json.Number("90071992547409931"), m["uid"])
	require.Equal(t, map[string]any{"id": json.Number("90071992547409931")}, m["org"])
	var fields struct {
		UID int64 `json:"uid"`
		Org any   `json:"org"`
	}
	require.NoError(t, id.Claims(&fields))
	require.EqualValues(t, int64(90071992547409931), fields.UID)
	require.Equal(t, m["org"], fields.Org)
	_, err = c.VerifyIDToken(t.Context(), &oauth2.Token{}, oauthflow.IDTokenCheck{})
	require.ErrorContains(t, err, "none in the token response")
}
