package client_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// An escaped separator stays escaped, whatever else is in the path: it would
// name another resource otherwise.
func TestEscapedSeparatorsStayEscaped(t *testing.T) {
	for _, tc := range []struct{ base, path, want string }{
		{base, client.PathEscape("/admin/keys"), "/%2Fadmin%2Fkeys"},
		{base + "/v2", client.PathEscape("/admin"), "/v2/%2Fadmin"},
		{base + "/v2", "/users/" + client.PathEscape("a/b"), "/v2/users/a%2Fb"},
		{base + "/v2", "/a b/" + client.PathEscape("x/y"), "/v2/a%20b/x%2Fy"},
		{base + "/v2", "/ü/" + client.PathEscape("x/y"), "/v2/%C3%BC/x%2Fy"},
		{base + "/v%2F2", `/q"<>^{|}` + "`/x", "/v%2F2/q%22%3C%3E%5E%7B%7C%7D%60/x"},
		{base + "/v%2F2/", "/x", "/v%2F2/x"},
		{base, "/a%2f..%2fb%41", ""},
		{base, "/a/..;/b", ""},
		{base, "/a/.%2E;x=1/b", ""},
		{base, "/a/..;", ""},
		{base, "/a/...;/b", "/a/...;/b"},
	} {
		t.Run(tc.path, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.Status(204))
			c, err := client.New(tc.base, client.WithTransport(rt))
			require.NoError(t, err)
			_, err = client.Call[client.None](t.Context(), c, client.Request{Path: tc.path})
			if tc.want == "" {
				require.ErrorIs(t, err, client.ErrRequest)
				require.Zero(t, rt.Count())
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, rt.Last().URL)
		})
	}
}

// C39: an identifier that is empty reaches neither the collection nor anything else,
// and nor do dots.
func TestC39_EmptyIdentifiers(t *testing.T) {
	id, dot, dots := client.PathEscape(""), client.PathEscape("."), client.PathEscape("..")
	for path, want := range map[string]string{
		"/v1/customers/" + id:              "",
		"/v1/customers/" + id + "/sources": "",
		"/" + id:                           "",
		"/v1/files/a" + id:                 "",
		"/v1/customers//sources":           "",
		"/v1/customers///":                 "",
		"/v1//":                            "",
		"/v1/customers/" + dot:             "",
		"/v1/customers/" + dots + "/x":     "",
		"/v1/a/../b":                       "",
		"/a%2Fb//c":                        "",
		"/v1/customers/":                   "/v1/customers/",
		"/":                                "/",
		"/fetch/https://example.com/a.png": "/fetch/https://example.com/a.png",
		"/a%2F%2Fb":                        "/a%2F%2Fb",
	} {
		rt := clienttest.NewTransport(t, clienttest.Status(204))
		err := client.Delete(t.Context(), over(t, rt), path)
		if want == "" {
			require.ErrorIs(t, err, client.ErrRequest, path)
			require.Regexp(t, "empty|dot", err.Error())
			require.Zero(t, rt.Count(), path)
			continue
		}
		require.NoError(t, err, path)
		require.Equal(t, want, rt.Last().URL)
	}
	// Nor where the path is put into a URL by hand, for an SDK say.
	for _, segment := range []string{id, dot, dots} {
		_, err := url.Parse(base + "/v1/customers/" + segment)
		require.Error(t, err)
	}
}

// C14: letters that Unicode folds onto ASCII are another host's name.
func TestC14_LookalikeHostsAreForeign(t *testing.T) {
	for _, host := range []string{"ap\u0130.example.com", "api.example.com\u2024evil.net", "API.EXAMPLE.COM."} {
		t.Run(host, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.Redirect(302, "https://"+host+"/x"), clienttest.JSON(200, `{}`))
			_, err := client.Get[thing](t.Context(), over(t, rt), "/start")
			require.NoError(t, err)
			require.Equal(t, 2, rt.Count())
			require.Empty(t, rt.Last().Header.Get("Authorization"))

			_, err = client.Call[thing](t.Context(), over(t, rt), client.Request{URL: "https://" + host + "/x"})
			require.ErrorIs(t, err, client.ErrOrigin)
		})
	}
	rt := clienttest.NewTransport(t, clienttest.Redirect(302, "HTTPS://API.Example.COM:443/x"), clienttest.JSON(200, `{}`))
	_, err := client.Get[thing](t.Context(), over(t, rt), "/start")
	require.NoError(t, err)
	require.NotEmpty(t, rt.Last().Header.Get("Authorization"), "case and the default port make no other origin")
}

// C14, C39: a service that repeats the query in a redirect of its own does not bring
// the credential into what the caller sees: the redirect is refused.
func TestC14_RedirectThatRepeatsTheQuery(t *testing.T) {
	steps := func(last clienttest.Step) []clienttest.Step {
		return []clienttest.Step{clienttest.Redirect(308, "/x/?b=2&api_key=canary-secret"), last}
	}
	auth := client.WithAuth(client.APIKeyQuery("api_key", secret.Static("canary-secret")))
	t.Run("HTTPClient", func(t *testing.T) {
		rt := clienttest.NewTransport(t, steps(clienttest.Status(204))...)
		_, err := over(t, rt, auth).HTTPClient().Get(base + "/x?b=2")
		require.ErrorIs(t, err, client.ErrRedirect)
		require.NotContains(t, show(err), "canary")
		require.Equal(t, 1, rt.Count())

		rt = clienttest.NewTransport(t, clienttest.Redirect(308, "/x/?b=2"), clienttest.Reset())
		_, err = over(t, rt, auth).HTTPClient().Post(base+"/x?b=2", "text/plain", http.NoBody)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary")
	})
	t.Run("Do", func(t *testing.T) {
		rt := clienttest.NewTransport(t, steps(clienttest.Status(204))...)
		_, err := over(t, rt, auth).Do(t.Context(), client.Request{Path: "/x"})
		require.ErrorIs(t, err, client.ErrRedirect)
		require.NotContains(t, show(err), "canary")

		rt = clienttest.NewTransport(t, clienttest.Redirect(308, "/x/?b=2"), clienttest.Status(204))
		resp, err := over(t, rt, auth).Do(t.Context(), client.Request{Path: "/x"})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "/x/?b=2&api_key=canary-secret", rt.Last().URL)
		require.False(t, carries(resp.Request))
	})
	t.Run("message", func(t *testing.T) {
		rt := clienttest.NewTransport(t, steps(clienttest.JSON(400, `{"message":"bad canary-secret"}`))...)
		_, err := client.Get[thing](t.Context(), over(t, rt, auth), "/x")
		require.NotContains(t, asError(t, err).Message, "canary")

		rt = clienttest.NewTransport(t, clienttest.JSON(400, `{"message":"bad canary-secret"}`))
		_, err = client.Call[thing](t.Context(), over(t, rt, auth), client.Request{URL: base + "/x?api_key=canary-secret"})
		require.NotContains(t, asError(t, err).Message, "canary")
	})
}

// X1: what follows a prefix is the secret, whatever the prefix ends with.
func TestX1_PrefixedSecretIsScrubbed(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(400, `{"message":"no such key: canary-secret"}`))
	_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.HeaderPrefix("X-Auth", "key=", secret.Static("canary-secret")))), "/x")
	require.Equal(t, "key=canary-secret", rt.Last().Header.Get("X-Auth"))
	require.NotContains(t, asError(t, err).Message, "canary")
}
