package faketest

import (
	"net"
	"net/http"
	"slices"
)

// Fault is what goes wrong with a request.
type Fault int

// The faults that every service can have. A fake has those of its service from Own on.
const (
	None        Fault = iota
	Unavailable       // 503, and nothing was done
	ServerError       // 500, and nothing was done; under an idempotency key it is stored
	RateLimited       // 429, and nothing was done
	HTMLPage          // a proxy's page with 502
	DropBefore        // the connection breaks, and nothing was done
	DropAfter         // it is done, and the connection breaks before the response
	CutBody           // it is done, and the response breaks off half-way
	Hang              // no response; it is done when the caller has given up
	Own
)

type planned struct {
	operation string
	fault     Fault
}

// Inject makes the next requests for an operation fail, one for each fault. "" is any
// operation. It panics where there is no such operation, whose fault would never come.
func (f *Fake) Inject(operation string, faults ...Fault) {
	MustKnow(f.operations, operation)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range faults {
		f.faults = append(f.faults, planned{operation, fault})
	}
}

// take returns the fault of a request. The caller holds the lock.
func (f *Fake) take(operation string) Fault {
	i := slices.IndexFunc(f.faults, func(p planned) bool { return p.operation == "" || p.operation == operation })
	if i < 0 {
		return None
	}
	fault := f.faults[i].fault
	f.faults = slices.Delete(f.faults, i, i+1)
	return fault
}

// drop ends the connection with a TCP reset: where it ended in order, net/http could
// take the request for one that was never read.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
