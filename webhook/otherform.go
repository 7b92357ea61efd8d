package webhook

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
)

// otherForm says which of a scheme's payloads are never JSON. The zero value is for
// those that may be.
type otherForm struct {
	is  string // such as "XML"; empty: JSON, or not known
	of  string // the one type, and kind of envelope, that has it; empty: all
	use string // what T may be beside json.RawMessage and []byte
}

// holds reports whether every event of the type or kind of envelope has this form. A
// pattern that matches others as well does not say.
func (f *otherForm) holds(pattern string) bool {
	return f.is != "" && (f.of == "" || f.of == pattern)
}

// readers are the types that are filled without encoding/json, as decode has them.
var readers = []reflect.Type{
	reflect.TypeFor[struct{}](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[[]byte](), reflect.TypeFor[url.Values](),
}

// needsJSON reports whether decoding into a t takes JSON.
func needsJSON(t reflect.Type) bool {
	return !slices.Contains(readers, t) && !reflect.PointerTo(t).Implements(eventDecoderType)
}
