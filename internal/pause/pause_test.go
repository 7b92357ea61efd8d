package pause

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestForWaitsExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, For(t.Context(), 3*time.Second))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.NoError(t, For(t.Context(), 0))
		require.NoError(t, For(t.Context(), -time.Second))
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestForEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		require.ErrorIs(t, For(ctx, math.MaxInt64), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		require.ErrorIs(t, For(ctx, 0), context.DeadlineExceeded, "no wait still reports it")
	})
}

func TestErrHoldsErrorAndCause(t *testing.T) {
	t.Parallel()
	require.NoError(t, Err(t.Context()))

	cause := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	require.ErrorIs(t, Err(ctx), context.Canceled)
	require.ErrorIs(t, Err(ctx), cause)

	plain, stop := context.WithCancel(t.Context())
	stop()
	require.Equal(t, context.Canceled, Err(plain))
}

func TestFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.True(t, Fits(t.Context(), math.MaxInt64))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.True(t, Fits(ctx, time.Second-1))
		require.False(t, Fits(ctx, time.Second), "nothing can be done at the deadline itself")
		time.Sleep(2 * time.Second)
		require.False(t, Fits(ctx, 0))
	})
}
