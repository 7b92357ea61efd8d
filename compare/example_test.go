package compare_test

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/standpipe-go/standpipe/compare"
)

// again repeats what fails, as transports of one's own often do.
type again struct{ next http.RoundTripper }

func (t again) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil && req.GetBody != nil {
		second := req.Clone(req.Context())
		if second.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
		return t.next.RoundTrip(second)
	}
	return resp, err
}

// To put your own transport to the questions, make a Caller of it. The others are
// alike: a Receiver of a function that verifies a request, a Checker of one that verifies
// a token, a Keeper of one that comes by a user's token.
func Example() {
	mine := compare.HTTP("mine", func(compare.Service) *http.Client {
		return &http.Client{Transport: again{http.DefaultTransport}}
	})
	result, err := compare.Calls().Only("post-after-reset", "past-deadline").Measure(context.Background(), []compare.Caller{mine})
	if err != nil {
		log.Fatal(err)
	}
	if err := compare.WriteText(os.Stdout, []compare.Result{result}, false); err != nil {
		log.Fatal(err)
	}
	// Output:
	// CALLS OUT
	//
	// Keyless POST, connection reset (post-after-reset)
	//   mine  ✗ sent twice
	//
	// Retry-After past the deadline (past-deadline)
	//   mine  ✓ the 503 at once
}
