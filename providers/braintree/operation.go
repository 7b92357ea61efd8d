package braintree

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/graphql"
)

// query is a query whose variables are the In. Field is the member of the data that it
// returns.
func query[In, Out any](name, field, document string) graphql.Op[In, Out] {
	return graphql.Op[In, Out]{Name: name, Path: Path, Field: field, Document: document, Codes: Codes, Failed: failed[In]}
}

// mutation is a mutation with one variable, $input, which is the In.
func mutation[In, Out any](name, field, document string) graphql.Op[In, Out] {
	op := query[In, Out](name, field, document)
	op.Variables = func(in In) any { return input{in} }
	return op
}

type input struct {
	Input any `json:"input"`
}

// hasKey is an input with an APIRequestKey.
type hasKey interface{ key() *string }

// keyed is a mutation that Braintree carries out at most once by the key of its input
// ("At-Most-Once Processing", Braintree GraphQL docs). So it is repeated.
func keyed[In, Out any, P interface {
	*In
	hasKey
	wrong() string
}](name, field, document string) graphql.Op[In, Out] {
	op := mutation[In, Out](name, field, document)
	op.Repeatable = true
	op.Prepare = func(in In) (In, error) {
		p := P(&in)
		if what := p.wrong(); what != "" {
			return in, fmt.Errorf("%w: %s", client.ErrRequest, what)
		}
		switch key := p.key(); {
		case *key == "":
			*key = rand.Text()
		case strings.TrimSpace(*key) == "":
			return in, fmt.Errorf("%w: the APIRequestKey is blank", client.ErrRequest)
		}
		return in, nil
	}
	return op
}

// Unkeyed is a charge, an authorization, a capture, a refund or a reversal without a key,
// for an account to which Braintree does not allow one (legacy code 915231): it is sent
// once. To find out after a timeout, search for the OrderID.
//
//	var charge = braintree.Unkeyed(braintree.ChargePaymentMethod)
func Unkeyed[In, Out any](op graphql.Op[In, Out]) graphql.Op[In, Out] {
	prepare := op.Prepare
	op.Repeatable = false
	op.Prepare = func(in In) (In, error) {
		k, ok := any(&in).(hasKey)
		switch {
		case !ok:
			return in, fmt.Errorf("%w: %s has no key to leave out", client.ErrRequest, op.Name)
		case *k.key() != "":
			return in, fmt.Errorf("%w: an operation without a key was given an APIRequestKey", client.ErrRequest)
		}
		var err error
		if prepare != nil { // an operation of the caller's own may have none
			in, err = prepare(in)
		}
		*k.key() = ""
		return in, err
	}
	return op
}

// isAmount reports whether a text is an amount as Braintree takes it: a whole number, or
// one with two or three decimal places (the scalar Amount, Braintree's schema).
func isAmount(s string) bool {
	whole, fraction, pointed := strings.Cut(s, ".")
	return digits(whole) && (!pointed || digits(fraction) && (len(fraction) == 2 || len(fraction) == 3))
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
