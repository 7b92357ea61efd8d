// Command s3 stores a file of a user in a bucket, fetches it again, and makes the links
// with which a browser does both without passing through the application.
//
//	go run ./examples/s3
//
// It needs no account: an S3 in memory runs on loopback. With AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_REGION and S3_BUCKET it is the real one, and what it stores
// there, below users/demo/, it deletes again. What an application copies is in app.go and
// app_test.go.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, env func(string) string) error {
	cfg := s3.Config{
		Bucket: env("S3_BUCKET"), Region: env("AWS_REGION"),
		Credentials: s3.AccessKey{ID: secret.Env("AWS_ACCESS_KEY_ID"), Secret: secret.Env("AWS_SECRET_ACCESS_KEY")},
	}
	var options []client.Option
	if cfg.Bucket == "" {
		srv := s3test.Start()
		defer srv.Close()
		srv.Inject(s3test.Fault{Operation: "UploadPart", Code: "SlowDown"})
		srv.Inject(s3test.Fault{Operation: "GetObject", CutAfter: 1 << 20})
		cfg = srv.Config()
		options = append(options, client.WithPacing(nil), client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)}))
		fmt.Fprintln(out, "No S3_BUCKET is set: this is an S3 in memory, which asks to slow down once and breaks off once.")
	}
	f, err := newFiles(cfg, options...)
	if err != nil {
		return err
	}
	defer f.bucket.HTTP.CloseIdleConnections()
	defer func() { _ = f.forget(context.WithoutCancel(ctx), "demo") }()
	return show(ctx, out, f)
}

func show(ctx context.Context, out io.Writer, f *files) error {
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<18) // 12 MiB
	if err := f.store(ctx, "demo", "big file.bin", "application/octet-stream", bytes.NewReader(content)); err != nil {
		return err
	}
	fmt.Fprintf(out, "Stored a file of %d MiB.\n", len(content)>>20)

	dir, err := os.MkdirTemp("", "s3-example-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "file")
	if err := f.fetch(ctx, "demo", "big file.bin", path); err != nil {
		return err
	}
	got, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Fetched it. It is the same: %t.\n", sha256.Sum256(got) == sha256.Sum256(content))

	up, err := f.uploadLink(ctx, "demo", "note.txt", "text/plain", 5)
	if err != nil {
		return err
	}
	status, _, err := ask(ctx, up.Method, up.URL, up.Header, "hello")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A browser uploads a note by a link: %d.\n", status)

	link, err := f.link(ctx, "demo", "note.txt")
	if err != nil {
		return err
	}
	status, text, err := ask(ctx, http.MethodGet, link, nil, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A browser downloads it by another: %d %q.\n", status, text)
	return nil
}

// ask is the browser, which has no credential.
func ask(ctx context.Context, method, url string, header http.Header, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
