package sentry

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/intake"
)

// DropReason is why an item was not delivered, in Sentry's words where it has some
// ("Client Reports: Discard Reasons", Sentry SDK docs).
type DropReason string

// The reasons.
const (
	DropQueueOverflow DropReason = "queue_overflow"     // there was no room for it
	DropTooLarge      DropReason = "too_large"          // Sentry takes none of its size
	DropBackoff       DropReason = "ratelimit_backoff"  // Sentry had asked for none of its category
	DropRateLimited   DropReason = "rate_limited"       // Sentry refused it, and has counted it: with this one a limit begins
	DropNetworkError  DropReason = "network_error"      // Sentry could not be reached for ten minutes
	DropSendError     DropReason = "send_error"         // Sentry refused it for another reason
	DropBeforeSend    DropReason = "before_send"        // the program's own function did not want it
	DropCallbackError DropReason = "callback_error"     // that function panicked
	DropInternal      DropReason = "internal_sdk_error" // it could not be encoded or sent
	DropUnsent        DropReason = "unsent"             // Close had no more time; it may have arrived
	DropClosed        DropReason = "closed"             // it came after Close
)

// reported is what Sentry is told of a reason, "" where it knows by itself.
func (r DropReason) reported() string {
	switch r {
	case DropRateLimited:
		return ""
	case DropTooLarge:
		return string(DropSendError)
	case DropUnsent, DropClosed:
		return string(DropQueueOverflow)
	}
	return string(r)
}

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

// Stats are what a Reporter has counted. Captured is always what was Sent, what was
// Dropped and what is Pending.
type Stats struct {
	Captured uint64                // events and check-ins
	Sent     uint64                // of them, accepted by Sentry
	Dropped  map[DropReason]uint64 // of them; the caller's own copy
	Pending  uint64                // of them
}

// tally counts what becomes of what was captured, and what Sentry is still to be told of
// it. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	captured uint64
	sent     uint64
	dropped  map[DropReason]uint64
	untold   map[outcome]int
	told     time.Time // when the last report was made
	queued   bool      // a report waits to be sent
}

type outcome struct {
	Reason   string   `json:"reason"`
	Category category `json:"category"`
}

func (t *tally) capture() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.captured++
}

func (t *tally) deliver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
}

// lose counts an item as dropped.
func (t *tally) lose(r DropReason, c category) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped == nil {
		t.dropped = map[DropReason]uint64{}
	}
	t.dropped[r]++
	t.owe(r, c, 1)
}

// owe has Sentry told of so many, of which the tally counts none itself: an item's
// attachments, or what a report that was lost had.
func (t *tally) owe(r DropReason, c category, n int) {
	if reason := r.reported(); reason != "" && n > 0 {
		if t.untold == nil {
			t.untold = map[outcome]int{}
		}
		t.untold[outcome{reason, c}] += n
	}
}

// loseAttachments counts the bytes of attachments that an event is sent without.
func (t *tally) loseAttachments(r DropReason, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owe(r, attachment, bytes)
}

// due reports whether it is time for a report, and takes it as queued.
func (t *tally) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queued || len(t.untold) == 0 || now.Sub(t.told) < reportEvery {
		return false
	}
	t.queued = true
	return true
}

// unqueue says that a queued report was not sent.
func (t *tally) unqueue() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued = false
}

// report takes what Sentry is to be told, nil if there is nothing.
func (t *tally) report(now time.Time) map[outcome]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.untold
	t.untold, t.told, t.queued = nil, now, false
	return taken
}

// restore gives back what a report had that did not arrive.
func (t *tally) restore(taken map[outcome]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for o, n := range taken {
		if t.untold == nil {
			t.untold = map[outcome]int{}
		}
		t.untold[o] += n
	}
}

func (t *tally) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Stats{Captured: t.captured, Sent: t.sent, Dropped: maps.Clone(t.dropped), Pending: t.captured - t.sent}
	for _, n := range s.Dropped {
		s.Pending -= n
	}
	return s
}

// encodeReport is a client report ("Client Reports: Payload Structure", Sentry SDK docs).
func encodeReport(taken map[outcome]int, now time.Time) []byte {
	type discarded struct {
		outcome
		Quantity int `json:"quantity"`
	}
	var all []discarded
	for _, o := range slices.SortedFunc(maps.Keys(taken), func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Category, b.Category))
	}) {
		all = append(all, discarded{o, taken[o]})
	}
	body, _ := json.Marshal(struct { // of strings and numbers, which always can be
		Timestamp time.Time   `json:"timestamp"`
		Discarded []discarded `json:"discarded_events"`
	}{now.UTC(), all})
	return body
}
