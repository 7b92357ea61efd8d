package stripe

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/client"
)

// bothErrors is an error of Stripe's as both libraries have it: errors.As finds a
// *client.Error and the SDK's *stripe.Error in it, and in that *stripe.CardError and its
// like. Its text is the former's: the SDK's is the body, with the client secret of a
// payment, say.
type bothErrors struct {
	error
	sdk *sdk.Error
}

func (e *bothErrors) Unwrap() []error { return []error{e.error, e.sdk} }

// asSDKError adds the SDK's error to one of a call that Stripe has answered. What is no
// error body of Stripe's, such as a proxy's page, has none.
func asSDKError(err error, meta *client.Meta) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status < http.StatusBadRequest {
		return err
	}
	var body json.RawMessage
	if e.DecodeBody(&body) != nil {
		return err
	}
	reader := &sdk.BackendImplementation{Type: sdk.APIBackend, LeveledLogger: &sdk.LeveledLogger{Level: sdk.LevelNull}}
	made := reader.ResponseToError(&http.Response{StatusCode: e.Status, Status: statusLine(e.Status), Header: meta.Header}, body)
	theirs, ok := made.(*sdk.Error)
	if !ok || !strings.HasPrefix(theirs.Msg, e.Message) {
		return err // something was taken out of the message, and would be shown here
	}
	return &bothErrors{err, theirs}
}
