package client_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// slowRenewal is a credential that takes three seconds, and two minutes to be renewed.
type slowRenewal struct {
	again bool
	err   error
}

func (slowRenewal) Authorize(r *http.Request) error {
	time.Sleep(3 * time.Second)
	r.Header.Set("Authorization", "Bearer "+key)
	return nil
}

func (s slowRenewal) Challenge(*http.Request, *http.Response) (bool, error) {
	time.Sleep(2 * time.Minute)
	return s.again, s.err
}

// C15: what a renewal takes is a wait for the credential, and stands where every other
// does: nothing of a call's time is in no line of its ledger.
func TestC15_ARenewalIsAWaitForTheCredential(t *testing.T) {
	for name, tc := range map[string]struct {
		auth   slowRenewal
		script string
		waits  []time.Duration // in the ledger
		told   []time.Duration // to the observer
	}{
		"one that helps":      {slowRenewal{again: true}, "401, 200 {}", []time.Duration{3 * time.Second, 123 * time.Second}, []time.Duration{3 * time.Second, 120 * time.Second, 3 * time.Second}},
		"one that does not":   {slowRenewal{again: true}, "401, 401", []time.Duration{3 * time.Second, 123 * time.Second}, []time.Duration{3 * time.Second, 120 * time.Second, 3 * time.Second}},
		"one before a retry":  {slowRenewal{again: true}, "401, 503, 200 {}", []time.Duration{3 * time.Second, 123 * time.Second, 3 * time.Second}, []time.Duration{3 * time.Second, 120 * time.Second, 3 * time.Second, 3 * time.Second}},
		"one that has failed": {slowRenewal{err: errors.New("no")}, "401", []time.Duration{123 * time.Second}, []time.Duration{3 * time.Second, 120 * time.Second}},
		"one for nothing":     {slowRenewal{}, "401", []time.Duration{123 * time.Second}, []time.Duration{3 * time.Second, 120 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o journal
				steps, err := clienttest.Parse(tc.script)
				require.NoError(t, err)
				c := over(t, clienttest.NewTransport(t, steps...), client.WithAuth(tc.auth), client.WithTimeout(time.Hour),
					client.WithObserver(&o), client.WithRetry(retry.Policy{Backoff: retry.Constant(time.Second)}))
				var meta client.Meta
				began := time.Now()
				_, _ = client.Call[thing](t.Context(), c, client.Request{Path: "/x", Meta: &meta})
				took := time.Since(began)
				var waits, told []time.Duration
				var sum time.Duration
				for _, a := range meta.Attempts {
					waits = append(waits, a.TokenWait)
					sum += a.TokenWait + a.Duration + a.Wait
				}
				require.Equal(t, tc.waits, waits)
				require.Equal(t, took, sum, "all of the call's time")
				for _, w := range of[client.Waited](o.all()) {
					if w.For == client.WaitToken {
						told = append(told, w.Wait)
					}
				}
				require.Equal(t, tc.told, told)
			})
		})
	}
}

// C31: what is sent again with a renewed credential is drained for a second, as what is
// retried. The body of a 401 that is the outcome is waited for as any other.
func TestC31_ARefusalThatIsRenewedIsDrainedForASecond(t *testing.T) {
	for name, tc := range map[string]struct {
		auth client.Auth
		took time.Duration
	}{
		"renewed":         {&zeroAuth{again: true}, time.Second + 5*time.Second},
		"not renewed":     {&zeroAuth{}, time.Second},
		"never renewable": {client.Bearer(secret.Static(key)), 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := plain(t, roundTripper(func(r *http.Request) (*http.Response, error) { return unending(401)(r), nil }), client.WithAuth(tc.auth))
				began := time.Now()
				_, err := client.Get[thing](t.Context(), c, "/x")
				require.Equal(t, 401, asError(t, err).Status)
				require.Equal(t, tc.took, time.Since(began))
			})
		})
	}
}

// zeroAuth takes no time.
type zeroAuth struct{ again bool }

func (zeroAuth) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+key)
	return nil
}

func (a *zeroAuth) Challenge(*http.Request, *http.Response) (bool, error) { return a.again, nil }
