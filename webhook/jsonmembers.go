package webhook

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// readMembers fills the struct that into points to from those members of the
// object in body that bear its fields' names; ok is false unless body is
// exactly one valid JSON object and each of them fits. An envelope is a few
// short members of a large object, so that this costs a fraction of having
// encoding/json build from the whole. Names are compared exactly; of a repeated
// member the last counts.
func readMembers(body []byte, into any) (ok bool) {
	v := reflect.ValueOf(into).Elem()
	var room [8]string
	names := memberNames(room[:0], v.Type())
	fits := true
	err := jsonscan.Tolerant.Object(body, func(m jsonscan.Member) {
		for i, name := range names {
			if string(m.Name) == name {
				fits = readMember(m.Value, v.Field(i).Addr().Interface()) == nil && fits
			}
		}
	})
	return err == nil && fits
}

func readMember(value []byte, into any) error {
	if u, ok := into.(json.Unmarshaler); ok {
		return u.UnmarshalJSON(value)
	}
	return json.Unmarshal(value, into)
}

// memberNames appends the names that encoding/json gives to the fields of a
// struct.
func memberNames(names []string, t reflect.Type) []string {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		names = append(names, name)
	}
	return names
}

// memberOf returns the last value of a member of the object in text; nil if there
// is none or text is not an object.
func memberOf(text []byte, name string) (value []byte) {
	err := jsonscan.Tolerant.Prefix(text, func(m jsonscan.Member) {
		if string(m.Name) == name {
			value = m.Value
		}
	})
	if err != nil {
		return nil
	}
	return value
}
