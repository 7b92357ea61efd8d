package stripe

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/form"

	"github.com/standpipe-go/standpipe/client"
)

// On is what an operation on one object takes: the object's ID, and the SDK's parameters
// or nil.
type On[Params any] struct {
	ID     string
	Params Params
}

// ByID is On of both, whose type it infers.
func ByID[Params any](id string, params Params) On[Params] { return On[Params]{id, params} }

// encodeOn is the Encode of an operation on one object.
func encodeOn[Params any](in On[Params], r *client.Request) error {
	if err := encode(in.Params, r); err != nil {
		return err
	}
	r.SetPath(in.ID)
	return nil
}

// encode puts the SDK's parameters where the SDK does: those of a GET into the query, all
// others into the body, and the ones that all calls have into header fields. Their
// context is the call's own business.
func encode[Params any](params Params, r *client.Request) error {
	r.Path = r.Route
	reads := r.Method == "" || r.Method == http.MethodGet
	if !reads {
		r.Body = formBody("") // Stripe wants its type of a POST without parameters too
	}
	if isNil(params) {
		return nil
	}
	if err := oneOfEach(reflect.ValueOf(params).Elem()); err != nil {
		return err
	}
	if err := encodeCommon(commonOf(params), r); err != nil {
		return err
	}
	var values form.Values
	form.AppendTo(&values, params)
	if reads {
		r.Query = values.ToValues()
	} else {
		r.Body = formBody(values.Encode())
	}
	return nil
}

// formBody is a form as the SDK encodes it, which keeps the order of the parameters.
func formBody(encoded string) client.Body {
	return client.Raw("application/x-www-form-urlencoded", []byte(encoded))
}

// commonOf is what the parameters of every kind have.
func commonOf(params any) *sdk.Params {
	switch p := params.(type) {
	case sdk.ParamsContainer:
		return p.GetParams()
	case sdk.ListParamsContainer:
		return &sdk.Params{StripeAccount: p.GetListParams().StripeAccount}
	case sdk.SearchParamsContainer:
		return &sdk.Params{StripeAccount: p.GetSearchParams().StripeAccount}
	}
	return &sdk.Params{}
}

// maxKey is Stripe's limit ("Idempotent requests" in the API reference).
const maxKey = 255

func encodeCommon(p *sdk.Params, r *client.Request) error {
	r.Header = http.Header{}
	for name, values := range p.Headers {
		if n := len(values); n > 0 {
			r.Header.Set(name, values[n-1]) // as the SDK does
		}
	}
	if account := strings.TrimSpace(deref(p.StripeAccount)); account != "" {
		r.Header.Set("Stripe-Account", account)
	}
	given := deref(p.IdempotencyKey)
	switch key := strings.TrimSpace(given); {
	case key == "" && given != "":
		return fmt.Errorf("%w: the idempotency key is blank", client.ErrRequest)
	case len(key) > maxKey:
		return fmt.Errorf("%w: the idempotency key has %d bytes, and Stripe takes %d at most", client.ErrRequest, len(key), maxKey)
	case r.Method != http.MethodGet && r.Method != "":
		r.IdempotencyKey = key
	}
	return nil
}

// oneOfEach refuses parameters that are given in the SDK's old place and in its new one,
// as the SDK does: both would be sent.
func oneOfEach(params reflect.Value) error {
	common := params.FieldByName("Params")
	for _, name := range []string{"Metadata", "Expand"} {
		own, ok := params.Type().FieldByName(name)
		if !ok || len(own.Index) > 1 || !common.IsValid() {
			continue // there is the old place alone
		}
		if !params.FieldByIndex(own.Index).IsZero() && !common.FieldByName(name).IsZero() {
			return fmt.Errorf("%w: %s is given twice: in Params, which is deprecated, and beside it", client.ErrRequest, name)
		}
	}
	return nil
}

func isNil(params any) bool {
	v := reflect.ValueOf(params)
	return v.Kind() != reflect.Pointer || v.IsNil()
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
