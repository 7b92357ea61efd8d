package secret_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/secret/sourcetest"
)

// X1, X2, X3, C36: what every source promises.
func TestStaticKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(_ *testing.T, values ...string) sourcetest.Backend {
		return sourcetest.Backend{Source: secret.Static(values...)}
	})
}

func TestEnvKeepsItsPromises(t *testing.T) {
	opened := 0
	sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
		opened++
		names := make([]string, len(values))
		for i, value := range values {
			names[i] = fmt.Sprintf("SECRET_TEST_%d_%d", opened, i)
			t.Setenv(names[i], value)
		}
		return sourcetest.Backend{
			Source: secret.Env(names...),
			Set: func(values ...string) {
				for i, value := range values {
					require.NoError(t, os.Setenv(names[i], value))
				}
			},
			Away: func() {
				for _, name := range names {
					require.NoError(t, os.Unsetenv(name))
				}
			},
		}
	})
}

// files makes a file for each value, and what changes and removes them.
func files(t *testing.T, values []string) (paths []string, b sourcetest.Backend) {
	t.Helper()
	dir := t.TempDir()
	for i, value := range values {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
		write(t, paths[i], value)
	}
	return paths, sourcetest.Backend{
		Set: func(values ...string) {
			for i, value := range values {
				swap(t, paths[i], value)
			}
		},
		Pass: func() { time.Sleep(time.Second) },
		Away: func() { require.NoError(t, os.RemoveAll(dir)) },
	}
}

func TestFileKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
		paths, b := files(t, values)
		b.Source = secret.File(paths...)
		return b
	})
}

func TestJoinKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(t *testing.T, values ...string) sourcetest.Backend {
		paths, b := files(t, values)
		var all []secret.Source
		for _, path := range paths {
			all = append(all, secret.File(path))
		}
		b.Source = secret.Join(all...)
		return b
	})
}

// safe is an origin in memory.
type safe struct {
	mu     sync.Mutex
	values func() []string
	away   bool
}

func (s *safe) set(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = func() []string { return values }
}

func (s *safe) read(ctx context.Context) ([]secret.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, os.ErrNotExist
	}
	var values []secret.Value
	for _, text := range s.values() {
		values = append(values, secret.New(text))
	}
	return values, ctx.Err()
}

func (s *safe) backend(values []string) sourcetest.Backend {
	s.set(values...)
	return sourcetest.Backend{Source: secret.Func(s.read), Set: s.set, Away: func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.away = true
	}}
}

func TestFuncKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(_ *testing.T, values ...string) sourcetest.Backend { return (&safe{}).backend(values) })
}

func TestCacheKeepsItsPromises(t *testing.T) {
	t.Parallel()
	sourcetest.RunInBubble(t, func(_ *testing.T, values ...string) sourcetest.Backend {
		b := (&safe{}).backend(values)
		b.Source, b.Pass = secret.Cache(b.Source, time.Minute), func() { time.Sleep(time.Minute) }
		return b
	})
}
