package onredis

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed give.lua
var giveText string

var giveScript = redis.NewScript(giveText)

// give gives back what is spare of the quotas and, of the rates, the last so many turns,
// which nobody has used.
func (a *lane) give(last int) {
	spare := a.spare
	a.spare = 0
	rates := a.returned("r", last)
	quotas := a.returned("q", spare)
	if last > 0 && rates != nil || spare > 0 && quotas != nil {
		a.asking, a.denied, a.earliest = true, time.Time{}, time.Time{} // there will be more than Redis said
		a.send(func(ctx context.Context) (any, error) {
			var errs []error
			for _, args := range [][]any{rates, quotas} {
				if args != nil {
					errs = append(errs, giveScript.Run(ctx, a.l.rdb, []string{a.state}, args...).Err())
				}
			}
			return nil, errors.Join(errs...)
		}, func(_ any, err error) {
			a.asking = false
			if err != nil {
				// It may have been done, or not, or be done later: to tell it once more
				// might give it back twice. What is not given back is lost, which lets
				// nothing more through.
				a.failed(err)
				return
			}
			a.worked(time.Now())
			for i := range a.limits {
				a.limits[i].turn = "" // it lies behind what Redis has now
				if a.l.cfg.Limits[i].kind == quotaKind {
					a.limits[i].back += int64(spare) // known here also where Redis forgets it
				}
			}
		})
	}
}

// returned packs the arguments of the script for one kind of limit; nil is nothing.
func (a *lane) returned(kind string, n int) []any {
	if n < 1 {
		return nil
	}
	args := []any{n, a.l.id, rand.Text()}
	for i, lim := range a.l.cfg.Limits {
		k := a.limits[i]
		switch {
		case kind == "r" && lim.kind == rateKind && k.turn != "":
			args = append(args, kind, lim.field(), k.turn, micros(lim.every()))
		case kind == "q" && lim.kind == quotaKind && k.ends != 0:
			args = append(args, kind, lim.field(), strconv.FormatInt(k.ends, 10), "0")
		}
	}
	if len(args) == 3 {
		return nil
	}
	return args
}

// close gives back all that the process holds of the key, also what a call is about to
// bring that is under way.
func (a *lane) close(ctx context.Context) error {
	a.mu.Lock()
	a.step() // those who have their turn have it
	a.closed = true
	a.step()
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		a.calls.Wait()
	}()
	select {
	case <-answered:
	case <-ctx.Done():
		return cause(ctx)
	}
	a.mu.Lock()
	last := 0
	for _, t := range a.pool {
		if !t.back {
			last += t.n
		}
	}
	a.drop()
	var calls [][]any
	for kind, n := range map[string]int{"r": last, "q": a.spare} {
		if args := a.returned(kind, n); args != nil {
			calls = append(calls, args)
		}
	}
	a.spare, a.asking = 0, true
	unsettled := a.unsettled()
	a.mu.Unlock()
	_, err := guarded(ctx, func(ctx context.Context) (any, error) {
		var errs []error
		if unsettled {
			errs = append(errs, a.settle(ctx))
		}
		for _, args := range calls {
			errs = append(errs, giveScript.Run(ctx, a.l.rdb, []string{a.state}, args...).Err())
		}
		errs = append(errs, a.l.rdb.HDel(ctx, a.state, "m:"+a.l.id, "h:"+a.l.id, "b:"+a.l.id).Err())
		return nil, errors.Join(errs...)
	})
	return err
}

// checkMemory warns, once, of a Redis that is set up to forget keys of its own choice.
func (l *Limiter) checkMemory() {
	if l.warned.Swap(true) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
		defer cancel()
		_, _ = guarded(ctx, func(ctx context.Context) (any, error) {
			info, err := l.rdb.Info(ctx, "memory").Result()
			for line := range strings.Lines(info) {
				if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok && policy != "noeviction" {
					l.log.Warn("onredis: Redis may evict keys when its memory is full, and with each the limit that it held: set maxmemory-policy to noeviction", "policy", policy)
				}
			}
			return nil, err
		})
	}()
}
