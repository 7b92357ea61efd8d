package compare

import "context"

// A Checker is a library that verifies signed tokens (JWT).
type Checker struct {
	Subject
	// Fetches says that the library fetches the issuer's keys itself, and keeps them.
	Fetches bool
	// Open returns what verifies the ID tokens of the issuer. ctx ends with the
	// behaviour.
	Open func(ctx context.Context, iss Issuer) (Check, error)
}

// Check verifies a token and returns its subject. An empty one counts as a refusal, since
// no application takes it for a user.
type Check func(ctx context.Context, token string) (subject string, err error)

// Issuer is who signs the tokens.
type Issuer struct {
	Name       string   // the "iss" of its tokens
	Audience   string   // the "aud" of tokens that are for the caller
	Algorithms []string // that it signs with
	KeysURL    string   // where its JWK set is
	Keys       []byte   // the set itself
}
