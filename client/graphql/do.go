package graphql

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// Request is one operation. Only Query is required.
type Request struct {
	// Path is where the service is, relative to the client's base URL; "" is the base URL
	// itself.
	Path string

	// Query is the document: one operation, or several of which OperationName says which.
	// It may be "" only where Extensions name a document that the service has.
	Query string

	// Variables are encoded as a JSON object. Nil sends none.
	Variables any

	// OperationName names the operation to execute, where Query has several. Errors and
	// logs then show it with the path.
	OperationName string

	// Extensions are encoded as a JSON object, for services that take some, such as
	// persisted queries. Nil sends none.
	Extensions any

	// Codes are the service's own error codes, beside the common ones.
	Codes Codes
}

// accepted is what Do asks for: the media type of GraphQL over HTTP, and the one before
// it.
const accepted = "application/graphql-response+json, application/json;q=0.9"

// Do executes an operation and decodes its data into a T. An edit may change the request
// before it is sent: give it a weight by the points that it costs, a timeout, a Meta.
//
// Every error of the service is an [*Error], which unwraps to a [*client.Error] and
// matches its sentinels. Where there are errors and data both, the T has what data there
// is. A document that holds no operation of that name, or whose operation is a
// subscription, is an error that matches client.ErrRequest, before anything is sent. Do
// is safe for concurrent use.
func Do[T any](ctx context.Context, c *client.Client, r Request, edit ...func(*client.Request)) (T, error) {
	x, err := r.ready(edit)
	if err != nil {
		var zero T
		return zero, refuse(ctx, c, r.place(), err)
	}
	body, err := client.Call[response](ctx, c, x.request)
	return settle[T](x, body, err)
}

// exchange is a request that is ready, with what its response is judged by.
type exchange struct {
	request client.Request
	kind    kind
	codes   Codes
	field   string // of the data, that is to be decoded
}

// ready is the exchange of r. Its request has a Meta.
func (r *Request) ready(edit []func(*client.Request)) (exchange, error) {
	req, k, err := r.request()
	if err != nil {
		return exchange{}, err
	}
	for _, f := range edit {
		f(&req)
	}
	if req.Meta == nil {
		req.Meta = new(client.Meta)
	}
	return exchange{request: req, kind: k, codes: r.Codes}, nil
}

// refuse is the error of a request that is not sent, as the client has it.
func refuse(ctx context.Context, c *client.Client, place string, why error) error {
	op := client.Op[client.None, client.None]{
		Method: http.MethodPost, Route: place, Encode: func(client.None, *client.Request) error { return why },
	}
	_, err := op.Do(ctx, c, client.None{})
	return err
}

// settle is what a call has come to, of which the client has said body and err.
func settle[T any](x exchange, body response, err error) (T, error) {
	var data, zero T
	meta := x.request.Meta
	if err != nil {
		err = refused(err, x.kind)
		if e, ok := errors.AsType[*Error](err); ok && e.Partial {
			if found := member(e.data, x.field); found == nil || json.Unmarshal(found, &data) != nil {
				data = zero // DecodeData has what did not fit
			}
		}
		return data, err
	}
	if body.empty() {
		return zero, unlike(meta, fmt.Errorf("%w: the response has neither data nor errors", client.ErrDecode))
	}
	has := body.hasData()
	found := member(body.Data, x.field)
	if len(body.Errors) > 0 {
		has = body.partial()
	}
	if has && found != nil {
		if err := json.Unmarshal(found, &data); err != nil {
			return zero, unlike(meta, fmt.Errorf("%w: %w", client.ErrDecode, misfit(data, err)))
		}
	}
	if len(body.Errors) == 0 {
		if !has {
			return zero, unlike(meta, fmt.Errorf("%w: the data is null, and no error says why", client.ErrEmptyBody))
		}
		if found == nil {
			return zero, unlike(meta, fmt.Errorf("%w: the data has no %s, and no error says why", client.ErrEmptyBody, x.field))
		}
		return data, nil
	}
	d := x.codes.detail(body.Errors)
	d.RequestID = body.requestID()
	failed := meta.Fail(d, nil)
	if x.kind == query {
		failed.Effect = client.NoEffect
	}
	return data, &Error{Errors: body.Errors, Partial: has, call: failed, data: body.Data}
}

// member is a member of an object, by the names on the way to it; nil where one of them
// is null or absent. "" is the object itself.
func member(object json.RawMessage, field string) json.RawMessage {
	for field != "" {
		var name string
		name, field, _ = strings.Cut(field, ".")
		var members map[string]json.RawMessage
		if json.Unmarshal(object, &members) != nil {
			return nil
		}
		object = members[name]
	}
	if bytes.Equal(object, []byte("null")) {
		return nil
	}
	return object
}

// unlike is the error of a response that is not what GraphQL has.
func unlike(m *client.Meta, err error) error { return m.Fail(client.ErrorDetail{}, err) }

// misfit says where the data does not fit, and never what it is.
func misfit(into any, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fmt.Errorf("the data does not fit a %T: its field %s is no %s", into, wrong.Field, wrong.Type)
	}
	return fmt.Errorf("the data does not fit a %T", into)
}

// request is r as the client sends it.
func (r *Request) request() (client.Request, kind, error) {
	k, err := operation(r.Query, r.OperationName)
	switch {
	case r.Query == "" && r.Extensions != nil: // the service knows the document by them
	case err != nil:
		return client.Request{}, k, fmt.Errorf("%w: %w", client.ErrRequest, err)
	case k == subscription:
		return client.Request{}, k, fmt.Errorf("%w: a subscription has no single response", client.ErrRequest)
	}
	req := client.Request{
		Method: http.MethodPost, Path: r.Path, Repeatable: k == query,
		Header: http.Header{"Accept": {accepted}},
		Body:   sent{r.Query, r.OperationName, r.Variables, r.Extensions},
	}
	if r.OperationName != "" {
		req.Route = r.place()
	}
	return req, k, nil
}

// place is how errors and logs call the operation.
func (r *Request) place() string {
	if r.OperationName == "" {
		return cmp.Or(r.Path, "/")
	}
	return cmp.Or(r.Path, "/") + "#" + r.OperationName
}

// sent is the body of a request (GraphQL over HTTP, section 5.1).
type sent struct {
	Query         string `json:"query,omitempty"`
	OperationName string `json:"operationName,omitempty"`
	Variables     any    `json:"variables,omitempty"`
	Extensions    any    `json:"extensions,omitempty"`
}

// response is the body of a response.
type response struct {
	Data       json.RawMessage `json:"data"`
	Errors     details         `json:"errors"`
	Extensions json.RawMessage `json:"extensions"`
}

// details are a list of errors, or the one that a gateway has put in its place.
type details []Detail

func (l *details) UnmarshalJSON(text []byte) error {
	var list []Detail
	if json.Unmarshal(text, &list) != nil {
		list = make([]Detail, 1)
		_ = json.Unmarshal(text, &list[0]) // which takes anything
	}
	*l = list
	return nil
}

func (b *response) hasData() bool {
	return len(b.Data) > 0 && !bytes.Equal(b.Data, []byte("null"))
}

// partial reports whether the data holds anything. Where each field of an operation has
// failed, and may be null, it is an object of nulls.
func (b *response) partial() bool {
	var fields map[string]json.RawMessage
	if !b.hasData() || json.Unmarshal(b.Data, &fields) != nil {
		return b.hasData()
	}
	for _, value := range fields {
		if !bytes.Equal(value, []byte("null")) {
			return true
		}
	}
	return len(fields) == 0
}

// requestID is what some services name in the extensions, and in no header: Braintree.
func (b *response) requestID() string {
	var said struct {
		RequestID string `json:"requestId"`
	}
	_ = json.Unmarshal(b.Extensions, &said) // which may be anything
	return said.RequestID
}

func (b *response) empty() bool { return b.Data == nil && b.Errors == nil }

// refused is the error of a call that the client has judged, with what the body of the
// response says.
func refused(err error, k kind) error {
	failed, ok := errors.AsType[*client.Error](err)
	if !ok {
		return err
	}
	if k == query { // the method alone has said that it might have changed something
		failed.Effect = client.NoEffect
	}
	var body response
	if failed.DecodeBody(&body) != nil || len(body.Errors) == 0 {
		return err
	}
	return &Error{Errors: body.Errors, Partial: body.partial(), call: failed, data: body.Data}
}
