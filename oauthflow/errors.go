package oauthflow

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/quote"
)

// Sentinels for what callers branch on; test with errors.Is.
var (
	// ErrInvalidGrant is matched by a [TokenError] that says that the code, the
	// refresh token or the assertion is wrong, used, expired or revoked: code
	// "invalid_grant" of RFC 6749 section 5.2, or what the provider says
	// instead.
	ErrInvalidGrant = errors.New("the grant is invalid, expired, revoked or already used")

	// ErrNoRefreshToken is returned by [Client.Refresh] for a token that has
	// none.
	ErrNoRefreshToken = errors.New("the token has no refresh token")

	// ErrDeviceExpired is matched by the error for a device code that the user did not
	// confirm in time.
	ErrDeviceExpired = errors.New("the device code has expired")

	// ErrRedirect is matched by the error for an endpoint that responded with a
	// redirect. Requests that carry a secret follow none.
	ErrRedirect = errors.New("the endpoint responded with a redirect, which is not followed")

	// ErrResponseTooLarge is matched by the error for a response over 1 MiB,
	// decompressed.
	ErrResponseTooLarge = errors.New("the response is larger than 1 MiB")

	// ErrMalformedResponse is matched by the error for a response that cannot be
	// read: truncated, not what was asked for, or without the member that
	// matters.
	ErrMalformedResponse = errors.New("the response cannot be understood")

	// ErrUnsupported is matched by the error for a flow whose endpoint the
	// provider does not name.
	ErrUnsupported = errors.New("the provider names no endpoint for this")
)

// TokenError is a failure at the token endpoint, or at another endpoint that
// the client authenticates to (device authorization, revocation, introspection,
// pushed authorization requests). It holds no secret and no raw body: what the
// server said is limited in length, and any secret that the request carried is
// cut out of it.
type TokenError struct {
	// Op names the operation: "refresh", "exchange code", "revoke" and so on.
	Op string

	// Status is the HTTP status, 0 if there was no response.
	Status int

	// Code is the "error" member (RFC 6749 section 5.2), or what a service says
	// in its place, such as Facebook's 190; empty if there was none.
	Code string

	// Description is the "error_description" member, or what a service says in
	// its place, at most 1 KiB. It comes from the server; Error quotes it.
	Description string

	// URI is the "error_uri" member, at most 1 KiB.
	URI string

	// MaybeApplied is true if the request was sent, or may have been, and no
	// usable response came back: a timeout, a reset connection, a 5xx, a
	// truncated body. The code may then be used up, or the refresh token
	// rotated. Sending the same request again can trip the server's reuse
	// detection. False means that the server refused, or that nothing was sent.
	MaybeApplied bool

	// RetryAfter is how long the server asked to wait, 0 if it did not.
	RetryAfter time.Duration

	// Err is the cause, nil if the server's response says it all.
	Err error
}

// What of a server's text is kept for a field, and what Error shows of a code
// and of a description: 1 KiB together.
const (
	maxServerText       = 1 << 10
	maxShownCode        = 256
	maxShownDescription = maxServerText - maxShownCode
)

// Error names the operation, then what is known of the cause.
func (e *TokenError) Error() string {
	var b strings.Builder
	b.WriteString("oauthflow: ")
	b.WriteString(e.Op)
	if e.Code != "" || e.Description != "" {
		b.WriteByte(':')
	}
	if e.Code != "" {
		b.WriteString(" " + quote.Text(e.Code, maxShownCode))
	}
	if e.Description != "" {
		b.WriteString(" " + quote.Text(e.Description, maxShownDescription))
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP status %d)", e.Status)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	} else if e.Code == "" && e.MaybeApplied {
		b.WriteString(": no usable response")
	} else if e.Code == "" && e.Description == "" {
		b.WriteString(": the server refused without saying why")
	}
	if e.MaybeApplied {
		b.WriteString("; the request was sent and may have taken effect")
	}
	return b.String()
}

func (e *TokenError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrInvalidGrant], [ErrAccessDenied] or
// [ErrDeviceExpired], and the code says so.
func (e *TokenError) Is(target error) bool {
	switch target {
	case ErrInvalidGrant:
		return e.Code == "invalid_grant"
	case ErrAccessDenied:
		return e.Code == "access_denied"
	case ErrDeviceExpired:
		return e.Code == "expired_token"
	}
	return false
}
