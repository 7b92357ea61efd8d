// Package exactjson decodes JSON as encoding/json does, but keeps the digits of
// numbers that a float64 would change: two users whose numeric IDs differ in the
// last digit stay two.
package exactjson

import (
	"bytes"
	"encoding/json"
	"math"
)

// Unmarshal decodes data into v, except that a number that goes into an interface
// becomes a [json.Number]. It reports whether data is JSON, without anything
// behind it, and fits v.
func Unmarshal(data []byte, v any) bool {
	if !json.Valid(data) { // looks behind the first value, which a Decoder does not
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v) == nil
}

// maxExact is 2⁵³: a float64 holds each integer up to here.
const maxExact = 1 << 53

// Floats turns the numbers within v, in place, into float64, as which encoding/json
// decodes them, but leaves a [json.Number] where that could be another number. It
// returns v, or what takes its place.
func Floats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = Floats(member)
		}
	case []any:
		for i, element := range v {
			v[i] = Floats(element)
		}
	case json.Number:
		if f, err := v.Float64(); err == nil && math.Abs(f) < maxExact {
			return f
		}
	}
	return v
}
