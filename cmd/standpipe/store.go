package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// store keeps deliveries as files, one raw request each, that only their owner
// can read: they hold whatever the provider sent, tokens included. It is safe
// for concurrent use. The zero store keeps nothing.
type store struct {
	dir string

	mu   sync.Mutex
	last time.Time
}

// open makes the directory.
func (st *store) open() error {
	if st.dir == "" {
		return nil
	}
	return os.MkdirAll(st.dir, 0o700)
}

const storedSuffix = ".http"

// keep writes a delivery and returns the file's path. Names sort by time.
func (st *store) keep(d *dump, at time.Time) (string, error) {
	if st.dir == "" {
		return "", nil
	}
	st.mu.Lock()
	if !at.After(st.last) {
		at = st.last.Add(1)
	}
	st.last = at
	st.mu.Unlock()
	var b bytes.Buffer
	if err := d.writeTo(&b); err != nil {
		return "", err
	}
	path := filepath.Join(st.dir, at.UTC().Format("20060102T150405.000000000Z")+storedSuffix)
	return path, writeNew(path, b.String())
}

// storedFiles lists what args name: files as they are, and the deliveries of a
// directory in the order of their arrival.
func storedFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not exist", arg)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		in, err := filepath.Glob(filepath.Join(globQuote(arg), "*"+storedSuffix))
		if err != nil {
			return nil, err
		}
		slices.Sort(in)
		files = append(files, in...)
	}
	if len(files) == 0 {
		return nil, errors.New("no delivery is stored there")
	}
	return files, nil
}

// globQuote keeps a directory's own name from being read as a pattern.
func globQuote(path string) string {
	var b bytes.Buffer
	for _, r := range path {
		if slices.Contains([]rune{'*', '?', '[', '\\'}, r) {
			b.WriteRune('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
