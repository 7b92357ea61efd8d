package client

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Observer is told what a client does, for metrics, traces or a page: values that hold
// no credential, query, body or header. It is called by one goroutine at a time, in
// order, and never by the one that makes the call: an Observer that is slow, blocks or
// panics changes no call. It is at most 1,024 values behind; what it then misses is
// counted in a [Missed].
type Observer interface {
	// Observe is given the values of the caller's context, which is never done.
	Observe(ctx context.Context, o Observation)
}

// Observation is one of [CallBegun], [Waited], [AttemptEnded], [CallEnded],
// [LimitChanged], [BreakerChanged], [Deprecated] and [Missed]. Others may be added.
type Observation interface{ observation() }

// CallID says which call an Observation is of. Under [Client.HTTPClient] a call is one
// redirect hop of the SDK's.
type CallID struct {
	ID       uint64 // unique in this process, from 1
	Provider string // the profile's name, "" without one
	Method   string
	Host     string
	Route    string // as the Request names it, else ""
}

// CallBegun says that a call has begun. Every one is followed by a [CallEnded].
type CallBegun struct {
	Call CallID
	Time time.Time
}

// Waited says that a call has waited, and what for.
type Waited struct {
	Call CallID
	Time time.Time // when the wait was over
	For  WaitCause
	Wait time.Duration
}

// WaitCause is what a call waits for.
type WaitCause string

// The waits of a call.
const (
	WaitBackoff WaitCause = "backoff" // before another attempt
	WaitLimit   WaitCause = "limit"   // for the limiter or the pacer
	WaitToken   WaitCause = "token"   // for the credential
)

// AttemptEnded says that an attempt is over, and what is made of it.
type AttemptEnded struct {
	Call    CallID
	Attempt Attempt
}

// CallEnded says what came of a call. Where its response is streamed it ends with the
// headers.
type CallEnded struct {
	Call     CallID
	Time     time.Time
	Duration time.Duration
	Status   int // of the last response; 0 without one
	Attempts int
	Effect   Effect // 0 but for an error
	Err      error  // nil, or an *Error without Message, body and IdempotencyKey
}

// LimitChanged says that the service has asked for quiet, or has told that a limit is
// used up, and for how long requests like that of the call are now held back.
type LimitChanged struct {
	Call CallID
	Time time.Time
	Wait time.Duration
}

// BreakerChanged says that the circuit breaker of the call's origin has opened, has let
// a probe through or has closed.
type BreakerChanged struct {
	Call  CallID
	Time  time.Time
	State BreakerState
}

// Missed says how many values an Observer that was too slow has not been given: those
// between the value before it and the one after.
type Missed struct{ Count int }

func (CallBegun) observation()      {}
func (Waited) observation()         {}
func (AttemptEnded) observation()   {}
func (CallEnded) observation()      {}
func (LimitChanged) observation()   {}
func (BreakerChanged) observation() {}
func (Missed) observation()         {}

// maxMail bounds how many values an observer may be behind.
const maxMail = 1024

// mailbox hands values to an observer from a goroutine of its own, which runs only
// while there are any.
type mailbox struct {
	o Observer

	mu      sync.Mutex
	mail    []letter
	missed  int
	running bool
}

type letter struct {
	ctx context.Context
	o   Observation
}

func (m *mailbox) put(ctx context.Context, o Observation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missed > 0 || len(m.mail) >= maxMail { // after a gap comes Missed, and nothing before it
		m.missed++
		return
	}
	m.mail = append(m.mail, letter{ctx, o})
	if !m.running {
		m.running = true
		go m.run()
	}
}

func (m *mailbox) run() {
	over := false
	defer func() {
		if !over {
			go m.run() // the observer has ended this goroutine
		}
	}()
	for {
		l, ok := m.take()
		if !ok {
			over = true
			return
		}
		m.deliver(l)
	}
}

// take returns what is to be delivered next, and false if there is nothing: then the
// goroutine ends.
func (m *mailbox) take() (l letter, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.mail) > 0:
		l = m.mail[0]
		m.mail[0] = letter{}
		m.mail = m.mail[1:]
	case m.missed > 0:
		l = letter{context.Background(), Missed{m.missed}}
		m.missed = 0
	default:
		m.mail, m.running = nil, false
		return letter{}, false
	}
	return l, true
}

func (m *mailbox) deliver(l letter) {
	defer func() { _ = recover() }()
	m.o.Observe(l.ctx, l.o)
}

// reporter tells the observers of one call. A nil one has nobody to tell.
type reporter struct {
	ctx   context.Context
	boxes []*mailbox
	call  CallID

	began  time.Time
	before int // attempts of earlier hops, each of which is a call of its own here
}

var lastCall atomic.Uint64

// report begins the report of a call, of which earlier hops have had so many attempts.
func report(ctx context.Context, boxes []*mailbox, provider string, s *spec, route string, began time.Time, before int) *reporter {
	if len(boxes) == 0 {
		return nil
	}
	r := &reporter{ctx: context.WithoutCancel(ctx), boxes: boxes, began: began, before: before}
	r.call = CallID{ID: lastCall.Add(1), Provider: provider, Route: route}
	if s.url != nil && (s.method == "" || validToken(s.method)) {
		r.call.Method, r.call.Host = cmp.Or(s.method, http.MethodGet), s.url.Host
	}
	r.tell(CallBegun{r.call, began})
	return r
}

func (r *reporter) tell(o Observation) {
	for _, m := range r.boxes {
		m.put(r.ctx, o)
	}
}

// end tells how the call has ended.
func (r *reporter) end(c *call, err error) {
	if r == nil {
		return
	}
	now := time.Now()
	o := CallEnded{Call: r.call, Time: now, Duration: now.Sub(r.began), Err: err}
	o.Attempts, o.Status = c.tally()
	if o.Attempts -= r.before; o.Attempts == 0 {
		o.Status = 0
	}
	if e, ok := err.(*Error); ok {
		o.Effect = e.Effect
		bare := *e // what the service says in its body can be personal (T1)
		bare.Message, bare.IdempotencyKey, bare.body = "", "", nil
		o.Err = &bare
	}
	r.tell(o)
}

// attempt tells of an attempt that is over.
func (r *reporter) attempt(line Attempt) {
	if r != nil {
		r.tell(AttemptEnded{r.call, line})
	}
}

// waited tells of a wait that is over.
func (r *reporter) waited(cause WaitCause, d time.Duration) {
	if r != nil && d > 0 {
		r.tell(Waited{r.call, time.Now(), cause, d})
	}
}

// quieted tells for how long requests are held back now.
func (r *reporter) quieted(d time.Duration) {
	if d > 0 {
		r.tell(LimitChanged{r.call, time.Now(), d})
	}
}

// tripped tells that a breaker has changed.
func (r *reporter) tripped(b *Breaker, s *breakerState, changed bool) {
	if changed && r != nil {
		r.tell(BreakerChanged{r.call, time.Now(), s.state(b)})
	}
}
