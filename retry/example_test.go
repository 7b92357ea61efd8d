package retry_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

var errTooMany = errors.New("429 too many requests")

func ExampleDo() {
	calls := 0
	greeting, err := retry.Do(context.Background(), retry.Default(), func(context.Context) (string, error) {
		if calls++; calls < 3 {
			return "", errors.New("connection reset")
		}
		return "hello", nil
	})
	fmt.Println(greeting, err, calls)
	// Output: hello <nil> 3
}

// Try, on 429 wait 1 s, 2 s, 4 s, then give up.
func ExampleExponential() {
	policy := retry.Policy{MaxAttempts: 4, Backoff: retry.Exponential(time.Second, 0)}

	for attempt := 1; attempt < policy.Attempts(); attempt++ {
		fmt.Println("after attempt", attempt, "wait", policy.Delay(attempt, false))
	}
	fmt.Println("after attempt", policy.Attempts(), "give up")
	// Output:
	// after attempt 1 wait 1s
	// after attempt 2 wait 2s
	// after attempt 3 wait 4s
	// after attempt 4 give up
}

func ExamplePermanent() {
	errNoSuchUser := errors.New("no such user")
	calls := 0
	_, err := retry.Do(context.Background(), retry.Default(), func(context.Context) (int, error) {
		calls++
		return 0, retry.Permanent(errNoSuchUser)
	})
	fmt.Println(calls, err == errNoSuchUser)
	// Output: 1 true
}

// A wait that the other side asks for is obeyed or refused, never cut short.
func ExampleAfter() {
	policy := retry.Policy{MaxWait: time.Minute}
	calls := 0
	_, err := retry.Do(context.Background(), policy, func(context.Context) (int, error) {
		calls++
		return 0, retry.After(errTooMany, time.Hour)
	})
	fmt.Println(calls, err)
	// Output: 1 429 too many requests
}

// One budget over many operations bounds what an outage adds to the traffic.
func ExampleBudget() {
	policy := retry.Policy{Backoff: retry.Constant(0), Budget: retry.NewBudget(retry.DefaultBudget)}
	attempts := 0
	for range 1000 {
		_, _ = retry.Do(context.Background(), policy, func(context.Context) (int, error) {
			attempts++
			return 0, errors.New("down")
		})
	}
	fmt.Println(attempts)
	// Output: 1035
}
