package retry_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/retry"
)

func TestBudgetWithdrawsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(20)
	require.True(t, b.Withdraw(14))
	require.False(t, b.Withdraw(14))
	require.Equal(t, 6, b.Tokens(), "a refusal takes nothing")
	require.True(t, b.Withdraw(6))
	require.False(t, b.Withdraw(1))
	require.True(t, b.Withdraw(0))
	require.True(t, b.Withdraw(-5))
	require.Zero(t, b.Tokens())
}

func TestBudgetDepositStopsAtTheCapacity(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(20)
	b.Deposit(5)
	require.Equal(t, 20, b.Tokens())
	require.True(t, b.Withdraw(3))
	b.Deposit(math.MaxInt)
	require.Equal(t, 20, b.Tokens())
	b.Deposit(-7)
	b.Deposit(0)
	require.Equal(t, 20, b.Tokens())
}

func TestBudgetWithoutTokens(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*retry.Budget{"zero value": {}, "no capacity": retry.NewBudget(0), "negative": retry.NewBudget(-1)} {
		require.False(t, b.Withdraw(1), name)
		b.Deposit(9)
		require.False(t, b.Withdraw(1), name)
	}
	var none *retry.Budget
	require.True(t, none.Withdraw(math.MaxInt), "no budget permits everything")
	none.Deposit(1)
	require.Zero(t, none.Tokens())
}

func TestBudgetIsExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := retry.NewBudget(5000)
	var granted atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if b.Withdraw(3) {
					granted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 5000/3, granted.Load())
	require.Equal(t, 5000%3, b.Tokens())
}

func TestBudgetDoesNotAllocate(t *testing.T) {
	b := retry.NewBudget(500)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b.Withdraw(retry.RetryCost)
		b.Deposit(retry.SuccessGain)
	}))
}

// C18: the budget is looked at before sleeping, and the original error comes back.
func TestC18_EmptyBudgetReturnsTheErrorWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		start, calls := time.Now(), 0
		_, err := retry.Do(t.Context(), retry.Policy{Backoff: retry.Constant(time.Hour), Budget: retry.NewBudget(retry.RetryCost - 1)},
			func(context.Context) (int, error) { calls++; return 0, boom })
		require.Equal(t, boom, err)
		require.Equal(t, 1, calls)
		require.Zero(t, time.Since(start))
	})
}

// C18: 10,000 calls from 100 goroutines in a total outage.
func TestC18_OutageSendsAtMostATenthMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := retry.Default()
		p.Budget = retry.NewBudget(retry.DefaultBudget)
		var sent atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				for range 100 {
					_, err := retry.Do(t.Context(), p, func(context.Context) (int, error) {
						sent.Add(1)
						return 0, errors.New("down")
					})
					if err == nil {
						t.Error("success in an outage")
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 10_000+retry.DefaultBudget/retry.RetryCost, sent.Load())
	})
}

// C18: it refills on success.
func TestC18_BudgetRefillsOnSuccess(t *testing.T) {
	t.Parallel()
	p := retry.Policy{Backoff: retry.Constant(0), Budget: retry.NewBudget(retry.RetryCost)}
	fails := 0
	run := func(failures int) error {
		fails = failures
		_, err := retry.Do(t.Context(), p, func(context.Context) (int, error) {
			if fails--; fails >= 0 {
				return 0, errors.New("flaky")
			}
			return 0, nil
		})
		return err
	}
	require.NoError(t, run(1), "the one retry there is")
	require.Error(t, run(1), "spent")
	for range retry.RetryCost {
		require.NoError(t, run(0))
	}
	require.NoError(t, run(1), "earned again")
}

func TestNoBudgetOverridesBudget(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := retry.Do(t.Context(), retry.Policy{Backoff: retry.Constant(0), Budget: new(retry.Budget), NoBudget: true},
		func(context.Context) (int, error) { calls++; return 0, errors.New("x") })
	require.Error(t, err)
	require.Equal(t, 3, calls)
}

func TestRetryNotMadeIsPaidBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(100)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := retry.Do(ctx, retry.Policy{Backoff: retry.Constant(time.Minute), Budget: b},
			func(context.Context) (int, error) { return 0, errors.New("x") })
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 100, b.Tokens())
	})
}
