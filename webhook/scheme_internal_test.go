package webhook

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// W4: an error that nobody has given a reason decides nothing.
func TestW4_ErrorsWithoutAReasonAreUndecided(t *testing.T) {
	t.Parallel()
	errOdd := errors.New("odd")
	s := &Scheme{
		provider: "acme", maxBody: 10,
		verify:    func(context.Context, *Request, time.Time) (Receipt, error) { return Receipt{KeyID: "x"}, errOdd },
		challenge: func(context.Context, *Request, time.Time) (*Answer, bool, error) { return &Answer{}, true, errOdd },
	}
	rec, err := s.Verify(t.Context(), &Request{})
	require.ErrorIs(t, err, errOdd)
	require.True(t, Undecidable(err))
	require.ErrorContains(t, err, "acme")
	require.Zero(t, rec)
	answer, ok, err := s.Challenge(t.Context(), &Request{})
	require.True(t, Undecidable(err))
	require.True(t, ok)
	require.Nil(t, answer)
}
