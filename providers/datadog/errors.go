package datadog

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// refused is all that Datadog says, with a 403, of a key that is not valid ("Validate API
// key", Datadog's description). Of what a valid key may not do it says more.
const refused = "Forbidden"

// said is an error body: {"errors": ["…"]}, {"errors": [{"title", "detail"}]}, or, of a
// query, {"errors": "…"} and {"status": "error", "error": "…"}.
type said struct {
	Errors json.RawMessage `json:"errors"`
	Error  string          `json:"error"`
	Data   json.RawMessage `json:"data"`
	Meta   struct {
		RequestID string `json:"request_id"`
	} `json:"meta"`
}

// oneError is an error of a list, a text or an object (JSON:API 1.1, "Error Objects").
type oneError struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Source struct {
		Pointer string `json:"pointer"`
	} `json:"source"`
}

// read returns what a body says, nil if it is no error of Datadog's.
func (s *said) read(body []byte) []string {
	if !bytes.Contains(body, []byte(`"error`)) || json.Unmarshal(body, s) != nil {
		return nil
	}
	var texts []string
	var list []json.RawMessage
	if json.Unmarshal(s.Errors, &list) != nil {
		list = []json.RawMessage{s.Errors}
	}
	for _, raw := range list {
		var e oneError
		if json.Unmarshal(raw, &e.Title) != nil {
			_ = json.Unmarshal(raw, &e) // what is neither says nothing
		}
		texts = append(texts, e.text())
	}
	texts = append(texts, s.Error)
	return slices.DeleteFunc(texts, func(text string) bool { return text == "" })
}

func (e *oneError) text() string {
	parts := []string{e.Source.Pointer, e.Title, e.Detail}
	return strings.Join(slices.DeleteFunc(slices.Compact(parts), func(part string) bool { return part == "" }), ": ")
}

// failed finds an error in a success. A list beside data is a part of the result.
func failed(_ int, _ http.Header, body []byte) bool {
	var s said
	if len(s.read(body)) == 0 {
		return false
	}
	return !bytes.HasPrefix(s.Errors, []byte{'['}) || len(s.Data) == 0 || string(s.Data) == "null"
}

func unauthorized(status int, _ http.Header, body []byte) bool {
	return status == http.StatusForbidden && invalidKey(new(said).read(body))
}

// invalidKey reports whether an error says that a key is not valid.
func invalidKey(texts []string) bool {
	if len(texts) != 1 {
		return false
	}
	text := strings.ToLower(texts[0])
	return texts[0] == refused || strings.Contains(text, "api key") && strings.Contains(text, "invalid")
}

func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var s said
	texts := s.read(body)
	if len(texts) == 0 {
		return client.DecodeError(status, h, body)
	}
	d := client.ErrorDetail{Message: strings.Join(texts, "; "), RequestID: s.Meta.RequestID}
	switch {
	case status == http.StatusForbidden && invalidKey(texts):
		d.Status = http.StatusUnauthorized
	case status < 300:
		d.Status = http.StatusBadRequest
	}
	return d
}
