package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
)

// parts stores the content in parts.
func (u *upload) parts(ctx context.Context, first *part) (UploadOutput, error) {
	create := CreateMultipartUploadInput{Key: u.in.Key, ObjectSettings: u.in.ObjectSettings}
	if u.in.Checksum != NoChecksum {
		create.ChecksumAlgorithm = string(u.in.Checksum)
	}
	if u.full() {
		create.ChecksumType = fullObject
	}
	made, err := CreateMultipartUpload.Do(ctx, u.c.HTTP, create)
	switch {
	case err != nil:
		return UploadOutput{}, err
	case made.Result.UploadID == "":
		return UploadOutput{}, fmt.Errorf("s3: Upload: %w: the service named no upload", client.ErrDecode)
	}
	u.id = made.Result.UploadID
	b := &batch{done: map[int]CompletedPart{}}
	if err := u.all(ctx, first, b); err != nil {
		return UploadOutput{}, u.abort(ctx, err)
	}
	out, err := u.complete(ctx, b)
	if err != nil {
		return UploadOutput{}, u.abort(ctx, err)
	}
	return out, nil
}

// batch is what the parts have come to.
type batch struct {
	mu   sync.Mutex
	err  error // the first
	done map[int]CompletedPart
	size int64
	sums []summed // of the parts, by number
}

type summed struct {
	crc  uint64
	size int64
}

// add makes room for the next part.
func (b *batch) add(size int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size += size
	b.sums = append(b.sums, summed{size: size})
}

func (b *batch) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}

// all uploads first and what follows it, several parts at once. When it returns nothing
// is under way any more.
func (u *upload) all(ctx context.Context, first *part, b *batch) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan *part)
	var wg sync.WaitGroup
	for range u.in.Concurrency {
		wg.Go(func() {
			buf := make([]byte, copySize)
			for p := range work {
				if ctx.Err() == nil {
					if err := u.one(ctx, p, b, buf); err != nil {
						b.fail(err)
						cancel()
					}
				}
				p.release()
			}
		})
	}
	for p := first; p != nil; {
		b.add(p.size)
		select {
		case work <- p:
		case <-ctx.Done():
			p.release()
		}
		var err error
		if ctx.Err() != nil {
			break
		}
		if p, _, err = u.src.next(ctx); err != nil {
			// What is under way is let end: the service may go on with a part whose
			// request is cut off, and store it behind the abort.
			if ctx.Err() == nil { // else what ended it has been said
				b.fail(fmt.Errorf("s3: Upload: %w", err))
			}
			break
		}
	}
	close(work)
	wg.Wait()
	if b.err == nil && ctx.Err() != nil {
		return fmt.Errorf("s3: Upload: %w", context.Cause(ctx))
	}
	return b.err
}

// one uploads a part. A panic in the caller's code is its error.
func (u *upload) one(ctx context.Context, p *part, b *batch, buf []byte) (err error) {
	defer panics.Catch(&err, "code that was given to Upload")
	sum, err := u.sum(p, buf)
	if err != nil {
		return err
	}
	out, err := UploadPart.Do(ctx, u.c.HTTP, UploadPartInput{
		Key: u.in.Key, UploadID: u.id, PartNumber: p.number, Body: p.body(""),
	}, u.sending(p, sum))
	switch {
	case err != nil:
		return err
	case out.ETag == "":
		return fmt.Errorf("s3: Upload: %w: the service gave a part no ETag", client.ErrDecode)
	}
	done := CompletedPart{PartNumber: p.number, ETag: out.ETag}
	switch u.in.Checksum {
	case CRC64NVME:
		done.ChecksumCRC64NVME = sum
	case CRC32:
		done.ChecksumCRC32 = sum
	case CRC32C:
		done.ChecksumCRC32C = sum
	case SHA256:
		done.ChecksumSHA256 = sum
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done[p.number] = done
	b.sums[p.number-1].crc = p.crc
	return nil
}

// complete makes an object of the parts.
func (u *upload) complete(ctx context.Context, b *batch) (UploadOutput, error) {
	in := CompleteMultipartUploadInput{Key: u.in.Key, UploadID: u.id, IfNoneMatch: u.in.IfNoneMatch, IfMatch: u.in.IfMatch}
	for n := range len(b.sums) {
		in.Upload.Parts = append(in.Upload.Parts, b.done[n+1])
	}
	sum := ""
	if u.full() {
		sum = b.whole(crcs[u.in.Checksum])
		in.ChecksumType = fullObject
	}
	switch u.in.Checksum {
	case CRC64NVME:
		in.ChecksumCRC64NVME = sum
	case CRC32:
		in.ChecksumCRC32 = sum
	case CRC32C:
		in.ChecksumCRC32C = sum
	}
	var meta client.Meta
	out, err := CompleteMultipartUpload.Do(ctx, u.c.HTTP, in, func(r *client.Request) {
		r.Timeout, r.Meta = completeLimit, &meta
	})
	made := UploadOutput{ETag: out.Result.ETag, VersionID: out.VersionID, Parts: len(b.sums), Size: b.size}
	if err != nil {
		// The response to an earlier attempt may have been lost, after which there is
		// no such upload any more.
		if object, ok := u.there(ctx, in, b, sum); len(meta.Attempts) > 1 && errors.Is(err, client.ErrNotFound) && ok {
			made.ETag, made.VersionID = object.ETag, object.VersionID
			return made, nil
		}
		return UploadOutput{}, err
	}
	got := map[Checksum]string{CRC64NVME: out.Result.ChecksumCRC64NVME, CRC32: out.Result.ChecksumCRC32, CRC32C: out.Result.ChecksumCRC32C}[u.in.Checksum]
	if sum != "" && got != "" && out.Result.ChecksumType != "COMPOSITE" && got != sum {
		return UploadOutput{}, fmt.Errorf("s3: Upload: %w: the service has stored another content", client.ErrChecksum)
	}
	return made, nil
}

const fullObject = "FULL_OBJECT"

// whole is the checksum of all parts together.
func (b *batch) whole(c crc) string {
	sum := b.sums[0].crc
	for _, next := range b.sums[1:] {
		sum = c.combine(sum, next.crc, next.size)
	}
	return c.text(sum)
}

// there looks whether the object at the key is the one that the parts make, by its
// checksum, or by the ETag that Amazon makes of those of the parts.
func (u *upload) there(ctx context.Context, in CompleteMultipartUploadInput, b *batch, sum string) (Object, bool) {
	object, err := HeadObject.Do(ctx, u.c.HTTP, GetObjectInput{Key: u.in.Key, ChecksumMode: "ENABLED"})
	switch {
	case err != nil || object.ContentLength != b.size:
		return object, false
	case sum != "" && slices.Contains([]string{object.ChecksumCRC64NVME, object.ChecksumCRC32, object.ChecksumCRC32C}, sum):
		return object, true
	}
	h := md5.New()
	for _, p := range in.Upload.Parts {
		sum, err := hex.DecodeString(strings.Trim(p.ETag, `"`))
		if err != nil {
			return object, false
		}
		h.Write(sum)
	}
	return object, strings.Trim(object.ETag, `"`) == hex.EncodeToString(h.Sum(nil))+"-"+strconv.Itoa(len(in.Upload.Parts))
}
