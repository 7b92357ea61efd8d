package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/keyset"
)

// Reason says why a token was refused. It is an error itself, so that
//
//	errors.Is(err, session.ErrExpired)
//
// tells what happened; errors of [Verifier.Verify] wrap one and, where there is
// one, the cause.
type Reason string

// The reasons. All are decisions about the token, a 401 to the client, except
// ErrKeysUnavailable and ErrRevocationUnavailable: those say that no decision could
// be made, a 503 (see [Reason.Decided]).
const (
	// ErrMalformed: not a compact JWS as RFC 7515 has it, or claims that are not
	// strict JSON, of the wrong type, or missing.
	ErrMalformed Reason = "malformed token"
	// ErrWrongAlgorithm: signed with an algorithm that the profile or the key does
	// not admit, or not signed at all.
	ErrWrongAlgorithm Reason = "algorithm not allowed"
	// ErrBadSignature: the signature does not verify.
	ErrBadSignature Reason = "bad signature"
	// ErrUnknownKey: the issuer has no key of that ID.
	ErrUnknownKey Reason = "unknown key"
	// ErrWrongType: another kind of token than the profile is for, such as an ID
	// token where an access token is needed.
	ErrWrongType Reason = "wrong kind of token"
	// ErrWrongIssuer: "iss" is not the profile's.
	ErrWrongIssuer Reason = "wrong issuer"
	// ErrWrongAudience: "aud" does not name this application.
	ErrWrongAudience Reason = "wrong audience"
	// ErrWrongParty: the party or client that the token was made for ("azp",
	// "client_id") is not in the list.
	ErrWrongParty Reason = "wrong authorized party"
	// ErrExpired: "exp" has passed. The token was good in every other respect that
	// was looked at.
	ErrExpired Reason = "expired"
	// ErrNotYetValid: "nbf", "iat" or "auth_time" lies in the future.
	ErrNotYetValid Reason = "not yet valid"
	// ErrPending: the user has not finished signing in (Clerk's "sts").
	ErrPending Reason = "sign-in is pending"
	// ErrRevoked: a revocation hook says that the session has ended.
	ErrRevoked Reason = "revoked"
	// ErrKeysUnavailable: the issuer's keys cannot be had at present.
	ErrKeysUnavailable Reason = "keys unavailable"
	// ErrRevocationUnavailable: a revocation hook failed.
	ErrRevocationUnavailable Reason = "revocation state unavailable"
)

// Error returns the reason in words.
func (r Reason) Error() string { return string(r) }

// Decided reports whether the reason is a verdict on the token, rather than
// the lack of one.
func (r Reason) Decided() bool { return r != ErrKeysUnavailable && r != ErrRevocationUnavailable }

// Status returns the HTTP status for the reason: 401, or 503 if nothing was
// decided.
func (r Reason) Status() int {
	if r.Decided() {
		return http.StatusUnauthorized
	}
	return http.StatusServiceUnavailable
}

// Error is what [Verifier.Verify] returns. It holds no part of the token.
type Error struct {
	// Reason is never empty.
	Reason Reason
	// Err is the cause, nil if the reason says it all.
	Err error

	named bool // Err's text names the reason itself
}

// Error describes the reason and the cause.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return "verify session token: " + string(e.Reason)
	case e.named:
		return "verify session token: " + e.Err.Error()
	}
	return "verify session token: " + string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns the reason and the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

func refuse(r Reason, why string) error { return &Error{Reason: r, Err: errors.New(why)} }

// classify turns an error of the packages below into an *Error.
func classify(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	for _, c := range [...]struct {
		sentinel error
		reason   Reason
		named    bool
	}{
		{keyset.ErrUnavailable, ErrKeysUnavailable, true},
		{jose.ErrUnknownKey, ErrUnknownKey, true},
		{jose.ErrAlgorithm, ErrWrongAlgorithm, true},
		{jose.ErrSignature, ErrBadSignature, true},
		{claims.ErrIssuer, ErrWrongIssuer, true},
		{claims.ErrAudience, ErrWrongAudience, true},
		{claims.ErrExpired, ErrExpired, true},
		{claims.ErrNotYetValid, ErrNotYetValid, true},
		{jose.ErrMalformed, ErrMalformed, true},
		{claims.ErrMalformed, ErrMalformed, true},
		// A cancelled caller has learnt nothing about its token.
		{context.Canceled, ErrKeysUnavailable, false},
		{context.DeadlineExceeded, ErrKeysUnavailable, false},
	} {
		if errors.Is(err, c.sentinel) {
			return &Error{Reason: c.reason, Err: err, named: c.named}
		}
	}
	return &Error{Reason: ErrMalformed, Err: err}
}
