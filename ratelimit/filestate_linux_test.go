package ratelimit

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const fullVariable = "RATELIMIT_TEST_FULL"

// A disk that is full: no more than the head of a file can be written. What was there
// stays, a quota fails with the reason, a pause holds in this process. It is tested in a
// process of its own, whose files the limit concerns.
func TestADiskThatIsFull(t *testing.T) {
	if os.Getenv(fullVariable) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestADiskThatIsFull$", "-test.v")
		cmd.Env = append(os.Environ(), fullVariable+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, err := FileState(dir)
		require.NoError(t, err)
		quota, pacer := Quota(10, Day, WithState(s)), NewPacer(WithState(s))
		require.True(t, quota.Allow("k"))
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 10, Max: 1 << 40}))
		err = quota.Wait(t.Context(), "k")
		require.ErrorIs(t, err, ErrState)
		require.ErrorIs(t, err, syscall.EFBIG)
		pacer.Observe("k", http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, true)
		require.GreaterOrEqual(t, pacer.Delay("k"), 300*time.Second)
		left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
		require.NoError(t, err)
		require.Empty(t, left, "nothing unfinished is left to fill it further")

		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 40, Max: 1 << 40}))
		next, err := FileState(dir)
		require.NoError(t, err)
		require.Zero(t, NewPacer(WithState(next)).Delay("k"), "the pause was not kept")
		after := Quota(10, Day, WithState(next))
		for range 9 {
			require.True(t, after.Allow("k"))
		}
		require.False(t, after.Allow("k"), "the count was")
	})
}
