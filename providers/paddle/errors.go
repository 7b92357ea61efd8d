package paddle

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// refusal is {"error": {…}, "meta": {"request_id"}} ("Errors", Paddle developer docs).
type refusal struct {
	Error struct {
		Type   string `json:"type"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Errors []struct {
			Field   string `json:"field"`
			Message string `json:"message"`
		} `json:"errors"`
	} `json:"error"`
	Meta Meta `json:"meta"`
}

// decodeError reads a refusal. Its message names the fields that are wrong.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	var said refusal
	if json.Unmarshal(body, &said) != nil || said.Error.Code == "" {
		return client.DecodeError(status, h, body)
	}
	texts := []string{said.Error.Detail}
	for _, e := range said.Error.Errors {
		texts = append(texts, strings.TrimPrefix(e.Field+": "+e.Message, ": "))
	}
	d := client.ErrorDetail{
		Code: said.Error.Code, Type: said.Error.Type, Message: strings.Trim(strings.Join(texts, "; "), "; "),
		RequestID: said.Meta.RequestID,
	}
	if wrongKey(status, d.Code) {
		d.Status = http.StatusUnauthorized
	}
	return d
}

// unauthorized reports whether the key is not valid, or not any more: Paddle says so with
// a 403.
func unauthorized(status int, h http.Header, body []byte) bool {
	return wrongKey(status, decodeError(status, h, body).Code)
}

func wrongKey(status int, code string) bool {
	if status != http.StatusForbidden {
		return false
	}
	switch code {
	case "authentication_missing", "authentication_malformed", "invalid_token":
		return true
	}
	return false
}
