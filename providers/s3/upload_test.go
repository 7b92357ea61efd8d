package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
)

const partSize = 5 << 20

// noise is n bytes that do not repeat.
func noise(n int) []byte {
	data := make([]byte, n)
	c := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = c.Read(data)
	return data
}

// onlyReads hides what else a reader can do.
type onlyReads struct{ io.Reader }

func TestUpload(t *testing.T) {
	t.Parallel()
	content := noise(2*partSize + 12_345)
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	_, err = file.Write(append([]byte("left out"), content...))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		r     func() io.Reader
		size  int
		parts int
		sum   s3.Checksum
	}{
		"nothing":               {func() io.Reader { return onlyReads{strings.NewReader("")} }, 0, 0, ""},
		"nothing at an offset":  {func() io.Reader { return strings.NewReader("") }, 0, 0, ""},
		"little":                {func() io.Reader { return onlyReads{bytes.NewReader(content[:100])} }, 100, 0, ""},
		"little in memory":      {func() io.Reader { return bytes.NewReader(content[:100]) }, 100, 0, s3.SHA256},
		"one part in a stream":  {func() io.Reader { return onlyReads{bytes.NewReader(content[:partSize])} }, partSize, 1, ""},
		"one part in memory":    {func() io.Reader { return bytes.NewReader(content[:partSize]) }, partSize, 0, ""},
		"two parts in a stream": {func() io.Reader { return onlyReads{bytes.NewReader(content[:2*partSize])} }, 2 * partSize, 2, ""},
		"stream":                {func() io.Reader { return onlyReads{bytes.NewReader(content)} }, len(content), 3, ""},
		"stream byte by byte":   {func() io.Reader { return io.MultiReader(bytes.NewReader(content[:1]), bytes.NewReader(content[1:])) }, len(content), 3, ""},
		"file": {func() io.Reader {
			_, err := file.Seek(8, io.SeekStart)
			require.NoError(t, err)
			return file
		}, len(content), 3, ""},
		"memory, CRC32":     {func() io.Reader { return bytes.NewReader(content) }, len(content), 3, s3.CRC32},
		"memory, CRC64NVME": {func() io.Reader { return bytes.NewReader(content) }, len(content), 3, s3.CRC64NVME},
		"memory, SHA256":    {func() io.Reader { return bytes.NewReader(content) }, len(content), 3, s3.SHA256},
		"memory, none":      {func() io.Reader { return bytes.NewReader(content) }, len(content), 3, s3.NoChecksum},
	} {
		t.Run(name, func(t *testing.T) {
			srv, c := fake(t)
			var last, calls int64
			out, err := s3.Upload(t.Context(), c, s3.UploadInput{
				Key: "dir/a b", PartSize: partSize, Checksum: tc.sum, Concurrency: 3,
				ObjectSettings: s3.ObjectSettings{ContentType: "text/plain", Metadata: map[string]string{"a": "b"}},
				Progress: func(sent, total int64) {
					require.Greater(t, sent, last)
					require.Contains(t, []int64{-1, int64(tc.size)}, total)
					last = sent
					calls++
				},
			}, tc.r())
			require.NoError(t, err)
			require.Equal(t, []any{tc.parts, int64(tc.size)}, []any{out.Parts, out.Size})
			require.EqualValues(t, tc.size, last)
			got, ok := srv.Get("dir/a b")
			require.True(t, ok)
			require.True(t, bytes.Equal(content[:tc.size], got))
			require.Empty(t, srv.Uploads())
			head, err := s3.HeadObject.Do(t.Context(), c.HTTP, s3.GetObjectInput{Key: "dir/a b", ChecksumMode: "ENABLED"})
			require.NoError(t, err)
			require.Equal(t, []any{out.ETag, "text/plain", "b"}, []any{head.ETag, head.ContentType, head.Metadata["a"]})
			switch tc.sum {
			case "":
				require.Equal(t, s3.CRC32C.Of(content[:tc.size]), head.ChecksumCRC32C)
				require.Equal(t, "FULL_OBJECT", head.ChecksumType)
			case s3.CRC64NVME:
				require.Equal(t, s3.CRC64NVME.Of(content[:tc.size]), head.ChecksumCRC64NVME)
				require.Equal(t, "FULL_OBJECT", head.ChecksumType)
			case s3.SHA256:
				require.NotEmpty(t, head.ChecksumSHA256)
			case s3.NoChecksum:
				require.Empty(t, head.ChecksumType)
			}
		})
	}
}

// What fails leaves no parts behind, and the object as it was.
func TestUploadThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	content := noise(3 * partSize)
	broken := errors.New("the disk is gone")
	for name, tc := range map[string]struct {
		faults []s3test.Fault
		r      func(cancel func()) io.Reader
		want   error
		text   string
	}{
		"a part is refused":     {[]s3test.Fault{{Operation: "UploadPart", Code: "AccessDenied", Skip: 1}}, nil, client.ErrForbidden, "AccessDenied"},
		"a part fails for good": {[]s3test.Fault{{Operation: "UploadPart", Code: "InternalError", Times: -1}}, nil, client.ErrUnavailable, "gave up"},
		"completing fails":      {[]s3test.Fault{{Operation: "CompleteMultipartUpload", Code: "InvalidPart", InSuccess: true}}, nil, client.ErrBadRequest, "InvalidPart"},
		"there is a conflict":   {[]s3test.Fault{{Operation: "CompleteMultipartUpload", Code: "ConditionalRequestConflict"}}, nil, client.ErrConflict, ""},
		"it does not begin":     {[]s3test.Fault{{Operation: "CreateMultipartUpload", Code: "AccessDenied"}}, nil, client.ErrForbidden, ""},
		"the reader fails": {nil, func(func()) io.Reader {
			return io.MultiReader(bytes.NewReader(content[:2*partSize+5]), failing{broken})
		}, broken, "s3: Upload: the content cannot be read"},
		"the reader ends unexpectedly": {nil, func(func()) io.Reader {
			return io.MultiReader(bytes.NewReader(content[:partSize+5]), failing{io.ErrUnexpectedEOF})
		}, io.ErrUnexpectedEOF, ""},
		"the reader panics": {nil, func(func()) io.Reader {
			return io.MultiReader(bytes.NewReader(content[:partSize+5]), panicking{})
		}, nil, "panicked"},
		"the reader brings nothing": {nil, func(func()) io.Reader {
			return io.MultiReader(bytes.NewReader(content[:partSize+5]), failing{})
		}, nil, "neither bytes nor an error"},
		"the caller leaves": {nil, func(cancel func()) io.Reader {
			return io.MultiReader(bytes.NewReader(content[:partSize+5]), leaving(cancel), bytes.NewReader(content))
		}, context.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv, c := fake(t)
			srv.Put("k", []byte("as it was"))
			for _, f := range tc.faults {
				srv.Inject(f)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := io.Reader(onlyReads{bytes.NewReader(content)})
			if tc.r != nil {
				r = tc.r(cancel)
			}
			_, err := s3.Upload(ctx, c, s3.UploadInput{Key: "k", PartSize: partSize, Concurrency: 2}, r)
			require.Error(t, err)
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
			require.ErrorContains(t, err, tc.text)
			require.Empty(t, srv.Uploads())
			got, _ := srv.Get("k")
			require.Equal(t, "as it was", string(got))
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("no") }

type leaving func()

func (f leaving) Read([]byte) (int, error) { f(); return 0, io.EOF }

// An abort that fails is told, with what is needed to make up for it.
func TestUploadTellsWhatItLeavesBehind(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	srv.Inject(s3test.Fault{Operation: "UploadPart", Code: "AccessDenied"})
	srv.Inject(s3test.Fault{Operation: "AbortMultipartUpload", Code: "AccessDenied", Times: -1})
	_, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize}, bytes.NewReader(noise(2*partSize)))
	require.ErrorIs(t, err, client.ErrForbidden)
	require.Len(t, srv.Uploads(), 1)
	require.ErrorContains(t, err, fmt.Sprintf("the parts of upload %q may still be there", srv.Uploads()[0]))
}

// The service goes on with parts that were cut off, and one that it stores behind the
// abort brings the upload back: it is aborted until there is none.
func TestUploadIsAbortedUntilThereIsNone(t *testing.T) {
	t.Parallel()
	aborts := 0
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><UploadId>u_1</UploadId></InitiateMultipartUploadResult>`)
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusForbidden)
		default:
			if aborts++; aborts < 3 {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchUpload</Code></Error>`)
		}
	}))
	c, err := s3.New(s3.Config{
		Bucket: "bucket", Region: "us-east-1", Endpoint: srv.URL,
		Credentials: s3.AccessKey{ID: secret.Static("AKID"), Secret: secret.Static("secret")},
	})
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize}, bytes.NewReader(noise(2*partSize)))
	require.ErrorIs(t, err, client.ErrForbidden)
	require.NotContains(t, err.Error(), "still be there")
	require.Equal(t, 3, aborts)
}

// What is under way when the content breaks off is let end, so that no part comes behind
// the abort.
func TestUploadLetsPartsEndWhenTheContentBreaksOff(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		order []string
	)
	begun := make(chan struct{})
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, s)
		}
		switch {
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><UploadId>u_1</UploadId></InitiateMultipartUploadResult>`)
		case r.Method == http.MethodPut:
			close(begun)
			_, err := io.Copy(io.Discard, r.Body)
			note(fmt.Sprintf("part %v", err))
			w.Header().Set("ETag", `"e"`)
		default:
			note("abort")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchUpload</Code></Error>`)
		}
	}))
	c, err := s3.New(s3.Config{
		Bucket: "bucket", Region: "us-east-1", Endpoint: srv.URL,
		Credentials: s3.AccessKey{ID: secret.Static("AKID"), Secret: secret.Static("secret")},
	})
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	broken := errors.New("the disk is gone")
	content := io.MultiReader(bytes.NewReader(noise(partSize)), leaving(func() { <-begun }), failing{broken})
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize}, content)
	require.ErrorIs(t, err, broken)
	require.Equal(t, []string{"part <nil>", "abort"}, order)
}

// What may pass is tried again, part by part.
func TestUploadLivesThroughFaults(t *testing.T) {
	t.Parallel()
	content := noise(3*partSize + 7)
	for name, faults := range map[string][]s3test.Fault{
		"slow down":              {{Operation: "UploadPart", Code: "SlowDown", Times: 2}, {Operation: "CreateMultipartUpload", Code: "SlowDown"}},
		"reset":                  {{Operation: "UploadPart", Reset: true, Times: 2}},
		"a part's response lost": {{Operation: "UploadPart", Lost: true, Skip: 1}},
		"an error in a 200":      {{Operation: "CompleteMultipartUpload", Code: "InternalError", InSuccess: true}},
		"the last response lost": {{Operation: "CompleteMultipartUpload", Lost: true}},
		"the body did not come":  {{Operation: "UploadPart", Code: "RequestTimeout"}},
		"an upload that is lost": {{Operation: "AbortMultipartUpload", Code: "InternalError"}},
	} {
		for _, sum := range []s3.Checksum{s3.CRC32C, s3.NoChecksum} {
			t.Run(name+" "+string(sum), func(t *testing.T) {
				srv, c := fake(t)
				for _, f := range faults {
					srv.Inject(f)
				}
				out, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize, Concurrency: 2, Checksum: sum}, onlyReads{bytes.NewReader(content)})
				require.NoError(t, err)
				require.Equal(t, 4, out.Parts)
				got, _ := srv.Get("k")
				require.True(t, bytes.Equal(content, got))
				require.Empty(t, srv.Uploads())
			})
		}
	}
	// Somebody else's object is not taken for this one.
	srv, c := fake(t)
	srv.Inject(s3test.Fault{Operation: "CompleteMultipartUpload", Reset: true})
	srv.Inject(s3test.Fault{Operation: "CompleteMultipartUpload", Code: "NoSuchUpload"})
	srv.Put("k", make([]byte, len(content)))
	_, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize}, bytes.NewReader(content))
	require.ErrorIs(t, err, client.ErrNotFound)
}

func TestUploadRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	for name, tc := range map[string]struct {
		in s3.UploadInput
		r  io.Reader
	}{
		"no key":               {s3.UploadInput{}, strings.NewReader("x")},
		"no reader":            {s3.UploadInput{Key: "k"}, nil},
		"small parts":          {s3.UploadInput{Key: "k", PartSize: partSize - 1}, strings.NewReader("x")},
		"huge parts":           {s3.UploadInput{Key: "k", PartSize: 5<<30 + 1}, strings.NewReader("x")},
		"negative concurrency": {s3.UploadInput{Key: "k", Concurrency: -1}, strings.NewReader("x")},
		"unknown checksum":     {s3.UploadInput{Key: "k", Checksum: "MD4"}, strings.NewReader("x")},
		"too many parts":       {s3.UploadInput{Key: "k", PartSize: partSize}, io.NewSectionReader(zeros{}, 0, 10_000*partSize+1)},
	} {
		_, err := s3.Upload(t.Context(), c, tc.in, tc.r)
		require.ErrorIs(t, err, client.ErrRequest, name)
	}
	require.Zero(t, srv.Count("PutObject")+srv.Count("CreateMultipartUpload"))
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// discards is an S3 that keeps nothing.
func discards() http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(struct{ io.Writer }{io.Discard}, r.Body)
			_ = r.Body.Close()
		}
		text := "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
		if r.URL.Query().Has("uploadId") {
			text = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
		}
		return &http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(text)),
			Header: http.Header{"Etag": {"e"}}, Body: io.NopCloser(strings.NewReader(text)),
		}, nil
	})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A stream takes the memory of as many parts as are sent at once, whatever its length,
// and what can be read at an offset takes none.
func TestUploadIsBoundedInMemory(t *testing.T) {
	const parts, at = 20, 2
	c := bucket(t, discards())
	for name, tc := range map[string]struct {
		r    io.Reader
		most uint64
	}{
		"stream":  {onlyReads{io.NewSectionReader(zeros{}, 0, parts*partSize)}, at*partSize + 2<<20},
		"section": {io.NewSectionReader(zeros{}, 0, parts*partSize), 6 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		out, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", PartSize: partSize, Concurrency: at}, tc.r)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		require.Equal(t, parts, out.Parts)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, tc.most, name)
	}
}

// Without a PartSize it is one with which the content fits into 10,000 parts.
func TestUploadChoosesItsPartSize(t *testing.T) {
	for size, want := range map[int64]int64{8 << 20: 0, 8<<20 + 1: 2, 100 << 20: 13} {
		out, err := s3.Upload(t.Context(), bucket(t, discards()), s3.UploadInput{Key: "k"}, io.NewSectionReader(zeros{}, 0, size))
		require.NoError(t, err)
		require.EqualValues(t, want, out.Parts)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s3.Upload(ctx, bucket(t, discards()), s3.UploadInput{Key: "k"}, io.NewSectionReader(zeros{}, 0, 5<<40))
	require.ErrorIs(t, err, context.Canceled, "and not too many parts")
}

// A service that has put other bytes together says so by its checksum.
func TestUploadComparesTheChecksumOfTheWhole(t *testing.T) {
	for result, want := range map[string]error{
		"<ChecksumCRC32C>AAAAAA==</ChecksumCRC32C>":                                         client.ErrChecksum,
		"<ChecksumType>COMPOSITE</ChecksumType><ChecksumCRC32C>AAAAAA==-2</ChecksumCRC32C>": nil,
		"<ChecksumCRC32>AAAAAA==</ChecksumCRC32>":                                           nil,
		"": nil,
	} {
		rt := clienttest.NewTransport(t,
			body(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"),
			clienttest.Status(200).Header("ETag", `"a"`), clienttest.Status(200).Header("ETag", `"a"`),
			body(200, "<CompleteMultipartUploadResult><ETag>e</ETag>"+result+"</CompleteMultipartUploadResult>"), clienttest.Status(204))
		_, err := s3.Upload(t.Context(), bucket(t, rt), s3.UploadInput{Key: "k", PartSize: partSize, Concurrency: 1}, bytes.NewReader(make([]byte, partSize+1)))
		require.ErrorIs(t, err, want, result)
	}
}

// The checksum stands in for the signature of the body where the way is private, and
// nowhere else.
func TestUploadSignsTheBodyInTheClear(t *testing.T) {
	for endpoint, unsigned := range map[string]bool{"": true, "https://minio.example": true, "http://127.0.0.1:9000": true, "http://minio.example": false} {
		rt := clienttest.NewTransport(t, clienttest.Status(200))
		c, err := s3.New(s3.Config{Bucket: "bucket", Region: "eu-central-1", Endpoint: endpoint, Credentials: accessKey()},
			client.WithTransport(rt), client.WithInsecureCleartextCredentials())
		require.NoError(t, err)
		for _, sum := range []s3.Checksum{s3.CRC32C, s3.NoChecksum} {
			_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", Checksum: sum}, strings.NewReader("x"))
			require.NoError(t, err)
			require.Equal(t, unsigned && sum == s3.CRC32C, rt.Last().Header.Get("X-Amz-Content-Sha256") == "UNSIGNED-PAYLOAD", endpoint)
		}
	}
}
