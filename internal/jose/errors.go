package jose

import "errors"

// What errors of this package wrap.
var (
	// ErrMalformed: the token does not pass the gate of [Parse].
	ErrMalformed = errors.New("malformed token")
	// ErrAlgorithm: the token's algorithm is not one that the caller named, or
	// does not belong to the key.
	ErrAlgorithm = errors.New("algorithm not allowed")
	// ErrSignature: the signature does not verify.
	ErrSignature = errors.New("signature does not verify")
	// ErrUnknownKey: the set has no key for the token: an unknown "kid", or
	// none while the set has several keys.
	ErrUnknownKey = errors.New("unknown key")
	// ErrKey: a key is malformed, too weak, or of a kind or use that cannot
	// serve here.
	ErrKey = errors.New("unusable key")
)
