package redis_test

import (
	"bufio"
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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/stilltest"
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

// job is what a worker process is told. It begins when its input says so and ends when
// its input does. A second line tells it of a 429; without a Pacer it is its turn.
type job struct {
	Addr       string
	Sentinel   string // who says what the address is
	Cluster    string // the address of one of its nodes
	N, Burst   int
	Per        time.Duration
	Slots      int
	Monthly    int
	Fail       bool
	Pacer      bool
	Goroutines int
	Hold       time.Duration // how long a call is under way
	Pause      time.Duration // between the calls of a goroutine
	For        time.Duration // how long the service says that it is to wait, by its 429
	Quiet      bool          // after its turn it calls no more; others do so without a pause
	Returns    bool          // at its end it waits until Redis is not away
}

// report is what a worker process has to say at its end.
type report struct {
	Times       []int64 // of each grant, in Unix nanoseconds
	Ends        []int64 // of each call's end
	Still       []stilltest.Stretch
	Told, Known time.Time // when it was told of the 429, and when Redis knew
	Errors      map[string]int
	Stats       onredis.Stats
}

// times are those of the grants, but for the few that were given out just before the
// process stood still: they cannot be told until it goes on.
func (r *report) times() (times []time.Time) {
	for _, ns := range r.Times {
		at := time.Unix(0, ns)
		if !slices.ContainsFunc(r.Still, func(s stilltest.Stretch) bool { return at.After(s.From) && at.Before(s.To.Add(20*time.Millisecond)) }) {
			times = append(times, at)
		}
	}
	return times
}

func work(text string) int {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r, err := j.run(bufio.NewScanner(os.Stdin))
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

// patience is for a Redis that stands still with the machine: one that is killed, or
// refuses, is noticed at once all the same.
const patience = 4 * time.Second

func (j job) config() onredis.LimiterConfig {
	cfg := onredis.LimiterConfig{Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Timeout: patience}
	if j.N > 0 {
		cfg.Limits = append(cfg.Limits, onredis.Rate(j.N, j.Per).Burst(max(j.Burst, 1)))
	}
	if j.Slots > 0 {
		cfg.Limits = append(cfg.Limits, onredis.InFlight(j.Slots))
	}
	if j.Monthly > 0 {
		cfg.Limits = append(cfg.Limits, onredis.Quota(j.Monthly, ratelimit.Month))
	}
	if j.Fail {
		cfg.Away = onredis.Fail
	}
	return cfg
}

func connect(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, ContextTimeoutEnabled: true, ReadTimeout: time.Minute})
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

func (j job) run(in *bufio.Scanner) (*report, error) {
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
	stood := stilltest.Watch(nil)
	if err := rdb.Ping(context.Background()).Err(); err != nil {
		return nil, err
	}
	fmt.Println("ready")
	if !in.Scan() {
		return nil, errors.New("told to end before it began")
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var turned atomic.Bool
	wg.Go(func() {
		defer cancel()
		for in.Scan() {
			if turned.Store(true); p == nil {
				continue
			}
			r.Told = time.Now()
			p.Observe("key", http.StatusTooManyRequests, http.Header{"Retry-After": {fmt.Sprint(j.For.Seconds())}}, true)
			for ctx.Err() == nil && rdb.Exists(ctx, pauses).Val() == 0 {
				time.Sleep(time.Millisecond)
			}
			r.Known = time.Now()
		}
	})
	var mu sync.Mutex
	for range j.Goroutines {
		wg.Go(func() {
			for ctx.Err() == nil {
				if j.Quiet && turned.Load() {
					<-ctx.Done()
					return
				}
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
				if p != nil || !turned.Load() {
					time.Sleep(j.Pause)
				}
			}
		})
	}
	wg.Wait()
	r.Still = stood()
	for began := time.Now(); j.Returns && l.Stats().Away && time.Since(began) < time.Minute; {
		ask, stop := context.WithTimeout(context.Background(), time.Second)
		if l.Wait(ask, "key") == nil {
			l.Release("key")
		}
		stop()
	}
	r.Stats = l.Stats()
	end, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = l.Close(end) // Redis may be away
	return r, nil
}

// The names of what Redis holds of the key.
const limits, pauses = "standpipe:{=key}:limits", "standpipe:{=key}:pauses"

// process is a running worker.
type process struct {
	*exec.Cmd
	stdin io.WriteCloser
	out   []byte // after it has ended
	log   safeBuffer
	done  chan struct{} // closed when it has ended
	err   error
}

// startWorker returns when the worker is ready to begin.
func startWorker(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.Command(self), done: make(chan struct{})}
	p.Env = append(os.Environ(), jobVariable+"="+string(text))
	p.Stderr = &p.log
	p.stdin, err = p.StdinPipe()
	require.NoError(t, err)
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	lines := bufio.NewReader(out)
	said, sayErr := lines.ReadString('\n')
	go func() {
		rest, readErr := io.ReadAll(lines)
		p.out, p.err = rest, errors.Join(readErr, p.Wait())
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.done
	})
	require.NoError(t, sayErr, "worker: %s", p.log.String())
	require.Equal(t, "ready\n", said)
	return p
}

// tell writes a line.
func (p *process) tell(t *testing.T, line string) {
	t.Helper()
	_, err := io.WriteString(p.stdin, line+"\n")
	require.NoError(t, err)
}

func (p *process) report(t *testing.T) *report {
	t.Helper()
	<-p.done
	require.NoError(t, p.err, "worker: %s", p.log.String())
	var r report
	require.NoError(t, json.Unmarshal(p.out, &r), "worker: %s", p.log.String())
	return &r
}

// start has so many workers begin together.
func start(t *testing.T, j job, workers int) []*process {
	t.Helper()
	all := make([]*process, workers)
	for i := range all {
		all[i] = startWorker(t, j)
	}
	for _, p := range all {
		p.tell(t, "begin")
	}
	return all
}

// gather ends the workers, and returns when it did and what they report.
func gather(t *testing.T, all []*process) (ended time.Time, times []time.Time, reports []*report) {
	t.Helper()
	ended = time.Now()
	for _, p := range all {
		require.NoError(t, p.stdin.Close())
	}
	for _, p := range all {
		r := p.report(t)
		reports = append(reports, r)
		times = append(times, r.times()...)
	}
	return ended, times, reports
}

// heard waits until each of the workers has logged a text.
func heard(t *testing.T, all []*process, text string) {
	t.Helper()
	for _, p := range all {
		require.Eventually(t, func() bool { return strings.Contains(p.log.String(), text) }, time.Minute, 5*time.Millisecond, "%s: %s", text, p.log.String())
	}
}

// safeBuffer keeps what is logged.
type safeBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
