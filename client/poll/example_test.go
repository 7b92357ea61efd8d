package poll_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/retry"
)

// The last state comes with the error, so that what the service says of a failure can be
// shown.
func ExampleUntil() {
	srv := clienttest.Start(clienttest.MustParse(`200 {"status":"running"}, 200 {"status":"failed","reason":"no space"}`)...)
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	last, err := poll.Until(context.Background(), c, client.Request{Path: "/v1/imports/i_1"},
		poll.Options{Backoff: retry.Constant(time.Millisecond)},
		func(j map[string]string) poll.State {
			switch j["status"] {
			case "succeeded":
				return poll.Done
			case "failed", "canceled":
				return poll.Failed
			}
			return poll.Running
		})
	fmt.Println(errors.Is(err, poll.ErrFailed), last["reason"])
	fmt.Println(err)
	// Output:
	// true no space
	// poll: after 2 polls: the operation failed
}
