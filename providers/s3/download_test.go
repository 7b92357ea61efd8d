package s3_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/providers/s3/s3test"
	"github.com/standpipe-go/standpipe/secret"
)

// page is an io.WriterAt in memory.
type page struct {
	mu    sync.Mutex
	data  []byte
	fails error
}

func (p *page) WriteAt(b []byte, at int64) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return 0, p.fails
	}
	if need := int(at) + len(b); need > len(p.data) {
		p.data = append(p.data, make([]byte, need-len(p.data))...)
	}
	return copy(p.data[at:], b), nil
}

const chunk = 100_000

func TestDownload(t *testing.T) {
	t.Parallel()
	for size, parts := range map[int]int{0: 0, 1: 1, chunk: 1, chunk + 1: 2, 5*chunk + 3: 6} {
		srv, c := fake(t)
		content := noise(size)
		up, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k"}, bytes.NewReader(content))
		require.NoError(t, err)
		file, err := os.Create(filepath.Join(t.TempDir(), "file"))
		require.NoError(t, err)
		var last atomic.Int64
		object, err := s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk, Concurrency: 3, Progress: func(written, total int64) {
			require.EqualValues(t, size, total)
			require.Greater(t, written, last.Swap(written))
		}}, file)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		require.Equal(t, up.ETag, object.ETag)
		got, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, got))
		require.Equal(t, parts, srv.Count("GetObject"))
		require.EqualValues(t, size, last.Load())
	}
}

// A part that breaks off is resumed where it did.
func TestDownloadLivesThroughFaults(t *testing.T) {
	t.Parallel()
	content := noise(5 * chunk)
	for name, f := range map[string]s3test.Fault{
		"cut":       {Operation: "GetObject", CutAfter: chunk / 2, Times: 3},
		"slow down": {Operation: "GetObject", Code: "SlowDown", Times: 2},
		"reset":     {Operation: "GetObject", Reset: true, Times: 2},
		"head":      {Operation: "HeadObject", Code: "InternalError"},
	} {
		srv, c := fake(t)
		srv.Put("k", content)
		srv.Inject(f)
		w := new(page)
		_, err := s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk}, w)
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(content, w.data), name)
	}
}

// What is replaced under a download, or is not what the service has a checksum of, is an
// error and no mixture.
func TestDownloadIsOfOneVersion(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	srv.Put("k", noise(5*chunk))
	_, err := s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk, Concurrency: 1, Progress: func(written, _ int64) {
		if written == chunk {
			srv.Put("k", noise(5*chunk + 1)[1:])
		}
	}}, new(page))
	require.ErrorIs(t, err, client.ErrChanged)
	require.ErrorIs(t, err, client.ErrConflict)

	for _, sum := range []s3.Checksum{s3.CRC64NVME, s3.CRC32, s3.CRC32C} {
		srv, c := fake(t)
		_, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: "k", Checksum: sum}, bytes.NewReader(noise(3*chunk)))
		require.NoError(t, err)
		srv.Inject(s3test.Fault{Operation: "GetObject", Skip: 1, Flip: true})
		_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk}, new(page))
		require.ErrorIs(t, err, client.ErrChecksum)
		_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk}, new(page))
		require.NoError(t, err)
	}
	// Of parts there is no sum of all; it is left aside.
	content := noise(partSize + 1)
	_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "c", Checksum: s3.SHA256, PartSize: partSize}, onlyReads{bytes.NewReader(content)})
	require.NoError(t, err)
	w := new(page)
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "c"}, w)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, w.data))
}

// A checksum of so many parts, whose kind is not told, is none of the whole.
func TestDownloadLeavesChecksumsOfPartsAside(t *testing.T) {
	for _, header := range []string{"X-Amz-Checksum-Crc32c", "X-Amz-Checksum-Crc32", "X-Amz-Checksum-Crc64nvme"} {
		rt := clienttest.NewTransport(t,
			clienttest.Text(200, "").Header("Content-Length", "5").Header("ETag", `"e"`).Header(header, "AAAAAA==-2"),
			clienttest.Text(206, "hello").Header("ETag", `"e"`).Header("Content-Range", "bytes 0-4/5"))
		w := new(page)
		_, err := s3.Download(t.Context(), bucket(t, rt), s3.DownloadInput{Key: "k"}, w)
		require.NoError(t, err)
		require.Equal(t, "hello", string(w.data))
	}
	// A service that does not say how long the object is says nothing.
	rt := clienttest.NewTransport(t, clienttest.Status(200).Header("ETag", `"e"`))
	_, err := s3.Download(t.Context(), bucket(t, rt), s3.DownloadInput{Key: "k"}, new(page))
	require.ErrorIs(t, err, client.ErrDecode)
}

func TestDownloadThatFails(t *testing.T) {
	t.Parallel()
	srv, c := fake(t)
	srv.Put("k", noise(5*chunk))
	_, err := s3.Download(t.Context(), c, s3.DownloadInput{Key: "none"}, new(page))
	require.ErrorIs(t, err, client.ErrNotFound)
	full := errors.New("no space left")
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk}, &page{fails: full})
	require.ErrorIs(t, err, full)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = s3.Download(ctx, c, s3.DownloadInput{Key: "k", PartSize: chunk, Progress: func(int64, int64) { cancel() }}, new(page))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "s3: Download: context canceled")
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: chunk, Progress: func(int64, int64) { panic("no") }}, new(page))
	require.ErrorContains(t, err, "panicked")
	for _, in := range []s3.DownloadInput{{Key: "k", PartSize: -1}, {Key: "k", Concurrency: -1}, {}} {
		_, err = s3.Download(t.Context(), c, in, new(page))
		require.ErrorIs(t, err, client.ErrRequest)
	}
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k"}, nil)
	require.ErrorIs(t, err, client.ErrRequest)
}

// A length that no memory holds the parts of is none to make them for.
func TestDownloadOfAnAbsurdLength(t *testing.T) {
	t.Parallel()
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", "9223372036854775807")
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	c, err := s3.New(s3.Config{
		Bucket: "bucket", Region: "us-east-1", Endpoint: srv.URL,
		Credentials: s3.AccessKey{ID: secret.Static("AKID"), Secret: secret.Static("secret")},
	})
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k"}, file)
	require.ErrorIs(t, err, client.ErrForbidden, "by itself a part is made larger")
	n := srv.Count()
	_, err = s3.Download(t.Context(), c, s3.DownloadInput{Key: "k", PartSize: 5 << 20}, file)
	require.ErrorIs(t, err, client.ErrRequest)
	require.ErrorContains(t, err, "set a larger PartSize")
	require.Equal(t, n+1, srv.Count())
}
