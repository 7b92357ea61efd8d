package inbox

import (
	"context"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// maxGroup is how many changes are committed together. A commit costs the disk as much
// for one as for many.
const maxGroup = 128

// maxSize bounds the events of them, so that deliveries of many events each, or of large
// bodies, are not too much together for the time that a transaction has.
const maxSize = 1000

// largeEvent is as many bytes as cost what an event costs.
const largeEvent = 16 << 10

// sizeOf counts a delivery's events, and its bytes.
func sizeOf(rows []row) int {
	size, bytes := len(rows), 0
	for i := range rows {
		bytes += len(rows[i].meta)
	}
	if len(rows) > 0 {
		bytes += len(rows[0].body) // which is kept once
	}
	return size + bytes/largeEvent
}

// group collects changes, such as deliveries to be inserted, while others are being
// committed. It has a goroutine only as long as there is something to commit.
type group[T any] struct {
	limit   int                                      // of transactions at once
	commit  func(ctx context.Context, all []T) error // all or none
	size    func(T) int                              // in events; nil: each is one
	mu      sync.Mutex
	waiting []*change[T]
	writing int
}

// change is one on its way into the database.
type change[T any] struct {
	ctx  context.Context
	what T
	done chan error // holds one
}

// do returns when the change has been committed, or ctx ends.
func (g *group[T]) do(ctx context.Context, what T) error {
	in := &change[T]{ctx: ctx, what: what, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, in)
	if g.writing < g.limit {
		g.writing++
		go g.write()
	}
	g.mu.Unlock()
	select {
	case err := <-in.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write commits what is waiting until nothing is.
func (g *group[T]) write() {
	for {
		ins := g.take()
		if ins == nil {
			return
		}
		g.commitAll(ins)
	}
}

// take returns nil, and counts the writer out, when nothing is waiting.
func (g *group[T]) take() []*change[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.fitting()
	if n == 0 {
		g.writing--
		g.waiting = nil
		return nil
	}
	ins := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return ins
}

// fitting is how many of those that wait are committed together: one at least.
func (g *group[T]) fitting() int {
	most := min(len(g.waiting), maxGroup)
	if g.size == nil {
		return most
	}
	size := 0
	for n, in := range g.waiting[:most] {
		if size += g.size(in.what); size > maxSize && n > 0 {
			return n
		}
	}
	return most
}

// prompt is how fast a database answers that is not itself what is wrong.
const prompt = time.Second

// commitAll tells each change what became of it. Where the database refuses the group,
// one of them may be the reason: then each is tried by itself.
func (g *group[T]) commitAll(ins []*change[T]) {
	ins = wanted(ins)
	begun := time.Now()
	err := g.commitSafely(ins)
	if err == nil || len(ins) == 1 || time.Since(begun) > prompt {
		for _, in := range ins {
			in.done <- err
		}
		return
	}
	for i, in := range ins {
		begun = time.Now()
		err = g.commitSafely(ins[i : i+1])
		in.done <- err
		if err != nil && time.Since(begun) > prompt { // it is away: let none wait for it
			for _, in := range ins[i+1:] {
				in.done <- err
			}
			return
		}
	}
}

// wanted leaves out those whose sender has gone: it will come again.
func wanted[T any](ins []*change[T]) []*change[T] {
	var left []*change[T]
	for _, in := range ins {
		if in.ctx.Err() == nil {
			left = append(left, in)
		}
	}
	return left
}

func (g *group[T]) commitSafely(ins []*change[T]) (err error) {
	if len(ins) == 0 {
		return nil
	}
	defer panics.Catch(&err, "inbox: the database's driver")
	all := make([]T, len(ins))
	for i, in := range ins {
		all[i] = in.what
	}
	return g.commit(context.Background(), all)
}
