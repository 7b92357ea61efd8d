package webhook

import (
	"regexp"
	"slices"
	"strings"
)

// eventTypes is what is known beforehand of the types that a scheme's events have.
// The zero value is for a provider that names them as it likes.
type eventTypes struct {
	// closed: there are none but names and what form describes. form matches the
	// beginnings of such a type as well.
	closed bool
	names  []string
	form   *regexp.Regexp
	// advice is for whoever asks for another.
	advice string
}

// untyped is for a scheme that reads no event type anywhere.
func untyped(advice string) eventTypes { return eventTypes{closed: true, advice: advice} }

// only is for a provider with a few types that its constructor sets.
func only(names ...string) eventTypes {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = shown(name)
	}
	return eventTypes{closed: true, names: names, advice: "the only type is " + strings.Join(quoted, ", ")}
}

// describedBy notes what a layout says for handlers: which part of the URL it signs,
// and that there are no types where neither a header nor the payload names one.
func (s *Scheme) describedBy(r *reader) {
	if r.url != nil {
		s.urlSigned = r.signedURL
	}
	named := func(f headerFamily) bool { return f.typ != "" }
	if s.split == nil && !slices.ContainsFunc(r.families, named) {
		s.types = untyped("its deliveries name no type that is known here: name its header in Layout.TypeHeader, " +
			`find it in the body with WithSplit, or take all deliveries with On("*") or Fallback`)
	}
}

// takesAll is the advice for schemes without types.
const takesAll = `its deliveries name no type: take them all with On("*") or Fallback`

// possible reports whether an event can be of a type that a pattern matches.
func (k *eventTypes) possible(pattern string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	if !k.closed || wild && prefix == "" {
		return true
	}
	if k.form != nil && k.form.MatchString(prefix) {
		return true
	}
	return slices.ContainsFunc(k.names, func(name string) bool {
		return name == prefix || wild && strings.HasPrefix(name, prefix)
	})
}
