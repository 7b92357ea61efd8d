package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// DecodeError reads the shapes of error body that most services use: RFC 9457,
// an "error" or the first of "errors" that is an object or a string (with
// OAuth's "error_description"), and a bare "message". A profile with a shape of
// its own may fall back on it. It never fails: what it cannot read is left empty.
func DecodeError(status int, h http.Header, body []byte) ErrorDetail {
	if contentType := h.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		if len(body) > 0 && strings.HasPrefix(lower(contentType), "text/plain") {
			return ErrorDetail{Message: strings.TrimSpace(string(body))}
		}
		return ErrorDetail{}
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil {
		return ErrorDetail{}
	}
	d := ErrorDetail{
		Code:      text(top, "code", "name", "error_code", "errorCode"),
		Type:      text(top, "type"),
		Message:   text(top, "message", "detail", "error_description", "error_message", "title"),
		RequestID: text(top, "request_id", "requestId"),
	}
	nested := top["error"]
	if nested == nil {
		var list []json.RawMessage
		if json.Unmarshal(top["errors"], &list) == nil && len(list) > 0 {
			nested = list[0]
		}
	}
	var s string
	if json.Unmarshal(nested, &s) == nil && s != "" {
		if d.Message == "" && strings.Contains(s, " ") {
			d.Message = s
		} else if d.Code == "" {
			d.Code = s
		}
		return d
	}
	var in map[string]json.RawMessage
	if json.Unmarshal(nested, &in) != nil {
		return d
	}
	d.Code = firstOf(text(in, "code", "error_code", "errorCode", "reason"), d.Code)
	d.Type = firstOf(text(in, "type", "status"), d.Type)
	d.Message = firstOf(text(in, "message", "detail", "long_message", "description"), d.Message)
	d.RequestID = firstOf(text(in, "request_id", "requestId"), d.RequestID)
	return d
}

// text returns the first of the names that holds a string or a number.
func text(m map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		raw, ok := m[name]
		if !ok {
			continue
		}
		var s string
		if json.Unmarshal(raw, &s) == nil && s != "" {
			return s
		}
		var n json.Number
		if json.Unmarshal(raw, &n) == nil && n != "" {
			return fmt.Sprint(n)
		}
	}
	return ""
}
