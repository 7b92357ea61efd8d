package sentry

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// decodeError reads Sentry's forms of an error: {"detail": "…"}, {"detail": {"code",
// "message"}}, {"error": "…"}, {"detail": "…", "causes": […]} of an envelope, and what is
// wrong with each field: {"version": ["This field is required."]}. The message names the
// fields.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	d := client.DecodeError(status, h, body)
	var said map[string]json.RawMessage
	if json.Unmarshal(body, &said) != nil {
		return d
	}
	var text string
	var coded struct {
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Causes  []string `json:"causes"`
	}
	switch {
	case json.Unmarshal(said["detail"], &text) == nil && text != "":
		d.Message = text
		if json.Unmarshal(said["causes"], &coded.Causes) == nil && len(coded.Causes) > 0 { // of an envelope
			d.Message += ": " + strings.Join(coded.Causes, ", ")
		}
	case json.Unmarshal(said["detail"], &coded) == nil && coded.Code+coded.Message != "":
		d.Code, d.Message = coded.Code, coded.Message
	case json.Unmarshal(said["error"], &text) == nil && text != "": // a text, and no code
		d.Code, d.Message = "", text
	case said["message"] == nil: // all fields, of which DecodeError names the first
		d.Message = cmp.Or(fieldErrors(said), d.Message)
	}
	return d
}

func fieldErrors(said map[string]json.RawMessage) string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(said)) {
		var each []string
		var one string
		if json.Unmarshal(said[name], &one) == nil && one != "" {
			each = []string{one}
		} else if json.Unmarshal(said[name], &each) != nil {
			continue
		}
		for _, text := range each {
			wrong = append(wrong, name+": "+text)
		}
	}
	return strings.Join(wrong, "; ")
}
