package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
)

// A code is fit for a metric's label; the text is for people.
func TestReasonsAreCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range []client.Reason{
		client.Succeeded, client.Retried, client.Reauthorized, client.NotRetryable, client.NotIdempotent, client.HintForbids,
		client.PolicyForbids, client.LastAttempt, client.BodyNotReplayed, client.WaitTooLong, client.WaitPastDeadline,
		client.LimitPastDeadline, client.CircuitOpen, client.BudgetEmpty, client.ContextEnded,
	} {
		require.Regexp(t, "^[a-z_]{7,19}$", string(r))
		require.NotContains(t, r.Text(), "_")
		require.False(t, seen[r.Text()], r)
		seen[r.Text()] = true
		switch r {
		case client.Succeeded, client.Retried, client.Reauthorized:
			require.NotContains(t, r.Text(), "not retried")
		default:
			require.Contains(t, r.Text(), "not retried: ")
		}
	}
	require.Equal(t, "unheard_of", client.Reason("unheard_of").Text())
}
