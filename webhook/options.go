package webhook

import (
	"net/http"
	"time"
)

// Option adjusts a scheme at construction. An option that the scheme has no use
// for is an error there, since whoever wrote it expected an effect.
type Option func(*options)

type options struct {
	given       map[string]bool
	tolerance   time.Duration
	now         func() time.Time
	maxBody     int64
	client      *http.Client
	rawSecret   bool
	autoConfirm bool
}

func (o *options) mark(name string) {
	if o.given == nil {
		o.given = map[string]bool{}
	}
	o.given[name] = true
}

// Tolerance sets how far the signed time may lie from the clock, either way; the
// edge is inside. It is five minutes by default, 25 hours for SendGrid. It must
// be positive and is an error for schemes that sign no time; for [SNS], which has
// no limit by default, it sets one.
func Tolerance(d time.Duration) Option {
	return func(o *options) { o.tolerance = d; o.mark("Tolerance") }
}

// Clock sets the source of the current time, [time.Now] by default.
func Clock(now func() time.Time) Option {
	return func(o *options) { o.now = now; o.mark("Clock") }
}

// MaxBody sets the largest accepted body in bytes: 1 MiB by default, 25 MB for
// GitHub, 30 MB for inbound mail. It must be positive.
func MaxBody(n int64) Option {
	return func(o *options) { o.maxBody = n; o.mark("MaxBody") }
}

// HTTPClient sets the client that fetches key sets and certificates, where a
// proxy or a private network makes that necessary. By default key sets, whose
// addresses are fixed by the constructor, are fetched by [http.DefaultClient];
// certificates and confirmations, whose addresses are in the message, by a client
// that refuses proxies and addresses that are not public. No client follows a
// redirect to another origin. It is an error for schemes that fetch nothing.
func HTTPClient(c *http.Client) Option {
	return func(o *options) { o.client = c; o.mark("HTTPClient") }
}

// RawSecret says that the text of a Standard Webhooks sender's secret is the key
// itself, all of it, and not base64. It is never guessed. It is an error for
// schemes outside that family.
func RawSecret() Option {
	return func(o *options) { o.rawSecret = true; o.mark("RawSecret") }
}

// SNSAutoConfirm lets [Scheme.Challenge] confirm a subscription to one of the
// configured topics by fetching its SubscribeURL, after the message has been
// verified and only from the region's own SNS host. Without it a confirmation
// arrives as an event of type "SubscriptionConfirmation". It is an error for
// other schemes.
func SNSAutoConfirm() Option {
	return func(o *options) { o.autoConfirm = true; o.mark("SNSAutoConfirm") }
}
