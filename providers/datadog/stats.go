package datadog

import "github.com/standpipe-go/standpipe/providers/internal/intake"

// DropReason is why an entry was not delivered.
type DropReason string

// The reasons.
const (
	DropQueueOverflow DropReason = "queue_overflow" // there was no room for it
	DropTooLarge      DropReason = "too_large"      // it is longer than Datadog keeps or takes
	DropTooOld        DropReason = "too_old"        // it is older than Datadog takes
	DropInvalid       DropReason = "invalid"        // it could not be sent as it was: no message, no points, no JSON
	DropUnauthorized  DropReason = "unauthorized"   // the key is not valid
	DropRefused       DropReason = "refused"        // Datadog refused the batch for another reason
	DropRateLimited   DropReason = "rate_limited"   // Datadog took no more for ten minutes
	DropUnavailable   DropReason = "unavailable"    // Datadog failed for ten minutes
	DropNetworkError  DropReason = "network_error"  // it could not be reached for ten minutes
	DropInternal      DropReason = "internal"       // the batch could not be made or sent at all
	DropUnsent        DropReason = "unsent"         // Close had no more time; it may have arrived
	DropClosed        DropReason = "closed"         // it came after Close
)

// reasonOf is that of what the queue has dropped.
func reasonOf(r intake.Reason) DropReason {
	switch r {
	case intake.Full:
		return DropQueueOverflow
	case intake.TooLarge:
		return DropTooLarge
	case intake.Closed:
		return DropClosed
	case intake.Unsent:
		return DropUnsent
	case intake.Panicked, intake.Unknown:
		return DropInternal
	}
	return DropReason(r)
}

// Stats are what a Reporter has counted.
type Stats struct {
	Logs    Counts
	Metrics Counts // a series is one, whatever points it has
}

// Counts are those of one kind of entries. Captured is always what was Sent, what was
// Dropped and what is Pending.
type Counts struct {
	Captured     uint64
	Sent         uint64                // accepted by Datadog
	Dropped      map[DropReason]uint64 // the caller's own copy
	Pending      int
	PendingBytes int
}
