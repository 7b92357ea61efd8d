package httpcache

import (
	"io"
	"sync"
)

// copied is a body of which a copy is made while its reader has it, as long as that is
// within bounds. Nothing is read that the reader does not ask for.
type copied struct {
	rc     io.ReadCloser
	s      *store       // whose bound all copies that are being made share
	limit  int64        // of this copy
	length int64        // that was announced; -1 is unknown
	keep   func([]byte) // gets the copy, once, when it is whole

	mu   sync.Mutex // Close may come beside a Read
	buf  []byte
	done bool // the copy has been handed over, or given up
}

func (b *copied) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.done && n > 0 {
		b.add(p[:n])
	}
	switch {
	case err == io.EOF:
		b.end()
	case err != nil:
		b.release()
	}
	return n, err
}

// add gives the copy up where it is too long, or all of them together are.
func (b *copied) add(p []byte) {
	n := int64(len(p))
	if int64(len(b.buf))+n > b.limit {
		b.release()
		return
	}
	if b.s.held.Add(n) > b.s.maxBytes {
		b.s.held.Add(-n)
		b.release()
		return
	}
	b.buf = append(b.buf, p...)
}

// Close ends the copy. Who has read as many bytes as were announced has had it all.
func (b *copied) Close() error {
	b.mu.Lock()
	if b.length >= 0 {
		b.end()
	}
	b.release()
	b.mu.Unlock()
	return b.rc.Close()
}

// end hands the copy over if it is whole.
func (b *copied) end() {
	if b.done {
		return
	}
	buf := b.buf
	b.release()
	if b.length < 0 || int64(len(buf)) == b.length {
		b.keep(buf)
	}
}

func (b *copied) release() {
	if !b.done {
		b.s.held.Add(-int64(len(b.buf)))
		b.buf, b.done = nil, true
	}
}
