package s3

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// DownloadInput says what is downloaded, and how.
type DownloadInput struct {
	Key       string
	VersionID string // "" is the newest

	// PartSize is how many bytes are asked for at once. 0 is 8 MiB, and more for an
	// object of more than 800 GB.
	PartSize int64

	// Concurrency is how many parts are downloaded at once. 0 is 4.
	Concurrency int

	// Progress, if set, is told how many bytes have been written, and how many there
	// are. It is called by one goroutine at a time and must be quick.
	Progress func(written, total int64)
}

// Download writes an object to w, whose WriteAt is called by several goroutines for
// pieces that do not overlap, in bounded memory. All parts are of one version: where the
// object is replaced meanwhile, the error matches client.ErrChanged. A part that breaks
// off is resumed. Where S3 has a checksum of the whole object, it is verified, and the
// error of a mismatch matches client.ErrChecksum.
//
// What was written when it fails is still there. For a file that is there only once it is
// whole, or a writer without WriteAt, take client.DownloadFile or client.Download, with
// the request of [GetObject]: one part at a time.
func Download(ctx context.Context, c *Client, in DownloadInput, w io.WriterAt) (Object, error) {
	if in.Concurrency == 0 {
		in.Concurrency = defaultConcurrency
	}
	switch {
	case w == nil:
		return Object{}, fmt.Errorf("s3: Download: %w: there is no writer", client.ErrRequest)
	case in.PartSize < 0, in.Concurrency < 0:
		return Object{}, fmt.Errorf("s3: Download: %w: PartSize or Concurrency is negative", client.ErrRequest)
	}
	var meta client.Meta
	object, err := HeadObject.Do(ctx, c.HTTP, GetObjectInput{Key: in.Key, VersionID: in.VersionID, ChecksumMode: "ENABLED"},
		func(r *client.Request) { r.Meta = &meta })
	switch {
	case err != nil:
		return Object{}, err
	case meta.Header.Get("Content-Length") == "":
		return Object{}, fmt.Errorf("s3: Download: %w: the service does not say how long the object is", client.ErrDecode)
	}
	if in.PartSize == 0 {
		in.PartSize = max(defaultPart, object.ContentLength/usualParts)
	}
	// What is kept of each part is little, and the length may be anything.
	if object.ContentLength/in.PartSize > 10*usualParts {
		return Object{}, fmt.Errorf("s3: Download: %w: the object has %d bytes, more than %d parts of %d: set a larger PartSize",
			client.ErrRequest, object.ContentLength, 10*usualParts, in.PartSize)
	}
	d := &download{c: c, in: &in, object: &object, w: w, progress: newProgress(in.Progress, object.ContentLength)}
	if err := d.run(ctx); err != nil {
		return Object{}, err
	}
	return object, nil
}

// usualParts is how many parts there are at most, unless the caller has chosen their
// size.
const usualParts = 100_000

// download is one Download.
type download struct {
	c        *Client
	in       *DownloadInput
	object   *Object
	w        io.WriterAt
	progress *progress

	kind Checksum // that is verified; "" is none
	want string
}

func (d *download) run(ctx context.Context) error {
	size := d.object.ContentLength
	d.verifies()
	// Without a strong ETag nobody can tell whether two parts are of one version.
	if d.object.ETag == "" || strings.HasPrefix(d.object.ETag, "W/") {
		d.in.PartSize = max(size, 1)
	}
	sums := make([]summed, size/d.in.PartSize+min(size%d.in.PartSize, 1))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan int)
	var wg sync.WaitGroup
	for range min(d.in.Concurrency, len(sums)) {
		wg.Go(func() {
			for i := range work {
				if err := d.one(ctx, i, &sums[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range sums {
		select {
		case work <- i:
		case <-ctx.Done():
		}
	}
	close(work)
	wg.Wait()
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	return d.verify(sums)
}

// fail makes the end of the caller's context an error of the download.
func fail(err error) error {
	if _, ok := errors.AsType[*client.Error](err); ok {
		return err
	}
	return fmt.Errorf("s3: Download: %w", err)
}

// one downloads the part of that index.
func (d *download) one(ctx context.Context, index int, sum *summed) (err error) {
	defer panics.Catch(&err, "code that was given to Download")
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	first := int64(index) * d.in.PartSize
	sum.size = min(d.in.PartSize, d.object.ContentLength-first)
	in := GetObjectInput{Key: d.in.Key, VersionID: d.in.VersionID}
	if d.object.ETag != "" && !strings.HasPrefix(d.object.ETag, "W/") {
		in.IfMatch = d.object.ETag
	}
	r, err := GetObject.Request(in)
	if err != nil {
		return err
	}
	opts := []client.DownloadOption{client.WithRange(first, sum.size)}
	if tell := d.progress.of(index); tell != nil {
		opts = append(opts, client.WithProgress(func(written, _ int64) { tell(written) }))
	}
	var w io.Writer = io.NewOffsetWriter(d.w, first)
	var h hash.Hash
	if d.kind != "" {
		h = d.kind.hash()
		w = &summing{w, h}
	}
	if _, err = client.Download(ctx, d.c.HTTP, r, w, opts...); err != nil {
		if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusPreconditionFailed {
			return fmt.Errorf("s3: Download: %w: %w", client.ErrChanged, err)
		}
		return err
	}
	if h != nil {
		sum.crc = crcs[d.kind].sumOf(h)
	}
	return nil
}

// summing adds up what has been written.
type summing struct {
	w io.Writer
	h hash.Hash
}

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.h.Write(p[:n])
	return n, err
}

// verifies finds a checksum of the whole object that can be made of those of the parts.
func (d *download) verifies() {
	o := d.object
	if o.ChecksumType == "COMPOSITE" {
		return // of the parts that were uploaded, which are not these
	}
	switch {
	case o.ChecksumCRC64NVME != "":
		d.kind, d.want = CRC64NVME, o.ChecksumCRC64NVME
	case o.ChecksumCRC32C != "":
		d.kind, d.want = CRC32C, o.ChecksumCRC32C
	case o.ChecksumCRC32 != "":
		d.kind, d.want = CRC32, o.ChecksumCRC32
	}
	if strings.Contains(d.want, "-") { // "…-5", of five parts
		d.kind = ""
	}
}

func (d *download) verify(sums []summed) error {
	if d.kind == "" || len(sums) == 0 {
		return nil
	}
	c, sum := crcs[d.kind], sums[0].crc
	for _, next := range sums[1:] {
		sum = c.combine(sum, next.crc, next.size)
	}
	if got := c.text(sum); got != d.want {
		return fmt.Errorf("s3: Download: %w: the content's %s is %s, not %.32q as the service says", client.ErrChecksum, d.kind, got, d.want)
	}
	return nil
}
