package webhook

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// The reasons why a delivery, a challenge or a configuration is refused, and last
// why a guard refuses an event. They are told apart with [errors.Is]. To the outside
// they must all look alike; see [Error].
var (
	// ErrMissing: a header, field or token that the scheme needs is not there.
	ErrMissing = errors.New("signature missing")
	// ErrMalformed: a header, field or token is there but does not follow the
	// scheme's grammar.
	ErrMalformed = errors.New("signature malformed")
	// ErrMismatch: well formed, but no configured key made this signature for
	// this body.
	ErrMismatch = errors.New("signature does not match")
	// ErrStale: signed longer ago than the tolerance, or expired.
	ErrStale = errors.New("timestamp too old")
	// ErrFuture: signed further in the future than the tolerance.
	ErrFuture = errors.New("timestamp in the future")
	// ErrDuplicate: a header or field that must be there once is there more
	// often.
	ErrDuplicate = errors.New("signature header or field repeated")
	// ErrNotAllowed: genuinely signed, but not meant for this endpoint: another
	// topic, audience, issuer or service account.
	ErrNotAllowed = errors.New("not meant for this endpoint")
	// ErrTooLarge: the body is over the provider's cap. Respond 413.
	ErrTooLarge = errors.New("body too large")
	// ErrMethod: the method is not one the provider uses. Respond 405.
	ErrMethod = errors.New("method not allowed")
	// ErrUnavailable: what is needed to decide (a secret, key set or certificate)
	// cannot be had at the moment. Respond 503, so that the provider tries again.
	ErrUnavailable = errors.New("cannot verify at the moment")
	// ErrPayload: the delivery is genuine, but its payload is not what the
	// provider documents.
	ErrPayload = errors.New("payload not understood")
	// ErrConfig: what a constructor was given cannot work: a blank, malformed or
	// wrong-kind key, a bad URL, a negative duration.
	ErrConfig = errors.New("bad configuration")
	// ErrGuardFull: more events are in flight than a [MemoryGuard] may hold.
	ErrGuardFull = errors.New("too many events in flight")
)

// verdicts are the reasons for which a delivery is refused for good.
var verdicts = []error{ErrMismatch, ErrMissing, ErrMalformed, ErrStale, ErrFuture, ErrDuplicate, ErrNotAllowed, ErrPayload}

// Error is every error of this package's verifiers and constructors. It holds no
// key, no expected signature and no body, and may be logged. It must not be sent
// in a response: every decided failure gets the same one.
type Error struct {
	// Provider is the scheme's provider.
	Provider string
	// Reason is one of this package's Err variables.
	Reason error
	// Detail says what exactly is wrong, such as which header.
	Detail string
	// Hint is advice for the developer, when there is reason to think that the
	// endpoint is set up wrongly rather than attacked; otherwise empty.
	Hint string
	// Skew is how far the signed time lies from the clock, for ErrStale
	// (positive) and ErrFuture (negative); otherwise zero.
	Skew time.Duration
	// Err is the cause, such as a network error; nil if there is none.
	Err error
}

// Error gives all of it in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("webhook: ")
	if e.Provider != "" {
		b.WriteString(e.Provider + ": ")
	}
	if e.Reason != nil {
		b.WriteString(e.Reason.Error())
	} else {
		b.WriteString("refused")
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Skew != 0 {
		b.WriteString(" (by " + strconv.FormatFloat(e.Skew.Seconds(), 'f', -1, 64) + " s)")
	}
	if e.Err != nil {
		b.WriteString(": " + inner(e.Err))
	}
	if e.Hint != "" {
		b.WriteString(" (hint: " + e.Hint + ")")
	}
	return b.String()
}

// Unwrap gives the reason and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// Undecidable reports whether err means that the delivery could be neither
// accepted nor refused, so that the response is 503 and not 401.
func Undecidable(err error) bool { return errors.Is(err, ErrUnavailable) }

// inner is the text of an error within one of this package's, whose prefix it need
// not repeat.
func inner(err error) string { return strings.TrimPrefix(err.Error(), "webhook: ") }

// shown renders outside text for an error.
func shown(s string) string { return quote.Text(s, 66) }
