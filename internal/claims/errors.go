package claims

import (
	"errors"
	"fmt"
)

// What errors of this package wrap.
var (
	// ErrMalformed: not a JSON object as package strictjson has it, a claim of
	// the wrong type, or a required claim that is missing.
	ErrMalformed = errors.New("malformed claims")
	// ErrExpired: "exp" has passed.
	ErrExpired = errors.New("token expired")
	// ErrNotYetValid: "nbf", "iat" or another time that must have passed lies in
	// the future.
	ErrNotYetValid = errors.New("token not yet valid")
	// ErrIssuer: "iss" is another than expected.
	ErrIssuer = errors.New("wrong issuer")
	// ErrAudience: "aud" does not name this verifier.
	ErrAudience = errors.New("wrong audience")
)

func malformed(name, why string) error {
	return fmt.Errorf("%w: %q %s", ErrMalformed, name, why)
}
