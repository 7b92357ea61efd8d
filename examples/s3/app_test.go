package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/retry"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

// start returns files over an S3 in memory. Nobody waits in a test.
func start(t *testing.T) (*files, *s3test.Server) {
	t.Helper()
	srv := s3test.New(t)
	f, err := newFiles(srv.Config(), client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)}), client.WithPacing(nil))
	require.NoError(t, err)
	t.Cleanup(f.bucket.HTTP.CloseIdleConnections)
	return f, srv
}

// browser makes a request as a browser would, without a credential.
func browser(t *testing.T, method, url string, header http.Header, body string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(text)
}

func TestAFileGoesUpAndComesDown(t *testing.T) {
	f, srv := start(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // two parts
	srv.Inject(s3test.Fault{Operation: "UploadPart", Code: "SlowDown"})
	srv.Inject(s3test.Fault{Operation: "GetObject", CutAfter: 1000})
	require.NoError(t, f.store(t.Context(), "42", "a/../b ü.bin", "application/pdf", bytes.NewReader(content)))
	require.Equal(t, []string{"users/42/a/../b ü.bin"}, srv.Keys())

	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, f.fetch(t.Context(), "42", "a/../b ü.bin", path))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))

	require.ErrorIs(t, f.fetch(t.Context(), "43", "a/../b ü.bin", path), errNoFile)
	require.NoFileExists(t, path)
}

func TestAFileThatBreaksOffIsNotThere(t *testing.T) {
	f, srv := start(t)
	broken := errors.New("the user has closed the lid")
	err := f.store(t.Context(), "42", "big", "", io.MultiReader(bytes.NewReader(make([]byte, 20<<20)), failing{broken}))
	require.ErrorIs(t, err, broken)
	require.Empty(t, srv.Keys())
	require.Empty(t, srv.Uploads(), "nothing is left that would cost")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestABrowserDownloads(t *testing.T) {
	f, srv := start(t)
	srv.Put("users/42/ü.txt", []byte("hello"))
	link, err := f.link(t.Context(), "42", "ü.txt")
	require.NoError(t, err)
	status, header, text := browser(t, "GET", link, nil, "")
	require.Equal(t, []any{200, "hello"}, []any{status, text})
	require.Equal(t, "attachment; filename*=UTF-8''%C3%BC.txt", header.Get("Content-Disposition"))
	status, _, _ = browser(t, "GET", strings.Replace(link, "users/42", "users/43", 1), nil, "")
	require.Equal(t, 403, status, "another's file")
}

func TestABrowserUploads(t *testing.T) {
	f, srv := start(t)
	up, err := f.uploadLink(t.Context(), "42", "a.txt", "text/plain", 5)
	require.NoError(t, err)
	status, _, _ := browser(t, up.Method, up.URL, up.Header, "hello")
	require.Equal(t, 200, status)
	got, _ := srv.Get("users/42/a.txt")
	require.Equal(t, "hello", string(got))
	status, _, _ = browser(t, up.Method, up.URL, http.Header{"Content-Type": {"text/plain"}}, "hello, and more")
	require.Equal(t, 403, status, "more than was agreed")
	status, _, _ = browser(t, up.Method, up.URL, http.Header{"Content-Type": {"text/html"}}, "hello")
	require.Equal(t, 403, status, "another type")
	for _, length := range []int64{0, -1, maxUpload + 1} {
		_, err = f.uploadLink(t.Context(), "42", "a.txt", "text/plain", length)
		require.Error(t, err)
	}
}

func TestAUserIsForgotten(t *testing.T) {
	f, srv := start(t)
	for _, key := range []string{"users/42/a", "users/42/b", "users/421/a"} {
		srv.Put(key, nil)
	}
	require.NoError(t, f.forget(t.Context(), "42"))
	require.Equal(t, []string{"users/421/a"}, srv.Keys())
	srv.Inject(s3test.Fault{Operation: "DeleteObjects", Key: "users/421/a", Code: "AccessDenied"})
	require.ErrorIs(t, f.forget(t.Context(), "421"), client.ErrForbidden)
}
