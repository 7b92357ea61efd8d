package secret

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	fileInterval = time.Second
	fileGrace    = time.Minute
	fileMaxBytes = 1 << 20
)

type fileState struct {
	values []Value
	read   time.Time // when values were last read whole
	next   time.Time // when to look again
}

type file struct {
	paths []string
	mu    sync.Mutex // held while reading
	state atomic.Pointer[fileState]
}

// File returns a source that reads the named files, newest secret first, and
// trims one trailing newline from each. The content is read again at most once
// a second while in use, and at once on Refresh: since content is read, whatever
// the modification time, and the path is opened anew, the symlink swaps of
// Kubernetes mounts and the renames of Docker secrets are followed. One caller
// reads; the others go on with the last good value, unless it has been out of use
// for longer. When a file cannot be read
// or is blank, as happens in the middle of a rotation, the last good value
// serves for up to a minute, after which the error is returned. Files over
// 1 MiB are refused.
func File(paths ...string) Source { return &file{paths: paths} }

// Identity is a digest of the paths: the secret in the files may change.
func (f *file) Identity() string { return place("file", f.paths...) }

// Check reads the files.
func (f *file) Check() error {
	_, err := f.Secrets(context.Background())
	return err
}

// Secrets returns what the files hold now, or held a second ago at most.
func (f *file) Secrets(context.Context) ([]Value, error) {
	now := time.Now()
	st := f.state.Load()
	switch {
	case st != nil && now.Before(st.next):
		return st.values, nil
	case st == nil || now.Sub(st.next) > fileInterval: // unused for a while: too old to go on with
		f.mu.Lock()
	case !f.mu.TryLock():
		return st.values, nil
	}
	defer f.mu.Unlock()
	if st = f.state.Load(); st != nil && now.Before(st.next) {
		return st.values, nil
	}
	return f.load(now)
}

// Refresh reads the files now.
func (f *file) Refresh(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.load(time.Now())
	return err
}

func (f *file) load(now time.Time) ([]Value, error) {
	values, err := f.read()
	last := f.state.Load()
	if err != nil {
		if last == nil || now.Sub(last.read) > fileGrace {
			return nil, err
		}
		f.state.Store(&fileState{values: last.values, read: last.read, next: now.Add(fileInterval)})
		return last.values, nil
	}
	f.state.Store(&fileState{values: values, read: now, next: now.Add(fileInterval)})
	return values, nil
}

func (f *file) read() ([]Value, error) {
	if len(f.paths) == 0 {
		return nil, fmt.Errorf("secret: file: no path named: %w", ErrNone)
	}
	values := make([]Value, len(f.paths))
	for i, path := range f.paths {
		s, err := readFile(path)
		if err != nil {
			return nil, err
		}
		values[i] = New(trimNewline(s))
		if values[i].IsBlank() {
			return nil, fmt.Errorf("secret: file %q: %w", path, ErrBlank)
		}
	}
	return values, nil
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, fileMaxBytes+1))
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	if len(data) > fileMaxBytes {
		return "", fmt.Errorf("secret: file %q is larger than %d bytes", path, fileMaxBytes)
	}
	return string(data), nil
}
