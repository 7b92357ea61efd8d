package sigv4

import (
	"sync"
	"sync/atomic"
	"time"
)

// Signer signs for one service in one region. Its fields are set before first use;
// it is safe for concurrent use, and must not be copied after it.
type Signer struct {
	Region, Service string

	// EncodeOnce takes the path, decoded, and encodes it once, as S3 wants it. Without,
	// the path as it is sent is encoded once more.
	EncodeOnce bool

	// KeepPath leaves the path's dot segments and empty segments in, which are a part
	// of a key of S3. Without, they are removed for the signature (RFC 3986 §5.2.4).
	KeepPath bool

	// UnsignedToken adds the session token after signing, as AWS IoT wants it.
	UnsignedToken bool

	stamps  stamps
	keys    keys
	scratch sync.Pool // of *scratch
	hashing sync.Pool // of *hashing
}

// Credentials are what is signed with. They are handed down and not kept, but for the
// key that is derived from the secret.
type Credentials struct {
	ID, Secret string
	Token      string // of the session; "" is none
}

const (
	algorithm = "AWS4-HMAC-SHA256"
	layout    = "20060102T150405Z"
	ending    = "aws4_request"

	// UnsignedPayload stands for the digest of a body that is not signed.
	UnsignedPayload = "UNSIGNED-PAYLOAD"

	// EmptyPayload is the digest of no body at all.
	EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

	// ContentHash is the header field in which a digest is sent along.
	ContentHash = "X-Amz-Content-Sha256"

	date          = "X-Amz-Date"
	token         = "X-Amz-Security-Token"
	authorization = "Authorization"
)

// stamps keeps the last second in its form: whoever signs a lot signs much in one second.
type stamps struct{ last atomic.Pointer[stamp] }

type stamp struct {
	second int64 // since 1970
	text   string
}

func (k *stamps) of(now time.Time) string {
	second := now.Unix()
	last := k.last.Load()
	if last == nil || last.second != second {
		last = &stamp{second, now.UTC().Format(layout)}
		k.last.Store(last)
	}
	return last.text
}
