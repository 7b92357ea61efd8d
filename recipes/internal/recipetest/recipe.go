// Package recipetest holds the recipes of recipes/sdks to what an official SDK on the
// stack must do, whoever the vendor is. It is one package for the modules of all of them,
// so that a rule that is found at one is asked of each.
package recipetest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

// Recipe is one SDK on the stack.
type Recipe struct {
	SDK string // as its users call it, with the major version: "stripe-go v86"

	// New makes the SDK's client by the recipe, with these options of the stack beside
	// the recipe's own, and returns a call of one operation that only reads. What else it
	// begins ends with the context.
	New func(ctx context.Context, key secret.Source, opts ...client.Option) (Call, error)

	// Reply is the body of a success for that operation; "" is {}.
	Reply string

	// Refusal is the body of a 404; "" is {"message":"not found"}.
	Refusal string

	// Credential says what of a request is the credential. Key is what is there for a
	// key; nil is the key itself.
	Credential func(clienttest.Recorded) string
	Key        func(key string) string

	// Signed says that the credential is a signature: another for another key, and for
	// another time.
	Signed bool

	// Fields are headers of every response, without which the SDK does not take it.
	Fields map[string]string

	// Waits says that the SDK waits for seconds between its own attempts: it is then
	// asked without a network, in virtual time.
	Waits bool

	// Kept reports whether an error is of the SDK's own type, for a response that is none
	// of its successes.
	Kept func(error) bool

	// Retries is how many requests the SDK itself makes of a call that meets a 503, where
	// its retries stay and the stack's are off; 0 is that the stack retries.
	Retries int

	// Lost names what cannot be had with this SDK, as the recipe's comment says.
	Lost Lost
}

// Call is one call of an SDK.
type Call func(context.Context) error

// Lost is what an SDK's own shape keeps from the stack.
type Lost uint

const (
	// Context: the SDK takes none, so neither a deadline nor a ledger reaches the stack.
	Context Lost = 1 << iota
	// Key: the SDK puts the credential where the stack cannot replace it.
	Key
	// Errors: the SDK has no type of its own for them.
	Errors
	// Canceled: the error of a call whose context has ended does not show that.
	Canceled
)

// Header finds the credential in a header field.
func Header(name string) func(clienttest.Recorded) string {
	return func(r clienttest.Recorded) string { return r.Header.Get(name) }
}

// Query finds it in a query parameter.
func Query(name string) func(clienttest.Recorded) string {
	return func(r clienttest.Recorded) string {
		u, err := url.Parse(r.URL)
		if err != nil {
			return ""
		}
		return u.Query().Get(name)
	}
}

// Bearer is what Authorization holds for a key that is a bearer token.
func Bearer(key string) string { return "Bearer " + key }

// Basic is what Authorization holds for a key that is the password of a user.
func Basic(user string) func(string) string {
	return func(key string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+key))
	}
}

// toService is a transport that takes every request to one server, whatever host the SDK
// would call: some have no way to name another.
type toService struct {
	host string
	next http.RoundTripper
}

func (t toService) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Host = req.Host
	if out.Host == "" {
		out.Host = req.URL.Host
	}
	out.URL.Scheme, out.URL.Host = "http", t.host
	return t.next.RoundTrip(out)
}

func (t toService) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
