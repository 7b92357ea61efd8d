package oauthflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/internal/exactjson"
)

var (
	errNotParams = errors.New("neither a JSON object nor form parameters")
	errTwice     = errors.New("a member is given twice") // RFC 6749 section 3.2
)

// parseParams reads a response by what it is, not by its Content-Type: JSON is
// sent as text/plain, and GitHub's default is form parameters. Names are
// case-sensitive.
func parseParams(body []byte) (map[string]any, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return nil, nil
	}
	if body[0] == '{' {
		m, ok := decodeObject(body)
		if !ok {
			return nil, errNotParams // the decoder's own text quotes the body
		}
		if countMembers(body) != len(m) {
			return nil, errTwice
		}
		return m, nil
	}
	if bytes.ContainsAny(body, "<>[]{} \t\r\n\"") {
		return nil, errNotParams
	}
	v, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errNotParams
	}
	m := make(map[string]any, len(v))
	for k := range v {
		if len(v[k]) > 1 {
			return nil, errTwice
		}
		m[k] = v.Get(k)
	}
	return m, nil
}

// decodeObject decodes a JSON object as encoding/json does, but for numbers that
// a float64 would change.
func decodeObject(body []byte) (map[string]any, bool) {
	var m map[string]any
	ok := exactjson.Unmarshal(body, &m)
	exactjson.Floats(m)
	return m, ok
}

// countMembers counts the members of a JSON object that has been decoded before,
// and is valid therefore.
func countMembers(object []byte) int {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // {
	n := 0
	for ; d.More(); n++ {
		var value json.RawMessage
		_, _ = d.Token() // neither fails on what is valid
		_ = d.Decode(&value)
	}
	return n
}

func textMember(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// numberMember reads a number that may have been sent as text, or with a
// fraction.
func numberMember(m map[string]any, name string) (float64, bool) {
	switch v := m[name].(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}
