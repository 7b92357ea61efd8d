package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/retry"
)

// quick retries without waiting.
var quick = client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(0)})

// fake is a server and a client of its bucket.
func fake(t *testing.T, opts ...s3test.Options) (*s3test.Server, *s3.Client) {
	t.Helper()
	srv := s3test.New(t, opts...)
	c, err := s3.New(srv.Config(), quick, client.WithPacing(nil))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return srv, c
}

func put(t *testing.T, c *s3.Client, key, text string) s3.PutObjectOutput {
	t.Helper()
	out, err := s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: key, Body: client.Raw("text/plain", []byte(text))})
	require.NoError(t, err)
	return out
}

func TestObjects(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	ctx := t.Context()
	made, err := s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{
		Key: "dir/a", Body: client.Raw("text/plain", []byte("hello")), ChecksumCRC32: "NhCmhg==",
		ObjectSettings: s3.ObjectSettings{CacheControl: "no-cache", Metadata: map[string]string{"owner": "ada", "Case": "kept as lower"}},
	})
	require.NoError(t, err)
	require.Equal(t, `"5d41402abc4b2a76b9719d911017c592"`, made.ETag)

	got, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a", ChecksumMode: "ENABLED"})
	require.NoError(t, err)
	require.Equal(t, "hello", string(got.Body))
	require.Equal(t, []any{made.ETag, int64(5), "text/plain", "no-cache", "NhCmhg==", "FULL_OBJECT"},
		[]any{got.ETag, got.ContentLength, got.ContentType, got.CacheControl, got.ChecksumCRC32, got.ChecksumType})
	require.Equal(t, map[string]string{"owner": "ada", "case": "kept as lower"}, got.Metadata)
	require.WithinDuration(t, time.Now(), got.LastModified, time.Minute)

	head, err := s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a"})
	require.NoError(t, err)
	require.Equal(t, []any{made.ETag, int64(5), "text/plain"}, []any{head.ETag, head.ContentLength, head.ContentType})

	part, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "dir/a", Range: "bytes=1-3"})
	require.NoError(t, err)
	require.Equal(t, []any{"ell", "bytes 1-3/5"}, []any{string(part.Body), part.ContentRange})

	copied, err := s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: "b", CopySource: s3.CopySource(s3test.Bucket, "dir/a", "")})
	require.NoError(t, err)
	require.Equal(t, made.ETag, copied.Result.ETag)
	require.Equal(t, []string{"b", "dir/a"}, srv.Keys())

	_, err = s3.DeleteObject.Do(ctx, c.HTTP, s3.DeleteObjectInput{Key: "b"})
	require.NoError(t, err)
	_, err = s3.HeadObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "b"})
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "b"})
	require.ErrorIs(t, err, client.ErrNotFound)
	e, _ := errors.AsType[*client.Error](err)
	require.Equal(t, "NoSuchKey", e.Code)
	require.NotEmpty(t, e.RequestID)
	_, err = s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: "c", Body: client.Raw("", []byte("x")), ChecksumCRC32: "NhCmhg=="})
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, "BadDigest")
}

// What an object was stored as is what comes back, compressed or not.
func TestContentEncodingIsTheObjectsOwn(t *testing.T) {
	t.Parallel()
	_, c := fake(t)
	zipped := []byte("\x1f\x8b\x08\x00not really")
	_, err := s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{
		Key: "k", Body: client.Raw("text/plain", zipped), ObjectSettings: s3.ObjectSettings{ContentEncoding: "gzip"},
	})
	require.NoError(t, err)
	got, err := s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	require.Equal(t, []any{zipped, "gzip"}, []any{got.Body, got.ContentEncoding})
	w := new(page)
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: 5}, w)
	require.NoError(t, err)
	require.Equal(t, zipped, w.data)
	r, err := s3.GetObject.Request(s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	var buf bytes.Buffer
	_, err = client.Download(t.Context(), c.HTTP, r, &buf)
	require.NoError(t, err)
	require.Equal(t, zipped, buf.Bytes())
}

func TestConditionalWrites(t *testing.T) {
	t.Parallel()
	_, c := fake(t)
	body := func() client.Body { return client.Raw("", []byte("x")) }
	first, err := s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: body(), IfNoneMatch: "*"})
	require.NoError(t, err)
	_, err = s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: body(), IfNoneMatch: "*"})
	require.ErrorIs(t, err, client.ErrConflict)
	_, err = s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: body(), IfMatch: `"other"`})
	require.ErrorIs(t, err, client.ErrConflict)
	_, err = s3.PutObject.Do(t.Context(), c.HTTP, s3.PutObjectInput{Key: "k", Body: body(), IfMatch: first.ETag})
	require.NoError(t, err)
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", IfNoneMatch: "*"}, strings.NewReader("y"))
	require.ErrorIs(t, err, client.ErrConflict)
}

// odd are keys that are no paths.
var odd = []string{
	"a b", "ä", "a//b", "../x", "x/../y", ".", "..", "+", "%2F", "%", "folder/", "/leading", "//", "a?b#c&d=e", `back\slash`,
	"a;b:c@d!$'()*,[]^`{|}~", "世界/🙂", "new\nline", "tab\t", "<&>\"'", "control\x01", "\u2028", "a=b", strings.Repeat("k", 1024),
}

// Any UTF-8 is a key, wherever it stands: in a path, a presigned URL, a header, a
// listing, and in the XML of a deletion, but for what that cannot say.
func TestAnyKeyIsAKey(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	for _, key := range odd {
		put(t, c, key, "content of "+key)
	}
	require.ElementsMatch(t, odd, srv.Keys())
	var listed []string
	for o, err := range s3.ListObjects.All(t.Context(), c.HTTP, s3.ListObjectsInput{MaxKeys: 5}) {
		require.NoError(t, err)
		listed = append(listed, o.Key)
	}
	require.Equal(t, srv.Keys(), listed)
	for _, key := range odd {
		got, err := s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: key})
		require.NoError(t, err, key)
		require.Equal(t, "content of "+key, string(got.Body))
		p, err := c.PresignGet(t.Context(), key, time.Hour)
		require.NoError(t, err, key)
		req, err := http.NewRequest(p.Method, p.URL, nil)
		require.NoError(t, err)
		resp, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		require.Equal(t, 200, resp.StatusCode, key)
		_, err = s3.CopyObject.Do(t.Context(), c.HTTP, s3.CopyObjectInput{Key: "copy/" + key[:len(key)/2+len(key)%2], CopySource: s3.CopySource(s3test.Bucket, key, "")})
		if len(key) < 1024 && !strings.ContainsAny(key, "ä世🙂\u2028") {
			require.NoError(t, err, key)
		}
		var got2 bytes.Buffer
		r, err := s3.GetObject.Request(s3.GetObjectInput{Key: key})
		require.NoError(t, err)
		_, err = client.Download(t.Context(), c.HTTP, r, &got2)
		require.NoError(t, err)
		require.Equal(t, "content of "+key, got2.String())
		err = s3.DeleteAll(t.Context(), c, []string{key})
		if strings.ContainsRune(key, 1) {
			require.ErrorIs(t, err, client.ErrRequest, "it would delete another")
			_, err = s3.DeleteObject.Do(t.Context(), c.HTTP, s3.DeleteObjectInput{Key: key})
		}
		require.NoError(t, err, key)
		_, there := srv.Get(key)
		require.False(t, there, key)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	_, err := s3.GetObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{})
	require.ErrorIs(t, err, client.ErrRequest)
}

// An upload that is named by nothing is not aborted by deleting the object.
func TestAnAbortNeedsItsUpload(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	put(t, c, "k", "x")
	_, err := s3.AbortMultipartUpload.Do(t.Context(), c.HTTP, s3.AbortMultipartUploadInput{Key: "k"})
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = s3.UploadPart.Do(t.Context(), c.HTTP, s3.UploadPartInput{Key: "k", PartNumber: 1, Body: client.Raw("", []byte("y"))})
	require.ErrorIs(t, err, client.ErrRequest)
	got, ok := srv.Get("k")
	require.True(t, ok)
	require.Equal(t, "x", string(got))
}

// P5: a batch that failed in part is told item by item.
func TestP5_DeletionsAreToldOneByOne(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		put(t, c, key, "x")
	}
	for _, f := range []s3test.Fault{
		{Operation: "DeleteObjects", Key: "b", Code: "AccessDenied", Times: -1}, {Operation: "DeleteObjects", Key: "c", Code: "InternalError"},
		{Operation: "DeleteObjects", Key: "d", Code: "Brandnew"},
	} {
		srv.Inject(f)
	}
	in := s3.DeleteObjectsInput{Objects: []s3.ObjectIdentifier{{Key: "a"}, {Key: "b"}, {Key: "c"}, {Key: "d"}}}
	out, err := s3.DeleteObjects.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.Equal(t, []s3.DeletedObject{{Key: "a"}}, out.Result.Deleted)
	require.Len(t, out.Result.Errors, 3)
	for i, want := range []error{client.ErrForbidden, client.ErrUnavailable, client.ErrUnavailable} {
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(&out.Result.Errors[i], sentinel), "%v", sentinel)
		}
	}
	require.ErrorIs(t, out.Result.Err(), client.ErrForbidden)
	require.NotContains(t, out.Result.Err().Error(), `"b"`)
	err = s3.DeleteAll(t.Context(), c, []string{"b", "c"})
	failed, ok := errors.AsType[*s3.DeleteError](err)
	require.True(t, ok)
	require.Equal(t, []string{"b", "AccessDenied"}, []string{failed.Key, failed.Code})
	require.Equal(t, []string{"b", "d"}, srv.Keys())
	var none s3.DeleteResult
	require.NoError(t, none.Err())
}

func TestDeleteAllGoesByTheThousand(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	keys := make([]string, 2001)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
		srv.Put(keys[i], nil)
	}
	require.NoError(t, s3.DeleteAll(t.Context(), c, keys))
	require.Empty(t, srv.Keys())
	require.Equal(t, 3, srv.Count("DeleteObjects"))
	require.NoError(t, s3.DeleteAll(t.Context(), c, nil))

	_, err := s3.DeleteObjects.Do(t.Context(), c.HTTP, s3.DeleteObjectsInput{Objects: make([]s3.ObjectIdentifier, 1001)})
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = s3.DeleteObjects.Do(t.Context(), c.HTTP, s3.DeleteObjectsInput{})
	require.ErrorIs(t, err, client.ErrRequest)
	err = s3.DeleteAll(t.Context(), c, []string{"a", "", "b"})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, 3, srv.Count("DeleteObjects"))

	srv.Inject(s3test.Fault{Operation: "DeleteObjects", Code: "AccessDenied", Skip: 1})
	for _, key := range keys {
		srv.Put(key, nil)
	}
	require.ErrorIs(t, s3.DeleteAll(t.Context(), c, keys), client.ErrForbidden)
	require.Len(t, srv.Keys(), 1001)
}

// P4: a listing yields each key once and in order, fetches no further than the loop
// reads, and says when it cannot go on.
func TestP4_Listing(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("p/%02d", i)
		srv.Put(key, []byte("x"))
		want = append(want, key)
	}
	srv.Put("other", nil)
	var got []string
	for o, err := range s3.ListObjects.All(t.Context(), c.HTTP, s3.ListObjectsInput{Prefix: "p/", MaxKeys: 10}) {
		require.NoError(t, err)
		require.EqualValues(t, 1, o.Size)
		got = append(got, o.Key)
	}
	require.Equal(t, want, got)
	require.Equal(t, 3, srv.Count("ListObjectsV2"))
	for o, err := range s3.ListObjects.All(t.Context(), c.HTTP, s3.ListObjectsInput{MaxKeys: 10, StartAfter: "p/03"}) {
		require.NoError(t, err)
		require.Equal(t, "p/04", o.Key)
		break
	}
	require.Equal(t, 4, srv.Count("ListObjectsV2"))

	for _, key := range []string{"d/a b/1", "d/a b/2", "d/ä/1", "d/file"} {
		srv.Put(key, nil)
	}
	var prefixes []string
	for page, err := range s3.ListObjects.Pages(t.Context(), c.HTTP, s3.ListObjectsInput{Prefix: "d/", Delimiter: "/", MaxKeys: 1}) {
		require.NoError(t, err)
		for _, p := range page.Result.CommonPrefixes {
			prefixes = append(prefixes, p.Prefix)
		}
	}
	require.Equal(t, []string{"d/a b/", "d/ä/"}, prefixes)

	for text, want := range map[string]error{
		"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>":                                     client.ErrDecode,
		"<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents></ListBucketResult>": client.ErrDecode,
		"<ListAllMyBucketsResult></ListAllMyBucketsResult>":                                                        client.ErrDecode,
		"<ListBucketResult><Contents><Key>a":                                                                       client.ErrDecode,
		"":                                                                                                         client.ErrEmptyBody,
		"<ListBucketResult><Contents><Key>%zz</Key><Brandnew>1</Brandnew></Contents><IsTruncated>false</IsTruncated></ListBucketResult>": nil,
		"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>":       client.ErrDecode,
	} {
		rt := clienttest.NewTransport(t, body(200, text))
		var last error
		for _, err := range s3.ListObjects.All(t.Context(), bucket(t, rt).HTTP, s3.ListObjectsInput{}) {
			last = err
		}
		require.ErrorIs(t, last, want, text)
		require.LessOrEqual(t, rt.Count(), 2)
	}
}

// P4: a page that is empty is not the last, unless it says so.
func TestP4_AnEmptyPageIsNotTheLast(t *testing.T) {
	rt := clienttest.NewTransport(t,
		body(200, "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken></ListBucketResult>"),
		body(200, "<ListBucketResult><Contents><Key>a</Key><Size>9007199254740993</Size></Contents></ListBucketResult>"))
	var keys []string
	for o, err := range s3.ListObjects.All(t.Context(), bucket(t, rt).HTTP, s3.ListObjectsInput{Prefix: "a"}) {
		require.NoError(t, err)
		require.EqualValues(t, int64(9007199254740993), o.Size)
		keys = append(keys, o.Key)
	}
	require.Equal(t, []string{"a"}, keys)
	require.Equal(t, 2, rt.Count())
	require.Contains(t, rt.Last().URL, "continuation-token=2")
	require.Contains(t, rt.Last().URL, "prefix=a")
}

func TestListingOfUploads(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	for i := range 5 {
		_, err := s3.CreateMultipartUpload.Do(t.Context(), c.HTTP, s3.CreateMultipartUploadInput{Key: fmt.Sprint("k", i/2)})
		require.NoError(t, err)
	}
	var got []string
	for u, err := range s3.ListMultipartUploads.All(t.Context(), c.HTTP, s3.ListMultipartUploadsInput{MaxUploads: 2}) {
		require.NoError(t, err)
		got = append(got, u.UploadID)
		_, err = s3.AbortMultipartUpload.Do(t.Context(), c.HTTP, s3.AbortMultipartUploadInput{Key: u.Key, UploadID: u.UploadID})
		require.NoError(t, err)
	}
	require.Len(t, got, 5)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), 5)
	require.Empty(t, srv.Uploads())
}

// Any get can be written to a file that is there only once it is whole.
func TestGetObjectToAFile(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	content := bytes.Repeat([]byte("0123456789"), 10_000)
	srv.Put("k", content)
	srv.Inject(s3test.Fault{Operation: "GetObject", CutAfter: 50_000})
	path := filepath.Join(t.TempDir(), "file")
	r, err := s3.GetObject.Request(s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	_, err = client.DownloadFile(t.Context(), c.HTTP, r, path)
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))
	require.Equal(t, 2, srv.Count("GetObject"))
}

// A copy of nothing would be a PUT without content, which empties what is at the key.
func TestACopyNeedsItsSource(t *testing.T) {
	srv := s3test.New(t)
	c, err := s3.New(srv.Config())
	require.NoError(t, err)
	ctx := t.Context()
	_, err = s3.PutObject.Do(ctx, c.HTTP, s3.PutObjectInput{Key: "k", Body: client.Raw("text/plain", []byte("kept"))})
	require.NoError(t, err)
	for _, source := range []string{"", " ", "/", "bucket", s3.CopySource("", "k", ""), s3.CopySource(s3test.Bucket, "", "")} {
		_, err = s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: "k", CopySource: source})
		require.ErrorIs(t, err, client.ErrRequest, source)
		require.ErrorContains(t, err, "CopySource", source)
	}
	got, err := s3.GetObject.Do(ctx, c.HTTP, s3.GetObjectInput{Key: "k"})
	require.NoError(t, err)
	require.Equal(t, "kept", string(got.Body))
	_, err = s3.CopyObject.Do(ctx, c.HTTP, s3.CopyObjectInput{Key: "copy", CopySource: "/" + s3.CopySource(s3test.Bucket, "k", "")})
	require.NoError(t, err, "S3 takes a slash before the bucket")
}
