package ratelimit

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// paused makes a directory with one pause in it, and returns the file that holds it.
func paused(t testing.TB) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	s, err := FileState(dir)
	require.NoError(t, err)
	NewPacer(WithState(s)).Observe("k", http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, true)
	found, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return dir, found[0]
}

func TestFileState_BadInput(t *testing.T) {
	t.Parallel()
	_, err := FileState("")
	require.Error(t, err)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{file, filepath.Join(file, "below"), "\x00"} {
		_, err = FileState(dir)
		require.Error(t, err, dir)
	}
}

// A file that is damaged, or is somebody else's, is an error that names it.
func TestADamagedFileIsAnError(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(text []byte) []byte{
		"empty":        func([]byte) []byte { return nil },
		"cut":          func(text []byte) []byte { return text[:len(text)-1] },
		"cut to head":  func(text []byte) []byte { return text[:headBytes-1] },
		"longer":       func(text []byte) []byte { return append(text, ' ') },
		"one bit":      func(text []byte) []byte { text[len(text)-3] ^= 1; return text },
		"another form": func(text []byte) []byte { text[len(fileHead)-2] = '2'; return text },
		"JSON":         func([]byte) []byte { return []byte(`{"until":"2030-01-01T00:00:00Z"}`) },
		"huge":         func([]byte) []byte { text := make([]byte, maxFile); return append([]byte(headOf(text)), text...) },
	} {
		dir, file := paused(t)
		before, err := FileState(dir)
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, damage(text), 0o600))
		_, err = FileState(dir)
		require.ErrorContains(t, err, file+" is damaged, or was written by something else: remove it to begin anew", name)
		require.Error(t, before.update(t.Context(), filepath.Base(file[:len(file)-len(ending)]), func([]byte) []byte { return []byte("x") }), name)
		require.NoError(t, os.Remove(file))
		_, err = FileState(dir)
		require.NoError(t, err, name)
	}
	dir, file := paused(t)
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Mkdir(file, 0o700))
	_, err := FileState(dir)
	require.Error(t, err)
}

// What a process that was killed has left unfinished goes, and what is not known stays.
func TestUnfinishedFilesGo(t *testing.T) {
	t.Parallel()
	dir, file := paused(t)
	for _, name := range []string{tempPrefix + "1", "notes.txt", "-.statement", ".state"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600))
	}
	s, err := FileState(dir)
	require.NoError(t, err)
	require.Len(t, s.paused, 1)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.ElementsMatch(t, []string{"notes.txt", "-.statement", ".state", lockName, filepath.Base(file)}, names)
}

// A directory that goes away, or becomes read-only, later: a pause holds in this
// process, a quota fails with the reason.
func TestADirectoryThatGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state")
		s, err := FileState(dir)
		require.NoError(t, err)
		quota, pacer := Quota(10, Day, WithState(s)), NewPacer(WithState(s))
		require.True(t, quota.Allow("k"))
		require.NoError(t, os.RemoveAll(dir))
		err = quota.Wait(t.Context(), "k")
		require.ErrorIs(t, err, ErrState)
		require.ErrorIs(t, err, os.ErrNotExist)
		pacer.Observe("k", http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, true)
		require.GreaterOrEqual(t, pacer.Delay("k"), 300*time.Second)
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, s.update(t.Context(), "quota-1", func([]byte) []byte { return []byte("x") }))
	})
}

// A write that fails leaves what was there.
func TestAWriteThatFailsLeavesTheFile(t *testing.T) {
	t.Parallel()
	dir, file := paused(t)
	f := &files{dir: dir, turn: make(chan struct{}, 1)}
	key := filepath.Base(file[:len(file)-len(ending)])
	require.NoError(t, os.Rename(file, file+".kept"))
	require.NoError(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o700)) // nothing can be renamed to it
	require.Error(t, f.write(key, []byte("x")))
	require.NoError(t, os.RemoveAll(file))
	require.NoError(t, os.Rename(file+".kept", file))
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, left)
	kept, err := f.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, kept, 1)
}

// A lock that another process has is waited for, as long as there is time.
func TestALockIsWaitedFor(t *testing.T) {
	dir, _ := paused(t)
	synctest.Test(t, func(t *testing.T) {
		f := &files{dir: dir, turn: make(chan struct{}, 1)}
		release, err := tryLock(filepath.Join(dir, lockName))
		require.NoError(t, err)
		_, err = tryLock(filepath.Join(dir, lockName))
		require.ErrorIs(t, err, errLocked)
		change := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return f.Update(ctx, "quota-1", func([]byte) []byte { return []byte("x") })
		}
		start := time.Now()
		err = change()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "is locked by another process")
		require.Equal(t, time.Second, time.Since(start))
		done := make(chan error, 1)
		go func() { done <- change() }()
		synctest.Wait()
		require.ErrorContains(t, func() error { // of this process's goroutines one waits for the lock
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("shutting down"))
			return f.Update(ctx, "quota-1", func([]byte) []byte { return nil })
		}(), "shutting down")
		release()
		require.NoError(t, <-done)
	})
}

// L2: whatever stands in a directory, it is read, or refused by an error.
func FuzzFileState(f *testing.F) {
	_, file := paused(f)
	whole, err := os.ReadFile(file)
	require.NoError(f, err)
	f.Add(whole, false)
	f.Add([]byte(`{"v":1,"until":"2030-01-01T00:00:00Z","noted":"2026-01-01T00:00:00Z","used":7}`), true)
	f.Fuzz(func(t *testing.T, text []byte, framed bool) {
		if framed {
			text = append([]byte(headOf(text)), text...)
		}
		dir := t.TempDir()
		name := filepath.Base(file)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
		s, err := FileState(dir)
		if err != nil {
			require.ErrorContains(t, err, name[:len(name)-len(ending)])
			return
		}
		require.Less(t, NewPacer(WithState(s)).Delay("k"), 25*time.Hour)
	})
}
