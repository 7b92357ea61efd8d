package webhook

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Scheme is one provider's way of signing deliveries, with keys. It is immutable
// and safe for concurrent use. The zero Scheme verifies nothing.
//
// # Rules that hold for every scheme
//
// The raw body is what is signed: verify before parsing, and let no middleware read
// the body first. Only the provider's own current scheme counts: signatures made
// with an older or different algorithm are ignored, even if valid. Repeated
// signature, identifier or timestamp headers are refused. Timestamps are held to a
// tolerance in both directions, five minutes unless the constructor says otherwise.
//
// Several keys may be valid at once, so that they can be rotated; they come from a
// [secret.Source] and are read at every use, without a restart. A blank, malformed
// or wrong-kind key is refused by the constructor; if a source later returns such a
// key, deliveries are undecided, which a [Handler] answers with 503.
//
// # What is signed
//
// Some providers put an event's type or identifier in headers that their signature
// does not cover. A [Receipt] says so: see its EventIDSigned and Untrusted fields.
// Whoever holds one genuine delivery can replay it under another unsigned
// identifier, or without one; see [Event].Suspect.
type Scheme struct {
	provider  string
	maxBody   int64
	methods   []string      // what the endpoint accepts, challenges included
	deliver   []string      // what a delivery comes as; nil: POST
	ack       time.Duration // 0: not known
	now       func() time.Time
	verify    func(ctx context.Context, r *Request, now time.Time) (Receipt, error)
	challenge func(ctx context.Context, r *Request, now time.Time) (*Answer, bool, error)
	split     func(r *Request, rec Receipt) ([]Raw, error)
	warm      func(ctx context.Context) error

	// For handlers only.
	objects   objectRule
	types     eventTypes
	kinds     bool
	urlSigned func(r *Request) string // what of the URL is signed; nil: nothing
	form      otherForm
	volatile  []string // members of a payload that say nothing of its event

	// For hints only.
	own          bool     // the caller's own: none is given
	akin         []string // providers whose headers this scheme shares
	unsignedHint string   // why a delivery may come without a signature
	mismatchHint func(body []byte) string
}

// Answer is the response that a challenge asks for.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Verify checks the method, the size and the signature of r. The error is an
// [*Error]. The context bounds what has to be fetched to decide: secrets, key
// sets and certificates.
func (s *Scheme) Verify(ctx context.Context, r *Request) (Receipt, error) {
	if s.verify == nil {
		return Receipt{}, &Error{Provider: s.provider, Reason: ErrConfig, Detail: "the scheme was not made by a constructor"}
	}
	if err := s.admit(r); err != nil {
		return Receipt{}, err
	}
	if method := r.method(); !s.delivers(method) {
		return Receipt{}, s.fail(ErrMethod, "a delivery does not come as "+shown(method))
	}
	rec, err := s.verify(ctx, r, s.clock(r))
	if err != nil {
		return Receipt{}, s.explain(r, err)
	}
	rec.Provider = s.provider
	return rec, nil
}

// Challenge answers a provider's check that the endpoint belongs to whoever
// configured it: X's CRC, Braintree's bt_challenge, Slack's url_verification, and
// SNS's subscription confirmation if [SNSAutoConfirm] was given. It also answers what
// is no event because nobody signed what it says: Slack's check of the certificate
// and the GET of Sentry's select components. ok reports whether r is one of these;
// when it is not, the answer and the error are nil. Challenges that the provider
// signs are verified first, so callers ask Challenge before [Scheme.Verify] and need
// nothing else.
func (s *Scheme) Challenge(ctx context.Context, r *Request) (answer *Answer, ok bool, err error) {
	if s.challenge == nil {
		return nil, false, nil
	}
	if err := s.admit(r); err != nil {
		return nil, false, err
	}
	answer, ok, err = s.challenge(ctx, r, s.clock(r))
	if err != nil {
		return nil, ok, s.explain(r, err)
	}
	return answer, ok, nil
}

// Split returns the events of a delivery that [Scheme.Verify] accepted with rec:
// one, several where the provider sends batches (SendGrid, Auth0 log streams, S3
// notifications in SNS), or none where the request carries none. It is never to be
// called on a delivery that was not verified. The error has the reason [ErrPayload]
// when the body is not what the provider documents.
func (s *Scheme) Split(r *Request, rec Receipt) ([]Raw, error) {
	if s.split == nil {
		return []Raw{whole(r, rec)}, nil
	}
	raws, err := s.split(r, rec)
	if err != nil {
		return nil, s.explain(r, err)
	}
	return raws, nil
}

// Warm fetches the issuer's keys, for schemes whose proof is a token, so that the
// first delivery need not wait for them. The error has the reason
// [ErrUnavailable]; deliveries try again. Schemes without such keys return nil.
func (s *Scheme) Warm(ctx context.Context) error {
	if s.warm == nil {
		return nil
	}
	if err := s.warm(ctx); err != nil {
		return &Error{Provider: s.provider, Reason: ErrUnavailable, Err: err}
	}
	return nil
}

// Provider returns the provider's name in lower case, such as "stripe".
func (s *Scheme) Provider() string { return s.provider }

// MaxBody returns the largest body in bytes that is accepted.
func (s *Scheme) MaxBody() int64 { return s.maxBody }

// Methods returns the HTTP methods the endpoint must accept: POST, and GET where
// the provider sends challenges or deliveries by GET.
func (s *Scheme) Methods() []string {
	if s.methods == nil {
		return []string{http.MethodPost}
	}
	return slices.Clone(s.methods)
}

// AckDeadline returns how long the provider waits for a response before it counts
// the delivery as failed; zero if it does not say.
func (s *Scheme) AckDeadline() time.Duration { return s.ack }

func (s *Scheme) admit(r *Request) error {
	if method := r.method(); method != http.MethodPost && !slices.Contains(s.methods, method) {
		return s.fail(ErrMethod, "the endpoint does not take "+shown(method))
	}
	if int64(len(r.Body)) > s.maxBody {
		return s.fail(ErrTooLarge, "the body is over the provider's cap")
	}
	return nil
}

func (s *Scheme) delivers(method string) bool {
	return method == http.MethodPost || slices.Contains(s.deliver, method)
}

func (s *Scheme) clock(r *Request) time.Time {
	switch {
	case !r.ReceivedAt.IsZero():
		return r.ReceivedAt
	case s.now != nil:
		return s.now()
	}
	return time.Now()
}

func (s *Scheme) fail(reason error, detail string) *Error {
	return &Error{Provider: s.provider, Reason: reason, Detail: detail}
}

// object returns an event's object, a part of its payload.
func (s *Scheme) object(raw *Raw) ([]byte, error) { return s.objects.find(s.provider, raw) }

// signedURL returns what the signature covers of the URL, mostly nothing.
func (s *Scheme) signedURL(r *Request) string {
	if s.urlSigned == nil {
		return ""
	}
	return s.urlSigned(r)
}

// whole is the delivery as one event, for schemes whose payload has no envelope.
func whole(r *Request, rec Receipt) Raw {
	return Raw{
		ID: rec.EventID, IDSigned: rec.EventIDSigned,
		Type: rec.EventType, TypeSigned: rec.EventTypeSigned,
		Time: rec.SignedAt, Payload: r.Body,
	}
}
