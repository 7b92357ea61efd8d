package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// What callers branch on, with errors.Is. An [*Error] matches the ones that its
// status stands for.
var (
	ErrBadRequest   = errors.New("bad request")       // 400, 422
	ErrUnauthorized = errors.New("unauthorized")      // 401
	ErrForbidden    = errors.New("forbidden")         // 403 that is not a throttle
	ErrNotFound     = errors.New("not found")         // 404, 410
	ErrConflict     = errors.New("conflict")          // 409, 412
	ErrRateLimited  = errors.New("rate limited")      // 429, what the profile calls a throttle, or a local limit
	ErrUnavailable  = errors.New("service failure")   // 500 and above
	ErrTimeout      = errors.New("timed out")         // the call's deadline, an attempt's, the transport's own, or an idle body
	ErrCircuitOpen  = errors.New("circuit is open")   // refused by the breaker, nothing was sent
	ErrTooLarge     = errors.New("body too large")    // a response over its limit
	ErrRedirect     = errors.New("redirect refused")  // too many, or to a place where the call must not go
	ErrOrigin       = errors.New("foreign origin")    // a URL outside the client's origins
	ErrDecode       = errors.New("unexpected body")   // a success whose body is not what was asked for
	ErrEmptyBody    = errors.New("empty body")        // a success without the body that was asked for
	ErrChanged      = errors.New("content changed")   // at the service, while it was downloaded
	ErrChecksum     = errors.New("checksum mismatch") // of what was downloaded
	ErrConfig       = errors.New("bad configuration") // from New and With
	ErrReadOnly     = errors.New("read only")         // what WithReadOnly does not let out; nothing was sent
	ErrRequest      = errors.New("bad request value") // a Request that cannot be sent; nothing was
)

// Effect says whether a call may have changed something at the service.
type Effect int

const (
	// NoEffect: the method is safe (RFC 9110 §9.2.1), nothing was to change.
	NoEffect Effect = iota
	// NeverSent: no attempt left this machine in full.
	NeverSent
	// Rejected: the service answered that it did not do it.
	Rejected
	// MaybeApplied: at least one attempt was sent, and the service has not said
	// that it refused it.
	MaybeApplied
)

func (e Effect) String() string {
	switch e {
	case NeverSent:
		return "never sent"
	case Rejected:
		return "rejected"
	case MaybeApplied:
		return "maybe applied"
	}
	return "no effect"
}

// Error is what a call that did not succeed returns. It holds no credential that the
// client added or that the request's headers, cookies and query have under such a
// name, no query and no raw body in its text; what the service said is quoted and
// cut to 1 KiB.
//
// It has the service's code, message and request ID, when the call may be made again,
// whether a write may have happened, and the ledger of attempts. Branch with errors.Is
// on [ErrRateLimited], [ErrNotFound] and so on. Under an SDK there is no Error where
// there is a response: that is returned as it came.
type Error struct {
	Provider  string    // the profile's name, "" without one
	Method    string    // of the last request
	Path      string    // of the last request, without its query; the route where the Request names one
	Status    int       // 0 where there was no response
	Code      string    // the service's own code, such as "card_declined"
	Type      string    // the service's own kind of error
	Message   string    // what the service said, at most 1 KiB, not quoted here
	RequestID string    // the service's own, to show to its support
	RetryAt   time.Time // when the service, or else a limit or breaker of the client's, permits another; zero if unknown
	Throttled bool      // the status, the profile or a local limiter says: too many
	Effect    Effect    // whether a write may have happened
	Attempts  []Attempt // the ledger, oldest first
	Err       error     // the cause where there was no usable response, why a 401 was not cured, or the adapter's own sentinel; else nil

	// IdempotencyKey is the key that the request carried where the service supports
	// one, whoever made it; else "". Give it again in [Request], with the same
	// content, to repeat a call that may have been applied.
	IdempotencyKey string

	means int             // the status that stands for what the body says; 0 is Status
	body  func(any) error // decodes the body that was kept; nil is none
}

const messageLimit = 1 << 10

// Error is one sentence that says, in this order: provider, method and path, status,
// the service's code and quoted message, the cause, request ID, number of attempts and,
// for a write, whether it may have happened. A status that is a success is followed by
// what is wrong all the same.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Provider != "" {
		b.WriteString(e.Provider)
		b.WriteString(": ")
	}
	b.WriteString(e.Method)
	b.WriteByte(' ')
	b.WriteString(e.Path)
	b.WriteByte(':')
	if what := e.what(); what != "" {
		b.WriteString(" " + what)
	}
	if notes := e.notes(); len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// what says what went wrong.
func (e *Error) what() string {
	said := printable(cmp.Or(e.Code, e.Type))
	if e.Message != "" {
		said = strings.TrimPrefix(said+" "+strconv.Quote(quote.Cut(e.Message, messageLimit)), " ")
	}
	cause := ""
	if e.Err != nil {
		cause = e.Err.Error()
	}
	status := strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
	switch {
	case e.Status == 0:
		return joined(": ", cause, said)
	case e.Status >= 200 && e.Status < 300:
		return joined(", but ", status, joined(": ", cause, said))
	}
	return joined(": ", joined(" ", status, said), cause)
}

// joined joins two parts of a sentence, of which either may be missing.
func joined(by, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + by + b
}

// notes are what else there is to know.
func (e *Error) notes() (notes []string) {
	if e.RequestID != "" {
		notes = append(notes, "request "+printable(e.RequestID))
	}
	if n := len(e.Attempts); n > 0 {
		notes = append(notes, gaveUp(e.made(), e.Attempts[n-1].Reason)...)
	}
	if e.Effect == NeverSent || e.Effect == MaybeApplied {
		notes = append(notes, e.Effect.String())
	}
	return notes
}

// made is how many of the attempts were made: one that the stack stopped itself, as for a
// limit, was not.
func (e *Error) made() (n int) {
	for _, a := range e.Attempts {
		if !unsent(a.Err) {
			n++
		}
	}
	return n
}

// gaveUp says after how many attempts, and why.
func gaveUp(attempts int, reason Reason) []string {
	count := strconv.Itoa(attempts) + " attempts"
	switch reason {
	case NotRetryable, Succeeded, Retried, Reauthorized: // which say nothing of the end
		if attempts > 1 {
			return []string{count}
		}
		return nil
	case LastAttempt:
		if attempts > 1 {
			return []string{"gave up after " + count}
		}
	}
	if attempts > 1 {
		return []string{count, strings.Replace(reason.Text(), "not retried", "not retried again", 1)}
	}
	return []string{reason.Text()}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether a deadline ended the call, or a timeout of the
// transport's own its last attempt, as [net.Error] does.
func (e *Error) Timeout() bool {
	return errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, ErrTimeout) || isTimeout(e.Err)
}

// Is matches the sentinels of this package that the status stands for.
func (e *Error) Is(target error) bool {
	status := cmp.Or(e.means, e.Status)
	switch target {
	case ErrBadRequest:
		return status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return status == http.StatusUnauthorized
	case ErrForbidden:
		return status == http.StatusForbidden && !e.Throttled
	case ErrNotFound:
		return status == http.StatusNotFound || status == http.StatusGone
	case ErrConflict:
		return status == http.StatusConflict || status == http.StatusPreconditionFailed
	case ErrRateLimited:
		return e.Throttled
	case ErrUnavailable:
		return status >= 500
	case ErrTimeout:
		return e.Timeout()
	}
	return false
}

// printable is s where it is a plain token, else s quoted and cut.
func printable(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' {
			return strconv.Quote(quote.Cut(s, 128))
		}
	}
	return quote.Cut(s, 128)
}

// A failure is a typed cause with a text of its own; errors.Is finds kind and
// whatever it wraps.
type failure struct {
	kind   error
	text   string
	err    error
	unsent bool // the attempt was stopped on this side
}

func failf(kind error, format string, args ...any) error {
	return &failure{kind: kind, text: fmt.Sprintf(format, args...)}
}

func failWrap(kind error, text string, err error) error {
	return &failure{kind: kind, text: text, err: err}
}

func (f *failure) Error() string {
	if f.err != nil {
		return f.text + ": " + f.err.Error()
	}
	return f.text
}

func (f *failure) Unwrap() []error {
	if f.err != nil {
		return []error{f.kind, f.err}
	}
	return []error{f.kind}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
