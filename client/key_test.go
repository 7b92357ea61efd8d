package client_test

import (
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// C6: the form of a key that is made is the profile's. It is made once per call, and the
// same on every attempt and hop; a caller's own key is left.
func TestC6_TheKeysFormIsTheProfiles(t *testing.T) {
	var made atomic.Int32
	profile := client.Profile{IdempotencyHeader: "Idempotency-Key", NewIdempotencyKey: func() string {
		return "order-" + strconv.Itoa(int(made.Add(1)))
	}}
	c, tr := scripted(t, `503, 307 Location=/there, 503, 200 {}`, client.WithProfile(profile), quickly)
	keys := func() (list []string) {
		for _, r := range tr.Requests() {
			list = append(list, r.Header.Get("Idempotency-Key"))
		}
		return list
	}
	_, err := client.Post[client.None](t.Context(), c, "/here", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"order-1", "order-1", "order-1", "order-1"}, keys())
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", IdempotencyKey: "mine"})
	require.NoError(t, err)
	_, err = client.Call[client.None](t.Context(), c, client.Request{Method: "POST", Header: http.Header{"Idempotency-Key": {"header"}}})
	require.NoError(t, err)
	_, err = client.Get[client.None](t.Context(), c, "/")
	require.NoError(t, err)
	resp, err := c.HTTPClient().Post(base+"/", "text/plain", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, []string{"mine", "header", "", "order-2"}, keys()[4:])
}

// C5, C6: where the service takes a key for some requests only, one is made for those
// alone, and none of the others may be repeated. A key of the caller's own is sent all
// the same, and permits nothing.
func TestC6_AKeyOnlyWhereTheServiceTakesOne(t *testing.T) {
	profile := client.Profile{IdempotencyHeader: "Idempotency-Key", TakesIdempotencyKey: func(req *http.Request) bool {
		require.Empty(t, req.Header.Get("Authorization"))
		return req.URL.Path == "/emails"
	}}
	ask := func(r client.Request) (sent int, key string, err error) {
		c, tr := scripted(t, `reset, 200 {}`, client.WithProfile(profile), client.WithAuth(client.Bearer(secret.Static("k3y"))), quickly)
		_, err = client.Call[client.None](t.Context(), c, r)
		return tr.Count(), tr.Last().Header.Get("Idempotency-Key"), err
	}
	sent, key, err := ask(client.Request{Method: "POST", Path: "/emails"})
	require.NoError(t, err)
	require.Equal(t, 2, sent)
	require.NotEmpty(t, key)
	for _, r := range []client.Request{
		{Method: "POST", Path: "/domains"},
		{Method: "POST", Path: "/domains", IdempotencyKey: "mine"},
	} {
		sent, key, err = ask(r)
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
		require.Equal(t, 1, sent)
		require.Equal(t, r.IdempotencyKey, key)
	}
	sent, key, err = ask(client.Request{Method: "PUT", Path: "/emails"})
	require.NoError(t, err)
	require.Equal(t, 2, sent)
	require.Empty(t, key, "the methods count too")
}

// C6, C25, C37: a key that could not be sent, or would count as none, is the call's
// error, and so is a panic of what makes it; nothing is sent.
func TestC6_AKeyThatIsNone(t *testing.T) {
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		make func() string
		say  string
	}{
		"empty":   {func() string { return "" }, "made a blank key"},
		"blank":   {func() string { return " \t " }, "made a blank key"},
		"newline": {func() string { return "canary\r\nX: y" }, "holds CR, LF, NUL"},
		"NUL":     {func() string { return "canary\x00" }, "holds CR, LF, NUL"},
		"panic":   {func() string { panic(boom) }, "panicked"},
	} {
		c, tr := scripted(t, `200 {}`, client.WithProfile(client.Profile{IdempotencyHeader: "Idempotency-Key", NewIdempotencyKey: tc.make}))
		_, err := client.Post[client.None](t.Context(), c, "/x", nil)
		e := asError(t, err)
		require.ErrorContains(t, err, tc.say, name)
		require.NotContains(t, err.Error(), "canary")
		require.Equal(t, client.NeverSent, e.Effect, name)
		_, err = c.HTTPClient().Post(base+"/x", "text/plain", nil)
		require.ErrorContains(t, err, tc.say, name)
		require.Zero(t, tr.Count(), name)
		if name != "panic" {
			require.ErrorIs(t, err, client.ErrConfig)
		}
	}
}
