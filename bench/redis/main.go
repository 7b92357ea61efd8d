// Command redis measures what it takes eight processes to share one limit through one
// Redis: by on/redis, and by github.com/go-redis/redis_rate, whose callers ask again
// after the time that it names. Redis itself counts its calls, and all processes' grants
// are put together. It prints a Markdown table of the medians of shuffled rounds. It
// removes the keys that it makes.
//
//	go run ./redis -redis 127.0.0.1:6379
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	processes  = 8
	goroutines = 8
)

// setting is a limit that all of them want more of than there is.
type setting struct {
	N     int
	Per   time.Duration
	Lasts time.Duration
}

var settings = []setting{
	{5000, 5 * time.Second, 12 * time.Second},
	{40, 2 * time.Second, 12 * time.Second},
}

func main() {
	addr := flag.String("redis", "", "host and port of a Redis")
	rounds := flag.Int("rounds", 3, "of each")
	flag.Parse()
	err := error(nil)
	if text := os.Getenv(jobVariable); text != "" {
		err = work(text)
	} else {
		err = measure(*addr, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

// result is that of one round: grants a second, grants in the fullest span, calls of
// Redis for each grant, the least and the most that a process got of an equal part, and
// the 99th percentile of the waits in milliseconds.
type result struct{ rate, window, calls, least, most, p99 float64 }

func measure(addr string, rounds int) error {
	if addr == "" {
		return fmt.Errorf("-redis is missing")
	}
	rdb := connect(addr)
	defer rdb.Close()
	fmt.Println("| limit | | grants/s | fullest span | calls of Redis a grant | a process' part | p99 of the waits |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|")
	for _, s := range settings {
		results := make([][]result, len(contenders))
		for range rounds {
			for _, i := range rand.Perm(len(contenders)) {
				r, err := one(rdb, addr, s, i)
				if err != nil {
					return fmt.Errorf("%s: %w", contenders[i].name, err)
				}
				results[i] = append(results[i], r)
			}
		}
		for i, c := range contenders {
			median := func(of func(result) float64) float64 {
				var all []float64
				for _, r := range results[i] {
					all = append(all, of(r))
				}
				slices.Sort(all)
				return all[len(all)/2]
			}
			fmt.Printf("| %d in %v | %s | %.1f | %.0f | %.3f | %.0f–%.0f %% | %.0f ms |\n", s.N, s.Per, c.name,
				median(func(r result) float64 { return r.rate }), median(func(r result) float64 { return r.window }),
				median(func(r result) float64 { return r.calls }), 100*median(func(r result) float64 { return r.least }),
				100*median(func(r result) float64 { return r.most }), median(func(r result) float64 { return r.p99 }))
		}
	}
	return nil
}

// one has eight processes use the limit up for as long as the setting says.
func one(rdb *redis.Client, addr string, s setting, contender int) (r result, err error) {
	ctx := context.Background()
	key := fmt.Sprintf("bench-%d", rand.Uint64())
	before, err := scripts(ctx, rdb)
	if err != nil {
		return r, err
	}
	from := time.Now().Add(time.Second)
	j := job{Contender: contender, Addr: addr, Key: key, N: s.N, Per: s.Per, From: from, To: from.Add(s.Lasts)}
	reports := make([]report, processes)
	errs := make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() { reports[i], errs[i] = start(j) })
	}
	wg.Wait()
	var times, waits []int64
	least, most := int(^uint(0)>>1), 0
	for i, rep := range reports {
		if errs[i] != nil {
			return r, errs[i]
		}
		times, waits = append(times, rep.Times...), append(waits, rep.Waits...)
		least, most = min(least, len(rep.Times)), max(most, len(rep.Times))
	}
	after, err := scripts(ctx, rdb)
	if err != nil || len(times) == 0 {
		return r, fmt.Errorf("%d grants: %w", len(times), err)
	}
	slices.Sort(waits)
	n := float64(len(times))
	r = result{
		rate: n / s.Lasts.Seconds(), window: float64(fullest(times, s.Per)), calls: float64(after-before) / n,
		least: float64(least) * processes / n, most: float64(most) * processes / n, p99: float64(waits[len(waits)*99/100]) / 1e6,
	}
	keys, err := rdb.Keys(ctx, "*"+key+"*").Result()
	if err == nil && len(keys) > 0 {
		err = rdb.Del(ctx, keys...).Err()
	}
	return r, err
}

// fullest returns how many of the times lie in one span, wherever that begins.
func fullest(times []int64, span time.Duration) (most int) {
	slices.Sort(times)
	first := 0
	for i, at := range times {
		for at-times[first] >= span.Nanoseconds() {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

var scriptCalls = regexp.MustCompile(`cmdstat_(?:evalsha|eval):calls=(\d+)`)

// scripts returns how many scripts Redis was asked to run.
func scripts(ctx context.Context, rdb *redis.Client) (n int, err error) {
	info, err := rdb.Info(ctx, "commandstats").Result()
	for _, m := range scriptCalls.FindAllStringSubmatch(info, -1) {
		calls, _ := strconv.Atoi(m[1])
		n += calls
	}
	return n, err
}

func connect(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, ContextTimeoutEnabled: true})
}

// start runs a process and returns what it reports.
func start(j job) (r report, err error) {
	text, err := json.Marshal(j)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	var out bytes.Buffer
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return r, err
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}
