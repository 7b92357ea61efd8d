package webhook

import "reflect"

// schemeRules is what a handler asks a [Scheme] for beyond its exported methods. A
// verifier that embeds a Scheme has it, too.
type schemeRules interface {
	// object returns an event's object, a part of its payload.
	object(raw *Raw) ([]byte, error)
	// hasObject reports whether a kind of envelope has one.
	hasObject(kind string) bool
	// envelope reports whether a type is made for the provider's envelope.
	envelope(t reflect.Type) bool
	// signedURL returns what the signature covers of the URL, mostly nothing.
	signedURL(r *Request) string
}

func (s *Scheme) object(raw *Raw) ([]byte, error) { return s.objects.find(s.provider, raw) }

func (s *Scheme) hasObject(kind string) bool { return s.objects.applies(kind) }

func (s *Scheme) envelope(t reflect.Type) bool { return s.objects.isEnvelope(t) }

func (s *Scheme) signedURL(r *Request) string {
	if s.urlSigned == nil {
		return ""
	}
	return s.urlSigned(r)
}
