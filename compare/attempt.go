package compare

import (
	"context"
	"net/http"
	"time"
)

const patience = 30 * time.Second // of a behaviour with a single call

// try opens the subject on svc and makes one call. The time that it took counts from
// the call's begin.
func (c Caller) try(ctx context.Context, svc Service, r Request) (attempt, error) {
	do, err := c.Open(svc)
	if err != nil {
		return attempt{}, err
	}
	return once(ctx, do, r), nil
}

// attempt is what came of a call.
type attempt struct {
	reply Reply
	err   error
	took  time.Duration
}

// once makes a call that is cancelled when patience is over. Its context has no
// deadline of its own, since some libraries set theirs only then.
func once(ctx context.Context, do Do, r Request) attempt {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(patience, cancel).Stop()
	return timed(ctx, do, r)
}

func timed(ctx context.Context, do Do, r Request) attempt {
	began := time.Now()
	reply, err := do(ctx, r)
	return attempt{reply, err, time.Since(began)}
}

// succeeded reports whether the call ended with the response that was wanted.
func (a attempt) succeeded() bool { return a.err == nil && a.reply.Status == http.StatusOK }

// end is how the call ended, in a word or two.
func (a attempt) end() string {
	switch {
	case a.reply.Status != 0:
		return http.StatusText(a.reply.Status)
	case a.err != nil:
		return "an error"
	}
	return "nothing"
}
