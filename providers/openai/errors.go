package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// quotaUsedUp is the code, and the type, of a 429 that waiting does not cure: the account
// has no money or its budget is spent ("Error codes", OpenAI docs).
const quotaUsedUp = "insufficient_quota"

func hint(status int, h http.Header, body []byte) client.Hint {
	if status == http.StatusTooManyRequests {
		if d := client.DecodeError(status, h, body); d.Code == quotaUsedUp || d.Type == quotaUsedUp {
			return client.NotThrottled
		}
	}
	return client.NoHint
}

// failed finds what comes with a 200 and is none: a response that could not be generated,
// and an error in place of any object, as compatible servers have it. A response that was
// made in the background is what its caller asks about, not what became of the call.
func failed(_ int, _ http.Header, body []byte) bool {
	if !bytes.Contains(body, []byte(`"failed"`)) && !hasError(body) {
		return false
	}
	var r struct {
		Object, Status string
		Background     bool
		Error          json.RawMessage
	}
	if lenient(json.Unmarshal(body, &r)) != nil {
		return false
	}
	if r.Object == "response" {
		return r.Status == "failed" && !r.Background
	}
	return r.Object == "" && says(r.Error)
}

// hasError reports whether there may be an error in a body. Most that OpenAI sends have
// one that is null: they are not to be read twice.
func hasError(body []byte) bool {
	for {
		_, after, found := bytes.Cut(body, []byte(`"error"`))
		if !found {
			return false
		}
		value, member := bytes.CutPrefix(bytes.TrimSpace(after), []byte(":"))
		if member && !bytes.HasPrefix(bytes.TrimSpace(value), []byte("null")) {
			return true
		}
		body = after
	}
}

// says reports whether an error says something: some servers send an empty one always.
func says(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil {
		return len(members) > 0
	}
	var text string
	return json.Unmarshal(raw, &text) == nil && text != ""
}

// decodeError reads OpenAI's error body, and that of a response that has failed.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	d := client.DecodeError(status, h, body)
	if status < 300 {
		d.Status = statusOf(d.Code, d.Type)
	}
	return d
}

// statusOf is the status that an error inside a 200 would have by itself ("Error codes",
// OpenAI docs; the codes of a response's error, API reference). 0 is none: an account
// without quota is nothing that one of the sentinels stands for.
func statusOf(code, kind string) int {
	for _, name := range []string{code, kind} {
		switch name {
		case quotaUsedUp:
			return 0
		case "rate_limit_exceeded", "rate_limit_error", "too_many_requests":
			return http.StatusTooManyRequests
		case "invalid_api_key", "authentication_error":
			return http.StatusUnauthorized
		case "permission_error", "insufficient_permissions":
			return http.StatusForbidden
		case "not_found_error", "model_not_found":
			return http.StatusNotFound
		case "server_is_overloaded", "slow_down", "service_unavailable":
			return http.StatusServiceUnavailable
		case "server_error", "internal_error", "vector_store_timeout", "api_error":
			return http.StatusInternalServerError
		case "invalid_request_error", "invalid_prompt", "context_length_exceeded", "data_residency_mismatch", "bio_policy",
			"failed_to_download_image", "empty_image_file", "unsupported_image_media_type":
			return http.StatusBadRequest
		}
		if strings.HasPrefix(name, "invalid_") || strings.HasPrefix(name, "image_") {
			return http.StatusBadRequest
		}
		if status, err := strconv.Atoi(name); err == nil && status >= 400 && status < 600 {
			return status // as OpenRouter has it
		}
	}
	return 0
}

// failure is an error as OpenAI states it inside something else.
type failure struct {
	Code    code   `json:"code"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

// detail is the failure as package client knows it; without a code of its own it has the
// one that is given.
func (f *failure) detail(without string) *client.ErrorDetail {
	return &client.ErrorDetail{
		Code: cmp.Or(string(f.Code), f.Type, without), Type: f.Type, Message: f.Message, Status: statusOf(string(f.Code), f.Type),
	}
}

// code is an error's code, for which a compatible server may have a number.
type code string

func (c *code) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case string(data) == "null":
	case json.Unmarshal(data, &text) == nil:
		*c = code(text)
	default:
		*c = code(bytes.TrimSpace(data))
	}
	return nil
}
