package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// DefaultDeadline is how long a handler may take where neither the provider's
	// acknowledgement deadline is known nor [WithDeadline] was given.
	DefaultDeadline = 15 * time.Second
	// DefaultMaxBody is the largest body, in bytes, that most schemes accept.
	DefaultMaxBody = 1 << 20
)

// Option adjusts a scheme at construction. The constructor returns the error of an
// option whose argument cannot work, and one for an option that the scheme has no
// use for, since whoever wrote it expected an effect.
type Option func(*config) error

// config is what the options of one scheme say.
type config struct {
	takes       []string // the options that have an effect
	tolerance   time.Duration
	now         func() time.Time
	maxBody     int64
	client      *http.Client
	rawSecret   bool
	autoConfirm bool
	volatile    []string

	split func(r *Request, rec Receipt) ([]Raw, error) // for the caller's own schemes

	// For NewScheme.
	methods   []string
	ack       time.Duration
	challenge func(ctx context.Context, r *Request) (*Answer, bool, error)
}

// newOption makes an Option of its name, whether its argument can work, what is wrong
// if it cannot, and what it does.
func newOption(name string, ok bool, wrong string, set func(c *config)) Option {
	return func(c *config) error {
		switch {
		case !slices.Contains(c.takes, name):
			return fmt.Errorf("option %s has no effect on this scheme", name)
		case !ok:
			return errors.New(wrong)
		}
		set(c)
		return nil
	}
}

// WithTolerance sets how far the signed time may lie from the clock, either way;
// the edge is inside. It is five minutes by default, 25 hours for SendGrid. It must
// be positive and is an error for schemes that sign no time; for [SNS], which has
// no limit by default, it sets one.
func WithTolerance(d time.Duration) Option {
	return newOption("WithTolerance", d > 0, "the tolerance must be positive", func(c *config) { c.tolerance = d })
}

// WithClock sets the source of the current time, [time.Now] by default. It is an
// error for [NewScheme], whose function has a clock of its own.
func WithClock(now func() time.Time) Option {
	return newOption("WithClock", now != nil, "the clock is nil", func(c *config) { c.now = now })
}

// WithMaxBody sets the largest accepted body in bytes: [DefaultMaxBody] by default,
// 25 MiB for GitHub, 30 MiB for inbound mail. It must be positive.
func WithMaxBody(n int64) Option {
	return newOption("WithMaxBody", n > 0, "the largest body must be positive", func(c *config) { c.maxBody = n })
}

// WithHTTPClient sets the client that fetches key sets and certificates, where a
// proxy or a private network makes that necessary. By default key sets, whose
// addresses are fixed by the constructor, are fetched by [http.DefaultClient];
// certificates and confirmations, whose addresses are in the message, by a client
// that refuses proxies and addresses that are not public. No client follows a
// redirect to another origin. It is an error for schemes that fetch nothing.
func WithHTTPClient(client *http.Client) Option {
	return newOption("WithHTTPClient", client != nil, "the HTTP client is nil", func(c *config) { c.client = client })
}

// WithRawSecret says that the text of a Standard Webhooks sender's secret is the
// key itself, all of it, and not base64. It is never guessed. It is an error for
// schemes outside that family.
func WithRawSecret() Option {
	return newOption("WithRawSecret", true, "", func(c *config) { c.rawSecret = true })
}

// SNSAutoConfirm lets [Scheme.Challenge] confirm a subscription to one of the
// configured topics by fetching its SubscribeURL, after the message has been
// verified and only from the region's own SNS host. Without it a confirmation
// arrives as an event of type "SubscriptionConfirmation". It is an error for
// other schemes.
func SNSAutoConfirm() Option {
	return newOption("SNSAutoConfirm", true, "", func(c *config) { c.autoConfirm = true })
}

// WithVolatile names members of the payload, at its top, that the provider renders
// anew when it sends an event again, beside those that are known of it (Stripe's
// pending_webhooks). They count for nothing in [EventKey].Content.
func WithVolatile(members ...string) Option {
	ok := len(members) > 0 && !slices.Contains(members, "")
	return newOption("WithVolatile", ok, "a member's name is empty", func(c *config) {
		c.volatile = append(c.volatile, members...)
	})
}

// WithMethods names HTTP methods that a [NewScheme] accepts beside POST, for
// deliveries as well as challenges.
func WithMethods(more ...string) Option {
	ok := len(more) > 0 && !slices.Contains(more, "")
	return newOption("WithMethods", ok, "a method is empty", func(c *config) {
		c.methods = slices.DeleteFunc(slices.Clone(more), func(m string) bool { return m == http.MethodPost })
	})
}

// WithAckDeadline says how long the provider of a [NewScheme] waits for the
// response before it counts a delivery as failed; see [Scheme.AckDeadline]. It must
// be positive.
func WithAckDeadline(d time.Duration) Option {
	return newOption("WithAckDeadline", d > 0, "the acknowledgement deadline must be positive", func(c *config) { c.ack = d })
}

// WithChallenge answers the challenges of a [NewScheme]; see [Scheme.Challenge].
func WithChallenge(fn func(ctx context.Context, r *Request) (answer *Answer, ok bool, err error)) Option {
	return newOption("WithChallenge", fn != nil, "the function that answers challenges is nil", func(c *config) { c.challenge = fn })
}

// WithSplit finds the events in a delivery of a scheme of the caller's own: of
// [NewScheme], [HMAC], [ECDSA], [RSA], [Ed25519] or [StaticToken]; see [Scheme.Split].
// Without it a delivery is one event, of the identifier and type in the receipt, with
// the body as its payload.
//
// fn sets each event's Payload. It sets IDSigned and TypeSigned where the signature
// covers what it has read, as one over the body does; for a StaticToken, which signs
// nothing, they do not count. It must be safe for concurrent use. Its error has the
// reason [ErrPayload] unless it wraps another one of this package.
func WithSplit(fn func(r *Request, rec Receipt) ([]Raw, error)) Option {
	return newOption("WithSplit", fn != nil, "the function that finds the events is nil", func(c *config) { c.split = fn })
}
