package x

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"path"

	"github.com/standpipe-go/standpipe/client"
)

// Problem is what X says of a part that it could not give, beside the data of a response
// ("Partial errors", X docs): a post that was deleted, an author who is suspended.
// errors.Is matches what it means, as it does with an error of package client.
type Problem struct {
	Type         string `json:"type"` // "https://api.twitter.com/2/problems/resource-not-found"
	Title        string `json:"title"`
	Detail       string `json:"detail"`
	Status       int    `json:"status"`
	Value        string `json:"value"` // what was asked for
	Parameter    string `json:"parameter"`
	ResourceID   string `json:"resource_id"`
	ResourceType string `json:"resource_type"`
	Section      string `json:"section"`
}

// Error is what X says.
func (p *Problem) Error() string {
	return "x: " + cmp.Or(p.Detail, p.Title, p.kind(), "a part is missing")
}

// Unwrap returns the sentinel that stands for the kind of problem, nil for none.
func (p *Problem) Unwrap() error {
	switch p.status() {
	case http.StatusNotFound:
		return client.ErrNotFound
	case http.StatusForbidden:
		return client.ErrForbidden
	case http.StatusUnauthorized:
		return client.ErrUnauthorized
	case http.StatusConflict:
		return client.ErrConflict
	case http.StatusBadRequest:
		return client.ErrBadRequest
	case http.StatusServiceUnavailable:
		return client.ErrUnavailable
	}
	return nil
}

// kind is the last part of the type: "resource-not-found".
func (p *Problem) kind() string {
	if p.Type == "" || p.Type == "about:blank" {
		return ""
	}
	return path.Base(p.Type)
}

// status is the status that the problem would have by itself (X's API description 2.159,
// Problem). 0 is none.
func (p *Problem) status() int {
	switch p.kind() {
	case "resource-not-found":
		return http.StatusNotFound
	case "not-authorized-for-resource", "not-authorized-for-field", "client-forbidden", "disallowed-resource":
		return http.StatusForbidden
	case "unsupported-authentication":
		return http.StatusForbidden
	case "invalid-request", "invalid-rules":
		return http.StatusBadRequest
	case "conflict", "duplicate-rules":
		return http.StatusConflict
	case "resource-unavailable":
		return http.StatusServiceUnavailable
	case "usage-capped":
		return 0 // waiting does not cure it
	}
	return p.Status
}

// usageCapped is the kind of a 429 that says that what was paid for is used up.
const usageCapped = "usage-capped"

func hint(status int, _ http.Header, body []byte) client.Hint {
	if status == http.StatusTooManyRequests {
		if p, ok := problemIn(body); ok && p.kind() == usageCapped {
			return client.NotThrottled
		}
	}
	return client.NoHint
}

// failed finds a success that holds errors and nothing else: a user who is not there.
func failed(_ int, _ http.Header, body []byte) bool {
	if !bytes.Contains(body, []byte(`"errors"`)) {
		return false
	}
	var r struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	return json.Unmarshal(body, &r) == nil && len(r.Errors) > 0 && (len(r.Data) == 0 || string(r.Data) == "null")
}

// problemIn is the problem that a body is, or the first that it holds.
func problemIn(body []byte) (Problem, bool) {
	var r struct {
		Problem
		Errors []Problem `json:"errors"`
	}
	if json.Unmarshal(body, &r) != nil {
		return Problem{}, false
	}
	if r.Type == "" && r.Title == "" && len(r.Errors) > 0 {
		return r.Errors[0], true
	}
	return r.Problem, r.Type != "" || r.Title != ""
}

// decodeError reads a problem, the last part of whose type is its code. The older form of
// errors has a number.
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	d := client.DecodeError(status, h, body)
	p, ok := problemIn(body)
	if !ok {
		return d
	}
	d.Code, d.Type = cmp.Or(d.Code, p.kind()), cmp.Or(d.Type, p.Type)
	d.Message = cmp.Or(d.Message, p.Detail, p.Title)
	if status < 300 {
		d.Status = p.status()
	}
	return d
}
