package client

import (
	"context"
	"errors"
	"net"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// transient reports whether an error without a response may be cured by trying
// again. It tells by type; what is unknown is taken to be the network's.
// explained is err as explain has it.
func transient(explained, err error) bool {
	var (
		panicked *PanicError
		ours     *failure
		nested   *Error
	)
	switch {
	case errors.Is(explained, errAttemptTimeout), errors.Is(explained, errUploadStalled), errors.Is(explained, errTooSlow),
		errors.Is(explained, errIdleTimeout), errors.Is(explained, errDrainTimeout):
		return true
	case errors.Is(err, context.Canceled):
		return false // neither the clock's doing nor the caller's
	case errors.Is(err, errTruncated):
		return true
	case errors.Is(err, errProxyFailed):
		return true
	case errors.Is(err, errNoTLS), errors.Is(err, errNoProxy), refusesTLS(err):
		return false
	case errors.As(err, &panicked), errors.Is(err, panics.ErrExited):
		return false // the user's own code has failed, and would again
	case errors.As(err, &ours), errors.As(err, &nested):
		return false
	}
	return true
}

// neverSent reports whether it is certain that nothing of the attempt, of which
// so many requests were handed to the transport, reached the service in full.
func (a *attempt) neverSent(sent int32, err error) bool {
	x := a.x
	if sent > 1 {
		return false // err tells of one of them
	}
	if nested, ok := errors.AsType[*Error](err); ok {
		return nested.Effect == NeverSent
	}
	if unsent(err) || sent == 0 && x.c.attempt == nil {
		return sent == 0
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && !x.trace.got.Load() {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && !x.trace.got.Load() {
		return true
	}
	return x.trace.asked.Load() && !x.trace.got.Load()
}
