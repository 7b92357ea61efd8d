package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// jobVariable makes the program one of the processes instead.
const jobVariable = "STANDPIPE_BENCH_REDIS_JOB"

// job is what a process is told.
type job struct {
	Contender int
	Addr, Key string
	N         int
	Per       time.Duration
	From, To  time.Time
}

// report is what it has to say: when it was granted a call, in Unix nanoseconds, and
// after how many nanoseconds of waiting.
type report struct{ Times, Waits []int64 }

// A contender makes what waits for a turn.
type contender struct {
	name string
	open func(*redis.Client, job) (wait func(context.Context) error, done func(), err error)
}

var contenders = []contender{
	{"own", openOwn},
	{"redis_rate, burst as large as the limit, its default", func(rdb *redis.Client, j job) (func(context.Context) error, func(), error) {
		return openRate(rdb, j, j.N)
	}},
	{"redis_rate, burst 1", func(rdb *redis.Client, j job) (func(context.Context) error, func(), error) {
		return openRate(rdb, j, 1)
	}},
}

func openOwn(rdb *redis.Client, j job) (func(context.Context) error, func(), error) {
	l, err := onredis.NewLimiter(rdb, onredis.LimiterConfig{Limits: []onredis.Limit{onredis.Rate(j.N, j.Per)}})
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context) error { return l.Wait(ctx, j.Key) }, func() { _ = l.Close(context.Background()) }, nil
}

// openRate waits as redis_rate's documentation says: for RetryAfter, and asks again.
func openRate(rdb *redis.Client, j job, burst int) (func(context.Context) error, func(), error) {
	l := redis_rate.NewLimiter(rdb)
	limit := redis_rate.Limit{Rate: j.N, Burst: burst, Period: j.Per}
	return func(ctx context.Context) error {
		for {
			res, err := l.Allow(ctx, j.Key, limit)
			if err != nil || res.Allowed > 0 {
				return err
			}
			select {
			case <-time.After(res.RetryAfter):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}, func() {}, nil
}

// work is one of the processes: its goroutines ask for one call after the other.
func work(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	rdb := connect(j.Addr)
	defer rdb.Close()
	wait, done, err := contenders[j.Contender].open(rdb, j)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), j.To)
	defer cancel()
	time.Sleep(time.Until(j.From))
	var mu sync.Mutex
	var r report
	var failed error
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for time.Now().Before(j.To) {
				began := time.Now()
				err := wait(ctx)
				now := time.Now()
				// A connection's deadline passes a moment before the context knows of it.
				if err != nil && time.Until(j.To) < 50*time.Millisecond || errors.Is(err, ratelimit.ErrDeadline) {
					return // the next turn is beyond the end
				}
				mu.Lock()
				if failed = cmp.Or(failed, err); err == nil {
					r.Times, r.Waits = append(r.Times, now.UnixNano()), append(r.Waits, now.Sub(began).Nanoseconds())
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	done()
	if failed != nil {
		return failed
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
