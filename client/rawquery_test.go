package client_test

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// requestLines is a service that tells the targets that it was asked for, to the byte,
// and redirects what asks it to.
func requestLines(t *testing.T, location *string) (base string, next func() string) {
	t.Helper()
	seen := make(chan string, 10)
	at, _ := listening(t, func(c net.Conn) {
		first := true
		for lines := bufio.NewScanner(c); lines.Scan(); first = false {
			switch {
			case first || strings.Contains(lines.Text(), " HTTP/1.1"):
				target, _ := strings.CutSuffix(lines.Text(), " HTTP/1.1")
				_, target, _ = strings.Cut(target, " ")
				seen <- target
			case lines.Text() == "" && *location != "":
				l := *location
				*location = ""
				_, _ = io.WriteString(c, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "+l+"\r\n\r\n")
			case lines.Text() == "":
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}
	})
	return "http://" + at, func() string { return <-seen }
}

// A query comes to the service as whoever wrote it wrote it, to the byte: it may be
// signed, and not every service reads it as a form.
func TestAQueryIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	location := ""
	at, next := requestLines(t, &location)
	plain, err := client.New(at)
	require.NoError(t, err)
	keyed, err := client.New(at, client.WithAuth(client.APIKeyQuery("key", secret.Static("k 123456"))))
	require.NoError(t, err)
	for _, q := range []string{
		"z=1&a=2", "q=a%20b", "q=a+b", "flag&x=1", "f=a,b&t=10:00", "SignedHeaders=host;date&x=1", "$filter=name%20eq%20'x'&%24top=1",
		"a=1&a=2&b&a=3", "a&&b", "=x&&=", "a=b=c", "%zz=1&a=%", "x[]=1&y={z}|^`", "u=http://x.example/?a=b", "sig=%2f%2F%e4", "ü=ß", "a=\"<>\\",
	} {
		for name, c := range map[string]*client.Client{"plain": plain, "keyed": keyed} {
			suffix := ""
			if c == keyed {
				suffix = "&key=k+123456"
			}
			for _, prefix := range []string{at, ""} {
				_, err = client.Call[client.None](t.Context(), c, client.Request{URL: prefix + "/x?" + q})
				require.NoError(t, err)
				require.Equal(t, "/x?"+q+suffix, next(), name)
			}
			_, err = client.Call[client.None](t.Context(), c, client.Request{URL: at + "/x?" + q, Query: url.Values{"more": {"a b"}}})
			require.NoError(t, err)
			require.Equal(t, "/x?"+q+"&more=a+b"+suffix, next(), name)

			location = "/y?" + q
			_, err = client.Get[client.None](t.Context(), c, "/x")
			require.NoError(t, err)
			next()
			require.Equal(t, "/y?"+q+suffix, next(), "a redirect, "+name)

			resp, err := c.HTTPClient().Get(at + "/x?" + q)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, "/x?"+q+suffix, next(), "HTTPClient, "+name)

			pages := 0
			for _, err := range client.Pages(t.Context(), c, client.Request{Path: "/x"}, client.NextURL(func(map[string]int) string {
				pages++
				return map[int]string{1: "/page?" + q}[pages]
			})) {
				require.NoError(t, err)
			}
			next()
			require.Equal(t, "/page?"+q+suffix, next(), "a page, "+name)
		}
	}
	plain.CloseIdleConnections()
	keyed.CloseIdleConnections()
}

// A space cannot stand in a request's first line: of all that a query may hold it alone
// is escaped, as every reader of URLs does it.
func TestASpaceInAQueryIsEscaped(t *testing.T) {
	location := ""
	at, next := requestLines(t, &location)
	c, err := client.New(at)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	_, err = client.Call[client.None](t.Context(), c, client.Request{URL: at + "/x?q=a b&z=1+2 "})
	require.NoError(t, err)
	require.Equal(t, "/x?q=a%20b&z=1+2%20", next())
	location = "/y?q=a b"
	_, err = client.Get[client.None](t.Context(), c, "/x")
	require.NoError(t, err)
	next()
	require.Equal(t, "/y?q=a%20b", next())
	for _, bad := range []string{"q=a\nb", "q=a\x00b", "q=\x7f"} {
		_, err = client.Call[client.None](t.Context(), c, client.Request{URL: at + "/x?" + bad})
		require.ErrorIs(t, err, client.ErrRequest, "%q", bad)
	}
}

// The client's parameters go with what is asked for by its path; the request's own win,
// name by name, and a URL that the service gave is left alone.
func TestDefaultQueryParameters(t *testing.T) {
	tr := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	c, err := client.New(base+"/v1", client.WithTransport(tr),
		client.WithProfile(client.Profile{Query: url.Values{"version": {"1"}, "lang": {"de", "en"}, "gone": {"x"}}}),
		client.WithQuery(url.Values{"version": {"2"}, "gone": nil}), client.WithQuery(url.Values{"q&": {"a b"}}))
	require.NoError(t, err)
	more, err := c.With(client.WithQuery(url.Values{"version": {"3"}}))
	require.NoError(t, err)
	for _, tc := range []struct {
		c    *client.Client
		r    client.Request
		want string
	}{
		{c, client.Request{}, "?lang=de&lang=en&q%26=a+b&version=2"},
		{more, client.Request{}, "?lang=de&lang=en&q%26=a+b&version=3"},
		{c, client.Request{Path: "/x", Query: url.Values{"a": {"1"}}}, "/x?lang=de&lang=en&q%26=a+b&version=2&a=1"},
		{c, client.Request{Path: "/x", Query: url.Values{"lang": {"fr"}, "version": {"9"}}}, "/x?q%26=a+b&lang=fr&version=9"},
		{c, client.Request{Path: "/x", Query: url.Values{"lang": nil, "version": {}, "q&": {""}}}, "/x?q%26="},
		{c, client.Request{Path: "/x", Query: url.Values{"Lang": {"fr"}}}, "/x?lang=de&lang=en&q%26=a+b&version=2&Lang=fr"},
		{c, client.Request{URL: base + "/v1/next?sig=1"}, "/next?sig=1"},
		{c, client.Request{URL: "/v1/next", Query: url.Values{"a": {"1"}}}, "/next?a=1"},
	} {
		_, err := client.Call[client.None](t.Context(), tc.c, tc.r)
		require.NoError(t, err)
		require.Equal(t, "/v1"+tc.want, tr.Last().URL)
		resp, err := tc.c.Do(t.Context(), tc.r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, "/v1"+tc.want, tr.Last().URL)
	}
	resp, err := c.HTTPClient().Get(base + "/v1/x?a=1")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "/v1/x?a=1", tr.Last().URL)

	// What the options were given may be changed afterwards.
	params := url.Values{"a": {"1"}}
	option := client.WithQuery(params)
	c, err = client.New(base, client.WithTransport(tr), option)
	require.NoError(t, err)
	params["a"][0], params["b"] = "2", []string{"3"}
	_, err = client.Get[client.None](t.Context(), c, "/x")
	require.NoError(t, err)
	require.Equal(t, "/x?a=1", tr.Last().URL)

	for _, bad := range []url.Values{{"": {"x"}}, {"a\nb": {"x"}}, {"a": {"x", "canary\r\n"}}, {"a": {"\x00"}}, {"a": {"\t"}}, {"a": {"\x7f"}}} {
		for _, o := range []client.Option{client.WithQuery(bad), client.WithProfile(client.Profile{Query: bad})} {
			_, err := client.New(base, o)
			require.ErrorIs(t, err, client.ErrConfig, "%q", bad)
			require.NotContains(t, err.Error(), "canary")
		}
	}
}
