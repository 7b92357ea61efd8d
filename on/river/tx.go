package onriver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/standpipe-go/standpipe/inbox"
	"github.com/standpipe-go/standpipe/webhook"
)

// OnTx is [webhook.On] for a function that works in the transaction in which its event is
// taken off and River's job is completed: what it writes by tx is committed together with
// these, or not at all. So its effects in the database are there exactly once, however
// often River has the job run, and even if it runs twice at the same time. What the
// function does elsewhere is done at least once, and should not be done here: the
// transaction is to be short ([inbox.WithTxTimeout]).
//
// The function neither commits nor rolls back. It runs in a River worker alone; elsewhere
// its event fails with [inbox.ErrNoWorker].
func OnTx[T any](eventType string, fn func(ctx context.Context, tx pgx.Tx, e webhook.Event[T]) error) webhook.HandlerOption {
	return webhook.On(eventType, InTx(fn))
}

// InTx makes of a function as [OnTx] takes it one for [webhook.OnEnvelope],
// [webhook.OnObject] or [webhook.Fallback].
func InTx[T any](fn func(ctx context.Context, tx pgx.Tx, e webhook.Event[T]) error) func(context.Context, webhook.Event[T]) error {
	if fn == nil {
		return nil // which they refuse
	}
	return func(ctx context.Context, e webhook.Event[T]) error {
		a := attemptOf(ctx)
		if a == nil {
			return fmt.Errorf("onriver: %w", inbox.ErrNoWorker)
		}
		t, err := a.begin(ctx)
		if err != nil {
			return err
		}
		err = fn(t.ctx, t.tx, e)
		if err != nil && t.ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(t.ctx), err)
		}
		return err
	}
}

// attempt is one run of a job. It travels in the function's context.
type attempt struct {
	q  *Queue
	mu sync.Mutex
	t  *transaction // of OnTx, once it has begun
}

type attemptKey struct{}

func attemptOf(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// runs reports whether ctx is that of a function which this queue runs.
func (q *Queue) runs(ctx context.Context) bool {
	a := attemptOf(ctx)
	return a != nil && a.q == q
}

// transaction is that of one attempt.
type transaction struct {
	ctx    context.Context
	cancel context.CancelFunc
	tx     pgx.Tx
}

// awayError is the database's own failure, which says nothing of the event.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

// begin opens the transaction that the job's completion will be a part of.
func (a *attempt) begin(ctx context.Context) (*transaction, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.t != nil {
		return nil, errors.New("onriver: the event has its transaction already")
	}
	t := &transaction{}
	t.ctx, t.cancel = context.WithTimeoutCause(ctx, a.q.settings.TxTimeout, fmt.Errorf("onriver: %w", inbox.ErrTimeout))
	var err error
	if t.tx, err = a.q.pool.Begin(t.ctx); err == nil {
		// If this process is stopped, the server does not keep its locks for ever.
		_, err = t.tx.Exec(t.ctx, `SELECT set_config('idle_in_transaction_session_timeout', $1, true)`,
			strconv.FormatInt(a.q.settings.TxTimeout.Milliseconds()+1, 10))
	}
	if err != nil {
		t.rollback()
		return nil, &awayError{fmt.Errorf("onriver: begin the transaction: %w", err)}
	}
	a.t = t
	return t, nil
}

// transaction is nil where the function has begun none.
func (a *attempt) transaction() *transaction {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.t
}

// rollback may be called more than once, after a commit, and for none.
func (t *transaction) rollback() {
	if t == nil {
		return
	}
	if t.tx != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), callLimit)
		defer cancel()
		_ = t.tx.Rollback(ctx)
	}
	t.cancel()
}
