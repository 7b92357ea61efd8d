package ratelimit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// FileState returns a [State] in the files of a directory, which is made if it is not
// there. It needs to be on a disk of this machine that survives it; any number of
// processes may share it. Every change is written to a temporary file, synced and
// renamed, under a lock that ends with its process. Files that it does not know by their
// names are left alone.
//
// A directory that cannot be written to, and a file that is damaged or was written by
// something else, are errors, which name it. What happens when the directory is full, or
// becomes read-only, later is described at State. Options: [WithLogger].
func FileState(dir string, opts ...Option) (*State, error) {
	files := &files{dir: dir, turn: make(chan struct{}, 1)}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ratelimit: state: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateLimit)
	defer cancel()
	if err := files.writable(ctx); err != nil {
		return nil, fmt.Errorf("ratelimit: state: %w", err)
	}
	return NewState(ctx, files, opts...)
}

// files is a [Storage] of one file for each key.
type files struct {
	dir  string
	turn chan struct{} // of this process's goroutines, beside the lock of all processes
}

const (
	lockName   = "lock"
	tempPrefix = "unfinished-"
	ending     = ".state"
)

var fileName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}\.state$`)

// A file is a line that names the form and the digest of what follows, and that.
const (
	fileHead  = "standpipe ratelimit 1 "
	headBytes = len(fileHead) + 2*sha256.Size + 1
	maxFile   = 64 << 10 // what is longer is cut off, and so is no file of ours
)

func headOf(text []byte) string {
	sum := sha256.Sum256(text)
	return fileHead + hex.EncodeToString(sum[:]) + "\n"
}

// writable finds out whether a file can be made, and removes those that a process which
// was killed has left unfinished.
func (f *files) writable(ctx context.Context) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	left, err := filepath.Glob(filepath.Join(globEscape(f.dir), tempPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		_ = os.Remove(path) // whoever cannot remove it cannot write either
	}
	probe, err := os.CreateTemp(f.dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

var globMeta = regexp.MustCompile(`[*?\[\\]`)

// globEscape is dir as a pattern that matches nothing else.
func globEscape(dir string) string {
	if filepath.Separator == '\\' { // where no escape exists, and no * and ? in names
		return dir
	}
	return globMeta.ReplaceAllString(dir, `\$0`)
}

// Load implements [Storage].
func (f *files) Load(ctx context.Context) (map[string][]byte, error) {
	unlock, err := f.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, err
	}
	kept := map[string][]byte{}
	for _, e := range entries {
		if !fileName.MatchString(e.Name()) {
			continue
		}
		key := e.Name()[:len(e.Name())-len(ending)]
		text, err := f.read(key)
		if err != nil {
			return nil, err
		}
		if text != nil {
			kept[key] = text
		}
	}
	return kept, nil
}

func (f *files) path(key string) string { return filepath.Join(f.dir, key+ending) }

// read returns what is kept under key, nil for nothing.
func (f *files) read(key string) ([]byte, error) {
	file, err := os.Open(f.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	whole, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, err
	}
	if len(whole) < headBytes || !bytes.Equal(whole[:headBytes], []byte(headOf(whole[headBytes:]))) {
		return nil, fmt.Errorf("%s is damaged, or was written by something else: remove it to begin anew", f.path(key))
	}
	return whole[headBytes:], nil
}

// Update implements [Storage].
func (f *files) Update(ctx context.Context, key string, change func(old []byte) []byte) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := f.read(key)
	if err != nil {
		return err
	}
	switch text := change(bytes.Clone(old)); {
	case bytes.Equal(text, old):
		return nil
	case text == nil:
		return os.Remove(f.path(key))
	default:
		return f.write(key, text)
	}
}

// write replaces a file as a whole, or leaves it as it was.
func (f *files) write(key string, text []byte) (err error) {
	temp, err := os.CreateTemp(f.dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.WriteString(headOf(text) + string(text))
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), f.path(key)); err != nil {
		return err
	}
	return syncDir(f.dir)
}

// lockPoll is how long to wait for a lock that another process has.
const lockPoll = 2 * time.Millisecond

// lock keeps others from changing a file: the goroutines of this process, and then all
// processes. The system takes the lock of one that dies.
func (f *files) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%s is busy: %w", f.dir, pause.Err(ctx))
	}
	defer func() {
		if err != nil {
			<-f.turn
		}
	}()
	for {
		release, err := tryLock(filepath.Join(f.dir, lockName))
		switch {
		case err == nil:
			return func() { release(); <-f.turn }, nil
		case !errors.Is(err, errLocked):
			return nil, err
		}
		if err := pause.For(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("%s is locked by another process: %w", f.dir, err)
		}
	}
}

var errLocked = errors.New("locked by another process")
