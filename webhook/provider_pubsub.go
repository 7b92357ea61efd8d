package webhook

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// PubSubConfig says which push subscription deliveries come from. Both fields are
// required and compared exactly.
type PubSubConfig struct {
	// Audience is the subscription's audience: the endpoint's URL unless it was
	// configured otherwise.
	Audience string
	// ServiceAccount is the email address of the subscription's service account.
	ServiceAccount string
}

// PubSub verifies push deliveries of Google Cloud Pub/Sub by their OpenID Connect
// token ("Authentication for push subscriptions", Google Cloud docs), whose email
// address must be verified. The token does not cover the body, so nothing in
// the message is signed. The payload is the whole body: the envelope, or with
// payload unwrapping the message itself, whatever it is. The event's type is the
// message's attribute eventType or ce-type, from the envelope or, for an unwrapped
// message whose subscription writes metadata, from the header of that name. Options:
// [WithClock], [WithMaxBody], [WithHTTPClient].
//
// Stricter than google-auth-library, which leaves the address to the caller:
// without it, anyone with a Google Cloud project can send tokens for your
// audience.
func PubSub(cfg PubSubConfig, opts ...Option) (*Scheme, error) {
	const provider = "google-pubsub"
	if user, host, ok := strings.Cut(cfg.ServiceAccount, "@"); !ok || user == "" || host == "" {
		return nil, configError(provider, errors.New("the service account is not an email address"))
	}
	return newJWT(jwtSpec{
		provider: provider, scheme: "id-token",
		traits: traits{split: unsigned(splitPubSub), maxBody: pubSubMaxBody, untrusted: pubSubHeaders,
			unsignedHint: "the push subscription has no authentication"},
		issuers:  []string{"https://accounts.google.com", "accounts.google.com"},
		audience: cfg.Audience,
		rules:    claims.Rules{RequireIssuedAt: true},
		types:    []string{"JWT"},
		keysURL:  "https://www.googleapis.com/oauth2/v3/certs",
		find:     bearerToken,
		admit: func(set claims.Set, _ *Receipt) error {
			return admitServiceAccount(set, cfg.ServiceAccount)
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

// pubSubMessage is a message in its envelope. Some of its members come under two
// names.
type pubSubMessage struct {
	Data       *string                    `json:"data"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	ID         *string                    `json:"messageId"`
	OtherID    *string                    `json:"message_id"`
	Time       jsonTime                   `json:"publishTime"`
	OtherTime  jsonTime                   `json:"publish_time"`
}

type pubSubEnvelope struct {
	Message json.RawMessage `json:"message"`
}

// splitPubSub reads the envelope of a wrapped message. An unwrapped one is the body
// alone, which may be JSON of any form; what Pub/Sub knows of it is in headers, if
// the subscription writes metadata there.
func splitPubSub(r *Request, rec Receipt) ([]Raw, error) {
	raw := whole(r, rec)
	raw.ID = first(r.Header, "X-Goog-Pubsub-Message-Id")
	if m, ok := pubSubWrapped(r.Body); ok && raw.ID == "" {
		raw.ID, raw.Time = m.id(), m.Time.Time
		if raw.Time.IsZero() {
			raw.Time = m.OtherTime.Time
		}
		raw.Type = cmp.Or(m.attribute("eventType"), m.attribute("ce-type"))
		return []Raw{raw}, nil
	}
	raw.Time, _ = parseDate(first(r.Header, "X-Goog-Pubsub-Publish-Time"))
	raw.Type = cmp.Or(first(r.Header, "Eventtype"), first(r.Header, "Ce-Type"))
	return []Raw{raw}, nil
}

// pubSubHeaders hold what the envelope would.
var pubSubHeaders = []string{
	"X-Goog-Pubsub-Message-Id", "X-Goog-Pubsub-Publish-Time", "X-Goog-Pubsub-Subscription-Name",
	"X-Goog-Pubsub-Ordering-Key", "Eventtype", "Ce-Type",
}

// pubSubWrapped tells an envelope by the identifier that each message has.
func pubSubWrapped(body []byte) (m pubSubMessage, ok bool) {
	var e pubSubEnvelope
	ok = readMembers(body, &e) && readMembers(e.Message, &m) && m.id() != ""
	return m, ok
}

func (m *pubSubMessage) id() string {
	for _, id := range []*string{m.ID, m.OtherID} {
		if id != nil && *id != "" {
			return *id
		}
	}
	return ""
}

func (m *pubSubMessage) attribute(name string) string {
	var text jsonText
	if value := m.Attributes[name]; len(value) > 0 {
		_ = text.UnmarshalJSON(value) // it was valid JSON; of another kind it is empty
	}
	return string(text)
}
