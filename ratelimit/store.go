package ratelimit

import (
	"context"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/internal/pause"
)

// bucket is the state of one key. Its shard's mutex guards it. Implementations
// are pointers, or hold nothing but one.
type bucket interface {
	// take takes n tokens together if they are there.
	take(now time.Time, n int) bool
	// give puts n tokens back that take took.
	give(now time.Time, n int)
	// delay returns the time until n tokens could be taken together, once ahead of
	// them have been taken by others; math.MaxInt64 is never.
	delay(now time.Time, ahead, n int) time.Duration
	// idle reports whether the bucket is as good as a new one.
	idle(now time.Time) bool
	// successor returns a new bucket for a key that may have drawn on this one.
	successor(now time.Time) bucket
}

// store keeps one bucket for each key, in shards. The buckets of a shard are
// created, used and dropped under its mutex, so that no caller ever holds a
// bucket that has been dropped.
type store struct {
	seed   maphash.Seed
	shards []shard
	room   int // keys a shard keeps apart
	most   int // tokens that can ever be taken together
	wall   bool
	kept   bool // what a key took goes back to the bucket that it came from
	base   time.Time
	fresh  func() bucket
}

type shard struct {
	mu       sync.Mutex
	buckets  map[string]bucket
	lines    map[bucket]*line // of the buckets that someone waits for
	overflow bucket           // shared by the keys for which there is no room
	sweepAt  int              // look for idle buckets at this many
	notUntil time.Time        // and not again before, when the shard is full
	_        [64]byte         // keeps neighbours off one cache line
}

const (
	maxShards   = 64
	keysPer     = 512 // a shard at least this large evens out the hash
	firstSweep  = 256
	maxWeight   = 1 << 30 // of a call, and of a queue as far as it is added up
	sweepPause  = time.Second
	shrinkBelow = 4
)

func (s *store) init(maxKeys, most int, wall bool, fresh func() bucket) {
	n := min(max(maxKeys/keysPer, 1), maxShards)
	n = 1 << (bits.Len(uint(n)) - 1)
	s.seed, s.most, s.wall, s.base, s.fresh = maphash.MakeSeed(), min(most, maxWeight), wall, time.Now(), fresh
	s.shards = make([]shard, n)
	s.room = max(maxKeys/n, 1)
	for i := range s.shards {
		s.shards[i].buckets = make(map[string]bucket)
		s.shards[i].sweepAt = min(firstSweep, s.room)
	}
}

func (s *store) shard(key string) *shard {
	if len(s.shards) == 1 {
		return &s.shards[0]
	}
	return &s.shards[maphash.String(s.seed, key)&uint64(len(s.shards)-1)]
}

// now is called with a shard's mutex held, so that no bucket sees time run back.
func (s *store) now() time.Time {
	if s.wall {
		return time.Now()
	}
	return s.base.Add(time.Since(s.base)) // one clock read in place of two
}

func (s *store) bucket(sh *shard, key string, now time.Time) bucket {
	if b, ok := sh.buckets[key]; ok {
		return b
	}
	return s.add(sh, key, now)
}

func (s *store) add(sh *shard, key string, now time.Time) bucket {
	if s.kept && sh.overflow != nil {
		if !sh.free(sh.overflow, now) {
			return sh.overflow // on which the key may have drawn
		}
		sh.overflow = nil
	}
	if len(sh.buckets) >= sh.sweepAt && !now.Before(sh.notUntil) {
		s.sweep(sh, now)
	}
	if len(sh.buckets) >= s.room {
		if sh.overflow == nil {
			sh.overflow = s.fresh()
		}
		return sh.overflow
	}
	var b bucket
	if sh.overflow == nil {
		b = s.fresh()
	} else {
		b = sh.overflow.successor(now)
	}
	name(b, key)
	sh.buckets[key] = b
	return b
}

// name tells a bucket which key it is of, if it wants to know.
func name(b bucket, key string) {
	if n, ok := b.(interface{ named(key string) }); ok {
		n.named(key)
	}
}

func (s *store) sweep(sh *shard, now time.Time) {
	before := len(sh.buckets)
	for key, b := range sh.buckets {
		if sh.free(b, now) {
			delete(sh.buckets, key)
		}
	}
	if sh.overflow != nil && sh.free(sh.overflow, now) {
		sh.overflow = nil
	}
	left := len(sh.buckets)
	sh.sweepAt = min(max(2*left, firstSweep), s.room)
	if left > s.room-s.room/8 { // little was gained: do not walk the shard for every new key
		sh.notUntil = now.Add(sweepPause)
	}
	if left < before/shrinkBelow { // a map keeps the memory of what was deleted
		kept := make(map[string]bucket, left)
		for key, b := range sh.buckets {
			kept[key] = b
		}
		sh.buckets = kept
	}
}

// free reports whether b can be dropped: it is as good as new, and nobody waits for it.
func (sh *shard) free(b bucket, now time.Time) bool { return sh.lines[b] == nil && b.idle(now) }

// allow takes n tokens for key if they are there and nobody waits for them.
func (s *store) allow(key string, n int) bool {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now()
	b := s.bucket(sh, key, now)
	return (len(sh.lines) == 0 || sh.lines[b] == nil) && b.take(now, n)
}

func (s *store) take(key string, n int) bool {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now()
	return s.bucket(sh, key, now).take(now, n)
}

func (s *store) delay(key string, ahead, n int) time.Duration {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now()
	return s.bucket(sh, key, now).delay(now, ahead, n)
}

// ahead returns how long one more caller would wait for n tokens of key, last in line.
// It keeps no bucket for a key that has none.
func (s *store) ahead(key string, n int) time.Duration {
	if n = max(n, 1); n > s.most {
		return math.MaxInt64
	}
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.known(key)
	if b == nil {
		b = s.fresh()
		name(b, key)
	}
	return sh.ahead(b, s.now(), n)
}

func (sh *shard) ahead(b bucket, now time.Time, n int) time.Duration {
	return b.delay(now, sh.lines[b].waiting(), n)
}

// known returns the bucket that key has drawn on, or nil. The shard is locked.
func (sh *shard) known(key string) bucket {
	if b := sh.buckets[key]; b != nil {
		return b
	}
	return sh.overflow
}

// give puts n tokens of key back, and lets whoever waits first look again.
func (s *store) give(key string, n int) {
	if n < 1 {
		return
	}
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if b := sh.known(key); b != nil {
		b.give(s.now(), n)
		sh.lines[b].rouse()
	}
}

// idle reports whether key has no bucket, or one that is as good as new.
func (s *store) idle(key string) bool {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.known(key)
	return b == nil || sh.free(b, s.now())
}

// wait takes n tokens for key, at once or waiting for them in line. prepare is that of
// [line.await].
func (s *store) wait(ctx context.Context, key string, n int, prepare func()) error {
	if err := pause.Err(ctx); err != nil {
		return &Error{Err: err}
	}
	if n = max(n, 1); n > s.most {
		return tooMany(n, s.most)
	}
	sh := s.shard(key)
	sh.mu.Lock()
	now := s.now()
	return s.awaitIn(ctx, sh, s.bucket(sh, key, now), now, n, prepare)
}

// awaitIn takes n tokens of b, a bucket of sh or a part of one. It is called with sh
// locked, and unlocks it.
func (s *store) awaitIn(ctx context.Context, sh *shard, b bucket, now time.Time, n int, prepare func()) error {
	l := sh.lines[b]
	if l == nil {
		if b.take(now, n) {
			sh.mu.Unlock()
			return nil
		}
		l = newLine()
		if sh.lines == nil {
			sh.lines = make(map[bucket]*line)
		}
		sh.lines[b] = l
	}
	return l.await(ctx, &sh.mu, n, prepare,
		func() bool { return b.take(s.now(), n) },
		func(ahead int) time.Duration { return b.delay(s.now(), ahead, n) },
		func() {
			if l.n == 0 {
				delete(sh.lines, b)
			}
		})
}

// keys returns how many keys are kept apart now.
func (s *store) keys() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += len(sh.buckets)
		sh.mu.Unlock()
	}
	return n
}
