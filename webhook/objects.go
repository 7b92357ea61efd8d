package webhook

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/structs"
)

// objectRule is where a provider keeps the object that an event is about. The zero
// rule is for payloads that are the object themselves.
type objectRule struct {
	// path leads to the object through the members of the payload.
	path []string
	// in reports whether a kind of envelope ([Raw.Object]) has one; nil: all have.
	in func(object string) bool
	// typ is the member that names the event's type, and members are all that stand
	// beside the path's first: what tells an envelope from an object.
	typ     string
	members []string
}

// applies reports whether a kind of envelope has an object in it.
func (o *objectRule) applies(kind string) bool {
	return len(o.path) > 0 && (o.in == nil || o.in(kind))
}

// objectFinder returns an event's object, a part of its payload.
type objectFinder func(*Raw) ([]byte, error)

// find returns the object in an event's payload. An envelope without one is an
// error and not an object of zeros.
func (o *objectRule) find(provider string, raw *Raw) ([]byte, error) {
	if !o.applies(raw.Object) {
		return raw.Payload, nil
	}
	value := raw.Payload
	for _, name := range o.path {
		if value = memberOf(value, name); value == nil {
			return nil, &Error{
				Provider: provider, Reason: ErrPayload, Detail: "the event has no " + strings.Join(o.path, "."),
				Hint: "OnEnvelope takes the whole body",
			}
		}
	}
	return value, nil
}

// isEnvelope reports whether t takes the members of the envelope, so that decoding
// an object into it would leave it empty without an error.
func (o *objectRule) isEnvelope(t reflect.Type) bool {
	names := jsonNames(t)
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	if has("type") && has("data") {
		return true
	}
	if len(o.path) == 0 || !has(o.path[0]) {
		return false
	}
	return has(o.typ) || !slices.ContainsFunc(names, func(n string) bool {
		return !strings.EqualFold(n, o.path[0]) && !slices.ContainsFunc(o.members, func(m string) bool { return strings.EqualFold(m, n) })
	})
}

var (
	eventDecoderType = reflect.TypeFor[EventDecoder]()
	unmarshalerType  = reflect.TypeFor[json.Unmarshaler]()
)

// jsonNames returns the members that encoding/json takes for a t. Of a type that
// decodes itself only the tags say what it takes; one that takes the event as it is
// has none.
func jsonNames(t reflect.Type) (names []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(eventDecoderType) {
		return nil
	}
	tagsOnly := reflect.PointerTo(t).Implements(unmarshalerType)
	for _, f := range structs.Fields(t) {
		switch name := jsonName(f); {
		case f.Tag.Get("json") == "-" || !f.IsExported() || inNamed(t, f.Index):
		case name != "":
			names = append(names, name)
		case !f.Anonymous && !tagsOnly:
			names = append(names, f.Name)
		}
	}
	return names
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// inNamed reports whether the field at index is promoted from an embedded struct
// that is a member of its own to encoding/json.
func inNamed(t reflect.Type, index []int) bool {
	for n := 1; n < len(index); n++ {
		if jsonName(t.FieldByIndex(index[:n])) != "" {
			return true
		}
	}
	return false
}
