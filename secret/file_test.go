package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// swap replaces path by rename, as Docker and careful scripts do.
func swap(t *testing.T, path, content string) {
	t.Helper()
	write(t, path+".new", content)
	require.NoError(t, os.Rename(path+".new", path))
}

// X2
func TestX2_FileTrimsOneTrailingNewline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	for content, want := range map[string]string{"k": "k", "k\n": "k", "k\r\n": "k", "k\n\n": "k\n", " k\n": " k"} {
		write(t, path, content)
		require.Equal(t, []string{want}, reveal(t, secret.File(path)), "%q", content)
	}
}

// X2
func TestX2_UnusableFileIsAnErrorAtConstruction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, blank, huge := filepath.Join(dir, "good"), filepath.Join(dir, "blank"), filepath.Join(dir, "huge")
	write(t, good, canary)
	write(t, blank, " \n\n")
	write(t, huge, strings.Repeat("CANARY", 200_000))
	require.NoError(t, secret.Check(secret.File(good)))
	require.ErrorIs(t, secret.Check(secret.File(blank)), secret.ErrBlank)
	require.ErrorIs(t, secret.Check(secret.File(good, blank)), secret.ErrBlank)
	require.ErrorIs(t, secret.Check(secret.File(filepath.Join(dir, "none"))), os.ErrNotExist)
	isDirectory := secret.Check(secret.File(dir))
	require.ErrorContains(t, isDirectory, dir)
	require.NotErrorIs(t, isDirectory, secret.ErrBlank, "it could not be read at all")
	err := secret.Check(secret.File(huge))
	require.ErrorContains(t, err, "larger than 1048576 bytes")
	requireHidden(t, err.Error())

	write(t, huge, strings.Repeat("C", 1<<20))
	require.NoError(t, secret.Check(secret.File(huge)), "as large as it may be")
	write(t, huge, strings.Repeat("C", 1<<20+1))
	require.ErrorContains(t, secret.Check(secret.File(huge)), "larger than 1048576 bytes")

	_, err = secret.File(blank).Secrets(t.Context())
	require.ErrorIs(t, err, secret.ErrBlank)
}

// X3: a rename is followed within a second, and at once on Refresh.
func TestX3_FileRotatedByRename(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "one\n")
		src := secret.File(path)
		require.Equal(t, []string{"one"}, reveal(t, src))

		swap(t, path, "two\n")
		require.Equal(t, []string{"one"}, reveal(t, src), "looked at once a second")
		time.Sleep(time.Second)
		require.Equal(t, []string{"two"}, reveal(t, src))

		swap(t, path, "three\n")
		require.NoError(t, secret.Refresh(t.Context(), src))
		require.Equal(t, []string{"three"}, reveal(t, src))
	})
}

// X3: content is compared, not a modification time.
func TestX3_FileRewrittenWithTheSameTimeAndSize(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path, stamp := filepath.Join(dir, "key"), time.Unix(1_700_000_000, 0)
		for _, want := range []string{"aaaa", "bbbb", "cccc"} {
			write(t, path, want)
			require.NoError(t, os.Chtimes(path, stamp, stamp))
			src := secret.File(path)
			require.Equal(t, []string{want}, reveal(t, src))
			write(t, path, strings.ToUpper(want))
			require.NoError(t, os.Chtimes(path, stamp, stamp))
			time.Sleep(time.Second)
			require.Equal(t, []string{strings.ToUpper(want)}, reveal(t, src))
		}
	})
}

// X3: Kubernetes: key → ..data/key, and ..data → ..2026_11_23 is what is swapped.
func TestX3_FileRotatedByKubernetes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		publish := func(version, content string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
			write(t, filepath.Join(dir, version, "key"), content)
			require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
			require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		}
		publish("..v1", "one")
		require.NoError(t, os.Symlink(filepath.Join("..data", "key"), filepath.Join(dir, "key")))
		src := secret.File(filepath.Join(dir, "key"))
		require.Equal(t, []string{"one"}, reveal(t, src))
		publish("..v2", "two")
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "..v1")))
		time.Sleep(time.Second)
		require.Equal(t, []string{"two"}, reveal(t, src))
	})
}

// X3: the middle of a rotation shows nobody a missing or empty secret.
func TestX3_FileServesTheLastGoodValueForAMinute(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "one")
		src := secret.File(path)
		require.Equal(t, []string{"one"}, reveal(t, src))
		require.NoError(t, os.Remove(path))
		for range 30 {
			time.Sleep(time.Second)
			require.Equal(t, []string{"one"}, reveal(t, src))
		}
		require.NoError(t, secret.Refresh(t.Context(), src))
		write(t, path, "\n")
		for range 30 {
			time.Sleep(time.Second)
			require.Equal(t, []string{"one"}, reveal(t, src))
		}
		time.Sleep(time.Second)
		_, err := src.Secrets(t.Context())
		require.ErrorIs(t, err, secret.ErrBlank, "then it is an outage, not a rotation")
		require.ErrorIs(t, secret.Refresh(t.Context(), src), secret.ErrBlank)
		write(t, path, "two")
		require.Equal(t, []string{"two"}, reveal(t, src), "and over as soon as it can be")
	})
}

// X3: at 1,000 calls a second, rotations fail none, and all see the new one.
func TestX3_RotationAtAThousandCallsASecond(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "0")
		src := secret.File(path)
		var calls, failed, backwards, stale atomic.Int64
		var current atomic.Pointer[string]
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				last := ""
				for range 600 {
					calls.Add(1)
					v, err := secret.Current(t.Context(), src)
					switch {
					case err != nil:
						failed.Add(1)
					case v.Reveal() < last:
						backwards.Add(1)
					default:
						last = v.Reveal()
					}
					if want := current.Load(); want != nil && last < *want {
						stale.Add(1)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		for _, v := range []string{"1", "2", "3"} {
			time.Sleep(300 * time.Millisecond)
			write(t, path, "") // a careless rotation: truncated, then written
			time.Sleep(200 * time.Millisecond)
			write(t, path, v)
			time.Sleep(1100 * time.Millisecond)
			current.Store(&v)
		}
		wg.Wait()
		require.EqualValues(t, 6000, calls.Load())
		require.Zero(t, failed.Load())
		require.Zero(t, backwards.Load())
		require.Zero(t, stale.Load(), "a second after a rotation nobody sees the old one")
	})
}

func TestFileUnusedForAWhileServesNothingOld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "key")
		write(t, path, "old")
		src := secret.File(path)
		reveal(t, src)
		swap(t, path, "new")
		time.Sleep(time.Hour)
		var old atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if v, err := secret.Current(t.Context(), src); err != nil || v.Reveal() != "new" {
					old.Add(1)
				}
			})
		}
		wg.Wait()
		require.Zero(t, old.Load())
	})
}

func TestFileDoesNotAllocateBetweenReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, "k")
	src, ctx := secret.File(path), t.Context()
	reveal(t, src)
	require.Less(t, testing.AllocsPerRun(1000, func() {
		if _, err := secret.Current(ctx, src); err != nil {
			t.Error(err)
		}
	}), 1.0)
}
