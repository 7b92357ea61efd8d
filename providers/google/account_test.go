package google_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
)

const issued = `{"access_token":"ya29.x","token_type":"Bearer","expires_in":3599}`

// verified is the header and the claims of a token that the test's key has signed, by the
// standard library alone.
func verified(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	part := func(i int) []byte {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		return raw
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	require.NoError(t, rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, sum[:], part(2)))
	require.NoError(t, json.Unmarshal(part(0), &header))
	require.NoError(t, json.Unmarshal(part(1), &claims))
	return header, claims
}

// A configuration that cannot work is an error before anything is called, and repeats
// nothing of the key file.
func TestServiceAccountConfig(t *testing.T) {
	key, scopes := secret.Static(keyFile(t, nil)), []string{google.ScopeEvents}
	for name, sa := range map[string]google.ServiceAccount{
		"no key":                 {Scopes: scopes},
		"an unset variable":      {Key: secret.Env("STANDPIPE_NO_SUCH_VARIABLE"), Scopes: scopes},
		"no key file":            {Key: secret.Static("canary"), Scopes: scopes},
		"another key file":       {Key: secret.Static(keyFile(t, map[string]string{"type": "authorized_user"})), Scopes: scopes},
		"no key in it":           {Key: secret.Static(keyFile(t, map[string]string{"private_key": "canary"})), Scopes: scopes},
		"self-signed without":    {Key: secret.Static(keyFile(t, map[string]string{"private_key": "canary"})), Scopes: scopes, SelfSigned: true},
		"no scopes":              {Key: key},
		"self-signed, no scopes": {Key: key, SelfSigned: true},
		"an empty scope":         {Key: key, Scopes: []string{""}},
		"two scopes in one":      {Key: key, Scopes: []string{"a b"}},
		"scopes and an audience": {Key: key, Scopes: scopes, Audience: "https://pubsub.googleapis.com/"},
		"self-signed for a user": {Key: key, Scopes: scopes, SelfSigned: true, Subject: "ada@example.com"},
		"an audience for a user": {Key: key, Audience: "https://pubsub.googleapis.com/", Subject: "ada@example.com"},
		"a blank subject":        {Key: key, Scopes: scopes, Subject: " "},
	} {
		_, err := sa.Auth()
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
}

// O10: an assertion is exchanged for an access token once for all who want one. With a
// subject it is for that user.
func TestO10_OneTokenForAll(t *testing.T) {
	for _, subject := range []string{"", "ada@example.com"} {
		synctest.Test(t, func(t *testing.T) {
			tokens, api := clienttest.NewTransport(t, clienttest.JSON(200, issued).After(time.Second)), clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
			auth, err := google.ServiceAccount{
				Key: secret.Static(keyFile(t, nil)), Scopes: []string{google.ScopeEvents, google.ScopeFreeBusy}, Subject: subject,
				HTTPClient: &http.Client{Transport: tokens},
			}.Auth()
			require.NoError(t, err)
			c, err := google.New(auth, client.WithTransport(api))
			require.NoError(t, err)
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if _, err := google.GetEvent.Do(t.Context(), c.HTTP, google.GetEventInput{CalendarID: "c", EventID: "e"}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			require.Equal(t, 1, tokens.Count())
			require.Equal(t, "Bearer ya29.x", api.Last().Header.Get("Authorization"))
			require.Equal(t, "oauth2.googleapis.com", tokens.Last().Host)
			form, err := url.ParseQuery(string(tokens.Last().Body))
			require.NoError(t, err)
			require.Equal(t, "urn:ietf:params:oauth:grant-type:jwt-bearer", form.Get("grant_type"))
			_, claims := verified(t, form.Get("assertion"))
			require.Equal(t, "app@demo.iam.gserviceaccount.com", claims["iss"])
			require.Equal(t, google.ScopeEvents+" "+google.ScopeFreeBusy, claims["scope"])
			if subject == "" {
				require.NotContains(t, claims, "sub")
			} else {
				require.Equal(t, subject, claims["sub"])
			}
		})
	}
}

// A self-signed token is for scopes or for an audience, and asks nobody.
func TestSelfSigned(t *testing.T) {
	for name, sa := range map[string]google.ServiceAccount{
		"scope": {Scopes: []string{google.ScopeEvents, google.ScopeEmail}, SelfSigned: true},
		"aud":   {Audience: "https://pubsub.googleapis.com/"},
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		sa.Key, sa.HTTPClient = secret.Static(keyFile(t, nil)), &http.Client{Transport: clienttest.NewTransport(t)}
		auth, err := sa.Auth()
		require.NoError(t, err)
		c, err := google.New(auth, client.WithTransport(rt))
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		header, claims := verified(t, strings.TrimPrefix(rt.Last().Header.Get("Authorization"), "Bearer "))
		require.Equal(t, map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}, header)
		lifetime := claims["exp"].(float64) - claims["iat"].(float64)
		require.LessOrEqual(t, lifetime, 3600.0)
		delete(claims, "exp")
		delete(claims, "iat")
		want := map[string]any{"iss": "app@demo.iam.gserviceaccount.com", "sub": "app@demo.iam.gserviceaccount.com", "scope": google.ScopeEvents + " " + google.ScopeEmail}
		if name == "aud" {
			delete(want, "scope")
			want["aud"] = "https://pubsub.googleapis.com/"
		}
		require.Equal(t, want, claims)
	}
}

// A delegation that is refused says what an administrator is to do, and names neither the
// user nor the key.
func TestARefusedDelegation(t *testing.T) {
	const doing = "Domain-wide delegation"
	for said, tc := range map[string]struct {
		subject string
		says    []string
	}{
		`401 {"error":"unauthorized_client","error_description":"Client is unauthorized to retrieve access tokens using this method"}`: {"ada@example.com", []string{"unauthorized_client", doing, "1042", google.ScopeEvents}},
		`403 {"error":"access_denied","error_description":"Requested client not authorized."}`:                                         {"ada@example.com", []string{"access_denied", doing}},
		`400 {"error":"invalid_grant","error_description":"Invalid email or User ID"}`:                                                 {"ada@example.com", []string{"invalid_grant", "primary email address"}},
		`400 {"error":"invalid_grant","error_description":"Invalid JWT Signature."}`:                                                   {"ada@example.com", []string{"Invalid JWT Signature."}},
		`401 {"error":"unauthorized_client","error_description":"Unauthorized client or scope in request."}`:                           {"", []string{"unauthorized_client"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			auth, err := google.ServiceAccount{
				Key: secret.Static(keyFile(t, nil)), Scopes: []string{google.ScopeEvents}, Subject: tc.subject,
				HTTPClient: &http.Client{Transport: clienttest.NewTransport(t, clienttest.MustParse(said)...)},
			}.Auth()
			require.NoError(t, err)
			c, err := google.New(auth, client.WithTransport(clienttest.NewTransport(t)))
			require.NoError(t, err)
			_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
			_, ok := errors.AsType[*oauthflow.TokenError](err)
			require.True(t, ok, "%v", err)
			for _, says := range tc.says {
				require.ErrorContains(t, err, says)
			}
			if len(tc.says) == 1 {
				require.NotContains(t, err.Error(), doing)
				require.NotContains(t, err.Error(), "primary")
			}
			require.NotContains(t, err.Error(), "ada@example.com")
			require.NotContains(t, err.Error(), "PRIVATE")
		})
	}
}

// A key that is rotated within the file signs the next assertion, and a file without a
// client ID is good for the hint too.
func TestARotatedKeyFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := keyFile(t, nil)
		tokens := clienttest.NewTransport(t, clienttest.MustParse(`200 `+issued+`, 401 {"error":"unauthorized_client"}`)...)
		auth, err := google.ServiceAccount{
			Key:    secret.Func(func(context.Context) ([]secret.Value, error) { return []secret.Value{secret.New(now)}, nil }),
			Scopes: []string{google.ScopeEvents}, Subject: "ada@example.com", HTTPClient: &http.Client{Transport: tokens},
		}.Auth()
		require.NoError(t, err)
		c, err := google.New(auth, client.WithTransport(clienttest.NewTransport(t, clienttest.JSON(200, `{}`))))
		require.NoError(t, err)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		now = keyFile(t, map[string]string{"client_email": "new@demo.iam.gserviceaccount.com", "private_key_id": "k2", "client_id": ""})
		time.Sleep(2 * time.Hour)
		_, err = google.GetUserInfo.Do(t.Context(), c.HTTP, client.None{})
		require.ErrorContains(t, err, "the service account's client ID, rather than its email address, exactly these scopes")
		form, err := url.ParseQuery(string(tokens.Last().Body))
		require.NoError(t, err)
		header, claims := verified(t, form.Get("assertion"))
		require.Equal(t, "k2", header["kid"])
		require.Equal(t, "new@demo.iam.gserviceaccount.com", claims["iss"])
	})
}
