package s3

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/stretchr/testify/require"
)

// size is that of what goes up and down: 1 GiB by night.
func size() int {
	if nightly() {
		return 1 << 30
	}
	return 32<<20 + 12_345
}

func nightly() bool { return os.Getenv("STANDPIPE_NIGHTLY") != "" }

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func uploads(t *testing.T, c *s3.Client) (ids []string) {
	t.Helper()
	for u, err := range s3.ListMultipartUploads.All(t.Context(), c.HTTP, s3.ListMultipartUploadsInput{}) {
		require.NoError(t, err)
		ids = append(ids, u.UploadID)
	}
	return ids
}

// What goes up in parts and comes down in parts, over connections that break, is the
// same to the bit, and leaves no parts behind.
func TestPartsThroughFaults(t *testing.T) {
	toxics := servers.Toxiproxy(t)
	content := noise(size())
	want := sha256.Sum256(content)
	sums := []s3.Checksum{s3.CRC32C, s3.CRC64NVME, s3.SHA256, s3.NoChecksum}
	if nightly() {
		sums = sums[:1]
	}
	each(t, func(t *testing.T, name string, srv *servers.Server) {
		proxy, err := toxics.CreateProxy(name, "127.0.0.1:0", srv.Addr)
		require.NoError(t, err)
		direct, c := newClient(t, config(srv.URL)), newClient(t, config("http://"+proxy.Listen))
		faults := func(t *testing.T) {
			t.Helper()
			// Each connection is cut, in its third part up or its second down: no run is
			// spared.
			for _, f := range []struct {
				stream string
				after  int
			}{{"upstream", 12 << 20}, {"downstream", 7 << 20}} {
				_, err := proxy.AddToxic("cut "+f.stream, "limit_data", f.stream, 1, toxiproxy.Attributes{"bytes": f.after})
				require.NoError(t, err)
			}
			_, err = proxy.AddToxic("late", "latency", "downstream", 0.5, toxiproxy.Attributes{"latency": 20, "jitter": 20})
			require.NoError(t, err)
		}
		faults(t)
		for kind, r := range map[string]func() io.Reader{
			"stream": func() io.Reader { return onlyReads{bytes.NewReader(content)} },
			"memory": func() io.Reader { return bytes.NewReader(content) },
		} {
			for _, sum := range sums {
				out, err := s3.Upload(t.Context(), c, s3.UploadInput{Key: kind, PartSize: 5 << 20, Concurrency: 3, Checksum: sum}, r())
				require.NoError(t, err, "%s %s", kind, sum)
				require.EqualValues(t, len(content), out.Size)
				file, err := os.Create(filepath.Join(t.TempDir(), "file"))
				require.NoError(t, err)
				object, err := s3.Download(t.Context(), c, s3.DownloadInput{Key: kind, PartSize: 4 << 20, Concurrency: 3}, file)
				require.NoError(t, err, "%s %s", kind, sum)
				require.Equal(t, out.ETag, object.ETag)
				switch sum {
				case s3.CRC64NVME:
					require.Equal(t, []string{"FULL_OBJECT", sum.Of(content)}, []string{object.ChecksumType, object.ChecksumCRC64NVME})
				case s3.CRC32C:
					require.Equal(t, []string{"FULL_OBJECT", sum.Of(content)}, []string{object.ChecksumType, object.ChecksumCRC32C})
				}
				_, err = file.Seek(0, io.SeekStart)
				require.NoError(t, err)
				got := sha256.New()
				_, err = io.Copy(got, file)
				require.NoError(t, err)
				require.Equal(t, want, [sha256.Size]byte(got.Sum(nil)))
				require.NoError(t, file.Close())
				require.NoError(t, os.Remove(file.Name()))
			}
		}
		require.Empty(t, uploads(t, direct))
		require.Positive(t, retries.Swap(0), "nothing went wrong")

		// What cannot be uploaded leaves nothing either.
		broken := errors.New("the disk is gone")
		_, err = s3.Upload(t.Context(), c, s3.UploadInput{Key: "broken", PartSize: 5 << 20}, io.MultiReader(bytes.NewReader(content[:12<<20]), failing{broken}))
		require.ErrorIs(t, err, broken)
		require.Empty(t, uploads(t, direct))
		_, err = s3.HeadObject.Do(t.Context(), direct.HTTP, s3.GetObjectInput{Key: "broken"})
		require.ErrorIs(t, err, client.ErrNotFound)
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
