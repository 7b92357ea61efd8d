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
