package client

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
)

// Op is one operation of a service, as a value: what it takes, where that goes, and what
// comes back. Adapters list theirs; an application writes those that it misses:
//
//	var GetIssue = client.Op[IssueInput, Issue]{
//		Name: "issues.get", Route: "/repos/{owner}/{repo}/issues/{number}",
//	}
//
//	issue, err := GetIssue.Do(ctx, c, IssueInput{Owner: "octo", Repo: "hello", Number: 1})
//
// An In is a struct, or a pointer to one, whose tags say where each field goes:
//
//	Owner  string   `path:"owner"`         // {owner} of Route, escaped; empty is an error
//	State  string   `query:"state"`        // left out where it is zero
//	Labels []string `query:"labels,comma"` // joined; without comma, once per element
//	Draft  *bool    `query:"draft"`        // nil is left out, false is sent
//	Match  string   `header:"If-None-Match"`
//	Meta   map[string]string `header:"x-amz-meta-*"` // the map's keys are the rest
//	Issue  NewIssue `body:"json"` // or "form", "xml", or "" for a field of type Body
//
// Path, query, header and form take strings, booleans, numbers, an
// [encoding.TextMarshaler] such as time.Time, pointers to these and slices of them.
// Without a body field, the fields with a json tag are the body, or those with a form
// tag. Embedded structs count as their fields, those too that Go hides behind a field of
// their name. In a query, a header and a form what is
// zero is left out, also without omitempty, but for what a pointer points to; JSON goes
// by its own omitempty and omitzero. An In that is no struct is the body itself, as
// Request.Body is. With [None] there is none.
//
// An Out is what [Call] decodes.
//
// An Op is read only and safe for concurrent use.
type Op[In, Out any] struct {
	// Name is what tables, fakes and tests call the operation: "issues.get".
	Name string

	// Method is "" for GET.
	Method string

	// Route is the path below the client's base URL, with {name} for each field of In
	// that has this path tag. The slashes of a {name...} stay what they are, and a
	// {name+} is any text at all, such as the key of an object: dot segments and empty
	// ones stay too.
	//
	// A query at its end tells operations on one path apart, and is sent along:
	// "/{key+}?uploads", "/?list-type=2". A parameter without a value for which In has a
	// field must not be left out.
	Route string

	// Repeatable and Weight are those of [Request].
	Repeatable bool
	Weight     int

	// Encode, if set, fills in the request in place of In's tags, for types that have
	// none, such as an SDK's. It is given Method, Route, Repeatable and Weight, and sets
	// what else there is; see [Request.SetPath]. Where it sets no path, the path is
	// Route, which must then have no places.
	Encode func(In, *Request) error
}

// Do makes the call and decodes its response, as [Call] does. Each edit may change the
// request before it is sent: give it an idempotency key, a timeout, a [Meta]. What does
// not fit the tags is an [*Error] that matches ErrRequest, and nothing has been sent.
func (op Op[In, Out]) Do(ctx context.Context, c *Client, in In, edit ...func(*Request)) (Out, error) {
	return Call[Out](ctx, c, op.edited(in, edit))
}

// Request is the request that [Op.Do] makes: for [Client.Do], [Download], [Events] and
// [Pages].
func (op Op[In, Out]) Request(in In) (Request, error) {
	r := op.edited(in, nil)
	err := r.unfit
	r.unfit = nil
	return r, err
}

// edited is the request for in. What is wrong with it is found when it is made, so that
// it is reported as everything else is.
func (op Op[In, Out]) edited(in In, edit []func(*Request)) Request {
	r := Request{Method: op.Method, Route: op.Route, Repeatable: op.Repeatable, Weight: op.Weight}
	switch err := resultOf(reflect.TypeFor[Out]()).err; {
	case err != nil:
		r.unfit = err
	case op.Encode != nil:
		if r.unfit = op.Encode(in, &r); r.unfit == nil && r.Path == "" && r.URL == "" {
			r.SetPath() // or it would be another operation's, at the base URL itself
		}
	default:
		r.unfit = writeInput(&r, reflect.ValueOf(&in).Elem())
	}
	if r.unfit == nil {
		r.Query = withRouteQuery(op.Route, r.Query)
	}
	for _, f := range edit {
		f(&r)
	}
	return r
}

// Info says what the operation is, for tables of them.
func (op Op[In, Out]) Info() OpInfo {
	return OpInfo{
		Name: op.Name, Method: cmp.Or(op.Method, http.MethodGet), Route: op.Route,
		Repeatable: op.Repeatable, Weight: op.Weight,
		In: reflect.TypeFor[In](), Out: reflect.TypeFor[Out](), encodes: op.Encode != nil,
	}
}
