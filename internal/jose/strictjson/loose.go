package strictjson

import (
	"bytes"
	"encoding/json"
	"io"
)

// LooseObject takes the members of an object apart that holds things of strangers,
// such as a key set: data must be one JSON object by RFC 8259, but what the other
// functions refuse beyond that (duplicate names, depth, encoding, range) is not
// looked for, so that one odd member does not cost the others. It calls f with each
// member in the order of the text, the same name twice included; f has to check
// what it uses.
func LooseObject(data []byte, f func(name string, value []byte) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := delimiter(d, '{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return ErrSyntax
		}
		if err := f(name.(string), value); err != nil { // the decoder lets nothing else be a name
			return err
		}
	}
	return looseEnd(d)
}

// LooseArray is [LooseObject] for the elements of an array.
func LooseArray(data []byte) ([][]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := delimiter(d, '['); err != nil {
		return nil, err
	}
	var elements [][]byte
	for d.More() {
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, ErrSyntax
		}
		elements = append(elements, value)
	}
	return elements, looseEnd(d)
}

func delimiter(d *json.Decoder, want json.Delim) error {
	switch got, err := d.Token(); {
	case err != nil:
		return ErrSyntax
	case got != want:
		return ErrType
	}
	return nil
}

// looseEnd reads the closing delimiter and requires that nothing follows.
func looseEnd(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return ErrSyntax
	}
	if _, err := d.Token(); err != io.EOF {
		return ErrSyntax
	}
	return nil
}
