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
//	errors.Is(err, session.Expired)
//
// tells what happened; errors of [Verifier.Verify] wrap one and, where there is
// one, the cause.
type Reason string

// The reasons. All are decisions about the token, a 401 to the client, except
// KeysUnavailable and RevocationUnavailable: those say that no decision could
// be made, a 503 (see [Reason.Decided]).
const (
	// Malformed: not a compact JWS as RFC 7515 has it, or claims that are not
	// strict JSON, of the wrong type, or missing.
	Malformed Reason = "malformed token"
	// WrongAlgorithm: signed with an algorithm that the profile or the key does
	// not admit, or not signed at all.
	WrongAlgorithm Reason = "algorithm not allowed"
	// BadSignature: the signature does not verify.
	BadSignature Reason = "bad signature"
	// UnknownKey: the issuer has no key of that ID.
	UnknownKey Reason = "unknown key"
	// WrongType: another kind of token than the profile is for, such as an ID
	// token where an access token is needed.
	WrongType Reason = "wrong kind of token"
	// WrongIssuer: "iss" is not the profile's.
	WrongIssuer Reason = "wrong issuer"
	// WrongAudience: "aud" does not name this application.
	WrongAudience Reason = "wrong audience"
	// WrongParty: the party or client that the token was made for ("azp",
	// "client_id") is not in the list.
	WrongParty Reason = "wrong authorized party"
	// Expired: "exp" has passed. The token was good in every other respect that
	// was looked at.
	Expired Reason = "expired"
	// NotYetValid: "nbf", "iat" or "auth_time" lies in the future.
	NotYetValid Reason = "not yet valid"
	// Pending: the user has not finished signing in (Clerk's "sts").
	Pending Reason = "sign-in is pending"
	// Revoked: a revocation hook says that the session has ended.
	Revoked Reason = "revoked"
	// KeysUnavailable: the issuer's keys cannot be had at present.
	KeysUnavailable Reason = "keys unavailable"
	// RevocationUnavailable: a revocation hook failed.
	RevocationUnavailable Reason = "revocation state unavailable"
)

// Error returns the reason in words.
func (r Reason) Error() string { return string(r) }

// Decided reports whether the reason is a verdict on the token, rather than
// the lack of one.
func (r Reason) Decided() bool { return r != KeysUnavailable && r != RevocationUnavailable }

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
}

// Error describes the reason and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "verify session token: " + string(e.Reason)
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
	}{
		{keyset.ErrUnavailable, KeysUnavailable},
		{jose.ErrUnknownKey, UnknownKey},
		{jose.ErrAlgorithm, WrongAlgorithm},
		{jose.ErrSignature, BadSignature},
		{claims.ErrIssuer, WrongIssuer},
		{claims.ErrAudience, WrongAudience},
		{claims.ErrExpired, Expired},
		{claims.ErrNotYetValid, NotYetValid},
		{jose.ErrMalformed, Malformed},
		{claims.ErrMalformed, Malformed},
		// A cancelled caller has learnt nothing about its token.
		{context.Canceled, KeysUnavailable},
		{context.DeadlineExceeded, KeysUnavailable},
	} {
		if errors.Is(err, c.sentinel) {
			return &Error{Reason: c.reason, Err: err}
		}
	}
	return &Error{Reason: Malformed, Err: err}
}
