package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

func retrieveError(status int, code string) error {
	e := &oauth2.RetrieveError{ErrorCode: code, Body: []byte("raw")}
	if status != 0 {
		e.Response = &http.Response{StatusCode: status}
	}
	return e
}

// O5: what each kind of failure says of the refresh token, whoever made the error.
func TestO5_WhatAFailureSaysOfTheRefreshToken(t *testing.T) {
	const op = "refresh"
	type outcome struct {
		ends       bool // the grant
		sent       int  // requests of one call
		unanswered int
	}
	ends, refused, neverSent, unanswered := outcome{true, 1, 0}, outcome{false, 1, 0}, outcome{false, 2, 0}, outcome{false, 2, 2}
	type failure struct {
		name string
		err  error
		want outcome
		code string // of the ReauthError
		says string
	}
	cases := []failure{
		{"our invalid_grant", &oauthflow.TokenError{Op: op, Status: 400, Code: "invalid_grant"}, ends, "invalid_grant", `"invalid_grant"`},
		{"our invalid_grant by its cause", &oauthflow.TokenError{Op: op, Status: 400, Code: "190", Err: oauthflow.ErrInvalidGrant}, ends, "190", `"190"`},
		{"our invalid_grant, wrapped", fmt.Errorf("x: %w", &oauthflow.TokenError{Op: op, Status: 400, Code: "invalid_grant"}), ends, "invalid_grant", ""},
		{"a sentinel", fmt.Errorf("x: %w", oauthflow.ErrInvalidGrant), ends, "", ""},
		{"a reauthorization", tokens.ErrReauthorizationRequired, ends, "", ""},
		{"no refresh token", oauthflow.ErrNoRefreshToken, ends, "", ""},
		{"x/oauth2's invalid_grant without a response", retrieveError(0, "invalid_grant"), ends, "invalid_grant", ""},
		{"our refusal", &oauthflow.TokenError{Op: op, Status: 400}, refused, "", "(HTTP status 400)"},
		{"our refusal with a code", &oauthflow.TokenError{Op: op, Code: "invalid_client"}, refused, "", `"invalid_client"`},
		{"ours without an answer", &oauthflow.TokenError{Op: op, Status: 502, MaybeApplied: true}, unanswered, "", "502"},
		{"ours without an answer, with a code", &oauthflow.TokenError{Op: op, Code: "x", MaybeApplied: true}, unanswered, "", `"x"`},
		{"ours that was not sent", &oauthflow.TokenError{Op: op, Err: errors.New("no route")}, neverSent, "", "no route"},
		{"x/oauth2's refusal", retrieveError(400, "invalid_client"), refused, "", `the token endpoint responded with HTTP status 400: "invalid_client"`},
		{"x/oauth2's refusal without a code", retrieveError(499, ""), refused, "", "the token endpoint responded with HTTP status 499"},
		{"x/oauth2's timeout", retrieveError(408, ""), unanswered, "", "408"},
		{"x/oauth2's redirect", retrieveError(399, ""), unanswered, "", "399"},
		{"x/oauth2's 500", retrieveError(500, "server_error"), unanswered, "", "500"},
		{"x/oauth2's without a response", retrieveError(0, "invalid_client"), unanswered, "", `the token endpoint refused: "invalid_client"`},
		{"a dial", &net.OpError{Op: "dial", Err: errors.New("refused")}, neverSent, "", "refused"},
		{"a read", &net.OpError{Op: "read", Err: errors.New("reset")}, unanswered, "", "reset"},
		{"a name", fmt.Errorf("x: %w", &net.DNSError{Err: "no such host", Name: "auth.test"}), neverSent, "", "no such host"},
		{"anything else", errors.New("who knows"), unanswered, "", "who knows"},
		{"a token that is none", nil, unanswered, "", "cannot be understood"},
	}
	for _, code := range []string{"bad_refresh_token", "invalid_refresh_token", "token_revoked", "interaction_required", "login_required", "consent_required"} {
		cases = append(cases, failure{code, retrieveError(400, code), ends, code, ""}, failure{"our " + code, &oauthflow.TokenError{Op: op, Status: 400, Code: code}, ends, code, ""})
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, replay := range []bool{true, false} {
					sent := 0
					fail := func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
						sent++
						return &oauth2.Token{}, tc.err
					}
					var opts []tokens.Option
					if !replay {
						opts = append(opts, tokens.WithoutReplay())
					}
					m := newManager(t, tokens.NewMemoryStore(), refresherFunc(fail), opts...)
					require.NoError(t, m.Put(t.Context(), userKey, &oauth2.Token{RefreshToken: "rt"}))
					began := time.Now()
					_, err := m.Token(t.Context(), userKey)
					if tc.want.ends {
						reauth, ok := errors.AsType[*tokens.ReauthError](err)
						require.True(t, ok, "%v", err)
						require.Equal(t, tc.code, reauth.Code)
						require.Equal(t, 1, sent)
						continue
					}
					refresh, ok := errors.AsType[*tokens.RefreshError](err)
					require.True(t, ok, "%v", err)
					require.NotErrorIs(t, err, tokens.ErrReauthorizationRequired)
					require.ErrorContains(t, err, tc.says)
					want := tc.want
					if !replay && want == unanswered {
						want.sent, want.unanswered = 1, 1
					}
					require.Equal(t, want, outcome{false, sent, refresh.Unanswered})
					require.Equal(t, want.sent, refresh.Failed)
					require.Equal(t, time.Duration(want.sent-1)*time.Second, time.Since(began), "the replay comes a second after")
					require.Equal(t, time.Duration(want.sent)*time.Second, time.Until(refresh.RetryAt), "and the pause doubles")
				}

				// A grant has nothing that could die, and is asked again.
				sent := 0
				m := newManager(t, tokens.NewMemoryStore(), tokens.Grant(func(context.Context) (*oauth2.Token, error) {
					sent++
					return nil, tc.err
				}), tokens.WithoutReplay())
				_, err := m.Token(t.Context(), userKey)
				_, ok := errors.AsType[*tokens.RefreshError](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, tc.want.sent, sent)
			})
		})
	}
}

// What an error of the manager says, for each combination of what is known.
func TestManagerErrorsSayWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var next error
		m := newManager(t, tokens.NewMemoryStore(), refresherFunc(func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return nil, next }),
			tokens.WithoutReplay())
		fails := func(err error) string {
			next = err
			_, err = m.Token(t.Context(), "k")
			require.Error(t, err)
			time.Sleep(time.Minute)
			return err.Error()
		}
		require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{RefreshToken: "rt"}))
		refusal := &oauthflow.TokenError{Op: "refresh", Status: 429}
		const says = `tokens: refresh token "k": oauthflow: refresh (HTTP status 429): the server refused without saying why`
		require.Equal(t, says, fails(refusal))
		require.Equal(t, says+" (2 failures in a row)", fails(refusal))
		require.Equal(t, `tokens: refresh token "k": reset (3 failures in a row, 1 without a response)`, fails(errors.New("reset")))
		require.Equal(t, `tokens: token "k": the user must authorize again (1 earlier refreshes had no response)`, fails(nil), "without a replay that is the end")

		require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{RefreshToken: "rt"}))
		dead := &oauthflow.TokenError{Op: "refresh", Status: 400, Code: "invalid_grant"}
		require.Equal(t, `tokens: token "k": the user must authorize again: "invalid_grant"`, fails(dead))
		require.Equal(t, `tokens: token "k": the user must authorize again: "invalid_grant"`, fails(nil))
		_, err := m.Delete(t.Context(), "k")
		require.NoError(t, err)
		require.Equal(t, `tokens: token "k": the user must authorize again: no token is stored under this key`, fails(nil))
		require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: "a"}))
		_, err = m.RefreshToken(t.Context(), "k", &oauth2.Token{AccessToken: "a"})
		require.EqualError(t, err, `tokens: token "k": the user must authorize again: a service has refused the access token, and there is no refresh token to get another with`)
		require.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), 2)
		require.Len(t, (&tokens.ReauthError{}).Unwrap(), 1)
	})
}
