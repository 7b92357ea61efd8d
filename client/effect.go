package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// safeMethod and idempotentMethod are RFC 9110 §9.2.1 and §9.2.2.
func safeMethod(m string) bool {
	switch m {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

func idempotentMethod(m string) bool {
	return safeMethod(m) || m == http.MethodPut || m == http.MethodDelete
}

// transient reports whether an error without a response may be cured by trying
// again. It tells by type; what is unknown is taken to be the network's.
// explained is err as explain has it.
func transient(explained, err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		roots        x509.SystemRootsError
		record       tls.RecordHeaderError
		panicked     *PanicError
		ours         *failure
		nested       *Error
	)
	switch {
	case errors.Is(explained, errAttemptTimeout), errors.Is(explained, errIdleTimeout), errors.Is(explained, errDrainTimeout):
		return true
	case errors.Is(err, context.Canceled):
		return false // neither the clock's doing nor the caller's
	case errors.Is(err, errTruncated):
		return true
	case errors.As(err, &verification), errors.As(err, &authority), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &roots), errors.As(err, &record):
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
func (x *exchange) neverSent(sent int32, err error) bool {
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

// effect raises what the call may have done by what this attempt may have.
func (x *exchange) effect(v verdict) {
	if safeMethod(x.tmpl.Method) {
		return
	}
	switch {
	case v.status == 0 && v.neverSent:
		x.chain.worse(NeverSent)
	case v.running:
		x.chain.worse(MaybeApplied) // by the one that is
	case v.status == http.StatusRequestTimeout || v.status >= 500 && v.status != http.StatusNotImplemented:
		x.chain.worse(MaybeApplied)
	case v.status > http.StatusSeeOther, redirectStatus(v.status) && keepsRequest(v.status, x.tmpl.Method):
		x.chain.worse(Rejected)
	default:
		// No answer, a success that could not be read, or one whose result is
		// elsewhere.
		x.chain.worse(MaybeApplied)
	}
}

// outcome is the attempt as the breaker sees it.
func (x *exchange) outcome(v *verdict) outcome {
	switch {
	case v.status >= 500 && v.status != http.StatusNotImplemented:
		return failed
	case v.status != 0:
		return succeeded
	case x.ctx.Err() != nil, v.unsent, errors.Is(v.err, ErrTooLarge):
		return unknown
	}
	return failed
}
