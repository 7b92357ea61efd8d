package tokens

import (
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// watcher is what one process has seen of the record of one key, and when by its
// own clock: the only one that counts. What other machines' clocks have written
// into the record says how long something lasts, never when it ends. It outlives
// the flight that looks, so that several short looks are one long one.
type watcher struct {
	version int64
	since   time.Time // when version was first seen
	looked  time.Time // the last look
	first   bool      // there has been no version before this one

	// The times of an access token that has been seen before, by this clock.
	access           secret.Value // so that no printer shows it
	obtained, expiry time.Time
}

// see notes a look at st, and puts the times of its token into this process's clock.
func (w *watcher) see(st *tokenState, now time.Time) {
	if w.version != st.version {
		w.first = w.version == 0
		w.version, w.since = st.version, now
	}
	if st.Access != "" && !st.Obtained.IsZero() {
		w.translate(st, now)
	}
	w.looked = now
}

// translate moves the times of a token that is new here to where they must lie: it
// was obtained before now, and after the last look, which did not find it. Without
// a look before, a clock that is behind the writer's cannot be told.
func (w *watcher) translate(st *tokenState, now time.Time) {
	if st.Access != w.access.Reveal() || st.Expiry.Sub(st.Obtained) != w.expiry.Sub(w.obtained) {
		var shift time.Duration
		age := now.Sub(st.Obtained)
		switch {
		case age < 0:
			shift = age
		case !w.looked.IsZero() && age > now.Sub(w.looked):
			shift = age - now.Sub(w.looked)
		}
		w.access, w.obtained, w.expiry = secret.New(st.Access), st.Obtained.Add(shift), st.Expiry
		if !w.expiry.IsZero() {
			w.expiry = w.expiry.Add(shift)
		}
	}
	st.Obtained, st.Expiry = w.obtained, w.expiry
}

// abandoned reports whether the mark has not been renewed for its whole lease
// while this process was looking.
func (w *watcher) abandoned(st *tokenState, now time.Time, lease time.Duration) bool {
	return w.version == st.version && now.Sub(w.since) >= st.Attempt.hold(lease)
}

// hold is how long a mark counts without a heartbeat. It doubles with each
// refresh before it that had no response.
func (a *refreshMark) hold(lease time.Duration) time.Duration {
	return lease << min(a.Unanswered, 6)
}

// maxPause bounds the pause between flights that fail.
const maxPause = time.Minute

// pausedUntil is the end of the pause after a failure, which began when it was
// first seen. A process that has just begun to look may come long after it: it
// believes a clock that says so, or that cannot be right, since all that can cost is
// a request too many.
func (w *watcher) pausedUntil(a *refreshMark) time.Time {
	pause := min(max(a.NotBefore.Sub(a.Beat), 0), 2*maxPause)
	if left := a.NotBefore.Sub(w.since); w.first && (left <= 0 || left > pause) {
		return time.Time{}
	}
	return w.since.Add(pause)
}

// waitsFor is how long a flight waits for the one of another process: in any case
// until it would take over.
func (m *Manager) waitsFor(st *tokenState) time.Duration {
	return max(2*(m.cfg.timeout+m.cfg.lease), st.Attempt.hold(m.cfg.lease)+m.cfg.lease)
}
