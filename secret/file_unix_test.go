//go:build unix

package secret_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

// X3: after an hour without use, whoever comes while the file is being read waits
// for it, and gets nothing that is an hour old. A named pipe holds the reader up.
func TestX3_StaleFileIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "old")
		src := secret.File(path)
		reveal(t, src)
		require.NoError(t, os.Remove(path))
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		time.Sleep(time.Hour)

		got := make(chan string, 2)
		read := func() {
			v, err := secret.Current(t.Context(), src)
			if err != nil {
				t.Error(err)
			}
			got <- v.Reveal()
		}
		go read()
		pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // returns once the reader is there
		require.NoError(t, err)
		go read()
		for range 10_000 {
			runtime.Gosched()
		}
		_, err = pipe.WriteString("new")
		require.NoError(t, err)
		require.NoError(t, pipe.Close())
		require.Equal(t, []string{"new", "new"}, []string{<-got, <-got})
	})
}

// X3: while one caller reads, the others go on with a value that was in use until
// a second ago, and wait where it is older. A file that cannot be read serves the
// last good one for a second as well.
func TestX3_OneReadsWhileTheOthersGoOn(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "old")
		src := secret.File(path)
		reveal(t, src)
		require.NoError(t, os.Remove(path))
		require.NoError(t, syscall.Mkfifo(path, 0o600))
		time.Sleep(2 * time.Second) // it was to be read a second ago, and no longer

		got := make(chan string, 1)
		go func() {
			v, err := secret.Current(t.Context(), src)
			if err != nil {
				t.Error(err)
			}
			got <- v.Reveal()
		}()
		pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // returns once the reader is there
		require.NoError(t, err)
		require.Equal(t, []string{"old"}, reveal(t, src), "nobody else waits")
		_, err = pipe.WriteString("new")
		require.NoError(t, err)
		require.NoError(t, pipe.Close())
		require.Equal(t, "new", <-got)

		require.NoError(t, os.Remove(path))
		write(t, path, "newer")
		require.Equal(t, []string{"new"}, reveal(t, src), "read a moment ago")
		require.NoError(t, os.Remove(path))
		time.Sleep(time.Second)
		require.Equal(t, []string{"new"}, reveal(t, src), "and it is gone")
		write(t, path, "newest")
		time.Sleep(time.Second - 1)
		require.Equal(t, []string{"new"}, reveal(t, src), "which is not looked at at each call either")
		time.Sleep(time.Nanosecond)
		require.Equal(t, []string{"newest"}, reveal(t, src))
	})
}
