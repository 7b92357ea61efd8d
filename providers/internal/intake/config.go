package intake

import (
	"context"
	"time"

	"github.com/standpipe-go/standpipe/retry"
)

// Config says what a Queue holds, and how it sends. A zero number is its default.
type Config[T any] struct {
	Name string // of whose queue it is, before an error; "intake"

	// Send sends a batch and says what became of it. It is called by one goroutine at a
	// time, returns soon after its context has ended, and keeps no part of the slice. A
	// panic drops the batch.
	Send func(context.Context, []T) Outcome

	// Dropped, if set, is told of each item that is dropped: with Full, TooLarge and
	// Closed from within Offer, with Unsent from within Close, otherwise by the goroutine
	// that sends. It is called without a lock, and must not panic.
	Dropped func(Reason, T)

	// Delivered, if set, is told of each item that is sent, by the same goroutine and in
	// the same way.
	Delivered func(T)

	MaxItems int // held, those that are being sent included; 1,000
	MaxBytes int // the same, by the sizes that Offer is told; 8 MiB

	BatchItems int           // of a batch; 1
	BatchBytes int           // of a batch, and of an item therefore; MaxBytes
	MaxAge     time.Duration // how long an item waits for others to go with; 0 does not

	Timeout time.Duration // of one call of Send; 30 s
	GiveUp  time.Duration // after its first sending, an undelivered batch is dropped; 10 min

	// Backoff is the wait after the nth failure in a row where the service names none.
	// Nil is up to 1, 2, 4 … 60 s, evenly drawn.
	Backoff retry.Backoff
}

const (
	defaultItems   = 1_000
	defaultBytes   = 8 << 20
	defaultTimeout = 30 * time.Second
	defaultGiveUp  = 10 * time.Minute

	// maxPause bounds what a service can ask for: then one batch asks again.
	maxPause = 24 * time.Hour
)

func (c Config[T]) withDefaults() Config[T] {
	if c.Name == "" {
		c.Name = "intake"
	}
	or := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	or(&c.MaxItems, defaultItems)
	or(&c.MaxBytes, defaultBytes)
	or(&c.BatchItems, 1)
	or(&c.BatchBytes, c.MaxBytes)
	c.BatchBytes = min(c.BatchBytes, c.MaxBytes)
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.GiveUp <= 0 {
		c.GiveUp = defaultGiveUp
	}
	if c.Backoff == nil {
		c.Backoff = retry.FullJitter(time.Second, time.Minute)
	}
	if c.Dropped == nil {
		c.Dropped = func(Reason, T) {}
	}
	if c.Delivered == nil {
		c.Delivered = func(T) {}
	}
	return c
}

// Verdict is what became of a batch.
type Verdict int

// The verdicts.
const (
	Sent  Verdict = iota // the service has it
	Again                // not now: it stays at the head of the queue
	Drop                 // never: it is dropped, for the Outcome's Reason
)

// Outcome is what Send says of a batch.
type Outcome struct {
	Verdict Verdict

	// Reason is why a batch was dropped, or would be: an Again for longer than
	// Config.GiveUp is a Drop. An adapter's reasons are a few constants.
	Reason Reason

	// After is how long the service wants to be left alone, by the whole queue and
	// whatever the Verdict. It is not cut short, but for what is above a day. With Again,
	// 0 or less is the queue's own back-off.
	After time.Duration
}

// Reason is why an item was dropped.
type Reason string

// The queue's own reasons. An adapter has others.
const (
	Full     Reason = "full"      // there was no room for it
	TooLarge Reason = "too_large" // it would not fit into an empty batch
	Closed   Reason = "closed"    // it was offered after Close
	Unsent   Reason = "unsent"    // Close had no more time; it may have arrived if it was on its way
	Panicked Reason = "panic"     // Send panicked
	Unknown  Reason = "unknown"   // Send gave none
)

// Stats are what a queue has counted since it was made.
type Stats struct {
	Offered uint64
	Sent    uint64
	Dropped map[Reason]uint64 // the caller's own copy

	Pending      int // accepted, and neither sent nor dropped
	PendingBytes int
}

// Accepted is how many items Offer took.
func (s Stats) Accepted() uint64 {
	return s.Offered - s.Dropped[Full] - s.Dropped[TooLarge] - s.Dropped[Closed]
}
