// Package leakcheck fails a test, or a whole package's tests, when goroutines
// that were started during it are still there at the end.
//
// Most packages need one line, which covers every test in them:
//
//	func TestMain(m *testing.M) { leakcheck.Main(m) }
//
// Use [Check] to find the one test that leaks. A test inside a
// testing/synctest bubble needs neither: the bubble does not end before its
// goroutines do.
package leakcheck

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines that are on their way out get to finish:
// generous, since it is spent only by a test that fails.
const patience = 30 * time.Second

// Main runs the tests of a package and then fails it, with the stacks on
// standard error, if goroutines are left behind. It does not return; call it
// as the only statement of TestMain. Leaks are not looked for when a test has
// failed already, since a failed test may well have skipped its own cleanup.
func Main(m *testing.M) {
	os.Exit(verdict(m.Run(), os.Stderr, patience))
}

// Check fails t if, after its cleanups, goroutines are left that were not
// there when Check was called. Call it first, so that its own cleanup runs
// last. It must not be used in a test that is parallel, or beside one: the
// goroutines of the others cannot be told from the test's own.
func Check(t testing.TB) {
	t.Helper()
	check(t, patience)
}

func check(t testing.TB, wait time.Duration) {
	t.Helper()
	before := map[string]bool{}
	for _, g := range goroutines() {
		before[g.id] = true
	}
	t.Cleanup(func() {
		if t.Failed() || t.Skipped() {
			return
		}
		if left := leaked(before, wait); len(left) > 0 {
			t.Errorf("leakcheck: %s", report(left))
		}
	})
}

// verdict turns the result of the tests into the exit code of the process.
func verdict(code int, out io.Writer, wait time.Duration) int {
	if code != 0 {
		return code
	}
	left := leaked(nil, wait)
	if len(left) == 0 {
		return 0
	}
	fmt.Fprintf(out, "FAIL leakcheck: %s\n", report(left))
	return 1
}

func report(left []goroutine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d goroutine(s) left behind:", len(left))
	for _, g := range left {
		b.WriteString("\n\n")
		b.WriteString(g.stack)
	}
	return b.String()
}

// leaked returns the goroutines that are neither in before nor part of the
// machinery, once there are none or the wait is over.
func leaked(before map[string]bool, wait time.Duration) []goroutine {
	deadline := time.Now().Add(wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		var left []goroutine
		for _, g := range goroutines() {
			if !before[g.id] && !g.machinery() {
				left = append(left, g)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(pause)
	}
}

// goroutine is one entry of a stack dump.
type goroutine struct {
	id    string
	stack string
}

// goroutines lists every goroutine but the caller's, which comes first in a
// dump.
func goroutines() []goroutine {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return parse(string(buf[:n]))[1:]
		}
		buf = make([]byte, 2*len(buf))
	}
}

func parse(dump string) []goroutine {
	var gs []goroutine
	for stack := range strings.SplitSeq(strings.TrimSpace(dump), "\n\n") {
		// goroutine 7 [chan receive]:
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		gs = append(gs, goroutine{id: id, stack: stack})
	}
	return gs
}

// machinery reports whether the goroutine belongs to the runtime or to the
// testing package and thus outlives every test by design.
func (g goroutine) machinery() bool {
	_, frames, _ := strings.Cut(g.stack, "\n")
	top, _, _ := strings.Cut(frames, "\n")
	for _, prefix := range []string{
		"testing.RunTests(", "testing.(*T).Run(", "testing.(*T).Parallel(", "testing.(*testState).waitParallel(",
		"testing.(*M).", "testing.(*F).", "testing.runFuzzing(", "testing.runFuzzTests(", "testing.tRunner.func", "internal/fuzz.",
		"os/signal.signal_recv(", "os/signal.loop(",
		"runtime.ReadTrace(", "runtime.ensureSigM", "runtime/pprof.", "runtime/trace.",
	} {
		if strings.HasPrefix(top, prefix) {
			return true
		}
	}
	for _, made := range []string{
		"created by testing.RunTests", "created by testing.(*M).", "created by testing.runTests",
		"created by runtime/trace.Start", "created by runtime/pprof.StartCPUProfile", "created by os/signal.",
		"created by runtime.", "created by internal/fuzz.",
	} {
		if strings.Contains(frames, "\n"+made) {
			return true
		}
	}
	// The test that is waiting for its (sub)tests, Check's own caller included.
	return strings.Contains(frames, "\ntesting.(*T).Run(") || strings.Contains(frames, "\ntesting.(*M).Run(")
}
