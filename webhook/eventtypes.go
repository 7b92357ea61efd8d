package webhook

import (
	"fmt"
	"maps"
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
		quoted[i] = quote(name)
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
			`or take all deliveries with On("*") or Fallback and look at the payload`)
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

// check refuses the functions that could never run, or would be handed something
// else than they ask for.
func (rs *routes) check(s *Scheme) (errs []error) {
	for _, p := range rs.patterns() {
		if !s.types.possible(p.text) {
			errs = append(errs, fmt.Errorf("%s(%q): no event of %s is of such a type, so that the function would never run: %s",
				p.name, p.text, s.provider, s.types.advice))
		}
		if !p.whole && s.objects.isEnvelope(p.takes) {
			errs = append(errs, p.takesEnvelope())
		}
		errs = append(errs, p.checkForm(s.form))
	}
	for _, object := range slices.Sorted(maps.Keys(rs.objects)) {
		p := pattern{object, rs.objects[object]}
		if !s.kinds {
			errs = append(errs, fmt.Errorf("OnObject(%q): %s has no kinds of envelopes, so that the function would never run", object, s.provider))
		}
		if s.objects.applies(object) && s.objects.isEnvelope(p.takes) {
			errs = append(errs, p.takesEnvelope())
		}
		errs = append(errs, p.checkForm(s.form))
	}
	return errs
}

// pattern is a route with what it was given for.
type pattern struct {
	text string
	*route
}

func (p pattern) takesEnvelope() error {
	return fmt.Errorf("%s(%q): %v takes the provider's envelope, with its type and data, and %[1]s decodes the object in it: use OnEnvelope", p.name, p.text, p.takes)
}

// checkForm refuses a type that would fail at every delivery.
func (p pattern) checkForm(f otherForm) error {
	if !f.holds(p.text) || !needsJSON(p.takes) {
		return nil
	}
	return fmt.Errorf("%s(%q): the payload is %s and not JSON, so that decoding it into %v would always fail: use %s, json.RawMessage, []byte, or a type with the method DecodeEvent",
		p.name, p.text, f.is, p.takes, f.use)
}

// patterns lists what On and its like were given, in an order that stays.
func (rs *routes) patterns() []pattern {
	list := make([]pattern, 0, len(rs.exact)+len(rs.prefixes))
	for text, rt := range rs.exact {
		list = append(list, pattern{text, rt})
	}
	for _, p := range rs.prefixes {
		list = append(list, pattern{p.prefix + "*", p.route})
	}
	slices.SortFunc(list, func(a, b pattern) int { return strings.Compare(a.text, b.text) })
	return list
}
