package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/internal/quote"
	"github.com/standpipe-go/standpipe/oauthflow"
)

// renewal is the work of one flight on the record of one key: look, and if no
// one else has, refresh. The policy is in the package comment.
type renewal struct {
	m      *Manager
	key    string
	jitter float64
	failed string          // the access token that a service has refused, if any
	stuck  func(err error) // called once if the result cannot be stored at once
	reauth *ReauthError    // set if this renewal was the one to find out

	watch     watcher // what this process has seen of the record
	refresher Refresher
	extra     []string
	grant     bool   // no refresh token needed
	owner     string // this renewal's name in the mark
	lost      bool   // the mark has been taken from us
	again     bool   // a sibling's result was adopted once already
}

const (
	// recently is the age under which a token is not refreshed after a 401.
	recently = 5 * time.Second

	// replayPause is between a failed refresh and the one replay in its flight.
	replayPause = time.Second

	// pollMin and pollMax bound the pauses between looks at another process's refresh.
	pollMin = 10 * time.Millisecond
	pollMax = 250 * time.Millisecond
)

// run returns what is stored, as far as known, and why it is not better.
func (r *renewal) run(ctx context.Context) (*tokenState, error) {
	if r.refresher == nil {
		if err := r.choose(); err != nil {
			return nil, &RefreshError{Key: r.key, cause: clean(err)}
		}
		r.owner = rand.Text()
	}
	poll := pollMin
	began := time.Now()
	for {
		st, err := r.load(ctx)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		verdict, until := r.look(st, now)
		switch verdict {
		case lookFresh:
			return st, nil
		case lookDead:
			return st, st.reauthError(r.key)
		case lookHopeless:
			if st.alive(now) {
				return st, st.hopeless(r.key) // a service's 401 is all that speaks against it
			}
			return r.condemn(ctx, st, "")
		case lookRecent:
			return st, &RefreshError{Key: r.key, cause: ErrRefreshedRecently}
		case lookPaused:
			return st, st.refreshError(r.key, until, errors.New(st.Attempt.Reason))
		case lookBusy:
			if r.m.isClosing() || now.Sub(began) > r.m.waitsFor(st) {
				return st, st.refreshError(r.key, time.Time{}, ErrRefreshInProgress)
			}
			_ = pause.For(ctx, poll) // the context of a flight does not end
			poll = min(poll*3/2, pollMax)
			continue
		}
		if r.m.isClosing() {
			return st, &RefreshError{Key: r.key, cause: ErrManagerClosed}
		}
		next, err := r.take(ctx, st, now)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return st, err
		}
		return r.send(ctx, next)
	}
}

func (r *renewal) choose() error {
	var err error
	if r.refresher, r.extra, err = r.m.refresherFor(r.key); err == nil {
		_, r.grant = r.refresher.(Grant)
	}
	return err
}

func (r *renewal) load(ctx context.Context) (*tokenState, error) {
	st, err := r.m.load(ctx, r.key)
	switch gone := err == nil && st.gone(); {
	case (gone || errors.Is(err, ErrNotFound)) && r.grant:
		return &tokenState{Format: recordFormat, version: st.version}, nil
	case gone, errors.Is(err, ErrNotFound):
		return nil, &ReauthError{Key: r.key, cause: ErrNotFound}
	case err != nil:
		return nil, err
	}
	r.watch.see(st, time.Now())
	return st, nil
}

// glimpse is what a look at the record leads to.
type glimpse int

const (
	lookFree     glimpse = iota // refresh it
	lookFresh                   // hand it out
	lookDead                    // recorded as dead
	lookHopeless                // not recorded yet, but there is no way to refresh it
	lookRecent                  // it failed, but is too young
	lookPaused                  // until the given time
	lookBusy                    // a refresh is in flight elsewhere
)

func (r *renewal) look(st *tokenState, now time.Time) (glimpse, time.Time) {
	works := st.alive(now) && (r.failed == "" || st.Access != r.failed)
	switch {
	case works && !st.stale(now, r.jitter):
		return lookFresh, time.Time{}
	case st.Dead != nil:
		return lookDead, time.Time{}
	case st.Refresh == "" && !r.grant && works:
		return lookFresh, time.Time{} // it serves to its end
	case st.Refresh == "" && !r.grant:
		return lookHopeless, time.Time{}
	case r.failed != "" && st.Access == r.failed && st.young(now):
		return lookRecent, time.Time{}
	}
	a := st.Attempt
	switch {
	case a == nil, a.Owner == r.owner:
		return lookFree, time.Time{}
	case a.Owner != "":
		if !r.watch.abandoned(st, now, r.m.cfg.lease) {
			return lookBusy, time.Time{}
		}
		if r.m.cfg.noReplay && !r.grant {
			return lookHopeless, time.Time{}
		}
	case a.Unanswered > 0 && r.m.cfg.noReplay && !r.grant:
		return lookHopeless, time.Time{}
	default:
		if until := r.watch.pausedUntil(a); now.Before(until) {
			return lookPaused, until
		}
	}
	return lookFree, time.Time{}
}

// take puts our mark into the record. ErrConflict means that someone was faster.
func (r *renewal) take(ctx context.Context, st *tokenState, now time.Time) (*tokenState, error) {
	next := st.clone()
	if next.Attempt == nil {
		next.Attempt = &refreshMark{First: now.Round(0)}
	}
	a := next.Attempt
	abandoned := a.Owner != "" && a.Owner != r.owner
	if abandoned {
		a.Failed++
		a.Unanswered++
		a.Reason = errAbandoned.Error()
	}
	a.Owner, a.Beat, a.NotBefore = r.owner, now.Round(0), time.Time{}
	if err := r.m.save(ctx, r.key, next); err != nil {
		return nil, err
	}
	if abandoned {
		r.m.tellFailure(ctx, r.key, next.refreshError(r.key, time.Time{}, errAbandoned))
	}
	return next, nil
}

var errAbandoned = errors.New("a process stopped in the middle of a refresh; it is sent again")

// send refreshes under our mark.
func (r *renewal) send(ctx context.Context, st *tokenState) (*tokenState, error) {
	for try := 1; ; try++ {
		tok, err := r.attempt(ctx, st)
		if err == nil {
			return r.keep(ctx, st, st.succeeded(tok, time.Now(), r.extra))
		}
		v, code := judge(err)
		if v == grantDead && !r.grant {
			return r.rejected(ctx, st, code)
		}
		st = st.clone()
		a := st.Attempt
		a.Failed++
		if v == unanswered {
			a.Unanswered++
		}
		err = clean(err, st.Access, st.Refresh)
		a.Reason = quote.Cut(err.Error(), maxReason)
		mayReplay := v == neverSent || v == unanswered && (r.grant || !r.m.cfg.noReplay)
		if try > 1 || !mayReplay || r.m.isClosing() {
			return r.giveUp(ctx, st, err)
		}
		// What is known so far is written down before the replay.
		if !r.beat(ctx, st) {
			return r.giveUp(ctx, st, err)
		}
		_ = pause.For(ctx, replayPause)
	}
}

const maxReason = 300

// attempt makes one request, and renews the mark until the response is there.
func (r *renewal) attempt(ctx context.Context, st *tokenState) (*oauth2.Token, error) {
	whole := st.token(true)
	// No limit of the flight's own: a response that is late is kept all the same.
	call := flight.Start(ctx, 0, "the refresher", func(ctx context.Context) (*oauth2.Token, error) {
		ctx, cancel := context.WithTimeout(ctx, r.m.cfg.timeout)
		defer cancel()
		tok, err := r.refresher.Refresh(ctx, whole)
		if err == nil && (tok == nil || tok.AccessToken == "") {
			err = oauthflow.ErrMalformedResponse
		}
		return tok, err
	}, nil)
	ticker := time.NewTicker(max(r.m.cfg.lease/4, 1))
	defer ticker.Stop()
	for {
		select {
		case <-call.Done():
			return call.Wait(ctx)
		case <-ticker.C:
			r.beat(ctx, st)
		}
	}
}

// beat renews the mark, and reports whether it is still ours as far as known.
func (r *renewal) beat(ctx context.Context, st *tokenState) bool {
	if r.lost {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, r.m.cfg.lease/2)
	defer cancel()
	st.Attempt.Beat = time.Now().Round(0)
	err := r.m.saveOnce(ctx, r.key, st)
	if errors.Is(err, ErrConflict) && r.marked(ctx, st) {
		err = r.m.saveOnce(ctx, r.key, st)
	}
	r.lost = errors.Is(err, ErrConflict)
	return !r.lost
}

// marked reports whether the mark is ours yet, where the result of a save was lost, and
// takes over the version that the record has since.
func (r *renewal) marked(ctx context.Context, st *tokenState) bool {
	now, err := r.m.load(ctx, r.key)
	if err != nil || !now.inFlight() || now.Attempt.Owner != r.owner || !now.sameToken(st) {
		return false
	}
	st.version = now.version
	return true
}

// giveUp records a failure that may pass, and the pause that follows it.
func (r *renewal) giveUp(ctx context.Context, st *tokenState, cause error) (*tokenState, error) {
	now := time.Now()
	wait := min(time.Second<<min(st.Attempt.Failed-1, 6), maxPause)
	if te, ok := errors.AsType[*oauthflow.TokenError](cause); ok {
		wait = max(wait, min(te.RetryAfter, maxPause))
	}
	// Others read the length of the pause, not the moment of its end.
	a := st.Attempt
	a.Owner, a.Beat, a.NotBefore = "", now.Round(0), now.Add(wait).Round(0)
	err := st.refreshError(r.key, now.Add(wait), cause)
	saveErr := r.m.save(ctx, r.key, st)
	if errors.Is(saveErr, ErrConflict) && r.marked(ctx, st) {
		saveErr = r.m.save(ctx, r.key, st)
	}
	switch {
	case errors.Is(saveErr, ErrConflict): // someone has changed it: the next look will show
		return nil, err
	case saveErr != nil: // our mark stays, and its lease takes the place of the pause
		return nil, fmt.Errorf("%w; and it could not be recorded: %w", err, saveErr)
	}
	return st, err
}

// young reports whether the token comes from a refresh so recent that another
// would not help.
func (s *tokenState) young(now time.Time) bool {
	limit := recently
	if !s.Expiry.IsZero() {
		limit = min(limit, s.Expiry.Sub(s.Obtained)/earlyShare)
	}
	age := now.Sub(s.Obtained)
	return s.Refreshes > 0 && age >= 0 && age < limit
}
