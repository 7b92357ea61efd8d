package oauthflow

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// Sentinels for why a redirect back from the provider is refused. Test with
// errors.Is.
var (
	// ErrState: the redirect does not belong to an attempt of this browser: no
	// cookie for its state, a damaged one, or one of another client or key.
	ErrState = errors.New("the redirect does not belong to a sign-in started in this browser")

	// ErrStateExpired: the user took longer than ten minutes.
	ErrStateExpired = errors.New("the sign-in was started too long ago")

	// ErrStateUsed: the attempt was completed before; see [WithSingleUse].
	ErrStateUsed = errors.New("the sign-in was completed before")

	// ErrIssuer: the response comes from another issuer, or does not say from
	// which (RFC 9207).
	ErrIssuer = errors.New("the response is not from the expected issuer")

	// ErrCallbackMalformed: a parameter is missing or given twice, or the
	// request has the wrong method.
	ErrCallbackMalformed = errors.New("the redirect is malformed")

	// ErrCallbackPath: the request is for another path than the redirect URL's.
	ErrCallbackPath = errors.New("the request is not for the path of the redirect URL")

	// ErrCallbackSignature: the parameters are not signed as
	// Provider.CallbackHMAC says.
	ErrCallbackSignature = errors.New("the redirect's signature does not verify")

	// ErrAuthorizationRefused: the provider reports an error; see Code.
	ErrAuthorizationRefused = errors.New("the provider refused authorization")

	// ErrAccessDenied: the user, or the provider, said no: code "access_denied"
	// (RFC 6749 section 4.1.2.1), or Apple's and LinkedIn's for it.
	ErrAccessDenied = errors.New("access was denied")
)

// CallbackError says why the redirect back from the provider did not lead to a
// code. No code has been sent.
type CallbackError struct {
	// Code, Description and URI are the parameters "error", "error_description"
	// and "error_uri" of RFC 6749 section 4.1.2.1, or Facebook's "error_code"
	// and "error_message", at most 1 KiB each, empty if the redirect reported no
	// error. They are there whatever Err is: some providers leave the state out
	// of a denial, which then matches both [ErrState] and [ErrAccessDenied].
	// They come from outside; Error quotes the first two.
	Code, Description, URI string

	// Err is the cause, one of the sentinels or what a store or secret source
	// returned.
	Err error
}

// newCallbackError is err about a redirect with these parameters.
func newCallbackError(params url.Values, err error) *CallbackError {
	first := func(names ...string) string {
		for _, name := range names {
			if v := params[name]; len(v) == 1 && !isFine(v[0]) { // of two, which?
				return quote.Cut(v[0], maxServerText)
			}
		}
		return ""
	}
	e := &CallbackError{Err: err, Code: first("error", "error_code")}
	if e.Code != "" {
		e.Description, e.URI = first("error_description", "error_message"), first("error_uri")
	}
	return e
}

func (e *CallbackError) Error() string {
	s := "oauthflow: callback: " + e.Err.Error()
	if e.Code != "" {
		s += ": " + quote.Text(e.Code, maxShownCode)
	}
	if e.Description != "" {
		s += " " + quote.Text(e.Description, maxShownDescription)
	}
	return s
}

func (e *CallbackError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrAccessDenied] and the code says so.
func (e *CallbackError) Is(target error) bool {
	return target == ErrAccessDenied && slices.Contains(deniedCodes[:], e.Code)
}

var deniedCodes = [...]string{"access_denied", "user_cancelled_authorize", "user_cancelled_login"}

// otherIssuer is [ErrIssuer] with both names, which are public. The one that came is
// the sender's own text.
func otherIssuer(came, expected string) error {
	return fmt.Errorf("%w: it names %s, and %s was expected", ErrIssuer, quote.Text(came, maxShownIssuer), expected)
}

// maxShownIssuer bounds an issuer's name in an error.
const maxShownIssuer = 256

func (p *Provider) issuerName() string { return quote.Text(p.Issuer, maxShownIssuer) }
