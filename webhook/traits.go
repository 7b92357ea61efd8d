package webhook

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/internal/option"
)

const defaultTolerance = 5 * time.Minute

// traits are the facts about a provider that do not depend on how it signs.
type traits struct {
	tolerance time.Duration // default; 0: none
	maxBody   int64         // default; 0: DefaultMaxBody
	ack       time.Duration
	methods   []string // beside POST, for deliveries and challenges
	deliver   []string // beside POST, for deliveries
	uses      []string // options that have an effect, beside WithMaxBody and WithClock
	untrusted []string // canonical names of headers that carry meaning unsigned
	split     func(r *Request, rec Receipt) ([]Raw, error)
	objects   objectRule // where an event's object is
	types     eventTypes // which types there can be
	kinds     bool       // Raw.Object tells envelopes apart
	form      otherForm  // which payloads are never JSON
	volatile  []string   // members of the payload that the provider renders anew for a retry
	own       bool       // the function is a caller's, with a clock and advice of its own

	akin         []string
	unsignedHint string
	mismatchHint func(body []byte) string
}

// described are the traits of a scheme that the caller describes.
func described() traits { return traits{uses: []string{"WithSplit"}} }

// stamped adds to t what a scheme with a signed timestamp takes.
func (t traits) stamped(yes bool) traits {
	if yes {
		t.uses = append(slices.Clone(t.uses), "WithTolerance")
		t.tolerance = cmp.Or(t.tolerance, defaultTolerance)
	}
	return t
}

// newScheme applies the options to a provider's traits. The caller sets verify
// and, where there is one, challenge.
func newScheme(provider string, t traits, opts []Option) (*Scheme, config, error) {
	c := config{
		takes:     append([]string{"WithMaxBody", "WithVolatile"}, t.uses...),
		tolerance: t.tolerance, maxBody: cmp.Or(t.maxBody, DefaultMaxBody),
	}
	if !t.own {
		c.takes = append(c.takes, "WithClock")
	}
	if err := option.Apply(&c, opts); err != nil {
		return nil, c, configError(provider, err)
	}
	s := &Scheme{
		provider: provider, maxBody: c.maxBody, deliver: t.deliver,
		ack: t.ack, now: c.now, split: t.split,
		objects: t.objects, types: t.types, kinds: t.kinds, form: t.form,
		own: t.own, akin: t.akin, unsignedHint: t.unsignedHint, mismatchHint: t.mismatchHint,
	}
	s.volatile = append(slices.Clone(t.volatile), c.volatile...)
	if split := c.split; split != nil {
		s.kinds = true // the function may tell them apart
		s.split = func(r *Request, rec Receipt) ([]Raw, error) {
			raws, err := split(r, rec)
			return raws, reasoned(err, ErrPayload)
		}
	}
	if t.methods != nil {
		s.methods = append([]string{http.MethodPost}, t.methods...)
	}
	return s, c, nil
}

// configError makes err the error of a provider's constructor.
func configError(provider string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason == ErrConfig {
		e.Provider = provider
		return e
	}
	return &Error{Provider: provider, Reason: ErrConfig, Err: err}
}
