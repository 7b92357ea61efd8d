package firebase

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on what a user's tokens say, and on whether they are worth anything.
var (
	// SetClaims replaces a user's custom claims. They are in ID tokens from the next
	// refresh on, an hour later at most.
	SetClaims = client.Op[SetClaimsInput, UpdatedUser]{
		Name: "users.set_claims", Method: http.MethodPost, Route: "/accounts:update", Repeatable: true, Encode: encodeClaims,
	}

	// RevokeRefreshTokens makes a user's refresh tokens from before worthless. An ID
	// token, an hour long, and a session cookie stay valid until they expire, unless
	// their verifier asks (session.TokensValidAfter).
	RevokeRefreshTokens = client.Op[RevokeInput, UpdatedUser]{
		Name: "users.revoke", Method: http.MethodPost, Route: "/accounts:update", Repeatable: true, Encode: encodeRevoke,
	}
)

// MaxClaims is how many bytes a user's custom claims have at most, as JSON.
const MaxClaims = 1000

// SetClaimsInput is a user's custom claims, MaxClaims at most. Nil and an empty map
// remove what there is. The names that ID tokens have a meaning for, such as "sub", are
// refused.
type SetClaimsInput struct {
	UID    string
	Claims map[string]any
}

func encodeClaims(in SetClaimsInput, r *client.Request) error {
	text, err := claimsJSON(in.Claims)
	switch {
	case err != nil:
		return err
	case in.UID == "":
		return errNoUID
	}
	r.Body = map[string]string{"localId": in.UID, "customAttributes": text}
	return nil
}

// reservedClaims are those of ID tokens (Firebase docs, "Control access with custom
// claims").
var reservedClaims = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "cnf", "exp", "firebase", "iat", "iss", "jti", "nbf", "nonce", "sub",
}

// claimsJSON is the claims as JSON, if they may be a user's.
func claimsJSON(claims map[string]any) (string, error) {
	if claims == nil {
		claims = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if slices.Contains(reservedClaims, name) {
			return "", fmt.Errorf("%w: the claim %s is reserved", client.ErrRequest, name)
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // which would make six bytes of one
	if err := enc.Encode(claims); err != nil {
		return "", fmt.Errorf("%w: the claims cannot be encoded as JSON", client.ErrRequest)
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if len(text) > MaxClaims {
		return "", fmt.Errorf("%w: the claims have %d bytes as JSON, and Firebase takes %d at most", client.ErrRequest, len(text), MaxClaims)
	}
	return text, nil
}

// RevokeInput says whose tokens are revoked, and which.
type RevokeInput struct {
	UID   string
	Until time.Time // those from before, to the second; zero is now
}

func encodeRevoke(in RevokeInput, r *client.Request) error {
	if in.UID == "" {
		return errNoUID
	}
	if in.Until.IsZero() {
		in.Until = time.Now()
	}
	r.Body = map[string]string{"localId": in.UID, "validSince": strconv.FormatInt(in.Until.Unix(), 10)}
	return nil
}
