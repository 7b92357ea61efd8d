package ratelimit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
)

// ErrState is wrapped when a call is not let through because a [Quota] with a [State]
// could not keep count: its disk is full, its database away.
var ErrState = errors.New("the count that outlives the process cannot be kept")

// Storage is where a [State] keeps what it knows: texts of at most a few hundred bytes
// under keys of ASCII letters, digits and hyphens, at most 64 of them. Processes may
// share one. Implementations must be safe for concurrent use.
type Storage interface {
	// Load returns all that is kept.
	Load(ctx context.Context) (map[string][]byte, error)
	// Update replaces what is kept under key, nil if there is nothing, by what change
	// makes of it, of which nil is nothing again. No other Update of the key, by any
	// process, comes between. It returns nil only once the new text is durable; what
	// change returned last is then what is kept. change may be called several times.
	Update(ctx context.Context, key string, change func(old []byte) []byte) error
}

// State lets what a [Pacer] and a [Quota] know outlive their process, and be known to
// the next one: pauses of five seconds and more, and the counts of calendar periods.
// Give it to them by [WithState]. Make one with [FileState], or with [NewState] over
// storage of another kind, such as that of package sqlstate.
//
// A pause is kept as soon as it is known, before the response that told it is handed
// on, and is known to whatever process begins later. Processes that share a storage
// never shorten each other's pauses. Where one cannot be kept, it holds in this process
// all the same.
//
// A quota is counted ahead: what a process may use is written down before it is used,
// 1 call at first, then twice as many each time, up to 2 % of what is left and at most
// 100. So however processes die, never more is let through than the quota, over all of
// them together, and each that dies in a period wastes no more calls of it than it has
// made, no more than 2 % of what was left, and no more than 99. Where the count cannot
// be kept, calls that need more of it fail at once with [ErrState]: nobody could say
// whether they are within the quota. It is tried again a second later. Two quotas of one
// period over the same keys need a State each.
//
// A call waits for the storage only where its own key needs more, for 2 seconds at most
// and no longer than its context lasts; what was begun for it is there for the next one.
//
// Failures to keep something are one line in the log each time they begin, at level
// Warn, and one when they end.
//
// What is kept names its key by a digest, and holds no secret. The key has to be the
// same in the next process. Package client makes it of the origin and of whom the
// credential stands for: a variable's name, a file's path, a manager's key or, where the
// credential has none of these, the name of client.WithIdentity. A secret that stands in
// the program itself, as secret.Static, is told apart by a digest that each process keys
// anew, so that nobody can try secrets on what is kept, and WithIdentity does not change
// that: use secret.Env or secret.File, or name the key with client.WithLimitKey.
//
// Times are those of the wall clock. One that is set back makes a pause no longer than
// it was, counted from when the process began, and lets no more of a quota through.
type State struct {
	storage Storage
	log     *slog.Logger
	failing atomic.Bool
	silent  atomic.Pointer[silence]
	hanging atomic.Int64         // updates that nobody waits for any more
	paused  map[string]time.Time // by key, when the process began
}

// maxHanging bounds the updates of a storage that ignores their contexts.
const maxHanging = 8

// stateLimit bounds one access to the storage: a call is waiting for it.
const stateLimit = 2 * time.Second

// silence is a storage's failure to answer in time.
type silence struct {
	at  time.Time
	err error
}

// mute returns the error of a storage that did not answer a moment ago: the calls of
// other keys need not wait for that, too. One that still holds several updates whose time
// is over gets no more of them.
func (s *State) mute() error {
	if s.hanging.Load() >= maxHanging {
		return context.DeadlineExceeded
	}
	if q := s.silent.Load(); q != nil && time.Since(q.at) < tryStateAgain {
		return q.err
	}
	return nil
}

// NewState returns a state over storage. It reads what is there, and removes what is
// over. What cannot be read, or was written by something else, is an error. Of the
// options, [WithLogger] concerns it.
func NewState(ctx context.Context, storage Storage, opts ...Option) (*State, error) {
	if storage == nil {
		return nil, errors.New("ratelimit: state: the storage is nil")
	}
	s := &State{storage: storage, log: apply(opts).logger, paused: map[string]time.Time{}}
	kept, err := panics.Do(ctx, "the storage", storage.Load)
	if err != nil {
		return nil, fmt.Errorf("ratelimit: state: %w", err)
	}
	now := time.Now()
	var over []string
	for key, text := range kept {
		switch r, err := readRecord(text); {
		case err != nil:
			return nil, fmt.Errorf("ratelimit: state: what is kept as %q %w: remove it to begin anew", key, err)
		case r.over(now):
			over = append(over, key)
		case strings.HasPrefix(key, pauseKind):
			s.paused[key] = r.settled(now).Until
		}
	}
	for _, key := range over {
		err := s.update(ctx, key, func(old []byte) []byte {
			if r, err := readRecord(old); err == nil && r.over(now) {
				return nil
			}
			return old
		})
		if err != nil {
			break // said in the log; they do no harm
		}
	}
	return s, nil
}

// update changes what is kept under key. ctx may be without end. A failure is logged
// when it begins.
func (s *State) update(ctx context.Context, key string, change func(old []byte) []byte) (err error) {
	ctx, cancel := context.WithTimeout(ctx, stateLimit)
	defer cancel()
	defer func() {
		if s.silent.Store(nil); ctx.Err() != nil && err != nil {
			s.silent.Store(&silence{time.Now(), err})
		}
		switch {
		case err != nil && !s.failing.Swap(true):
			s.logger().Warn("rate limits cannot be kept beyond this process", "error", err)
		case err == nil && s.failing.Swap(false):
			s.logger().Info("rate limits are kept beyond this process again")
		}
	}()
	result := make(chan error) // so that a storage that ignores ctx holds up nobody
	go func() {
		err := panics.Exited("the storage")
		defer func() {
			select {
			case result <- err:
			case <-ctx.Done():
				s.hanging.Add(-1)
			}
		}()
		defer panics.Catch(&err, "the storage")
		err = s.storage.Update(ctx, key, change)
	}()
	select {
	case err = <-result:
		return err
	case <-ctx.Done():
		s.hanging.Add(1)
		return pause.Err(ctx)
	}
}

func (s *State) logger() *slog.Logger {
	return panics.Logger(cmp.Or(s.log, slog.Default()))
}

// pauses returns a copy of those that were known when the process began.
func (s *State) pauses() map[string]time.Time {
	if s == nil {
		return nil
	}
	return maps.Clone(s.paused)
}

// The kinds of what is kept, with which its keys begin.
const (
	pauseKind = "pause-"
	quotaKind = "quota-"
)

// stateKey names parts without telling them.
func stateKey(kind string, parts ...string) string {
	var b []byte
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return kind + hex.EncodeToString(sum[:16])
}

// record is what is kept under one key: of a pause Until and Noted, of a quota Until,
// the end of its period, and Used.
type record struct {
	// Version is 1. A later one is not understood.
	Version int       `json:"v"`
	Until   time.Time `json:"until"`
	Noted   time.Time `json:"noted"` // by the clock of whoever wrote it
	Used    int       `json:"used,omitempty"`
}

var errForeign = errors.New("is no record of this version")

// readRecord reads a record; the zero record is nothing.
func readRecord(text []byte) (record, error) {
	if text == nil {
		return record{}, nil
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil || r.Version != 1 || r.Until.IsZero() || r.Noted.IsZero() || r.Used < 0 {
		return record{}, errForeign
	}
	return r, nil
}

func (r record) text() []byte {
	r.Version = 1
	r.Until, r.Noted = r.Until.UTC().Round(0), r.Noted.UTC().Round(0)
	text, err := json.Marshal(r)
	if err != nil { // a year of five digits
		return nil
	}
	return text
}

// settled is r where the clock was set back since it was written: what was left of it
// then is left now.
func (r record) settled(now time.Time) record {
	if back := r.Noted.Sub(now); back > 0 {
		r.Until, r.Noted = r.Until.Add(-back), now
	}
	return r
}

// keptAfter is for how long what is over is kept, for clocks that go back.
const keptAfter = 48 * time.Hour

func (r record) over(now time.Time) bool { return now.Sub(r.Until) > keptAfter }
