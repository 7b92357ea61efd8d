package s3

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// clock is this program's, set right by what the service says of its own. AWS refuses
// what is dated a quarter of an hour away from its own clock.
type clock struct {
	offset atomic.Int64 // nanoseconds to be added
}

func (k *clock) now() time.Time { return time.Now().Add(time.Duration(k.offset.Load())) }

const (
	// possibleSkew is from where on a refusal that does not name the clock may be the
	// clock's, as AWS's own SDKs judge it. certainSkew is for one that does.
	possibleSkew = 4 * time.Minute
	certainSkew  = time.Minute

	// maxSkew bounds what a service can make this program sign for: a day is more than
	// a wrong time zone makes.
	maxSkew = 24 * time.Hour
)

// learn sets the clock by the Date of a response, if it is off by more than least, and
// reports whether it did. A date that a cache has kept says nothing.
func (k *clock) learn(h http.Header, least time.Duration) bool {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return false
	}
	now := time.Now()
	right := date.Sub(now)
	if off := right - time.Duration(k.offset.Load()); off.Abs() <= least || right.Abs() > maxSkew {
		return false
	}
	k.offset.Store(int64(right))
	return true
}

// Hint is for client.Profile.HintBody, together with HintPermits: after a response that
// says that the request's date is wrong, it sets the signer's clock by the response's
// Date, up to a day away, and has the request made again. So it does after another
// refusal of a signature, or one without a body (HEAD), if the Date is more than four
// minutes away. ("Error Responses" in the Amazon S3 API Reference: RequestTimeTooSkewed
// and SignatureDoesNotMatch; nothing is done then, so that any method may be repeated.)
func (s *Signer) Hint(status int, h http.Header, body []byte) client.Hint {
	if status != http.StatusForbidden && status != http.StatusBadRequest {
		return client.NoHint
	}
	switch {
	case tellsCode(body, "RequestTimeTooSkewed"), tellsCode(body, "RequestInTheFuture"), tellsCode(body, "RequestExpired"):
		// Once another call has set the clock, what was signed before is refused still.
		if s.clock.learn(h, certainSkew) || s.clock.offset.Load() != 0 {
			return client.Retry
		}
	case len(body) == 0, tellsCode(body, "SignatureDoesNotMatch"), tellsCode(body, "InvalidSignatureException"):
		if s.clock.learn(h, possibleSkew) {
			return client.Retry
		}
	}
	return client.NoHint
}

// tellsCode reports whether an error body, XML or JSON, has that code.
func tellsCode(body []byte, code string) bool {
	return bytes.Contains(body, []byte("<Code>"+code+"</Code>")) || bytes.Contains(body, []byte(`"`+code+`"`))
}
