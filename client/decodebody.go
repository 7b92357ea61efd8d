package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// DecodeBody decodes the body of the response, an error's as a rule, as JSON into what
// v points to. It has the whole body, up to [DefaultMaxErrorBody] bytes, after its
// content encoding; nothing is left out of it, so it may be personal. The error is
// ErrEmptyBody where there was no response, or no body, or one too long to be kept, and
// ErrDecode where it does not fit; it does not quote the body. It is safe for concurrent
// use.
func (e *Error) DecodeBody(v any) error {
	if e.body == nil {
		return failf(ErrEmptyBody, "client: there is no body to decode")
	}
	return e.body(v)
}

// keep makes body, which has been read, that of an error, unless it is too long. It is
// kept in a function so that no way of printing an Error shows it.
func (e *Error) keep(body []byte, limit int64) {
	if len(body) == 0 || int64(len(body)) > limit {
		return
	}
	kept := bytes.Clone(withoutMark(body))
	e.body = func(v any) error {
		err := json.Unmarshal(kept, v)
		if err == nil {
			return nil
		}
		if misuse, ok := errors.AsType[*json.InvalidUnmarshalError](err); ok {
			return misuse
		}
		return unfit(fmt.Sprintf("client: the body of %d bytes does not fit a %T", len(kept), v), err)
	}
}

// unfit is the error of JSON that a value does not take. Of the decoder's own, which
// may quote the body, it keeps the place and the types.
func unfit(text string, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrong.Value, " ") // "number 1e400" holds the value
		return failWrap(ErrDecode, text, &json.UnmarshalTypeError{
			Value: kind, Type: wrong.Type, Offset: wrong.Offset, Struct: wrong.Struct, Field: wrong.Field,
		})
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return failf(ErrDecode, "%s: it is not JSON from byte %d on", text, syntax.Offset)
	}
	return failf(ErrDecode, "%s", text)
}
