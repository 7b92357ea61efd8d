package client

import (
	"context"
	"errors"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/stray"
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
	case errors.Is(err, stray.ErrRefused):
		return false // it would be refused again
	case errors.Is(err, errNoTLS), errors.Is(err, errNoProxy), refusesTLS(err):
		return false
	case errors.As(err, &panicked), errors.Is(err, panics.ErrExited):
		return false // the user's own code has failed, and would again
	case errors.As(err, &ours), errors.As(err, &nested):
		return false
	}
	return true
}
