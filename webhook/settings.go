package webhook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	defaultTolerance = 5 * time.Minute
	defaultMaxBody   = 1 << 20
)

// traits are the facts about a provider that do not depend on how it signs.
type traits struct {
	tolerance time.Duration // default; 0: none
	maxBody   int64         // default; 0: 1 MiB
	ack       time.Duration
	methods   []string // beside POST, for deliveries and challenges
	deliver   []string // beside POST, for deliveries
	uses      []string // options that have an effect, beside Clock and MaxBody
	untrusted []string // canonical names of headers that carry meaning unsigned
	split     func(r *Request, rec Receipt) ([]Raw, error)
	objects   objectRule // where an event's object is
	types     eventTypes // which types there can be
	kinds     bool       // Raw.Object tells envelopes apart
	form      otherForm  // which payloads are never JSON

	akin         []string
	unsignedHint string
	mismatchHint func(body []byte) string
}

// stamped adds to t what a scheme with a signed timestamp takes.
func (t traits) stamped(yes bool) traits {
	if yes {
		t.uses = append(slices.Clone(t.uses), "Tolerance")
		t.tolerance = durationOr(t.tolerance, defaultTolerance)
	}
	return t
}

// newScheme applies the options to a provider's traits. The caller sets verify
// and, where there is one, challenge.
func newScheme(provider string, t traits, opts []Option) (*Scheme, options, error) {
	o := options{tolerance: t.tolerance, maxBody: t.maxBody}
	if o.maxBody == 0 {
		o.maxBody = defaultMaxBody
	}
	for _, opt := range opts {
		opt(&o)
	}
	if err := o.check(t.uses); err != nil {
		return nil, o, configError(provider, err)
	}
	s := &Scheme{
		provider: provider, maxBody: o.maxBody, deliver: t.deliver,
		ack: t.ack, now: o.now, split: t.split,
		objects: t.objects, types: t.types, kinds: t.kinds, form: t.form,
		akin: t.akin, unsignedHint: t.unsignedHint, mismatchHint: t.mismatchHint,
	}
	if t.methods != nil {
		s.methods = append([]string{"POST"}, t.methods...)
	}
	return s, o, nil
}

func (o *options) check(uses []string) error {
	for _, name := range slices.Sorted(maps.Keys(o.given)) {
		if name != "Clock" && name != "MaxBody" && !slices.Contains(uses, name) {
			return fmt.Errorf("option %s has no effect on this scheme", name)
		}
	}
	switch {
	case o.given["Tolerance"] && o.tolerance <= 0:
		return errors.New("the tolerance must be positive")
	case o.maxBody <= 0:
		return errors.New("the largest body must be positive")
	case o.given["Clock"] && o.now == nil:
		return errors.New("the clock is nil")
	case o.given["HTTPClient"] && o.client == nil:
		return errors.New("the HTTP client is nil")
	}
	return nil
}

// configError makes err the error of a provider's constructor.
func configError(provider string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason == ErrConfig {
		e.Provider = provider
		return e
	}
	return &Error{Provider: provider, Reason: ErrConfig, Err: err}
}

func durationOr(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

func stringOr(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
