package onredis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/standpipe-go/standpipe/client"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// Two processes share a limit of three calls an hour. Each has a client like this one.
func ExampleNewLimiter() {
	server, err := miniredis.Run() // a Redis for this example
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ok":true}`) }))
	defer api.Close()

	process := func() (*client.Client, func()) {
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
		limiter, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{
			Limits:  []onredis.Limit{onredis.Rate(3, time.Hour).Burst(2), onredis.Quota(1000, ratelimit.Month)},
			Timeout: 5 * time.Second, // for the machine that tests this example
		})
		if err != nil {
			panic(err)
		}
		c, err := client.New(api.URL, client.WithRateLimit(limiter), client.WithPacing(onredis.NewPacer(limiter)))
		if err != nil {
			panic(err)
		}
		return c, func() {
			_ = limiter.Close(context.Background()) // the others need not wait for its leases to end
			_ = rdb.Close()
		}
	}
	one, stopOne := process()
	defer stopOne()
	other, stopOther := process()
	defer stopOther()

	for _, c := range []*client.Client{one, other, one} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		_, err := client.Get[map[string]any](ctx, c, "/")
		cancel()
		fmt.Println(err == nil, errors.Is(err, ratelimit.ErrDeadline))
	}
	// Output:
	// true false
	// true false
	// false true
}
