package braintree

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/graphql"
)

var errNoPublicKey = fmt.Errorf("braintree: %w: the public key is empty", client.ErrConfig)

// Codes are Braintree's error classes that are not everybody's, for a [graphql.Op] of
// your own. Treat it as a constant.
var Codes = graphql.Codes{"NOT_IMPLEMENTED": http.StatusBadRequest}

// What Braintree says of an APIRequestKey, by the legacy codes (the validation error
// codes of Braintree's official libraries).
const (
	keyWithOtherInput  = "915232"
	keyIsInFlight      = "915233"
	keyOfFailedRequest = "915234"
	keyServerError     = "915235"
)

// Error is what Braintree says inside a 200. It unwraps to a [*graphql.Error] and a
// [*client.Error].
type Error struct {
	// Details are Braintree's errors, in its order; there is at least one. They may
	// repeat what was sent, so an Error is printed with the first one's class and message
	// alone, and encoded without any.
	Details []Detail `json:"-"`

	said *graphql.Error
}

// Detail is one error ("Errors", Braintree GraphQL docs). What it holds is Braintree's
// own text.
type Detail struct {
	Class      string   // "VALIDATION", "AUTHENTICATION", …
	LegacyCode string   // of a VALIDATION: that of Braintree's other APIs, such as "81509"
	InputPath  []string // of what is wrong with the input: {"input", "transaction", "amount"}
	Message    string
}

// Error is the call's, which has the first error's class and message.
func (e *Error) Error() string { return e.said.Error() }

// GoString is Error, quoted.
func (e *Error) GoString() string { return fmt.Sprintf("braintree.Error(%q)", e.Error()) }

// Unwrap returns the [*graphql.Error].
func (e *Error) Unwrap() error { return e.said }

func detailOf(d graphql.Detail) Detail {
	out := Detail{Class: d.Code(), Message: d.Message, LegacyCode: text(d.Extensions["legacyCode"])}
	var path []json.RawMessage
	_ = json.Unmarshal(d.Extensions["inputPath"], &path) // which may be anything
	for _, step := range path {
		out.InputPath = append(out.InputPath, text(step))
	}
	return out
}

// text is a string, or a number as it is written; "" is anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return string(raw)
	}
	return ""
}

// detailsIn are the errors of a response without data.
func detailsIn(body []byte) (found []Detail) {
	for _, d := range graphql.ErrorsIn(body) {
		found = append(found, detailOf(d))
	}
	return found
}

// withErrors completes a profile with what Braintree says inside a 200.
func withErrors(p client.Profile) client.Profile {
	p.Unauthorized, p.HintBody, p.InProgress = unauthorized, hint, inProgress
	p = Codes.Profile(p)
	decode := p.DecodeError
	p.DecodeError = func(status int, h http.Header, body []byte) client.ErrorDetail {
		d := decode(status, h, body)
		if inProgress(status, h, body) {
			d.Status = http.StatusConflict // as at other services
		}
		return d
	}
	return p
}

// unauthorized reports whether the keys are not valid, or not any more.
func unauthorized(_ int, _ http.Header, body []byte) bool {
	for _, d := range detailsIn(body) {
		if d.Class == "AUTHENTICATION" {
			return true
		}
	}
	return false
}

// hint lets what may be repeated be made again where it failed for Braintree's own
// reasons.
func hint(status int, _ http.Header, body []byte) client.Hint {
	if status >= http.StatusMultipleChoices {
		return client.NoHint // the status says it
	}
	for _, d := range detailsIn(body) {
		if d.LegacyCode == keyServerError || Codes.Status(d.Class) >= http.StatusInternalServerError {
			return client.Retry
		}
	}
	return client.NoHint
}

// inProgress reports whether a request with the same key is still running.
func inProgress(_ int, _ http.Header, body []byte) bool {
	for _, d := range detailsIn(body) {
		if d.LegacyCode == keyIsInFlight {
			return true
		}
	}
	return false
}

// failed makes err an [*Error] where Braintree has said what is wrong, and gives it the
// key that in was sent with.
func failed[In any](in In, err error) error {
	call, ok := errors.AsType[*client.Error](err)
	if !ok {
		return err
	}
	if k, ok := any(&in).(hasKey); ok {
		call.IdempotencyKey = *k.key()
	}
	said, ok := errors.AsType[*graphql.Error](err)
	if !ok {
		return err
	}
	e := &Error{said: said}
	refused := !said.Partial && call.Effect == client.MaybeApplied && onlyAttempt(call.Attempts)
	for _, d := range said.Errors {
		detail := detailOf(d)
		e.Details = append(e.Details, detail)
		refused = refused && detail.refuses() && len(d.Path) <= 1 // or the field was begun
	}
	if refused {
		call.Effect = client.Rejected
	}
	return e
}

// onlyAttempt reports whether the last attempt is the only one that can have done
// anything.
func onlyAttempt(attempts []client.Attempt) bool {
	for _, a := range attempts[:max(len(attempts)-1, 0)] {
		if a.Status != http.StatusTooManyRequests && a.Reason != client.Reauthorized {
			return false
		}
	}
	return true
}

// refuses reports whether the error says that nothing was done: a mutation has one field
// here, and a decline is no error.
func (d Detail) refuses() bool {
	switch d.LegacyCode {
	case keyWithOtherInput, keyIsInFlight, keyOfFailedRequest, keyServerError:
		return false // another request with this key has done something, or may have
	}
	switch strings.ToUpper(d.Class) {
	case "AUTHENTICATION", "AUTHORIZATION", "NOT_FOUND", "NOT_IMPLEMENTED", "RESOURCE_LIMIT", "UNSUPPORTED_CLIENT", "VALIDATION":
		return true
	}
	return false
}
