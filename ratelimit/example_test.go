package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/ratelimit"
)

func ExamplePerSecond() {
	limit := ratelimit.PerSecond(100)
	ctx := context.Background()
	start := time.Now()
	for range 3 {
		if err := limit.Wait(ctx, "api.example.com"); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("two gaps of 10 ms:", time.Since(start) >= 20*time.Millisecond)
	// Output: two gaps of 10 ms: true
}

// A wait that cannot end in time is not begun.
func ExampleKeyed_Wait() {
	limit := ratelimit.PerMinute(1)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	fmt.Println(limit.Wait(ctx, "api.example.com"))
	err := limit.Wait(ctx, "api.example.com")
	fmt.Println(errors.Is(err, ratelimit.ErrDeadline))
	if e, ok := errors.AsType[*ratelimit.Error](err); ok {
		fmt.Println("would take", e.Wait.Round(time.Minute))
	}
	// Output:
	// <nil>
	// true
	// would take 1m0s
}

func ExampleQuota() {
	// Ten thousand a month, counted as the service does, in California.
	california, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		california = time.FixedZone("PST", -8*60*60)
	}
	limit := ratelimit.Quota(10_000, ratelimit.Month, ratelimit.WithLocation(california))
	fmt.Println(limit.Allow("account"))
	// Output: true
}

func ExampleAll() {
	limit := ratelimit.All(
		ratelimit.PerSecond(10, ratelimit.WithBurst(2)),
		ratelimit.PerMinute(1),
		ratelimit.Together(ratelimit.PerSecond(50, ratelimit.WithBurst(50))),
	)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(limit.Wait(ctx, "a"))
	fmt.Println(errors.Is(limit.Wait(ctx, "a"), ratelimit.ErrDeadline))
	fmt.Println(limit.Wait(ctx, "b"))
	// Output:
	// <nil>
	// true
	// <nil>
}

// The service says that no call is left in the next half minute.
func ExamplePacer() {
	pacer := ratelimit.NewPacer()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	fmt.Println(pacer.Wait(ctx, "api.example.com"))
	pacer.Observe("api.example.com", http.StatusOK, http.Header{
		"Ratelimit":        {`"default";r=0;t=30`},
		"Ratelimit-Policy": {`"default";q=5;w=60`},
	}, false)
	fmt.Println(errors.Is(pacer.Wait(ctx, "api.example.com"), ratelimit.ErrDeadline))
	fmt.Println(pacer.Wait(ctx, "other.example.com"))
	// Output:
	// <nil>
	// true
	// <nil>
}

func ExampleRetryAfter() {
	wait, ok := ratelimit.RetryAfter(http.Header{
		"Date":        {"Wed, 21 Oct 2015 07:28:00 GMT"},
		"Retry-After": {"Wed, 21 Oct 2015 07:28:30 GMT"},
	}, time.Now())
	fmt.Println(wait, ok)
	// Output: 30s true
}

func ExampleParseLimits() {
	limits := ratelimit.ParseLimits(http.Header{
		"X-Ratelimit-Limit-Requests":     {"60"},
		"X-Ratelimit-Remaining-Requests": {"59"},
		"X-Ratelimit-Reset-Requests":     {"6m0s"},
	}, time.Now())
	for _, l := range limits {
		fmt.Println(l.Name, l.Quota, l.Remaining, l.Reset)
	}
	// Output: requests 60 59 6m0s
}

// A call can cost as much as several others.
func ExampleWaitN() {
	points := ratelimit.PerMinute(1000, ratelimit.WithBurst(1000))
	ctx := context.Background()
	fmt.Println(ratelimit.WaitN(ctx, points, "account", 252))
	err := ratelimit.WaitN(ctx, points, "account", 2000)
	fmt.Println(errors.Is(err, ratelimit.ErrNever))
	// Output:
	// <nil>
	// true
}

// Without the client, release a call once its response's body has been read or closed.
func ExampleInFlight() {
	slots := ratelimit.InFlight(1)
	fmt.Println(slots.Wait(context.Background(), "account"))
	fmt.Println(slots.Allow("account"))
	slots.Release("account")
	fmt.Println(slots.Allow("account"))
	// Output:
	// <nil>
	// false
	// true
}
