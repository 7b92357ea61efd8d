package leakcheck

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

// recorder stands for a test, so that a failure of Check can be looked at.
type recorder struct {
	testing.TB
	cleanups []func()
	failures []string
	skipped  bool
}

func (r *recorder) Helper()          {}
func (r *recorder) Failed() bool     { return len(r.failures) > 0 }
func (r *recorder) Skipped() bool    { return r.skipped }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for _, f := range r.cleanups {
		f()
	}
}

// leave starts a goroutine, which is in leaveBehind when leave returns.
func leave(stop <-chan struct{}) {
	begun := make(chan struct{})
	go leaveBehind(begun, stop)
	<-begun
}

// leaveBehind has a name that is looked for in the report.
func leaveBehind(begun chan<- struct{}, stop <-chan struct{}) {
	close(begun)
	<-stop
}

func TestCheckReportsTheStackOfALeak(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	r := &recorder{TB: t}
	check(r, 10*time.Millisecond)
	leave(stop)
	r.end()
	require.Len(t, r.failures, 1)
	require.Contains(t, r.failures[0], "1 goroutine(s) left behind")
	require.Contains(t, r.failures[0], "leaveBehind")
}

func TestCheckIgnoresWhatWasThereBefore(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	leave(stop)
	r := &recorder{TB: t}
	check(r, 10*time.Millisecond)
	r.end()
	require.Empty(t, r.failures)
}

func TestCheckWaitsForGoroutinesOnTheirWayOut(t *testing.T) {
	r := &recorder{TB: t}
	check(r, patience)
	stop := make(chan struct{})
	leave(stop)
	time.AfterFunc(20*time.Millisecond, func() { close(stop) })
	r.end()
	require.Empty(t, r.failures)
}

func TestCheckIsSilentOnASkippedOrFailedTest(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	for name, r := range map[string]*recorder{
		"skipped": {TB: t, skipped: true},
		"failed":  {TB: t, failures: []string{"before"}},
	} {
		check(r, 10*time.Millisecond)
		leave(stop)
		n := len(r.failures)
		r.end()
		require.Len(t, r.failures, n, name)
	}
}

func TestCheckKnowsTheMachinery(t *testing.T) {
	t.Run("a subtest's parents are not leaks", func(t *testing.T) {
		require.Empty(t, leaked(nil, patience))
	})
	t.Run("a closed server leaves nothing", func(t *testing.T) {
		Check(t)
		srv := httptest.NewServer(http.NotFoundHandler())
		defer srv.Close()
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
	})
}

func TestVerdict(t *testing.T) {
	var out strings.Builder
	require.Equal(t, 0, verdict(0, &out, patience))
	require.Equal(t, 2, verdict(2, &out, 0), "the tests' own failure is passed on")
	require.Empty(t, out.String())

	stop := make(chan struct{})
	defer close(stop)
	leave(stop)
	require.Equal(t, 1, verdict(0, &out, 10*time.Millisecond))
	require.Contains(t, out.String(), "leaveBehind")
}

func TestParse(t *testing.T) {
	gs := parse("goroutine 1 [running]:\nmain.main()\n\t/a.go:1 +0x1\n\ngoroutine 42 [chan receive, 2 minutes]:\nmain.f()\n\t/a.go:2 +0x1\n")
	require.Len(t, gs, 2)
	require.Equal(t, "1", gs[0].id)
	require.Equal(t, "42", gs[1].id)
	require.True(t, strings.HasPrefix(gs[1].stack, "goroutine 42 [chan"))
}
