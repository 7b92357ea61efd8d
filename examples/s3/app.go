// This file and app_test.go are for copying: files of users in a bucket of S3, or of R2,
// that nobody else sees. Change the keys, and for how long a link works. In your main:
//
//	f, err := newFiles(s3.Config{
//		Bucket: "my-app-files", Region: "eu-central-1",
//		Credentials: s3.AccessKey{ID: secret.Env("AWS_ACCESS_KEY_ID"), Secret: secret.Env("AWS_SECRET_ACCESS_KEY")},
//	})
//	err = f.store(ctx, user.ID, "report.pdf", "application/pdf", upload)
//	link, err := f.link(ctx, user.ID, "report.pdf")

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
)

// How long a link works: long enough for a page that was opened before lunch, and for the
// upload of a large file.
const (
	linkLife   = time.Hour
	uploadLife = 15 * time.Minute

	// maxUpload is what a browser may upload, in bytes.
	maxUpload = 100 << 20
)

type files struct{ bucket *s3.Client }

// newFiles returns the files in a bucket. Make one, and keep it. The options are for
// tests.
func newFiles(cfg s3.Config, options ...client.Option) (*files, error) {
	c, err := s3.New(cfg, options...)
	if err != nil {
		return nil, err
	}
	return &files{c}, nil
}

// keyOf is where a user's file is. Any name is fine: a key is no path, so that nothing in
// it leads anywhere else.
func keyOf(user, name string) string { return "users/" + user + "/" + name }

// store stores a file of any length. It is there as a whole or not at all.
func (f *files) store(ctx context.Context, user, name, contentType string, content io.Reader) error {
	_, err := s3.Upload(ctx, f.bucket, s3.UploadInput{
		Key: keyOf(user, name), ObjectSettings: s3.ObjectSettings{ContentType: contentType},
	}, content)
	return err
}

// errNoFile says that a user has no file of that name.
var errNoFile = errors.New("no such file")

// fetch writes a file to a path of this machine, several parts at once.
func (f *files) fetch(ctx context.Context, user, name, path string) error {
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = s3.Download(ctx, f.bucket, s3.DownloadInput{Key: keyOf(user, name)}, to)
	if err = errors.Join(err, to.Close()); err != nil {
		_ = os.Remove(path)
	}
	if errors.Is(err, client.ErrNotFound) {
		return errNoFile
	}
	return err
}

// link returns a URL with which the user's browser downloads a file, from S3 itself. Who
// has it needs nothing else: send it over https, and do not log it.
func (f *files) link(ctx context.Context, user, name string) (string, error) {
	query := url.Values{"response-content-disposition": {fmt.Sprintf("attachment; filename*=UTF-8''%s", url.PathEscape(name))}}
	p, err := f.bucket.Signer.Presign(ctx, s3.PresignRequest{
		URL: f.bucket.URL(keyOf(user, name)) + "?" + query.Encode(), Expires: linkLife,
	})
	return p.URL, err
}

// uploadLink returns a request with which the user's browser uploads a file, to S3
// itself: fetch(url, {method: "PUT", headers, body: file}). It works for a file of just
// that length and type. The bucket needs a CORS rule that permits PUT from your origin.
func (f *files) uploadLink(ctx context.Context, user, name, contentType string, length int64) (s3.Presigned, error) {
	if length < 1 || length > maxUpload {
		return s3.Presigned{}, fmt.Errorf("a file of %d bytes cannot be uploaded", length)
	}
	return f.bucket.PresignPut(ctx, keyOf(user, name), uploadLife, http.Header{
		"Content-Type": {contentType}, "Content-Length": {strconv.FormatInt(length, 10)},
	})
}

// forget deletes all files of a user.
func (f *files) forget(ctx context.Context, user string) error {
	var keys []string
	for object, err := range s3.ListObjects.All(ctx, f.bucket.HTTP, s3.ListObjectsInput{Prefix: keyOf(user, "")}) {
		if err != nil {
			return err
		}
		keys = append(keys, object.Key)
	}
	return s3.DeleteAll(ctx, f.bucket, keys)
}
