package s3test_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func Example() {
	srv := s3test.Start()
	defer srv.Close()
	c, err := s3.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.HTTP.CloseIdleConnections()
	srv.Inject(s3test.Fault{Operation: "PutObject", Code: "AccessDenied"})

	in := s3.UploadInput{Key: "hello.txt", ObjectSettings: s3.ObjectSettings{ContentType: "text/plain"}}
	_, err = s3.Upload(context.Background(), c, in, strings.NewReader("hello"))
	fmt.Println(errors.Is(err, client.ErrForbidden))
	_, err = s3.Upload(context.Background(), c, in, strings.NewReader("hello"))
	fmt.Println(err, srv.Keys())
	// Output:
	// true
	// <nil> [hello.txt]
}

func codeOf(err error) string {
	e, _ := errors.AsType[*client.Error](err)
	if e == nil {
		return fmt.Sprint(err)
	}
	return e.Code
}

// The server is as strict as S3 is: with the key, the region, the clock, what is signed,
// and what it does not know.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	srv := s3test.New(t)
	with := func(change func(*s3.Config)) *s3.Client {
		cfg := srv.Config()
		change(&cfg)
		c, err := s3.New(cfg, client.WithRetry(retry.Never), client.WithPacing(nil))
		require.NoError(t, err)
		t.Cleanup(c.HTTP.CloseIdleConnections)
		return c
	}
	get := func(c *s3.Client) string {
		_, err := s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
		return codeOf(err)
	}
	require.Equal(t, "NoSuchKey", get(with(func(*s3.Config) {})))
	require.Equal(t, "NoSuchBucket", get(with(func(c *s3.Config) { c.Bucket = "other" })))
	require.Equal(t, "AuthorizationHeaderMalformed", get(with(func(c *s3.Config) { c.Region = "eu-west-1" })))
	require.Equal(t, "InvalidAccessKeyId", get(with(func(c *s3.Config) {
		c.Credentials = s3.AccessKey{ID: secret.Static("OTHER"), Secret: secret.Static("x")}
	})))
	require.Equal(t, "SignatureDoesNotMatch", get(with(func(c *s3.Config) {
		c.Credentials = s3.AccessKey{ID: secret.Static(s3test.AccessKeyID), Secret: secret.Static("x")}
	})))

	c := with(func(*s3.Config) {})
	for name, r := range map[string]client.Request{
		"NotImplemented":            {Method: http.MethodGet, Path: "/k", Query: map[string][]string{"acl": {""}}},
		"XAmzContentSHA256Mismatch": {Method: http.MethodPut, Path: "/k", Body: client.Raw("", []byte("x")), Header: http.Header{"X-Amz-Content-Sha256": {strings.Repeat("0", 64)}}},
		"BadDigest":                 {Method: http.MethodPut, Path: "/k", Body: client.Raw("", []byte("x")), Header: http.Header{"X-Amz-Checksum-Sha256": {"eA=="}}},
		"InvalidRange":              {Method: http.MethodGet, Path: "/there", Header: http.Header{"Range": {"bytes=5-"}}},
		"PreconditionFailed":        {Method: http.MethodGet, Path: "/there", Header: http.Header{"If-Match": {`"x"`}}},
		"MalformedXML":              {Method: http.MethodPost, Path: "/", Query: map[string][]string{"delete": {""}}, Body: client.Raw("", []byte("x")), Header: http.Header{"X-Amz-Checksum-Crc32": {"jNwWgw=="}}},
		"InvalidRequest":            {Method: http.MethodPost, Path: "/", Query: map[string][]string{"delete": {""}}, Body: client.Raw("", []byte("x"))},
		"NoSuchUpload":              {Method: http.MethodPost, Path: "/k", Query: map[string][]string{"uploadId": {"x"}}, Body: client.Raw("", []byte("x"))},
	} {
		srv.Put("there", []byte("12345"))
		r.CheckStatus = true
		_, err := c.HTTP.Do(t.Context(), r)
		require.Equal(t, name, codeOf(err))
	}
	resp, err := http.Get(srv.URL + "/bucket/k")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode, "unsigned")

	p, err := c.PresignGet(t.Context(), "there", time.Hour)
	require.NoError(t, err)
	resp, err = http.Get(p.URL + "&response-content-type=text/html")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode, "more than was signed")
	http.DefaultClient.CloseIdleConnections()
}

// What S3 would do otherwise than to an object that has one version is not done at all,
// and a copy is held to all of its conditions.
func TestServerDoesNothingByChance(t *testing.T) {
	t.Parallel()
	srv := s3test.New(t)
	c, err := s3.New(srv.Config(), client.WithRetry(retry.Never))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	srv.Put("k", []byte("12345"))
	is, err := s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	duplicate := func(in s3.CopyObjectInput, version string) string {
		in.CopySource = s3.CopySource(s3test.Bucket, "k", version)
		_, err := s3.CopyObject.Do(t.Context(), c.HTTP, in)
		if err == nil {
			return ""
		}
		return codeOf(err)
	}
	_, err = s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k", VersionID: "v1"})
	require.Equal(t, "NotImplemented", codeOf(err))
	_, err = s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k", PartNumber: 1})
	require.Equal(t, "NotImplemented", codeOf(err))
	_, err = s3.DeleteObject.Do(t.Context(), c.HTTP, s3.DeleteObjectInput{Key: "k", VersionID: "v1"})
	require.Equal(t, "NotImplemented", codeOf(err))
	_, err = s3.DeleteObjects.Do(t.Context(), c.HTTP, s3.DeleteObjectsInput{Objects: []s3.ObjectIdentifier{{Key: "k", VersionID: "v1"}}})
	require.Equal(t, "NotImplemented", codeOf(err))
	require.Equal(t, "NotImplemented", duplicate(s3.CopyObjectInput{Key: "copy"}, "v1"))
	require.Equal(t, "PreconditionFailed", duplicate(s3.CopyObjectInput{Key: "copy", CopySourceIfNoneMatch: is.ETag}, ""))
	require.Equal(t, "InvalidRequest", duplicate(s3.CopyObjectInput{Key: "k"}, ""))
	require.Equal(t, []string{"k"}, srv.Keys())

	require.Empty(t, duplicate(s3.CopyObjectInput{Key: "k", MetadataDirective: "REPLACE"}, ""))
	require.Empty(t, duplicate(s3.CopyObjectInput{Key: "copy", CopySourceIfNoneMatch: `"other"`}, ""))
	require.Equal(t, []string{"copy", "k"}, srv.Keys())
}

// R2 refuses what S3 takes.
func TestServerAsR2(t *testing.T) {
	t.Parallel()
	srv := s3test.New(t, s3test.Options{R2: true})
	c, err := s3.New(srv.Config(), client.WithRetry(retry.Never))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	for _, settings := range []s3.ObjectSettings{{ACL: "private"}, {Tagging: "a=b"}} {
		_, err := s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: client.Raw("", nil), ObjectSettings: settings})
		require.Equal(t, "NotImplemented", codeOf(err))
	}
	_, err = c.HTTP.Do(t.Context(), client.Request{
		Method: http.MethodPut, Path: "/k", Body: client.Raw("", []byte("0\r\n\r\n")), CheckStatus: true,
		Header: http.Header{"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}},
	})
	require.Equal(t, "NotImplemented", codeOf(err))
	up, err := s3.CreateMultipartUpload.Do(t.Context(), c.HTTP, s3.CreateMultipartUploadInput{Key: "k"})
	require.NoError(t, err)
	var parts []s3.CompletedPart
	for i, size := range []int{5 << 20, 5<<20 + 1, 1} {
		out, err := s3.UploadPart.Do(t.Context(), c.HTTP, s3.UploadPartInput{
			Key: "k", UploadID: up.Result.UploadID, PartNumber: i + 1, Body: client.Raw("", make([]byte, size)),
		})
		require.NoError(t, err)
		parts = append(parts, s3.CompletedPart{PartNumber: i + 1, ETag: out.ETag})
	}
	_, err = s3.CompleteMultipartUpload.Do(t.Context(), c.HTTP, s3.CompleteMultipartUploadInput{
		Key: "k", UploadID: up.Result.UploadID, Upload: s3.CompletedMultipartUpload{Parts: parts},
	})
	require.Equal(t, "InvalidPart", codeOf(err))
}

// Chunks, as an SDK sends them, are taken off, and their checksum is held to.
func TestServerTakesChunks(t *testing.T) {
	t.Parallel()
	srv := s3test.New(t)
	c, err := s3.New(srv.Config(), client.WithRetry(retry.Never))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	for text, code := range map[string]string{
		"3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n": "",
		"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n":          "BadDigest",
		"5\r\nhel":            "IncompleteBody",
		"x\r\nhello\r\n0\r\n": "IncompleteBody",
		"5\r\nhelloo0\r\n":    "IncompleteBody",
		"4\r\nhell\r\n0\r\n":  "IncompleteBody",
	} {
		resp, err := c.HTTP.Do(t.Context(), client.Request{
			Method: http.MethodPut, Path: "/k", Body: client.Raw("", []byte(text)), CheckStatus: true,
			Header: http.Header{
				"X-Amz-Content-Sha256": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, "Content-Encoding": {"aws-chunked"},
				"X-Amz-Decoded-Content-Length": {"5"}, "X-Amz-Trailer": {"x-amz-checksum-crc32"},
			},
		})
		if code != "" {
			require.Equal(t, code, codeOf(err), text)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		got, _ := srv.Get("k")
		require.Equal(t, "hello", string(got))
	}
}

func TestHandlerNeedsNoListener(t *testing.T) {
	t.Parallel()
	s := s3test.NewHandler(s3test.Options{Region: "auto", Buckets: []string{"mine"}, Keys: map[string]string{"ID": "secret"}})
	cfg := s.Config()
	cfg.Endpoint = "https://s3.example"
	c, err := s3.New(cfg, client.WithTransport(roundTripFunc(func(r *http.Request) (*http.Response, error) {
		in := r.Clone(r.Context())
		if in.Body == nil {
			in.Body = http.NoBody
		}
		in.RequestURI = in.URL.RequestURI()
		if in.Host == "" {
			in.Host = in.URL.Host
		}
		w := &recorder{header: http.Header{}}
		s.ServeHTTP(w, in)
		return &http.Response{StatusCode: max(w.status, 200), ProtoMajor: 1, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body.String())), ContentLength: int64(w.body.Len()), Request: r}, nil
	})))
	require.NoError(t, err)
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k"}, strings.NewReader("x"))
	require.NoError(t, err)
	require.Equal(t, []string{"k"}, s.Keys())
	require.Equal(t, 1, s.Count("PutObject"))
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// A name that is misspelt would never bring its fault, and be counted zero times: a test
// would pass.
func TestAnOperationThatThereIsNot(t *testing.T) {
	t.Parallel()
	srv := s3test.NewHandler()
	for name, call := range map[string]func(){
		"Inject": func() { srv.Inject(s3test.Fault{Operation: "ListObjects"}) },
		"Count":  func() { srv.Count("ListObjects") },
	} {
		func() {
			defer func() {
				said, _ := recover().(string)
				require.Contains(t, said, `there is no operation "ListObjects", but `, name)
				require.Contains(t, said, "ListObjectsV2", name)
			}()
			call()
		}()
	}
	srv.Inject(s3test.Fault{})
}
