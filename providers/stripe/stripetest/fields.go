package stripetest

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"
)

// What an object's fields are, and which parameters an operation knows, is read off the
// SDK's own types.

// assign copies the parameters that are fields of the object's type into it, each in the
// type that the field has.
func assign(o object, params map[string]any, of reflect.Type) *failure {
	for name, value := range params {
		field, ok := fieldOf(of, "json", name)
		if !ok || name == "id" || name == "object" {
			continue
		}
		if name == "metadata" {
			merge(o, value)
			continue
		}
		if given, ok := value.(string); ok && name == "currency" {
			value = strings.ToLower(given) // as Stripe answers it
		}
		made, ok := typed(value, field.Type, quoted(field))
		if !ok {
			return invalid(name, "parameter_invalid_integer", "Invalid value for "+name+".")
		}
		o[name] = made
	}
	return nil
}

// merge changes metadata as Stripe does: an empty value takes a name away, and an empty
// hash all of them.
func merge(o object, value any) {
	had, _ := o["metadata"].(map[string]any)
	all := map[string]any{}
	for name, v := range had {
		all[name] = v
	}
	given, ok := value.(map[string]any)
	if !ok {
		all = map[string]any{}
	}
	for name, v := range given {
		if all[name] = v; v == "" {
			delete(all, name)
		}
	}
	o["metadata"] = all
}

// quoted reports whether a number is a string in JSON, as Stripe's decimals are.
func quoted(f reflect.StructField) bool { return strings.HasSuffix(f.Tag.Get("json"), ",string") }

// typed is a parameter as a JSON value of the type.
func typed(value any, t reflect.Type, quoted bool) (any, bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text, isText := value.(string)
	switch {
	case isText && text == "":
		return nil, true // takes the value away
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		return b, err == nil && isText
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && isText
	case t.Kind() == reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if quoted {
			return text, err == nil
		}
		return n, err == nil
	case t.Kind() == reflect.Struct:
		if isText {
			return text, true // the ID of an object
		}
		hash, ok := value.(map[string]any)
		if !ok {
			return value, true
		}
		out := map[string]any{}
		for name, inner := range hash {
			field, known := fieldOf(t, "json", name)
			if !known {
				continue
			}
			made, ok := typed(inner, field.Type, strings.HasSuffix(field.Tag.Get("json"), ",string"))
			if !ok {
				return nil, false
			}
			out[name] = made
		}
		return out, true
	case t.Kind() == reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return nil, false
		}
		out := make([]any, len(list))
		for i, inner := range list {
			if out[i], ok = typed(inner, t.Elem(), quoted); !ok {
				return nil, false
			}
		}
		return out, true
	}
	return value, true
}

// fieldOf finds the field with this name in a tag.
func fieldOf(t reflect.Type, tag, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if have, _, _ := strings.Cut(f.Tag.Get(tag), ","); have == name && !f.Anonymous {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// everywhere are parameters that no field stands for.
var everywhere = []string{"expand", "ending_before", "starting_after", "limit", "page", "query"}

// unknown returns a parameter that the operation's type of the SDK does not have.
func unknown(params map[string]any, of reflect.Type) string {
	for name := range params {
		if _, ok := fieldOf(of, "form", name); !ok && !slices.Contains(everywhere, name) {
			return name
		}
	}
	return ""
}

// number is a parameter that is an integer.
func number(params map[string]any, name string) (n int64, given bool, wrong *failure) {
	text, _ := params[name].(string)
	if text == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, true, invalid(name, "parameter_invalid_integer", "Invalid integer: "+text)
	}
	return n, true, nil
}

func text(params map[string]any, name string) string {
	s, _ := params[name].(string)
	return s
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// version is what every response says.
const version = sdk.APIVersion
