package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// UploadInput says where content of any length goes, and how.
type UploadInput struct {
	Key string
	ObjectSettings

	// IfNoneMatch and IfMatch are those of [PutObjectInput]. They are looked at when all
	// has been uploaded.
	IfNoneMatch, IfMatch string

	// Checksum goes along with each part. "" is [CRC32C].
	Checksum Checksum

	// PartSize is the length of all parts but the last, in bytes: 5 MiB to 5 GiB. 0 is
	// 8 MiB or, where the length is known and 10,000 such parts would not do, more.
	PartSize int64

	// Concurrency is how many parts are uploaded at once. 0 is 4. Of a reader that
	// cannot also be read at an offset, so many parts are held in memory.
	Concurrency int

	// Progress, if set, is told how many bytes have been sent, and how many there are,
	// -1 where that is not known. What is sent again counts once. It is called by one
	// goroutine at a time and must be quick.
	Progress func(sent, total int64)
}

// UploadOutput is what became of an upload.
type UploadOutput struct {
	ETag      string // with its quotes
	VersionID string
	Parts     int   // 0 where it was put in one request
	Size      int64 // in bytes
}

const (
	minPart     = 5 << 20
	maxPart     = 5 << 30
	defaultPart = 8 << 20
	maxParts    = 10_000

	defaultConcurrency = 4

	// copySize is how much is read at once to add it up.
	copySize = 32 << 10

	// completeLimit bounds the call that makes one object of many parts, which takes
	// minutes at times, and abortLimit the one that gives an upload up.
	completeLimit = 10 * time.Minute
	abortLimit    = 30 * time.Second
)

// abortAgain are the waits before each abort of an upload.
var abortAgain = []time.Duration{0, 100 * time.Millisecond, time.Second}

// Upload stores what r yields until its end, in bounded memory: in one request where it
// is shorter than a part, else in parts, several at once. A reader that is an
// io.ReaderAt and an io.Seeker, such as an *os.File or a *bytes.Reader, is not held in
// memory, and is read from where it stands; it must not change meanwhile. Any other is
// read in the caller's goroutine.
//
// Each part is retried by itself, as any PUT. If a part, the reader or ctx fails, the
// parts under way are waited for and all are removed again; the error says if that
// failed too, and then has the upload's ID.
func Upload(ctx context.Context, c *Client, in UploadInput, r io.Reader) (UploadOutput, error) {
	if err := in.prepare(r); err != nil {
		return UploadOutput{}, fmt.Errorf("s3: Upload: %w", err)
	}
	src, err := newSource(&in, r)
	if err != nil {
		return UploadOutput{}, fmt.Errorf("s3: Upload: %w", err)
	}
	first, last, err := src.next(ctx)
	if err != nil {
		return UploadOutput{}, fmt.Errorf("s3: Upload: %w", err)
	}
	u := &upload{c: c, in: &in, src: src, progress: newProgress(in.Progress, src.total())}
	if last {
		return u.put(ctx, first)
	}
	return u.parts(ctx, first)
}

// prepare checks the input and fills in its defaults.
func (in *UploadInput) prepare(r io.Reader) error {
	if in.Checksum == "" {
		in.Checksum = CRC32C
	}
	if in.Concurrency == 0 {
		in.Concurrency = defaultConcurrency
	}
	switch {
	case r == nil:
		return fmt.Errorf("%w: there is no reader", client.ErrRequest)
	case in.Key == "":
		return fmt.Errorf("%w: the key is empty", client.ErrRequest)
	case in.Concurrency < 0:
		return fmt.Errorf("%w: Concurrency is negative", client.ErrRequest)
	case in.PartSize != 0 && (in.PartSize < minPart || in.PartSize > maxPart):
		return fmt.Errorf("%w: PartSize is %d bytes: it must be 5 MiB to 5 GiB", client.ErrRequest, in.PartSize)
	}
	return in.Checksum.check()
}

// full reports whether the service has one checksum of all parts.
func (u *upload) full() bool {
	_, combines := crcs[u.in.Checksum]
	return combines && (u.in.Checksum == CRC64NVME || !u.c.partSums)
}

// upload is one Upload.
type upload struct {
	c        *Client
	in       *UploadInput
	src      source
	progress *progress
	id       string // of the upload in parts
}

// put stores all of it in one request.
func (u *upload) put(ctx context.Context, p *part) (UploadOutput, error) {
	sum, err := u.sum(p, make([]byte, copySize))
	if err != nil {
		return UploadOutput{}, err
	}
	in := PutObjectInput{
		Key: u.in.Key, ObjectSettings: u.in.ObjectSettings, Body: p.body(u.in.ContentType),
		IfNoneMatch: u.in.IfNoneMatch, IfMatch: u.in.IfMatch,
	}
	out, err := PutObject.Do(ctx, u.c.HTTP, in, u.sending(p, sum))
	if err != nil {
		return UploadOutput{}, err
	}
	return UploadOutput{ETag: out.ETag, VersionID: out.VersionID, Size: p.size}, nil
}

// sum is the checksum of a part, as it is sent.
func (u *upload) sum(p *part, buf []byte) (string, error) {
	h := u.in.Checksum.hash()
	if h == nil {
		return "", nil
	}
	if err := p.copyTo(h, buf); err != nil {
		return "", fmt.Errorf("s3: Upload: %w", err)
	}
	if c, ok := crcs[u.in.Checksum]; ok {
		p.crc = c.sumOf(h)
	}
	return encoded(h), nil
}

// sending is how the request for a part differs from any other: it has a checksum, which
// protects the body in the signature's stead where the connection is private, and it
// tells how far it is.
func (u *upload) sending(p *part, sum string) func(*client.Request) {
	return func(r *client.Request) {
		if sum != "" {
			r.Header.Set(u.in.Checksum.header(), sum)
			if private(u.c.HTTP.BaseURL()) {
				r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			}
		}
		if tell := u.progress.of(p.number); tell != nil {
			r.Progress = func(sent, _ int64) { tell(sent) }
		}
	}
}

// abort gives the upload up. The caller's context may have ended, which is no reason to
// leave the parts there. One that was cut off may be stored behind the first abort, and
// bring the upload back ("Aborting a multipart upload", Amazon S3 User Guide): the
// service is asked again until it knows of none.
func (u *upload) abort(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortLimit)
	defer cancel()
	in := AbortMultipartUploadInput{Key: u.in.Key, UploadID: u.id}
	for _, wait := range abortAgain {
		err := pause.For(ctx, wait)
		if err == nil {
			_, err = AbortMultipartUpload.Do(ctx, u.c.HTTP, in)
		}
		switch {
		case errors.Is(err, client.ErrNotFound):
			return why
		case err != nil:
			return fmt.Errorf("%w; the parts of upload %.128q may still be there: %w", why, u.id, err)
		}
	}
	return why
}
