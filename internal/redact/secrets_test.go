package redact_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/redact"
)

// X1: an error about a request shows neither its secrets nor its URL's query, and
// leads to no other error that does.
func TestX1_SecretsOfARequestInItsError(t *testing.T) {
	t.Parallel()
	const canary = `cAnArY+/ "<é>`
	var s redact.Secrets
	s.Add(canary)
	require.Equal(t, "it said "+redact.Mark, s.Text("it said "+canary))

	plain := errors.New("connection refused")
	require.Same(t, plain, s.Error(plain), "what holds nothing stays as it is")
	require.Same(t, plain, s.Error(&url.Error{Op: "Post", URL: "https://a.test/?key=" + canary, Err: plain}))
	require.EqualError(t, s.Error(&url.Error{Op: "parse", URL: canary, Err: errors.New(canary)}), "a URL cannot be parsed")

	for _, said := range []error{
		fmt.Errorf("it said %s", canary), fmt.Errorf("it said %q", canary), errors.New("https://a.test/?key=other"), errors.New("https://user:pw@a.test/"),
	} {
		err := s.Error(fmt.Errorf("%w: %w", said, context.DeadlineExceeded))
		require.NotContains(t, err.Error(), "cAnArY")
		require.NotContains(t, err.Error(), "other")
		require.NotContains(t, err.Error(), "pw")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, said)
		require.NotContains(t, s.Error(said).Error(), "cAnArY")
		require.NotErrorIs(t, s.Error(said), context.DeadlineExceeded)
	}
}
