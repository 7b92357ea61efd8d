package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/standpipe-go/standpipe/internal/option"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// DownloadOption configures a [Download] or a [DownloadFile].
type DownloadOption func(*download) error

// WithChecksum holds the content to a checksum that is known beforehand: what h makes
// of all bytes must be want, else the error matches [ErrChecksum]. h belongs to the
// download, which resets it. A want of another length than h's sum is an error before
// anything is sent.
func WithChecksum(h hash.Hash, want []byte) DownloadOption {
	return func(d *download) error {
		if isNil(h) || len(want) != h.Size() {
			return errors.New("the expected checksum is not as long as its hash makes it")
		}
		h.Reset() // it may have been used before
		d.checks = append(d.checks, checksum{h, want, "the expected checksum"})
		return nil
	}
}

// WithProgress calls f with how many bytes have been written and how many there are, -1
// where the service does not say, after each write of at most 32 KiB. f runs on the
// caller's goroutine and holds the download up. Where one has to start over, written
// begins at 0 again.
func WithProgress(f func(written, total int64)) DownloadOption {
	return func(d *download) error { d.progress = f; return nil }
}

// WithRange asks for n bytes from the byte at first on, which have to be there, and
// writes those alone: for downloads in several parts at once. What of the content the
// service has said the digest of is then not checked, and progress and length are the
// part's. A first below 0 or an n below 1 is an error before anything is sent. So that
// all parts are of one version, give the request an If-Match.
func WithRange(first, n int64) DownloadOption {
	return func(d *download) error {
		if first < 0 || n < 1 || n > maxLimit-first {
			return errors.New("WithRange was given no range")
		}
		d.part = &span{first, n}
		return nil
	}
}

// Download makes the call r, which is a GET, and writes the content of its response to
// w. It returns how many bytes w holds of it. For a file, [DownloadFile] leaves nothing
// half done.
//
// A body that breaks or stalls is resumed where it broke off, by a range of the same
// version (Range and If-Range, RFC 9110 §13.1.5 and §14): as often as the policy
// permits attempts without progress in between, with its waits and from its budget.
// Only a strong ETag, or a strong Last-Modified where there is no ETag, tells versions
// apart. Without one, or where the content has changed meanwhile, the download starts
// over, if w is a [bytes.Buffer] or, as an [os.File], an [io.Seeker] with a Truncate
// method that stands at its end; else it fails, in the latter case with [ErrChanged].
// It never splices two versions.
//
// A SHA-256 that the service sends along (Repr-Digest and Content-Digest, RFC 9530) is
// checked, beside that of [WithChecksum], once all has been written. The content is
// asked for as it is; one that comes with a content encoding all the same is refused,
// unless r's header has an Accept-Encoding, or the client sends one with every request.
// Request.MaxBody, or an explicit [WithMaxBody], bounds it. Any status but a success is
// an [*Error], with what its body says. The default deadline bounds each request up to
// its headers, [WithIdleTimeout] each wait for more of the body; a deadline that
// somebody asked for bounds all of it.
func Download(ctx context.Context, c *Client, r Request, w io.Writer, opts ...DownloadOption) (n int64, err error) {
	d := &download{c: c, r: r, total: -1}
	err = guarded(func() error {
		if err := option.Apply(d, opts); err != nil {
			return failf(ErrRequest, "%s", err.Error())
		}
		if err := d.check(w); err != nil {
			return err
		}
		d.to = newDestination(w)
		return nil
	})
	if err != nil {
		return 0, d.refuse(ctx, err)
	}
	defer panics.Catch(&err, givenCode) // a hash's, say
	return d.run(ctx)
}

// DownloadFile is [Download] to the file at path, which is there only once all of it
// is: until then the content goes to a file of another name in the same folder, that
// ends in ".part" and is removed if anything fails. The file is synced before it is
// renamed, and replaces one that is there. Its permissions are 0666 before the umask.
func DownloadFile(ctx context.Context, c *Client, r Request, path string, opts ...DownloadOption) (n int64, err error) {
	if r.Meta != nil {
		*r.Meta = Meta{} // where it comes to no call, either
	}
	if info, err := os.Stat(path); path == "" || err == nil && !info.Mode().IsRegular() {
		return 0, failf(ErrRequest, "client: the path to download to is no regular file")
	}
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8]+".part")
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, fmt.Errorf("client: the file to download to cannot be made: %w", err)
	}
	whole := false
	defer func() {
		if !whole {
			_ = f.Close()
			_ = os.Remove(part)
		}
	}()
	if n, err = Download(ctx, c, r, f, opts...); err != nil {
		return 0, err
	}
	if err := cmp.Or(f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("client: the downloaded file cannot be kept: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return 0, fmt.Errorf("client: the downloaded file cannot be named: %w", err)
	}
	whole = true
	syncFolder(filepath.Dir(path))
	return n, nil
}

// syncFolder makes a rename last through a crash, where the system lets a folder be
// synced. Where it does not, nothing more can be done.
func syncFolder(path string) {
	if f, err := os.Open(path); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
