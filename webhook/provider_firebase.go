package webhook

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
)

// FirebaseBlockingConfig says which blocking function is called. Both fields are required
// and compared exactly.
type FirebaseBlockingConfig struct {
	// ProjectID is the Firebase project's identifier.
	ProjectID string
	// FunctionURL is the function's own https URL as Firebase was told it.
	FunctionURL string
}

// FirebaseBlocking verifies calls of Firebase Authentication's blocking
// functions: a body {"data":{"jwt":…}} with a JWT of the project for this
// function ("Extend Firebase Authentication with blocking functions", Firebase
// docs). The payload is the token's claims; its type is event_type, such as
// "beforeCreate" or "beforeSignIn". Firebase waits 7 seconds for the decision.
// Options: [WithClock], [WithMaxBody], [WithHTTPClient].
//
// Stricter than the Admin SDK, which asks whether the audience contains the
// project's host: a token for any URL that has it somewhere would pass. A user's
// ID token never passes.
func FirebaseBlocking(cfg FirebaseBlockingConfig, opts ...Option) (*Scheme, error) {
	const provider = "firebase"
	if cfg.ProjectID == "" || strings.ContainsAny(cfg.ProjectID, "/ \t\r\n") {
		return nil, configError(provider, errors.New("the project ID is empty or malformed"))
	}
	if u, err := url.Parse(cfg.FunctionURL); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, configError(provider, errors.New("the function's URL is not an https URL"))
	}
	return newJWT(jwtSpec{
		provider: provider, scheme: "jwt",
		traits:   traits{ack: 7 * time.Second, split: splitClaims(firebaseToken)},
		issuers:  []string{"https://securetoken.google.com/" + cfg.ProjectID},
		audience: cfg.FunctionURL,
		rules:    claims.Rules{OptionalSubject: true, RequireIssuedAt: true},
		types:    []string{"JWT"},
		keysURL:  "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
		find:     firebaseToken,
		admit:    admitFirebase,
	}, opts)
}

func firebaseToken(r *Request) (string, error) {
	token, err := memberAt(r.Body, "data", "jwt")
	if err != nil {
		return "", err
	}
	text, ok := strictjson.String(token)
	if !ok || text == "" {
		return "", &Error{Reason: ErrMissing, Detail: "data.jwt in the body"}
	}
	return text, nil
}

// memberAt returns the value under a path of member names, nil if there is none.
func memberAt(value []byte, path ...string) ([]byte, error) {
	for _, name := range path {
		members, err := strictjson.Object(value, nil)
		if err != nil {
			return nil, &Error{Reason: ErrMalformed, Detail: "the body is not the JSON that carries a token", Err: err}
		}
		value = nil
		for _, m := range members {
			if string(m.Name) == name {
				value = m.Value
			}
		}
		if value == nil {
			return nil, nil
		}
	}
	return value, nil
}

func admitFirebase(set claims.Set, rec *Receipt) (err error) {
	if rec.EventType, err = set.String("event_type"); err != nil {
		return err
	}
	if rec.EventType == "" {
		return &Error{Reason: ErrNotAllowed, Detail: "a token without event_type is not for a blocking function"}
	}
	if rec.EventID, err = set.String("event_id"); err != nil {
		return err
	}
	rec.EventIDSigned, rec.EventTypeSigned = rec.EventID != "", true
	return nil
}
