package openai

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// StreamLimits bound the silence of a stream. A model that reasons is silent for minutes
// before it writes, and then hardly for seconds. An error that matches client.ErrTimeout
// ends what is over its limit. The time that the loop itself takes does not count.
type StreamLimits struct {
	// FirstToken is how long it may take from the call to the first piece of output.
	// 0 leaves it to the client: five minutes without an event, see
	// client.WithIdleTimeout.
	FirstToken time.Duration

	// Idle is how long an event may take after that. 0 leaves it to the client.
	Idle time.Duration
}

var (
	errFirstToken = errors.New("nothing was generated for as long as FirstToken allows")
	errIdle       = errors.New("nothing came for as long as Idle allows")
)

// watch is the clock of a stream. It ends the stream's context. It is used by the
// stream's goroutine alone.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limits StreamLimits
	writes bool          // the first token has come
	left   time.Duration // of FirstToken
	since  time.Time     // the clock runs
	timer  *time.Timer   // nil where it does not
}

func (l StreamLimits) watch(parent context.Context) (context.Context, *watch) {
	if parent == nil || l == (StreamLimits{}) {
		return parent, &watch{}
	}
	w := &watch{limits: l, left: l.FirstToken}
	w.ctx, w.cancel = context.WithCancelCause(parent)
	w.resume(false)
	return w.ctx, w
}

// resume lets the clock run until the next event.
func (w *watch) resume(token bool) {
	w.writes = w.writes || token
	limit, over := w.left, errFirstToken
	if w.writes {
		limit, over = w.limits.Idle, errIdle
	}
	if w.cancel == nil || !w.writes && w.limits.FirstToken == 0 || w.writes && limit == 0 {
		return
	}
	w.since = time.Now()
	w.timer = time.AfterFunc(limit, func() { w.cancel(fmt.Errorf("%w: %w", client.ErrTimeout, over)) })
}

// pause stops it while the loop is at work.
func (w *watch) pause() {
	if w.timer != nil {
		w.timer.Stop()
		w.left -= time.Since(w.since)
		w.timer = nil
	}
}

// passed is the limit that has ended the stream, nil for none.
func (w *watch) passed() error {
	if w.ctx == nil {
		return nil
	}
	cause := context.Cause(w.ctx)
	if !errors.Is(cause, errFirstToken) && !errors.Is(cause, errIdle) {
		return nil
	}
	return cause
}

func (w *watch) stop() {
	w.pause()
	if w.cancel != nil {
		w.cancel(nil)
	}
}
