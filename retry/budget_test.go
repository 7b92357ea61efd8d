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
	for _, nothing := range []int{0, -1, -5, math.MinInt} {
		require.True(t, b.Withdraw(nothing))
		b.Deposit(nothing)
		require.Zero(t, b.Tokens(), "%d takes nothing and gives nothing", nothing)
	}
	for _, more := range []int{21, 28, 1 << 20, math.MaxInt >> 11, math.MaxInt - 1, math.MaxInt} {
		require.False(t, retry.NewBudget(20).Withdraw(more), "%d is more than there can be", more)
	}
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

	large := retry.NewBudget(math.MaxInt)
	whole := large.Tokens()
	for range 5 {
		require.True(t, large.Withdraw(1))
		large.Deposit(math.MaxInt)
		large.Deposit(math.MaxInt)
		require.Equal(t, whole, large.Tokens())
	}
}

func TestBudgetOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(1)
		require.True(t, b.Withdraw(1))
		require.False(t, b.Withdraw(1))
		b.Deposit(1)
		require.True(t, b.Withdraw(1))
	})
}

func TestBudgetWithoutTokens(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*retry.Budget{"zero value": {}, "no capacity": retry.NewBudget(0), "negative": retry.NewBudget(-1)} {
		require.False(t, b.Withdraw(1), name)
		b.Deposit(9)
		require.False(t, b.Withdraw(1), name)
		require.True(t, b.Withdraw(0), name)
	}
	var none *retry.Budget
	require.True(t, none.Withdraw(math.MaxInt), "no budget permits everything")
	none.Deposit(1)
	require.Zero(t, none.Tokens())
}

func TestBudgetIsExactUnderConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
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
		for range 8 {
			wg.Go(func() {
				for range 500 {
					b.Deposit(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 4000+5000%3, b.Tokens())
	})
}

// C18: 500 tokens come back in an hour, evenly, and no more than there were.
func TestC18_AnEmptyBudgetIsWholeInAnHour(t *testing.T) {
	for _, capacity := range []int{1, 7, 500, 3600, math.MaxInt >> 13, math.MaxInt} {
		synctest.Test(t, func(t *testing.T) {
			b := retry.NewBudget(capacity)
			whole := b.Tokens()
			require.True(t, b.Withdraw(whole))
			require.Zero(t, b.Tokens())
			require.False(t, b.Withdraw(1))
			if capacity < math.MaxInt>>14 {
				time.Sleep(time.Hour / 2)
				require.Equal(t, whole/2, b.Tokens(), "half of %d in half an hour", capacity)
				require.False(t, b.Withdraw(whole/2+1))
				time.Sleep(time.Hour / 2)
				require.Equal(t, whole, b.Tokens(), "all of %d in an hour", capacity)
				time.Sleep(100 * time.Hour)
				require.Equal(t, whole, b.Tokens(), "and never more")
				require.True(t, b.Withdraw(whole))
				require.False(t, b.Withdraw(1))
			}
			b.Deposit(whole)
			require.Equal(t, whole, b.Tokens())
		})
	}
	require.Zero(t, new(retry.Budget).Tokens())
	require.Zero(t, retry.NewBudget(-1).Tokens())
	synctest.Test(t, func(t *testing.T) {
		b := retry.NewBudget(retry.DefaultBudget)
		require.True(t, b.Withdraw(retry.DefaultBudget))
		const each = time.Hour / retry.DefaultBudget
		time.Sleep(retry.RetryCost*each - 1)
		require.Equal(t, retry.RetryCost-1, b.Tokens(), "what is not whole is no token")
		require.False(t, b.Withdraw(retry.RetryCost))
		time.Sleep(time.Nanosecond)
		require.True(t, b.Withdraw(retry.RetryCost), "a hundred seconds are worth one retry")
		time.Sleep(each / 2)
		b.Deposit(3)
		require.Equal(t, 3, b.Tokens())
		time.Sleep(each / 2)
		require.Equal(t, 4, b.Tokens(), "a deposit leaves the time that has passed alone")
		b.Deposit(retry.DefaultBudget - 5)
		require.Equal(t, retry.DefaultBudget-1, b.Tokens())
		b.Deposit(1)
		require.Equal(t, retry.DefaultBudget, b.Tokens())
		require.True(t, b.Withdraw(1))
		require.Equal(t, retry.DefaultBudget-1, b.Tokens(), "it fills from the withdrawal on, not from before")
	})
}

func TestBudgetFromBeforeTheClock(t *testing.T) {
	b := retry.NewBudget(30)
	synctest.Test(t, func(*testing.T) { // whose clock is years behind
		require.Equal(t, 30, b.Tokens())
		require.True(t, b.Withdraw(14))
		require.True(t, b.Withdraw(14))
		require.False(t, b.Withdraw(14))
		require.Equal(t, 2, b.Tokens())
	})
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

// C18: a retry that succeeds returns its cost, one that fails does not, and a success
// adds 1.
func TestC18_WhatARetryCostsIsSettledByItsOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const full, cost, gain = retry.DefaultBudget, retry.RetryCost, retry.SuccessGain
		p := retry.Policy{Backoff: retry.Constant(0), Budget: retry.NewBudget(full)}
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
		for range 3000 {
			require.NoError(t, run(1))
		}
		require.Equal(t, full, p.Budget.Tokens(), "what one retry cures costs nothing")
		require.NoError(t, run(2))
		require.Equal(t, full-cost+gain, p.Budget.Tokens(), "the first of two failed")
		require.Error(t, run(3))
		require.Equal(t, full-3*cost+gain, p.Budget.Tokens(), "both failed")
		require.NoError(t, run(1))
		require.Equal(t, full-3*cost+2*gain, p.Budget.Tokens())
		require.NoError(t, run(0))
		require.Equal(t, full-3*cost+3*gain, p.Budget.Tokens())
	})
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
