package client

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/standpipe-go/standpipe/retry"
)

// watch is one request in the hands of the transport.
type watch struct {
	x     *hop
	a     *attempt
	host  *hostState
	hooks httptrace.ClientTrace
	wrote atomic.Bool  // the header has been written whole
	phase atomic.Int64 // of the clock
	at    instant      // when it was sent last
	slot  *slot        // among the calls under way; nil where nobody counts them

	handshake atomic.Pointer[error] // with which the last TLS handshake ended, if it failed
}

// watched returns req with a trace of what becomes of it.
func (a *attempt) watched(host *hostState, req *http.Request) (*http.Request, *watch) {
	w := &watch{x: a.x, a: a, host: host}
	w.hooks = httptrace.ClientTrace{GetConn: w.getConn, GotConn: w.gotConn, WroteHeaders: w.wroteHeaders, TLSHandshakeDone: w.handshaken}
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &w.hooks)), w
}

// timed says when, and in which phase of the clock, the request is sent. A nil watch is
// of no use to anybody.
func (w *watch) timed(phase int, now instant) {
	if w != nil {
		w.phase.Store(int64(phase))
		w.at = now
	}
}

// timer returns the phase in which the request was sent last.
func (w *watch) timer(phase int) int {
	if w != nil {
		return int(w.phase.Load())
	}
	return phase
}

func (w *watch) getConn(string) { w.a.trace.asked.Store(true) }

func (w *watch) handshaken(_ tls.ConnectionState, err error) {
	if err != nil {
		w.handshake.Store(&err)
	}
}

// refusedTLS reports whether a TLS handshake was seen to fail by a decision of either
// side, of whatever type its error is: the user's own check of a certificate says no
// with any error.
func (w *watch) refusedTLS() bool {
	if w == nil {
		return false
	}
	err := w.handshake.Load()
	return err != nil && !networks(*err)
}

// unconnected reports whether a connection was asked for and not had.
func (w *watch) unconnected() bool {
	return w != nil && w.a.trace.asked.Load() && !w.a.trace.got.Load()
}

func (w *watch) wroteHeaders() {
	w.a.trace.got.Store(true)
	w.wrote.Store(true)
}

// gotConn does not wait for the header to be reported as written: HTTP/2 writes it
// out and reports it afterwards, from another goroutine, too late for a timeout that
// falls between the two.
func (w *watch) gotConn(got httptrace.GotConnInfo) {
	w.a.trace.got.Store(true)
	if w.wrote.Swap(false) && w.multiplexed(got.Conn) {
		w.repeated()
	}
}

// multiplexed reports whether c speaks HTTP/2. Over HTTP/1 a request that is sent a
// second time is one of which nothing has been written, see unrepeatable.
func (w *watch) multiplexed(c net.Conn) bool {
	if t, ok := c.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return t.ConnectionState().NegotiatedProtocol == "h2"
	}
	return w.host.http2.Load()
}

// repeated accounts for a request that net/http has sent and now sends again, since
// the service has reset or refused it: that was an attempt, and this is another one,
// which pays and waits as any other. Where it may not be made, the attempt ends.
func (w *watch) repeated() {
	x, a := w.x, w.a
	past := Attempt{Err: errRepeated, Reason: Retried}
	if !a.note(func(t *tally) {
		t.repeats++
		past.Start, past.Duration = x.call.time(w.at), x.call.now().since(w.at)
	}) {
		return
	}
	x.enter(&past, concluded{}, NoEffect)
	if !x.purse.budget.Withdraw(retry.RetryCost) {
		a.end(errRepeatUnpaid)
		return
	}
	x.clock.leavePhase(int(w.phase.Load()), x.call.now())
	w.slot.leave() // it would wait for itself
	if err := a.token(); err != nil {
		a.end(err)
		return
	}
	w.slot.resume()
	now := x.call.now()
	phase := noPhase
	a.note(func(t *tally) {
		t.sent, t.at = t.sent+1, now
		if !t.answered {
			phase = x.clock.send(now)
		}
	})
	w.timed(phase, now)
}

var (
	errRepeated     = failf(ErrUnavailable, "the service refused the request on its HTTP/2 connection, and net/http sent it again")
	errRepeatUnpaid = failf(ErrUnavailable, "the service refused the request on its HTTP/2 connection, and the retry budget is empty")
)

// neverSent reports whether it is certain that nothing of the attempt, whose requests t
// has counted, reached the service in full.
func (a *attempt) neverSent(t *tally, err error) bool {
	// err tells of one of several, or of something else that middleware has done: the
	// transport has responded to the one, has it yet, or has lost it on the way.
	if t.sent > 1 || t.sent == 1 && a.x.c.attempt != nil && !t.unsent {
		return false
	}
	return a.nothingLeft(t.sent, err)
}

// nothingLeft is neverSent by what err says, of a request that the transport was handed
// or of none.
func (a *attempt) nothingLeft(sent int32, err error) bool {
	if nested, ok := errors.AsType[*Error](err); ok {
		return nested.Effect == NeverSent
	}
	if unsent(err) || sent == 0 && a.x.c.attempt == nil {
		return sent == 0
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && !a.trace.got.Load() {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && !a.trace.got.Load() {
		return true
	}
	return a.trace.asked.Load() && !a.trace.got.Load()
}
