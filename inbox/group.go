package inbox

import (
	"context"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// maxGroup is how many deliveries are committed together. A commit costs the disk as
// much for one as for many.
const maxGroup = 128

// group collects deliveries while others are being committed. It has a goroutine only
// as long as there is something to insert.
type group struct {
	limit   int // of transactions at once
	mu      sync.Mutex
	waiting []*intake
	writing int
}

// intake is a delivery on its way into the database.
type intake struct {
	ctx  context.Context
	rows []row
	done chan error // holds one
}

// inserter commits deliveries, all or none.
type inserter func(ctx context.Context, all [][]row) error

func (g *group) insert(ctx context.Context, rows []row, insert inserter) error {
	in := &intake{ctx: ctx, rows: rows, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, in)
	if g.writing < g.limit {
		g.writing++
		go g.write(insert)
	}
	g.mu.Unlock()
	select {
	case err := <-in.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write inserts what is waiting until nothing is.
func (g *group) write(insert inserter) {
	for {
		ins := g.take()
		if ins == nil {
			return
		}
		insertGroup(ins, insert)
	}
}

// take returns nil, and counts the writer out, when nothing is waiting.
func (g *group) take() []*intake {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), maxGroup)
	if n == 0 {
		g.writing--
		g.waiting = nil
		return nil
	}
	ins := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return ins
}

// prompt is how fast a database answers that a delivery, and not the database, is what
// is wrong with.
const prompt = time.Second

// insertGroup tells each delivery what became of it. Where the database refuses the
// group, one of them may be the reason: then each is tried by itself.
func insertGroup(ins []*intake, insert inserter) {
	ins = wanted(ins)
	begun := time.Now()
	err := insertSafely(ins, insert)
	if err == nil || len(ins) == 1 || time.Since(begun) > prompt {
		for _, in := range ins {
			in.done <- err
		}
		return
	}
	for i, in := range ins {
		begun = time.Now()
		err = insertSafely(ins[i:i+1], insert)
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
func wanted(ins []*intake) []*intake {
	var left []*intake
	for _, in := range ins {
		if in.ctx.Err() == nil {
			left = append(left, in)
		}
	}
	return left
}

func insertSafely(ins []*intake, insert inserter) (err error) {
	if len(ins) == 0 {
		return nil
	}
	defer panics.Catch(&err, "inbox: the database's driver")
	all := make([][]row, len(ins))
	for i, in := range ins {
		all[i] = in.rows
	}
	return insert(context.Background(), all)
}
