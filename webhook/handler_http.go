package webhook

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// ServeHTTP answers one request; see [Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	end := time.Now().Add(h.deadline)
	ctx := r.Context()
	answer, ok := h.precheck(ctx, r.Method, r.ContentLength)
	if !ok {
		answer.write(w)
		return
	}
	body, err := readInTime(w, r, h.scheme.maxBody, end)
	if err != nil {
		answer = h.refuse(ctx, err)
	} else {
		answer = h.process(ctx, FromHTTP(r, body), end)
	}
	answer.write(w)
}

// readInTime is readBody up to end, so that a sender who drips does not outlast the
// deadline.
func readInTime(w http.ResponseWriter, r *http.Request, limit int64, end time.Time) ([]byte, error) {
	ended := make(chan struct{})
	late := time.AfterFunc(time.Until(end), func() {
		defer close(ended)
		// Where a middleware's writer hides it, the server's own timeouts have to do.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	})
	body, err := readBody(w, r, limit)
	if late.Stop() {
		return body, err
	}
	<-ended // nothing touches the connection after the handler has returned
	if err == nil {
		err = &Error{Reason: ErrUnavailable, Detail: "the body took until the deadline"}
	}
	return nil, err
}

// write sends the response.
func (a *Answer) write(w http.ResponseWriter) {
	a.fill(w.Header())
	w.WriteHeader(a.Status)
	if len(a.Body) > 0 {
		_, _ = w.Write(a.Body) // nobody is left to tell
	}
}

func (a *Answer) fill(header http.Header) {
	header["Cache-Control"] = noStore
	for name, values := range a.Header {
		header[name] = values
	}
}

// VerifyHTTP reads the body of r and verifies it, for callers that want neither
// [Handler]'s dispatch nor its responses. It reads once, up to the scheme's largest
// body, does not inflate, and returns the request with the raw body, which the
// caller may keep. The request's context bounds the verification; to bound a sender
// that drips, set the server's ReadTimeout.
//
// The error is that of [Scheme.Verify] or, when the body could not be read, an
// [*Error] with the reason [ErrTooLarge] or [ErrUnavailable]. It must not be sent in
// the response.
func VerifyHTTP(s *Scheme, r *http.Request) (*Request, Receipt, error) {
	limit := cmp.Or(s.maxBody, DefaultMaxBody)
	if r.ContentLength > limit {
		return nil, Receipt{}, tooLarge()
	}
	body, err := readBody(nil, r, limit)
	if err != nil {
		return nil, Receipt{}, err
	}
	req := FromHTTP(r, body)
	rec, err := s.Verify(r.Context(), req)
	if err != nil {
		return nil, Receipt{}, err
	}
	return req, rec, nil
}

// firstRead is how much is allocated on the word of a Content-Length header
// alone.
const firstRead = 64 << 10

// readBody reads the body once and whole, or fails.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		if r.ContentLength > 0 {
			return nil, consumed(r.ContentLength, 0)
		}
		return nil, nil
	}
	// One byte more than announced, so that the end is seen without growing.
	buf := make([]byte, 0, min(max(r.ContentLength, 511), firstRead)+1)
	src := http.MaxBytesReader(w, r.Body, limit)
	for {
		buf = slices.Grow(buf, 1)
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, readError(err, r.ContentLength, len(buf))
		}
	}
	if r.ContentLength > int64(len(buf)) {
		return nil, consumed(r.ContentLength, len(buf))
	}
	return slices.Clip(buf), nil
}

func readError(err error, announced int64, read int) error {
	switch {
	case isTooLarge(err):
		return tooLarge()
	case errors.Is(err, http.ErrBodyReadAfterClose):
		return consumed(announced, read)
	}
	return &Error{Reason: ErrUnavailable, Detail: "the body did not arrive whole", Err: err}
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

func tooLarge() *Error {
	return &Error{Reason: ErrTooLarge, Detail: "the body is over the provider's cap"}
}

// consumed is undecidable and not a mismatch: what was signed is not there to
// be looked at.
func consumed(announced int64, left int) *Error {
	return &Error{
		Reason: ErrUnavailable,
		Detail: "Content-Length announces " + strconv.FormatInt(announced, 10) + " bytes, of which " + strconv.Itoa(left) + " are left",
		Hint:   "the body was already read before this handler: mount it in front of any middleware that parses or logs bodies",
	}
}
