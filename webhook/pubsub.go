package webhook

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// PubSub verifies push deliveries of Google Cloud Pub/Sub by their OpenID Connect
// token ("Authentication for push subscriptions", Google Cloud docs): audience
// and serviceAccountEmail are those of the subscription, compared exactly, and
// the address must be verified. The token does not cover the body, so nothing in
// the message is signed. The payload is the whole body; the event's type is the
// message's attribute eventType or ce-type. Options: [Clock], [MaxBody],
// [HTTPClient].
//
// Stricter than google-auth-library, which leaves the address to the caller:
// without it, anyone with a Google Cloud project can send tokens for your
// audience.
func PubSub(audience, serviceAccountEmail string, opts ...Option) (*Scheme, error) {
	const provider = "google-pubsub"
	if user, host, ok := strings.Cut(serviceAccountEmail, "@"); !ok || user == "" || host == "" {
		return nil, configError(provider, errors.New("the service account is not an email address"))
	}
	return newJWT(jwtSpec{
		provider: provider, scheme: "id-token",
		traits: traits{split: unsigned(splitPubSub), maxBody: pubSubMaxBody,
			unsignedHint: "the push subscription has no authentication"},
		issuers:  []string{"https://accounts.google.com", "accounts.google.com"},
		audience: audience,
		rules:    claims.Rules{RequireIssuedAt: true},
		types:    []string{"JWT"},
		keysURL:  "https://www.googleapis.com/oauth2/v3/certs",
		find:     bearerToken,
		admit: func(set claims.Set, _ *Receipt) error {
			return admitServiceAccount(set, serviceAccountEmail)
		},
	}, opts)
}

// pubSubMaxBody holds the largest message, 10 MB, in base64, and its envelope.
const pubSubMaxBody = 15 << 20

func admitServiceAccount(set claims.Set, want string) error {
	email, err := set.String("email")
	if err != nil {
		return err
	}
	verified, err := set.Bool("email_verified")
	if err != nil {
		return err
	}
	switch {
	case email != want:
		return &Error{Reason: ErrNotAllowed, Detail: "the token is of another service account"}
	case !verified:
		return &Error{Reason: ErrNotAllowed, Detail: "the service account's address is not verified"}
	}
	return nil
}

type pubSubEnvelope struct {
	Message struct {
		ID         jsonText `json:"messageId"`
		Time       jsonTime `json:"publishTime"`
		Attributes struct {
			EventType jsonText `json:"eventType"`
			CEType    jsonText `json:"ce-type"`
		} `json:"attributes"`
	} `json:"message"`
}

func (e pubSubEnvelope) event() Raw {
	a := e.Message.Attributes
	return Raw{ID: string(e.Message.ID), Type: stringOr(string(a.EventType), string(a.CEType)), Time: e.Message.Time.Time}
}

// splitPubSub reads the envelope; an unwrapped message has none, and its
// identifier in a header.
func splitPubSub(r *Request, rec Receipt) ([]Raw, error) {
	if id := first(r.Header, "X-Goog-Pubsub-Message-Id"); id != "" || !json.Valid(r.Body) {
		raw := whole(r, rec)
		raw.ID = id
		return []Raw{raw}, nil
	}
	return splitJSON[pubSubEnvelope](r, rec)
}
