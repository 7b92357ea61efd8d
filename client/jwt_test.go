package client_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// edKey is a new key, with what tells whether it has signed a bearer token.
func edKey(t *testing.T) (text string, signed func(clienttest.Recorded) bool) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return pemKey(t, private), func(r clienttest.Recorded) bool {
		input, sig, _ := cutLast(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
		raw, err := base64.RawURLEncoding.DecodeString(sig)
		return err == nil && ed25519.Verify(public, []byte(input), raw)
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	return s[:max(i, 0)], s[i+1:], i >= 0
}

// X3: a key that is rotated signs the next call's token, by itself or after a 401; one
// that turned bad signs nothing, and the next good one does.
func TestX3_AJWTIsOfTheNewestKey(t *testing.T) {
	first, byFirst := edKey(t)
	second, bySecond := edKey(t)
	src := newRotating(first, "")
	rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
	c := over(t, rt, client.WithAuth(client.JWT(client.JWTConfig{Key: src})), client.WithRetry(retry.Never))
	get := func() error { _, err := client.Get[thing](t.Context(), c, "/x"); return err }
	require.NoError(t, get())
	require.True(t, byFirst(rt.Last()))
	src.current.Store(&second)
	require.NoError(t, get())
	require.True(t, bySecond(rt.Last()))
	garbage := "no key"
	src.current.Store(&garbage)
	sent := rt.Count()
	require.Error(t, get())
	require.Error(t, get())
	require.Equal(t, sent, rt.Count(), "neither without a token nor with an old one")
	src.current.Store(&first)
	require.NoError(t, get())
	require.True(t, byFirst(rt.Last()))

	// The service knows the second key alone.
	for name, tc := range map[string]struct {
		onRefresh string
		attempts  int
		err       error
	}{"another key": {second, 2, nil}, "the same key": {"", 1, client.ErrUnauthorized}} {
		src := newRotating(first, tc.onRefresh)
		rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
			if !bySecond(clienttest.Recorded{Header: r.Header}) {
				w.WriteHeader(401)
			}
			_, _ = w.Write([]byte("{}"))
		}))
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.JWT(client.JWTConfig{Key: src}))), "/x")
		require.ErrorIs(t, err, tc.err, name)
		require.Equal(t, tc.attempts, rt.Count(), name)
		require.EqualValues(t, 1, src.refreshes.Load())
	}
}

// unread is a source that can be checked, and cannot be read.
type unread struct{ err error }

func (unread) Check() error                                      { return nil }
func (s unread) Secrets(context.Context) ([]secret.Value, error) { return nil, s.err }

// What of a JWT is known to be wrong is an error at construction, and what is not
// known then is not asked for.
func TestJWTsThatCannotBeSigned(t *testing.T) {
	text, _ := edKey(t)
	sealed := errors.New("the vault is sealed")
	for name, auth := range map[string]client.Auth{
		"another algorithm":   client.JWT(client.JWTConfig{Key: secret.Static(text), Algorithm: "RS256"}),
		"a secret's":          client.JWT(client.JWTConfig{Key: secret.Static(text), Algorithm: "HS256"}),
		"negative lifetime":   client.JWT(client.JWTConfig{Key: secret.Static(text), Lifetime: -1}),
		"negative backdate":   client.JWT(client.JWTConfig{Key: secret.Static(text), Backdate: -1}),
		"cannot be read":      client.JWT(client.JWTConfig{Key: unread{sealed}}),
		"scopes and audience": client.GoogleServiceAccount(secret.Static(`{}`), "a", "s"),
		"neither":             client.GoogleServiceAccount(secret.Static(`{}`), ""),
	} {
		_, err := client.New(base, client.WithAuth(auth))
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.Equal(t, name == "cannot be read", errors.Is(err, sealed), name)
	}
	reads := 0
	_, err := client.New(base, client.WithAuth(client.JWT(client.JWTConfig{Key: countedSource(&reads, "no key")})))
	require.NoError(t, err)
	require.Zero(t, reads)

	rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
	c := over(t, rt, client.WithAuth(client.JWT(client.JWTConfig{Key: secret.Static(text), Claims: map[string]any{"f": func() {}}})))
	_, err = client.Get[thing](t.Context(), c, "/x")
	require.Error(t, err)
	require.Zero(t, rt.Count())
}

type countedReads struct {
	n     *int
	value string
}

func countedSource(n *int, value string) secret.Source { return countedReads{n, value} }

func (s countedReads) Secrets(context.Context) ([]secret.Value, error) {
	*s.n++
	return []secret.Value{secret.New(s.value)}, nil
}

// What is left empty is not claimed, and the algorithm that was asked for is used.
func TestWhatAJWTClaims(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	text := pemKey(t, key)
	sent := func(auth client.Auth) (header, claims map[string]any) {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, "{}"))
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(auth)), "/x")
		require.NoError(t, err)
		return claimsOf(t, rt.Last())
	}
	header, claims := sent(client.JWT(client.JWTConfig{Key: secret.Static(text), Algorithm: "PS256", Subject: "s", Claims: map[string]any{"iss": "mine"}}))
	require.Equal(t, "PS256", header["alg"])
	require.Equal(t, "s", claims["sub"])
	require.Equal(t, "mine", claims["iss"])
	require.NotContains(t, claims, "aud")
	file, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "sa@p.iam.example", "private_key": text})
	require.NoError(t, err)
	_, claims = sent(client.GoogleServiceAccount(secret.Static(string(file)), "https://pubsub.googleapis.com/"))
	require.Equal(t, "https://pubsub.googleapis.com/", claims["aud"])
	require.NotContains(t, claims, "scope")
}
