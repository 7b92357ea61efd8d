package github

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// fieldError is what is wrong with one field ("Troubleshooting the REST API", GitHub
// docs, "Validation Failed").
type fieldError struct {
	Resource string `json:"resource"`
	Field    string `json:"field"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// decodeError reads {"message", "errors"}. GitHub has codes for the errors of fields
// alone; the first is the error's. The message names the fields, without their values.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	if status < 300 {
		return inGraphQL.DecodeError(status, h, body)
	}
	d := client.DecodeError(status, h, body)
	var said struct {
		Message string            `json:"message"`
		Errors  []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil || said.Message == "" {
		return d
	}
	var wrong []string
	for _, raw := range said.Errors {
		var e fieldError
		if json.Unmarshal(raw, &e.Message) != nil && json.Unmarshal(raw, &e) != nil {
			continue
		}
		if text := e.text(); text != "" {
			wrong = append(wrong, text)
		}
	}
	d.Message = said.Message
	if len(wrong) > 0 {
		d.Message += ": " + strings.Join(wrong, "; ")
	}
	return d
}

// text is "Issue.title is missing_field", or what GitHub says in words.
func (e *fieldError) text() string {
	place := strings.Trim(e.Resource+"."+e.Field, ".")
	switch {
	case e.Message != "" && place != "" && !strings.Contains(e.Message, place):
		return place + ": " + e.Message
	case e.Message != "":
		return e.Message
	case place != "" && e.Code != "":
		return place + ": " + e.Code
	}
	return place + e.Code
}
