package graphql

import (
	"context"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// Op is one operation of a service, as a value: what [client.Op] is for a service whose
// operations have paths. Adapters list theirs in a [client.Operations]:
//
//	var GetShop = graphql.Op[ShopInput, Shop]{
//		Name: "shops.get", Path: "/graphql", Field: "shop",
//		Document: `query GetShop($id: ID!) { shop(id: $id) { name } }`,
//	}
//
//	shop, err := GetShop.Do(ctx, c, ShopInput{ID: "1"})
//
// An In encodes to the JSON object of the document's variables. With [client.None] there
// are none. Whether the operation is a query, which is repeated, or a mutation, which is
// not, stands in the document.
//
// An Op is read only and safe for concurrent use.
type Op[In, Out any] struct {
	// Name is what tables, fakes and tests call the operation: "shops.get".
	Name string

	// Path is where the service is, relative to the client's base URL.
	Path string

	// Document holds one operation, which has a name, and the fragments that it uses.
	// Errors and logs show the name: "/graphql#GetShop".
	Document string

	// Field is the member of the data that an Out is, by the names on the way to it:
	// "createShop.shop". "" is all of the data. One that is null, without an error to say
	// why, is an error that matches client.ErrEmptyBody.
	Field string

	// Codes are the service's own error codes, beside the common ones.
	Codes Codes

	// Repeatable says that a mutation may be made more than once, and Weight is what the
	// operation costs, as those of [client.Request].
	Repeatable bool
	Weight     int

	// Prepare, if set, returns what is sent in place of an In: one that has been checked,
	// and has what its caller may leave out, such as a key by which the service tells a
	// repeat. It is called once per call, so that all attempts send the same. An error is
	// that of the call, and nothing is sent; make it match client.ErrRequest.
	Prepare func(In) (In, error)

	// Variables, if set, makes the variables of an In: nil is none. Nil is the In itself.
	Variables func(In) any

	// Failed, if set, returns the error of a call in place of Do's, for what a service
	// says beside the usual. It is given the In that was sent.
	Failed func(In, error) error
}

// Do executes the operation and decodes its Field, as the function [Do] does. Each edit
// may change the request before it is sent.
func (op Op[In, Out]) Do(ctx context.Context, c *client.Client, in In, edit ...func(*client.Request)) (Out, error) {
	in, x, err := op.ready(ctx, c, in, edit)
	if err != nil {
		var zero Out
		return zero, op.failed(in, err)
	}
	body, err := client.Call[response](ctx, c, x.request)
	out, err := settle[Out](x, body, err)
	return out, op.failed(in, err)
}

// ready is the exchange for in, and what in has become. Its error is the client's.
func (op Op[In, Out]) ready(ctx context.Context, c *client.Client, in In, edit []func(*client.Request)) (In, exchange, error) {
	r := op.request()
	if op.Prepare != nil {
		prepared, err := op.Prepare(in)
		if err != nil {
			return in, exchange{}, refuse(ctx, c, r.place(), err)
		}
		in = prepared
	}
	r.Variables = op.variables(in)
	x, err := r.ready(append([]func(*client.Request){op.mark}, edit...))
	if err != nil {
		return in, exchange{}, refuse(ctx, c, r.place(), err)
	}
	x.field = op.Field
	return in, x, nil
}

func (op Op[In, Out]) request() Request {
	return Request{Path: op.Path, Query: op.Document, OperationName: soleName(op.Document), Codes: op.Codes}
}

func (op Op[In, Out]) mark(r *client.Request) {
	r.Repeatable, r.Weight = r.Repeatable || op.Repeatable, op.Weight
}

func (op Op[In, Out]) variables(in In) any {
	if op.Variables != nil {
		return op.Variables(in)
	}
	if _, none := any(in).(client.None); none {
		return nil
	}
	return in
}

func (op Op[In, Out]) failed(in In, err error) error {
	if err == nil || op.Failed == nil {
		return err
	}
	return op.Failed(in, err)
}

// Info says what the operation is. Its Route is the path and the operation's name, which
// is in no URL: [client.Operations.Route] finds none of them in a request.
func (op Op[In, Out]) Info() client.OpInfo {
	r := op.request()
	k, _ := operation(r.Query, r.OperationName)
	return client.Op[In, Out]{
		Name: op.Name, Method: http.MethodPost, Route: r.place(), Repeatable: op.Repeatable || k == query, Weight: op.Weight,
		Encode: func(In, *client.Request) error { return nil }, // In has no tags of a client.Op
	}.Info()
}
