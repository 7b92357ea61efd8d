package client

import (
	"net/http"
	"sync"
	"time"
)

// kept is a response that is to be tried again. It stays the outcome of the call
// until the next attempt has been let through: a limit or a breaker that refuses that
// one, at once or after a wait, must not cost the caller what the service has said
// (C13).
type kept struct {
	a     *attempt
	resp  *http.Response
	v     verdict
	heard instant // when it came
	once  sync.Once
}

// release gives up the connection of a response whose body has not been read to its
// end: the next attempt has been let through, and may need it.
func (k *kept) release() {
	if k != nil {
		k.once.Do(func() { _ = k.resp.Body.Close() })
	}
}

// letGo ends a response that has been kept, since another has taken its place.
func (t *turn) letGo() {
	last := t.kept
	if last == nil {
		return
	}
	t.kept = nil
	last.release()
	recycle(last.resp)
	last.a.end(nil)
}

// turn is which attempt it is, and what it has brought.
type turn struct {
	first   attempt
	current *attempt       // the one under way
	resp    *http.Response // what it has brought so far
	heard   instant        // when the last response, or failure, came
	kept    *kept          // the last outcome that was a response
	renewal time.Duration  // what that of the credential took; of the next attempt's wait
}
