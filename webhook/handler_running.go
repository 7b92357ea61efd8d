package webhook

import (
	"context"
	"sync"
)

// running counts the deliveries at work. A sync.WaitGroup will not do: it
// forbids new work while somebody waits at zero.
type running struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed at zero; nil while nobody waits
}

func (r *running) enter() {
	r.mu.Lock()
	r.n++
	r.mu.Unlock()
}

func (r *running) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n--
	if r.n == 0 && r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

func (r *running) wait(ctx context.Context) error {
	r.mu.Lock()
	if r.n == 0 {
		r.mu.Unlock()
		return nil
	}
	if r.idle == nil {
		r.idle = make(chan struct{})
	}
	idle := r.idle
	r.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
