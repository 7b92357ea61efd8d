package ratelimit

import "time"

// Hold pauses key for d, as a throttle that asked for so long does, for who has learned
// of it elsewhere: in another process, or before a restart. A pause that lasts longer
// stays as it is. What is more than [WithMaxPause] ends there, with a single call that
// finds out whether it is over. Zero or less does nothing.
func (p *Pacer) Hold(key string, d time.Duration) {
	if d <= 0 {
		return
	}
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := p.store.now()
	p.store.bucket(sh, key, now).(*pace).holdFor(now, d)
}

// HoldRoute is [Pacer.Hold] for one of the key's routes. Where all the routes that are
// told apart hold calls back, there is no room for another, and it does nothing.
func (p *Pacer) HoldRoute(key string, r Route, d time.Duration) {
	if d <= 0 {
		return
	}
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := p.store.now()
	b := p.store.bucket(sh, key, now).(*pace)
	part := b.part(r)
	if part == nil {
		part = b.newPart(now, r)
	}
	if part != nil {
		part.holdFor(now, d)
	}
}

// Paused returns for how long yet key is paused by what a response or [Pacer.Hold] said,
// or by a quota that is used up: what holds for other processes too. It is not what
// spaces the calls of this one, and 0 where a key is not paused.
func (p *Pacer) Paused(key string) time.Duration {
	p.recall(key)
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return paceOf(sh, key).paused(p.store.now())
}

// PausedRoute is [Pacer.Paused] for what is known of r alone.
func (p *Pacer) PausedRoute(key string, r Route) time.Duration {
	p.recallRoute(key, r)
	sh := p.store.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return paceOf(sh, key).part(r).paused(p.store.now())
}

func (p *pace) paused(now time.Time) time.Duration {
	if p == nil {
		return 0
	}
	p.roll(now)
	return max(p.until.Sub(now), 0)
}

// holdFor is pause without the spread: who calls it has spread what was told already.
func (p *pace) holdFor(now time.Time, d time.Duration) {
	if p.cfg.maxPause <= 0 {
		return
	}
	if d > p.cfg.maxPause {
		d, p.probe = p.cfg.maxPause, true
	}
	p.hold(now.Add(d))
}
