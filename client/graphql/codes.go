package graphql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/jsonscan"
)

// Codes says which status a service's error codes stand for, so that client's sentinels
// match them: {"SHOP_FROZEN": 403}. Codes are compared without regard to case, with "-"
// and "_" as one. The common ones are known beside them, and nil knows no others.
type Codes map[string]int

// common are the codes of Apollo Server, GitHub, Shopify, Braintree, Hasura and others.
// What is not among them is of the service's own, and only that it failed is known.
func common(code string) int {
	switch code {
	case "BAD_REQUEST", "BAD_USER_INPUT", "INVALID_INPUT", "VALIDATION", "VALIDATION_ERROR", "VALIDATION_FAILED",
		"UNPROCESSABLE", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE",
		"MAX_COST_EXCEEDED", "PARSE_FAILED", "UNSUPPORTED_CLIENT":
		return http.StatusBadRequest
	case "UNAUTHENTICATED", "UNAUTHORIZED", "AUTHENTICATION", "AUTHENTICATION_ERROR", "INVALID_JWT", "NOT_AUTHENTICATED":
		return http.StatusUnauthorized
	case "FORBIDDEN", "ACCESS_DENIED", "AUTHORIZATION", "PERMISSION_DENIED", "INSUFFICIENT_SCOPES", "NOT_AUTHORIZED":
		return http.StatusForbidden
	case "NOT_FOUND":
		return http.StatusNotFound
	case "CONFLICT", "STALE_DATA":
		return http.StatusConflict
	case "RATE_LIMITED", "RATELIMITED", "RATE_LIMIT", "RATE_LIMIT_EXCEEDED", "THROTTLED", "TOO_MANY_REQUESTS", "RESOURCE_LIMIT", "RESOURCE_LIMITS_EXCEEDED":
		return http.StatusTooManyRequests
	case "INTERNAL", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR":
		return http.StatusInternalServerError
	case "SERVICE_AVAILABILITY", "SERVICE_UNAVAILABLE", "UNAVAILABLE":
		return http.StatusServiceUnavailable
	case "TIMEOUT", "GATEWAY_TIMEOUT":
		return http.StatusGatewayTimeout
	}
	return 0
}

var folding = strings.NewReplacer("-", "_", " ", "_")

func fold(code string) string { return strings.ToUpper(folding.Replace(code)) }

// Status returns the status that a code stands for, 0 where none is known.
func (c Codes) Status(code string) int {
	if s, ok := c[code]; ok {
		return s
	}
	folded := fold(code)
	for own, status := range c {
		if fold(own) == folded {
			return status
		}
	}
	return common(folded)
}

// Profile returns p with what makes the stack see GraphQL's errors, also under
// [client.Client.Do] and an SDK: Failed, Throttled, DecodeError and LookInSuccess. A
// function that p has already is asked first. Only a response without data counts as
// failed, be it an object of nulls: one with both is [Do]'s to tell. A throttle is one
// only where no error stands below a field of the operation, which may have been
// executed then.
func (c Codes) Profile(p client.Profile) client.Profile {
	failed, throttled, decode := p.Failed, p.Throttled, p.DecodeError
	p.LookInSuccess = true
	p.Failed = func(status int, h http.Header, body []byte) bool {
		return failed != nil && failed(status, h, body) || fails(body)
	}
	p.Throttled = func(status int, h http.Header, body []byte) bool {
		return throttled != nil && throttled(status, h, body) || c.throttles(body)
	}
	p.DecodeError = func(status int, h http.Header, body []byte) client.ErrorDetail {
		if b, _ := responseIn(body); len(b.Errors) > 0 {
			d := c.detail(b.Errors)
			d.RequestID = b.requestID()
			if status >= 300 {
				d.Status = 0 // the response's own says it
			}
			return d
		}
		if decode != nil {
			return decode(status, h, body)
		}
		return client.DecodeError(status, h, body)
	}
	return p
}

// ErrorsIn returns the errors of a response's body, nil where there is data beside them
// or the body is none of GraphQL: for what a [client.Profile] has to say of a service's
// own. Data is whatever is not null.
func ErrorsIn(body []byte) []Detail {
	b, ok := responseIn(body)
	if !ok || b.partial() {
		return nil
	}
	return b.Errors
}

// fails reports whether a body has errors and no data.
func fails(body []byte) bool { return ErrorsIn(body) != nil }

// throttles reports whether a body without data has an error that is a throttle, and
// none of something that was begun.
func (c Codes) throttles(body []byte) bool {
	found := false
	for _, d := range ErrorsIn(body) {
		if len(d.Path) > 1 {
			return false
		}
		found = found || c.Status(d.Code()) == http.StatusTooManyRequests
	}
	return found
}

// responseIn reads a body, of which a profile is shown no more than its first 64 KiB. One
// that is longer is left to [Do], which reads it whole.
func responseIn(body []byte) (b response, ok bool) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	err := jsonscan.Tolerant.Object(body, func(m jsonscan.Member) {
		switch string(m.Name) {
		case "data":
			b.Data = m.Value
		case "extensions":
			b.Extensions = m.Value
		case "errors":
			ok = json.Unmarshal(m.Value, &b.Errors) == nil && len(b.Errors) > 0
		}
	})
	return b, ok && err == nil
}

// detail is what a list of errors says to a client: the first whose code stands for a
// status, a throttle before all, else the first.
func (c Codes) detail(list []Detail) client.ErrorDetail {
	found, status := list[0], 0
	for _, d := range list {
		s := c.Status(d.Code())
		if s != 0 && (status == 0 || s == http.StatusTooManyRequests && status != s) {
			found, status = d, s
		}
	}
	text := found.Message
	if more := len(list) - 1; more > 0 {
		text = fmt.Sprintf("%s (and %d more)", text, more)
	}
	return client.ErrorDetail{Code: found.Code(), Type: found.Type, Message: text, Status: status}
}
