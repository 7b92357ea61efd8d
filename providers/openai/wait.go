package openai

import (
	"context"
	"errors"
	"fmt"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/poll"
)

// WaitResponse asks for a response that is made in the background until it is whole, and
// returns it. Any other end is a [*poll.Error], with the last state that was seen: one
// that failed, was cancelled or is incomplete matches poll.ErrFailed, and the
// [*client.Error] in it has OpenAI's code and matches what that means. A wait that is
// given up cancels nothing: see [CancelResponse].
func WaitResponse(ctx context.Context, c *client.Client, responseID string, o poll.Options) (Response, error) {
	r, err := GetResponse.Request(GetResponseInput{ResponseID: responseID})
	if err != nil {
		return Response{}, &client.Error{
			Provider: Profile.Name, Method: "GET", Path: GetResponse.Route, Effect: client.NeverSent, Err: err,
		}
	}
	var meta client.Meta
	r.Meta = &meta
	got, err := poll.Until(ctx, c, r, o, Response.state)
	if failed, ok := errors.AsType[*poll.Error[Response]](err); ok && errors.Is(err, poll.ErrFailed) {
		failed.Err = fmt.Errorf("%w: %w", failed.Err, meta.Fail(*got.failure(), nil))
	}
	return got, err
}

// state says how far the response is. A status that is new is one that goes on.
func (r Response) state() poll.State {
	switch r.Status {
	case "completed":
		return poll.Done
	case "failed", "cancelled", "incomplete":
		return poll.Failed
	}
	return poll.Running
}

// failure says why the response is not whole.
func (r *Response) failure() *client.ErrorDetail {
	switch {
	case r.Status == "incomplete" && r.IncompleteDetails != nil && r.IncompleteDetails.Reason != "":
		return &client.ErrorDetail{Code: r.IncompleteDetails.Reason, Message: "the response is incomplete"}
	case r.Error != nil:
		return (&failure{Code: code(r.Error.Code), Message: r.Error.Message}).detail("failed")
	}
	return &client.ErrorDetail{Code: r.Status, Message: "its status is " + r.Status}
}
