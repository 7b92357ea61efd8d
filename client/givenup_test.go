package client_test

import (
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

// C5, C22: what was responded to was sent, and so is what is still out, whatever
// per-attempt middleware fails with beside it, such as a call of its own that found no
// connection.
func TestC5_WhatTheTransportHasNotGivenUpWasSent(t *testing.T) {
	for name, failed := range map[string]error{
		"a dial":    &net.OpError{Op: "dial", Err: errors.New("refused")},
		"a look-up": &net.DNSError{Err: "no such host"},
		"a call":    &client.Error{Effect: client.NeverSent, Err: errors.New("refused")},
	} {
		t.Run(name+", after the response", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				audited := func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						resp, err := next.RoundTrip(r)
						if err != nil {
							return nil, err
						}
						return nil, errors.Join(resp.Body.Close(), failed)
					})
				}
				rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"a"}`))
				_, err := client.Post[thing](t.Context(), over(t, rt, client.WithAttemptMiddleware(audited)), "/x", thing{N: 1})
				require.ErrorIs(t, err, failed)
				require.Equal(t, 1, rt.Count())
				require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
			})
		})
		t.Run(name+", meanwhile", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				beside := func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						go func() { _, _ = next.RoundTrip(r) }()
						synctest.Wait() // the transport has it
						return nil, failed
					})
				}
				rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"a"}`).After(time.Second))
				_, err := client.Post[thing](t.Context(), over(t, rt, client.WithAttemptMiddleware(beside)), "/x", thing{N: 1})
				require.ErrorIs(t, err, failed)
				require.Equal(t, 1, rt.Count())
				require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
			})
		})
	}
}

// C5, C22: what the transport has lost on the way may have been applied, whatever
// per-attempt middleware fails with after it.
func TestC5_WhatTheTransportHasLostMayHaveBeenApplied(t *testing.T) {
	lost := roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	})
	for name, failed := range map[string]error{
		"a dial":    &net.OpError{Op: "dial", Err: errors.New("refused")},
		"a look-up": &net.DNSError{Err: "no such host"},
		"a call":    &client.Error{Effect: client.NeverSent, Err: errors.New("refused")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				reported := func(next http.RoundTripper) http.RoundTripper {
					return roundTripper(func(r *http.Request) (*http.Response, error) {
						sent++
						_, err := next.RoundTrip(r)
						require.Error(t, err)
						return nil, failed
					})
				}
				c, err := client.New(base, client.WithTransport(lost), client.WithAttemptMiddleware(reported))
				require.NoError(t, err)
				_, err = client.Post[thing](t.Context(), c, "/x", thing{N: 1})
				require.ErrorIs(t, err, failed)
				require.Equal(t, 1, sent)
				require.Equal(t, client.MaybeApplied, asError(t, err).Effect)
			})
		})
	}
}
