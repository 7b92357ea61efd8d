package redis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/ratelimit"
)

// jobVariable makes the test binary a worker process instead.
const jobVariable = "STANDPIPE_REDIS_JOB"

func TestMain(m *testing.M) {
	if text := os.Getenv(jobVariable); text != "" {
		os.Exit(work(text))
	}
	// Most of the time the processes of a test wait for their turns.
	flag.Parse()
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// job is what a worker process is told.
type job struct {
	Addr       string
	Sentinel   string // who says what the address is
	Cluster    string // the address of one of its nodes
	N, Burst   int
	Per        time.Duration
	Slots      int
	Daily      int
	Fail       bool
	Pacer      bool
	Goroutines int
	Hold       time.Duration // how long a call is under way
	Pause      time.Duration // between the calls of a goroutine
	From, To   time.Time
	Throttle   time.Time // when the service says 429
	For        time.Duration
}

// report is what a worker process has to say at its end.
type report struct {
	Times   []int64 // of each grant, in Unix nanoseconds
	Ends    []int64 // of each call's end
	Errors  map[string]int
	Stats   onredis.Stats
	Slowest time.Duration // wait
}

func (r *report) times() (times []time.Time) {
	for _, ns := range r.Times {
		times = append(times, time.Unix(0, ns))
	}
	return times
}

func work(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r, err := j.run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

func (j job) config() onredis.LimiterConfig {
	cfg := onredis.LimiterConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if j.N > 0 {
		cfg.Limits = append(cfg.Limits, onredis.Rate(j.N, j.Per).Burst(max(j.Burst, 1)))
	}
	if j.Slots > 0 {
		cfg.Limits = append(cfg.Limits, onredis.InFlight(j.Slots))
	}
	if j.Daily > 0 {
		cfg.Limits = append(cfg.Limits, onredis.Quota(j.Daily, ratelimit.Month))
	}
	if j.Fail {
		cfg.Away = onredis.Fail
	}
	return cfg
}

func connect(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, ContextTimeoutEnabled: true})
}

const master = "main" // as Sentinel knows it

func (j job) connect() redis.UniversalClient {
	switch {
	case j.Cluster != "":
		return connectCluster(j.Cluster)
	case j.Sentinel == "":
		return connect(j.Addr)
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: master, SentinelAddrs: []string{j.Sentinel}, MaxRetries: -1, ContextTimeoutEnabled: true,
	})
}

func (j job) run() (*report, error) {
	rdb := j.connect()
	defer rdb.Close()
	l, err := onredis.NewLimiter(rdb, j.config())
	if err != nil {
		return nil, err
	}
	var p *onredis.Pacer
	if j.Pacer {
		p = onredis.NewPacer(l)
	}
	r := &report{Errors: map[string]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	time.Sleep(time.Until(j.From))
	ctx, cancel := context.WithDeadline(context.Background(), j.To)
	defer cancel()
	if !j.Throttle.IsZero() {
		wg.Go(func() {
			time.Sleep(time.Until(j.Throttle))
			p.Observe("key", http.StatusTooManyRequests, http.Header{"Retry-After": {fmt.Sprint(j.For.Seconds())}}, true)
		})
	}
	for range j.Goroutines {
		wg.Go(func() {
			for time.Now().Before(j.To) {
				began := time.Now()
				err := l.Wait(ctx, "key")
				if err == nil && p != nil {
					if err = p.Wait(ctx, "key"); err != nil {
						l.Return("key")
					}
				}
				now := time.Now()
				if err == nil {
					time.Sleep(j.Hold)
				}
				mu.Lock()
				switch {
				case err == nil:
					r.Times = append(r.Times, now.UnixNano())
					r.Ends = append(r.Ends, time.Now().UnixNano())
					r.Slowest = max(r.Slowest, now.Sub(began))
				case ctx.Err() == nil && !errors.Is(err, ratelimit.ErrDeadline):
					r.Errors[err.Error()]++
				}
				mu.Unlock()
				if err == nil {
					l.Release("key")
					if p != nil {
						p.Observe("key", http.StatusOK, nil, false)
					}
				}
				if err != nil {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(j.Pause)
			}
		})
	}
	wg.Wait()
	r.Stats = l.Stats()
	end, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = l.Close(end) // Redis may be away
	return r, nil
}

// process is a running worker.
type process struct {
	*exec.Cmd
	out, log bytes.Buffer
	done     chan struct{} // closed when it has ended
	err      error
}

func startWorker(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self), done: make(chan struct{})}
	p.Env = append(os.Environ(), jobVariable+"="+string(text))
	p.Stdout, p.Stderr = io.Writer(&p.out), &p.log
	require.NoError(t, p.Start())
	go func() {
		p.err = p.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.done
	})
	return p
}

func (p *process) report(t *testing.T) *report {
	t.Helper()
	<-p.done
	require.NoError(t, p.err, "worker: %s", p.log.String())
	var r report
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &r), "worker: %s", p.log.String())
	return &r
}

// run starts so many workers for so long and returns what they report.
func run(t *testing.T, j job, workers int, d time.Duration) []*report {
	t.Helper()
	j.From = time.Now().Add(time.Second)
	j.To = j.From.Add(d)
	var all []*process
	for range workers {
		all = append(all, startWorker(t, j))
	}
	reports := make([]*report, workers)
	for i, p := range all {
		reports[i] = p.report(t)
	}
	return reports
}
