package postmark

import (
	"bytes"
	"encoding/json"
	"strings"
)

// ID is an identifier of Postmark's, as text. In JSON it is a number where it has
// digits alone.
type ID string

// MarshalJSON writes a number, or else a string.
func (id ID) MarshalJSON() ([]byte, error) {
	if id != "" && len(id) < 20 && id[0] != '0' && strings.Trim(string(id), "0123456789") == "" {
		return []byte(id), nil
	}
	return json.Marshal(string(id))
}

// UnmarshalJSON takes a number, a string or null.
func (id *ID) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		return json.Unmarshal(text, (*string)(id))
	}
	var n json.Number
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	*id = ID(n)
	return nil
}
