package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// verdict is what became of one change.
type verdict string

const (
	noticed  verdict = "noticed"
	hung     verdict = "hung"    // the tests did not end: noticed as well
	missed   verdict = "MISSED"  // the tests passed
	unbuilt  verdict = "unbuilt" // the change does not compile; another is drawn
	arguable verdict = "argued"  // makes no difference, for a reason that is written down
	stopped  verdict = "stopped" // the run was interrupted
)

// slack is what a run may take beyond four times the unchanged tests: linking
// on a busy machine.
const slack = 30 * time.Second

type plan struct {
	mutants []mutant
	number  int
	jobs    int
	least   float64
	argued  equal
	flags   []string // for each run of go test
}

type score struct {
	counts map[verdict]int
	least  float64
}

func (s score) percent() float64 {
	good := s.counts[noticed] + s.counts[hung]
	if good+s.counts[missed] == 0 {
		return 0
	}
	return 100 * float64(good) / float64(good+s.counts[missed])
}

func (s score) enough() bool { return s.percent() >= s.least }

// measure tries the changes in their order until enough of them have counted.
func measure(ctx context.Context, out io.Writer, p plan) (score, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	limits, err := unchanged(ctx, p)
	if err != nil {
		return score{}, err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return score{}, err
	}
	defer os.RemoveAll(dir)

	var (
		mu     sync.Mutex
		result = score{counts: map[verdict]int{}, least: p.least}
		failed error
		next   int // the mutant to try
		begun  int // tried or being tried, and not known to be unbuilt
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(p.mutants) || begun == p.number || failed != nil || ctx.Err() != nil {
			return 0, false
		}
		next, begun = next+1, begun+1
		return next - 1, true
	}
	settle := func(m mutant, v verdict, took time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = errors.Join(failed, err)
			return
		}
		result.counts[v]++
		if v == unbuilt {
			begun--
			return
		}
		fmt.Fprintf(out, "%-8s %5.1fs  %s\n", v, took.Seconds(), m)
	}
	var workers sync.WaitGroup
	for job := range p.jobs {
		workers.Go(func() {
			for {
				i, ok := take()
				if !ok {
					return
				}
				m, started := p.mutants[i], time.Now()
				v, err := arguable, error(nil)
				if p.argued[m.key()] == "" {
					v, err = try(ctx, filepath.Join(dir, fmt.Sprint(job)), m, limits[m.pkg], p.flags)
				}
				settle(m, v, time.Since(started), err)
			}
		})
	}
	workers.Wait()
	if failed != nil {
		return score{}, failed
	}
	if err := ctx.Err(); err != nil {
		return score{}, err
	}
	c := result.counts
	fmt.Fprintf(out, "\n%d changes: %d noticed, %d made the tests hang, %d missed, %d argued to make no difference: %.1f %% noticed, want %g %%\n",
		c[noticed]+c[hung]+c[missed]+c[arguable], c[noticed], c[hung], c[missed], c[arguable], result.percent(), p.least)
	return result, nil
}

// unchanged runs the tests of every package as they are: they must pass, and
// the time they take bounds the runs to come.
func unchanged(ctx context.Context, p plan) (map[string]time.Duration, error) {
	limits := map[string]time.Duration{}
	for _, m := range p.mutants {
		if _, ok := limits[m.pkg]; ok {
			continue
		}
		started := time.Now()
		if text, err := test(ctx, m.pkg, 10*time.Minute, p.flags...); err != nil {
			return nil, fmt.Errorf("the unchanged tests of %s: %w\n%s", m.pkg, err, text)
		}
		limits[m.pkg] = 4*time.Since(started) + slack
	}
	return limits, nil
}

func test(ctx context.Context, pkg string, limit time.Duration, flags ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+slack) // should the test binary not keep to its own limit
	defer cancel()
	args := append([]string{"test", "-short", "-count=1", "-failfast", "-vet=off", "-timeout", limit.String()}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Stdin = nil
	return cmd.CombinedOutput()
}

// try runs the tests against one change, in a directory of the caller's.
func try(ctx context.Context, dir string, m mutant, limit time.Duration, flags []string) (verdict, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	source, err := os.ReadFile(m.path)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	text := string(source[:m.start]) + m.with + string(source[m.end:])
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {m.path: changed}})
	if err := errors.Join(err, os.WriteFile(changed, []byte(text), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", err
	}
	said, err := test(ctx, m.pkg, limit, append([]string{"-overlay", overlay}, flags...)...)
	switch {
	case ctx.Err() != nil:
		return stopped, nil
	case err == nil:
		return missed, nil
	case bytes.Contains(said, []byte("[build failed]")), bytes.Contains(said, []byte("[setup failed]")):
		return unbuilt, nil
	case bytes.Contains(said, []byte("panic: test timed out after")):
		return hung, nil
	}
	return noticed, nil
}
