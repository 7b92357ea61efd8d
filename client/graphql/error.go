package graphql

import (
	"encoding/json"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
)

// Error is what a service says in the errors of a response. It unwraps to the
// [*client.Error] of the call, so that client's sentinels, its ledger and its request ID
// are those of any other failure.
type Error struct {
	// Errors are the service's, in its order; there is at least one. Their text may
	// repeat what was sent, so that an Error is printed and encoded without them.
	Errors []Detail `json:"-"`

	// Partial says that there is data beside them.
	Partial bool

	call *client.Error
	data json.RawMessage
}

// Detail is one error (GraphQL, October 2021, section 7.1.2). What it holds is the
// service's own text, unquoted, and may be personal.
type Detail struct {
	Message    string                     `json:"message"`
	Path       []any                      `json:"path"` // of the field: names and, as float64, indices
	Type       string                     `json:"type"` // GitHub's
	Extensions map[string]json.RawMessage `json:"extensions"`
}

// UnmarshalJSON takes what it can: a member of another type than the specification gives
// it is left empty, so that no error hides behind its own form.
func (d *Detail) UnmarshalJSON(text []byte) error {
	*d = Detail{}
	var m map[string]json.RawMessage
	if json.Unmarshal(text, &m) != nil {
		var message string // which some gateways send in place of an object
		_ = json.Unmarshal(text, &message)
		d.Message = message
		return nil
	}
	_ = json.Unmarshal(m["message"], &d.Message)
	_ = json.Unmarshal(m["path"], &d.Path)
	_ = json.Unmarshal(m["type"], &d.Type)
	_ = json.Unmarshal(m["extensions"], &d.Extensions)
	return nil
}

// Code is the service's code for it: extensions.code, else extensions.errorClass
// (Braintree), extensions.type or the error's own type (GitHub); "" where there is none.
func (d Detail) Code() string {
	for _, name := range []string{"code", "errorClass", "type"} {
		var s string
		if json.Unmarshal(d.Extensions[name], &s) == nil && s != "" {
			return s
		}
	}
	return d.Type
}

// Error is the call's, which has the first error's code and message.
func (e *Error) Error() string { return e.call.Error() }

// GoString is Error, quoted.
func (e *Error) GoString() string { return fmt.Sprintf("graphql.Error(%q)", e.Error()) }

// Unwrap returns the [*client.Error].
func (e *Error) Unwrap() error { return e.call }

// DecodeData decodes the data beside the errors into what v points to, for data that Do's
// T did not take. The error matches client.ErrEmptyBody where there is none.
func (e *Error) DecodeData(v any) error {
	if !e.Partial {
		return fmt.Errorf("graphql: %w: there is no data beside the errors", client.ErrEmptyBody)
	}
	if err := json.Unmarshal(e.data, v); err != nil {
		return fmt.Errorf("graphql: %w: the data does not fit a %T", client.ErrDecode, v)
	}
	return nil
}
