package ratelimit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// leastKept is the shortest pause that is worth keeping: who starts anew takes as long.
const leastKept = 5 * time.Second

// remembered are the pauses of a time before this process that no call has met yet.
type remembered struct {
	state *State
	left  atomic.Int64 // how many there are

	mu    sync.Mutex
	until map[string]time.Time
	last  time.Time // after which all are over
}

func (m *remembered) init(s *State) {
	m.state, m.until = s, s.pauses()
	for _, t := range m.until {
		if t.After(m.last) {
			m.last = t
		}
	}
	m.left.Store(int64(len(m.until)))
}

// take returns until when the key of a state is paused, once.
func (m *remembered) take(key string, now time.Time) (until time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, ok = m.until[key]
	if delete(m.until, key); now.After(m.last) {
		clear(m.until)
	}
	m.left.Store(int64(len(m.until)))
	return until, ok && until.After(now)
}

// recall pauses key if it was paused before this process began. Whoever asks the pacer
// about a key calls it first. It costs nothing once all that is remembered is over.
func (p *Pacer) recall(key string) {
	if p.before.left.Load() == 0 {
		return
	}
	if until, ok := p.before.take(stateKey(pauseKind, key), time.Now()); ok {
		p.resume(key, nil, until)
	}
}

// recallRoute is recall for a route of key.
func (p *Pacer) recallRoute(key string, r Route) {
	if p.before.left.Load() == 0 {
		return
	}
	if until, ok := p.before.take(stateKey(pauseKind, key, r.Method, r.Path), time.Now()); ok {
		p.resume(key, &r, until)
	}
}

// resume goes on with a pause of key, or of its route r, that another process learned.
func (p *Pacer) resume(key string, r *Route, until time.Time) {
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := p.store.now()
	b := p.store.bucket(sh, key, now).(*pace)
	if r != nil {
		whole := b
		if b = whole.part(*r); b == nil {
			b = whole.newPart(now, *r)
		}
	}
	if b == nil { // there are more routes than are told apart
		return
	}
	d := min(time.Until(until), b.cfg.maxPause)
	b.hold(now.Add(d))
	if t := now.Add(d); t.After(b.kept) {
		b.kept = t
	}
}

// worthKeeping returns how long the pause lasts that another process should know of, 0
// if there is none, or it knows already. What is kept is longer by the most that pauses
// are spread, so that the responses to all calls that were refused together are one
// pause, kept once.
func (p *pace) worthKeeping(now time.Time) time.Duration {
	until := p.until
	for i := range p.quotas {
		q := &p.quotas[i]
		if q.Remaining == 0 && !q.Gradual && q.end.After(until) {
			until = q.end
		}
	}
	if until.Sub(now) < leastKept || !until.After(p.kept) {
		return 0
	}
	p.kept = until.Add(maxJitter)
	return p.kept.Sub(now)
}

// keep writes down that key, or its route r, is paused for d from now.
func (p *Pacer) keep(d time.Duration, key string, r *Route) {
	if d <= 0 || p.before.state.mute() != nil {
		return
	}
	name := stateKey(pauseKind, key)
	if r != nil {
		name = stateKey(pauseKind, key, r.Method, r.Path)
	}
	now := time.Now()
	mine := record{Until: now.Add(d), Noted: now}
	longest := mine
	err := p.before.state.update(context.Background(), name, func(old []byte) []byte {
		longest = mine
		if theirs, err := readRecord(old); err == nil {
			if theirs = theirs.settled(now); theirs.Until.After(mine.Until) {
				longest = theirs
			}
		}
		return longest.text()
	})
	if err == nil && longest.Until.After(mine.Until) {
		p.resume(key, r, longest.Until)
	}
}
