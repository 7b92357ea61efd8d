package webhook

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
