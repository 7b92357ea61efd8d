package strictjson

import "github.com/standpipe-go/standpipe/internal/jsonscan"

// MaxDepth is how deep arrays and objects may nest, the outermost counted as 1.
const MaxDepth = jsonscan.MaxDepth

// What is wrong with a refused document. They are returned unwrapped and hold
// nothing of the document.
var (
	ErrSyntax    = jsonscan.ErrSyntax
	ErrType      = jsonscan.ErrType
	ErrDuplicate = jsonscan.ErrDuplicate
	ErrDepth     = jsonscan.ErrDepth
	ErrEncoding  = jsonscan.ErrEncoding
	ErrRange     = jsonscan.ErrRange
)

// Member is one member of an object, or with [Elements] one element of an array.
type Member = jsonscan.Member

// Object checks data, which must be one JSON object, and appends its members to
// dst in the order of the text. The members are not usable when there is an
// error.
func Object(data []byte, dst []Member) ([]Member, error) {
	if err := jsonscan.Strict.Object(data, func(m Member) { dst = append(dst, m) }); err != nil {
		return nil, err
	}
	return dst, nil
}

// Array checks data, which must be one JSON array, and returns the texts of its
// elements.
func Array(data []byte) ([][]byte, error) {
	elements := [][]byte{}
	if err := jsonscan.Strict.Array(data, func(m Member) { elements = append(elements, m.Value) }); err != nil {
		return nil, err
	}
	return elements, nil
}

// Elements is [Array] with the offsets of the elements: it appends them to dst, as
// members without names.
func Elements(data []byte, dst []Member) ([]Member, error) {
	if err := jsonscan.Strict.Array(data, func(m Member) { dst = append(dst, m) }); err != nil {
		return nil, err
	}
	return dst, nil
}

// Check checks data, which must be one JSON value of any type.
func Check(data []byte) error { return jsonscan.Strict.Check(data) }

// String returns the string that value, as found in a [Member] or by [Array],
// stands for, and whether it is a string at all.
func String(value []byte) (string, bool) { return jsonscan.String(value) }
