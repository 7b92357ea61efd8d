package google

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/pause"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// Watcher has the changes of a calendar's events notified without a gap. Google ends a
// channel after a week at most, without a word, and renews none: a Watcher makes the next
// one before that, and then stops the old one. For a while both notify, which does no
// harm: a notification says no more than that there is something to sync.
//
// Call [Watcher.Run] in a goroutine of yours, or [Watcher.Renew] now and then, as by
// cron. A Watcher is read only and safe for concurrent use, but two that watch for the
// same application make two channels.
type Watcher struct {
	Client     *Client
	CalendarID string

	// Address is where the notifications go: https, to a webhook.Handler over
	// webhook.GoogleCalendar with the same Token.
	Address string

	// Token comes with each notification. A channel keeps the one that was the newest
	// when it was made: leave the one before in the source of webhook.GoogleCalendar
	// until the next renewal.
	Token secret.Source

	EventTypes []string // none is all

	// Lifetime is asked for a channel; Google may grant less. 0 is a week, its most.
	Lifetime time.Duration

	// Ahead is how long before the end of a channel the next one is made. 0 is an hour,
	// or half of the Lifetime where that is less.
	Ahead time.Duration

	// Save keeps a channel, before the one that it follows is stopped, for the next start
	// of the program. Where it fails, the new channel is stopped. Nil keeps none.
	Save func(context.Context, Channel) error

	// Now tells the time. Nil is time.Now.
	Now func() time.Time
}

const (
	defaultAhead = time.Hour

	// minChannel is waited, at least, between two channels, whatever Google grants.
	minChannel = time.Minute

	// unsaidLifetime is that of a channel of which nothing is said.
	unsaidLifetime = 24 * time.Hour

	// maxSleep is how long Run sleeps at a time: the clock of timers stands still while a
	// machine is suspended.
	maxSleep = time.Hour

	// stopTimeout bounds the end of a channel that could not be saved.
	stopTimeout = 30 * time.Second
)

// Due is when the channel that follows ch is to be made: at once for the zero Channel.
func (w *Watcher) Due(ch Channel) time.Time {
	if ch.ID == "" {
		return time.Time{}
	}
	ahead := w.Ahead
	if ahead == 0 {
		if ahead = defaultAhead; w.Lifetime > 0 {
			ahead = min(ahead, w.Lifetime/2)
		}
	}
	return ch.Expiration.Add(-ahead)
}

// Renew returns the channel that there is from now on: old, or, where that is due or the
// zero Channel, a new one, which has been made and saved before old is stopped. What it
// returns is to be kept also where there is an error: old where no new one could be made,
// and the new one where old could not be stopped, which then ends by itself.
func (w *Watcher) Renew(ctx context.Context, old Channel) (Channel, error) {
	if err := w.check(); err != nil {
		return old, err
	}
	if w.now().Before(w.Due(old)) {
		return old, nil
	}
	made, err := w.make(ctx)
	if err != nil {
		return old, err
	}
	if err := w.save(ctx, made); err != nil {
		return old, err
	}
	if old.ID != "" && w.now().Before(old.Expiration.Time) {
		if err := w.stop(ctx, old); err != nil {
			return made, fmt.Errorf("google: the old channel goes on until it ends: %w", err)
		}
	}
	return made, nil
}

// Run keeps a channel until ctx ends, beginning with ch, the one that was saved last, or
// with the zero Channel. The channel goes on when Run returns, for the next start: end it
// with StopChannel.
//
// What may pass, such as an outage, is tried again until the channel has ended. Run
// returns the error of the first channel at once, one that does not pass, such as a
// calendar that is not there any more, and the last one where the channel has ended;
// else, that of ctx.
func (w *Watcher) Run(ctx context.Context, ch Channel) error {
	for failed := 0; ; {
		now, err := w.Renew(ctx, ch)
		renewed := now.ID != ch.ID
		if ch = now; renewed {
			err = nil // the old one ends by itself
		}
		until := w.Due(ch)
		switch {
		case err != nil && (lasts(err) || !w.now().Before(ch.Expiration.Time)):
			return err
		case err != nil:
			failed++
			until = w.now().Add(between(failed))
		case renewed:
			failed = 0
			left := ch.Expiration.Sub(w.now())
			if soonest := w.now().Add(max(left/2, minChannel)); until.Before(soonest) {
				until = soonest // it lives for less than was reckoned with
			}
		}
		if err := w.sleep(ctx, until); err != nil {
			return err
		}
	}
}

// between is waited after a renewal that failed.
func between(failed int) time.Duration {
	return retry.Exponential(30*time.Second, 5*time.Minute)(failed)
}

// lasts reports whether waiting does not cure an error.
func lasts(err error) bool {
	for _, sentinel := range []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrConfig, client.ErrRequest, client.ErrReadOnly, client.ErrOrigin,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

func (w *Watcher) sleep(ctx context.Context, until time.Time) error {
	for {
		left := until.Sub(w.now())
		if left <= 0 {
			return pause.Err(ctx)
		}
		if err := pause.For(ctx, min(left, maxSleep)); err != nil {
			return err
		}
	}
}

func (w *Watcher) now() time.Time {
	if w.Now == nil {
		return time.Now()
	}
	return w.Now()
}

func (w *Watcher) check() error {
	err := func() error {
		switch {
		case w.Client == nil || w.Client.HTTP == nil:
			return errors.New("the client is missing")
		case w.CalendarID == "":
			return errors.New("the calendar ID is missing")
		case w.Lifetime < 0 || w.Ahead < 0:
			return errors.New("neither Lifetime nor Ahead can be negative")
		case w.Lifetime > 0 && w.Ahead >= w.Lifetime:
			return errors.New("the next channel is to be made before this one is: Ahead is not less than Lifetime")
		}
		if err := checkAddress(w.Address); err != nil {
			return err
		}
		return secret.Check(w.Token)
	}()
	if err != nil {
		return fmt.Errorf("google: watcher: %w: %w", client.ErrConfig, err)
	}
	return nil
}

func (w *Watcher) make(ctx context.Context) (Channel, error) {
	token, err := secret.Current(ctx, w.Token)
	if err != nil {
		return Channel{}, fmt.Errorf("google: watcher: the token: %w", err)
	}
	in := WatchEventsInput{CalendarID: w.CalendarID, ID: rand.Text(), Address: w.Address, Token: token, EventTypes: w.EventTypes}
	if w.Lifetime > 0 {
		in.Expiration = w.now().Add(w.Lifetime)
	}
	made, err := WatchEvents.Do(ctx, w.Client.HTTP, in)
	if err != nil {
		return Channel{}, err
	}
	if made.ID == "" {
		made.ID = in.ID
	}
	if made.Expiration.IsZero() {
		made.Expiration.Time = w.now().Add(cmp.Or(w.Lifetime, unsaidLifetime))
	}
	return made, nil
}

// save keeps a channel, or ends it: one that is forgotten would notify besides the next.
func (w *Watcher) save(ctx context.Context, made Channel) error {
	if w.Save == nil {
		return nil
	}
	err := func() (err error) {
		defer panics.Catch(&err, "the watcher's Save")
		return w.Save(ctx, made)
	}()
	if err == nil {
		return nil
	}
	err = fmt.Errorf("google: watcher: saving the new channel: %w", err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if failed := w.stop(ctx, made); failed != nil {
		err = fmt.Errorf("%w; it could not be stopped either, and goes on until it ends: %w", err, failed)
	}
	return err
}

// stop ends a channel, or finds that it has ended.
func (w *Watcher) stop(ctx context.Context, ch Channel) error {
	if _, err := StopChannel.Do(ctx, w.Client.HTTP, ch); err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	return nil
}
