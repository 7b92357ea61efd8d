package webhook

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// NewScheme returns a scheme that verifies by a function of the caller's own, for a
// service that none of [HMAC], [ECDSA], [RSA], [Ed25519] and [StaticToken] can
// describe. provider is the sender's name in lower case, for receipts, errors and
// logs. verify is given deliveries of at most [DefaultMaxBody] by POST; its Receipt
// counts only if its error is nil. It must be safe for concurrent use. The event is
// the whole body, so that [On] decodes all of it. Options: [WithMaxBody],
// [WithMethods], [WithAckDeadline], [WithChallenge], [WithSplit].
//
// An error of verify, or of the function given to WithChallenge, that is no [*Error]
// becomes one: of the reason of this package that it wraps, such as [ErrMismatch],
// and otherwise of [ErrUnavailable], since only a refusal that was decided may
// end in a 401. An error of the function given to WithSplit has [ErrPayload]
// instead.
//
// The error has the reason [ErrConfig].
func NewScheme(provider string, verify func(context.Context, *Request) (Receipt, error), opts ...Option) (*Scheme, error) {
	switch {
	case provider == "":
		return nil, configError("", errors.New("no provider named"))
	case verify == nil:
		return nil, configError(provider, errors.New("the function that verifies is nil"))
	}
	s, cfg, err := newScheme(provider, traits{
		own: true, kinds: true,
		uses: []string{"WithMethods", "WithAckDeadline", "WithChallenge", "WithSplit"},
	}, opts)
	if err != nil {
		return nil, err
	}
	s.ack = cfg.ack
	if cfg.methods != nil {
		s.methods, s.deliver = append([]string{http.MethodPost}, cfg.methods...), cfg.methods
	}
	s.verify = func(ctx context.Context, r *Request, _ time.Time) (Receipt, error) {
		rec, err := verify(ctx, r)
		return rec, reasoned(err, ErrUnavailable)
	}
	if challenge := cfg.challenge; challenge != nil {
		s.challenge = func(ctx context.Context, r *Request, _ time.Time) (*Answer, bool, error) {
			answer, ok, err := challenge(ctx, r)
			return answer, ok, reasoned(err, ErrUnavailable)
		}
	}
	return s, nil
}

// reasoned makes an [*Error] of a caller's error, a copy where it is one. Of several
// reasons in it the undecided one counts.
func reasoned(err, otherwise error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error)
	if ok && e.Reason != nil {
		own := *e
		return &own
	}
	for _, reason := range append([]error{ErrUnavailable, ErrMethod, ErrTooLarge}, verdicts...) {
		if errors.Is(err, reason) {
			return &Error{Reason: reason, Err: err}
		}
	}
	return &Error{Reason: otherwise, Err: err}
}
