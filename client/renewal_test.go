package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// originSecret is a secret at a far place: each read takes 50 ms, each refresh 20.
type originSecret struct {
	reads, refreshes atomic.Int32
}

func (s *originSecret) Secrets(context.Context) ([]secret.Value, error) {
	s.reads.Add(1)
	time.Sleep(50 * time.Millisecond)
	return []secret.Value{secret.New("same-old-key")}, nil
}

func (s *originSecret) Refresh(context.Context) error {
	s.refreshes.Add(1)
	time.Sleep(20 * time.Millisecond)
	return nil
}

// C15, X3: however many calls fail with one key at a time, its source is read once
// for all of them, whatever kind of credential is made of it.
func TestC15_AStormOf401sReadsTheSourceOnce(t *testing.T) {
	t.Parallel()
	const n = 100
	for name, auth := range map[string]func(secret.Source) client.Auth{
		"bearer": client.Bearer,
		"header": func(s secret.Source) client.Auth { return client.APIKeyHeader("X-Key", s) },
		"query":  func(s secret.Source) client.Auth { return client.APIKeyQuery("key", s) },
		"basic":  client.BasicKey,
		"user":   func(s secret.Source) client.Auth { return client.Basic("user", s) },
	} {
		for kind, stored := range map[string]bool{"kept by Cache": true, "that refreshes itself": false} {
			t.Run(name+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					origin := &originSecret{}
					src := secret.Source(origin)
					if stored {
						src = secret.Cache(origin, time.Hour)
					}
					c := over(t, clienttest.NewTransport(t, clienttest.Status(401)), client.WithAuth(auth(src)))
					storm := func() {
						var wg sync.WaitGroup
						for range n {
							wg.Go(func() { _, _ = client.Get[client.None](t.Context(), c, "/x") })
						}
						wg.Wait()
					}
					storm()
					require.EqualValues(t, 1, origin.refreshes.Load())
					if stored {
						require.EqualValues(t, 2, origin.reads.Load(), "one at first, and one after the 401s")
					}
					storm()
					require.EqualValues(t, 1, origin.refreshes.Load(), "nor again at once")
					time.Sleep(2 * time.Second)
					storm()
					require.EqualValues(t, 2, origin.refreshes.Load(), "it may have changed since")
				})
			})
		}
	}
}

// C15: a plain source takes no context; a call is bounded by its deadline all the
// same, whatever the source did before and whatever its tokens say of their end.
func TestC15_APlainSourceOverrunsNoDeadline(t *testing.T) {
	for name, tok := range map[string]*oauth2.Token{
		"without an expiry": {AccessToken: "t"},
		"fresh":             {AccessToken: "t", Expiry: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)},
		"expired":           {AccessToken: "t", Expiry: time.Unix(1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int32
				slow := plainSourceFunc(func() (*oauth2.Token, error) {
					if calls.Add(1) > 1 {
						time.Sleep(3 * time.Second)
					}
					return tok, nil
				})
				c := over(t, clienttest.NewTransport(t, clienttest.JSON(200, "{}")), client.WithAuth(client.OAuth2(slow)))
				_, err := client.Get[client.None](t.Context(), c, "/x")
				require.NoError(t, err)
				for range 2 {
					began := time.Now()
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					_, err = client.Get[client.None](ctx, c, "/x")
					cancel()
					require.ErrorIs(t, err, context.DeadlineExceeded)
					require.Equal(t, 200*time.Millisecond, time.Since(began))
				}
				require.EqualValues(t, 2, calls.Load(), "one call for all who wait")
				_, err = client.Get[client.None](t.Context(), c, "/x")
				require.NoError(t, err)
			})
		})
	}
}

// A source that never comes back is asked anew after a while.
func TestOAuth2PlainSourceThatHangsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		var calls atomic.Int32
		src := plainSourceFunc(func() (*oauth2.Token, error) {
			if calls.Add(1) == 1 {
				<-end
				return nil, errors.New("late")
			}
			return &oauth2.Token{AccessToken: "t"}, nil
		})
		c := over(t, clienttest.NewTransport(t, clienttest.JSON(200, "{}")), client.WithAuth(client.OAuth2(src)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Get[client.None](ctx, c, "/x")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(30 * time.Second)
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err)
		close(end)
		synctest.Wait()
		_, err = client.Get[client.None](t.Context(), c, "/x")
		require.NoError(t, err, "what came late is dropped")
	})
}

type denied struct{ err error }

func (denied) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "tok-secret"}, nil }
func (d denied) RefreshToken(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return nil, d.err
}

type deniedSecret struct{ err error }

func (deniedSecret) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New("tok-secret")}, nil
}
func (d deniedSecret) Refresh(context.Context) error { return d.err }

// O5: the call that finds out that its credential is gone says both: what the
// service answered, and why that could not be helped. So does the ledger.
func TestO5_A401SaysWhyItWasNotCured(t *testing.T) {
	gone := errors.New("the grant is gone")
	for name, auth := range map[string]client.Auth{
		"a token":  client.OAuth2(denied{gone}),
		"a secret": client.Bearer(deniedSecret{gone}),
	} {
		t.Run(name, func(t *testing.T) {
			c, rt := scripted(t, `401 {"message":"expired"}`, client.WithAuth(auth))
			var ledger client.Ledger
			ctx := client.WithLedger(t.Context(), &ledger)
			for range 2 {
				_, err := client.Get[client.None](ctx, c, "/x")
				require.ErrorIs(t, err, client.ErrUnauthorized)
				require.ErrorIs(t, err, gone)
				require.ErrorContains(t, err, `"expired": the credential could not be renewed: the grant is gone`)
			}
			require.Equal(t, 2, rt.Count())
			require.ErrorIs(t, ledger.Attempts()[0].Err, gone)
			require.Equal(t, 401, ledger.Attempts()[0].Status)

			resp, err := c.HTTPClient().Get(base + "/x")
			require.NoError(t, err, "under an SDK the response is the outcome")
			require.NoError(t, resp.Body.Close())
		})
	}
}

// X1: a renewal's error that repeats the token does not show it.
func TestX1_ARenewalsErrorHidesTheToken(t *testing.T) {
	c, _ := scripted(t, "401", client.WithAuth(client.OAuth2(denied{errors.New("refused tok-secret")})))
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrUnauthorized)
	for _, verb := range []string{"%v", "%+v", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, err), "tok-secret")
	}
}

// X1
func TestX1_ACredentialPrintsWithoutItsToken(t *testing.T) {
	auth := client.OAuth2(plainSourceFunc(func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "tok-secret"}, nil }))
	c, _ := scripted(t, "200 {}", client.WithAuth(auth))
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		require.NotContains(t, fmt.Sprintf(verb, auth), "tok-secret", verb)
	}
}

// steps is a source that does one thing after the other.
type steps struct {
	asked   []func() (*oauth2.Token, error)
	renewal func() (*oauth2.Token, error)
}

func (*steps) Token() (*oauth2.Token, error) { return nil, errors.New("asked without a context") }

func (s *steps) TokenContext(context.Context) (*oauth2.Token, error) {
	next := s.asked[0]
	s.asked = append(s.asked[1:], next)
	return next()
}

func (s *steps) RefreshToken(context.Context, *oauth2.Token) (*oauth2.Token, error) {
	return s.renewal()
}

// C15: what comes of a source that has nothing to give, at first and after a 401.
func TestC15_ASourceThatGivesNoToken(t *testing.T) {
	gone := errors.New("signed out")
	give := func(tok *oauth2.Token, err error) func() (*oauth2.Token, error) {
		return func() (*oauth2.Token, error) { return tok, err }
	}
	good := give(&oauth2.Token{AccessToken: "a"}, nil)
	for name, tc := range map[string]struct {
		src  *steps
		sent int
		is   error
		say  string
	}{
		"no token":               {&steps{asked: []func() (*oauth2.Token, error){give(nil, nil)}}, 0, nil, "returned no access token"},
		"an empty one":           {&steps{asked: []func() (*oauth2.Token, error){give(&oauth2.Token{}, nil)}}, 0, nil, "returned no access token"},
		"a broken one":           {&steps{asked: []func() (*oauth2.Token, error){give(&oauth2.Token{AccessToken: "a\nb"}, nil)}}, 0, nil, "holds a control character"},
		"an error":               {&steps{asked: []func() (*oauth2.Token, error){give(nil, gone)}}, 0, gone, ""},
		"an error after the 401": {&steps{asked: []func() (*oauth2.Token, error){good, give(nil, gone)}}, 1, gone, ""},
		"no renewal":             {&steps{asked: []func() (*oauth2.Token, error){good}, renewal: give(nil, nil)}, 1, client.ErrUnauthorized, ""},
		"a renewal that fails":   {&steps{asked: []func() (*oauth2.Token, error){good}, renewal: give(&oauth2.Token{AccessToken: "b"}, gone)}, 1, gone, ""},
		"the same token":         {&steps{asked: []func() (*oauth2.Token, error){good}, renewal: good}, 1, client.ErrUnauthorized, ""},
	} {
		rt := clienttest.NewTransport(t, clienttest.Status(401))
		_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.OAuth2(tc.src)), client.WithRetry(retry.Never)), "/x")
		require.Error(t, err, name)
		require.Equal(t, tc.sent, rt.Count(), name)
		require.NotContains(t, err.Error(), "panicked", name)
		require.ErrorContains(t, err, tc.say, name)
		if tc.is != nil {
			require.ErrorIs(t, err, tc.is, name)
		}
	}
	rt := clienttest.NewTransport(t, clienttest.Status(401))
	_, err := client.Get[thing](t.Context(), over(t, rt, client.WithAuth(client.OAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a"})))), "/x")
	require.ErrorIs(t, err, client.ErrUnauthorized)
	require.NotContains(t, err.Error(), "panicked")
}

// A plain source that hangs is joined for half a minute, and then asked anew.
func TestAPlainSourceThatHangsIsAskedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for after, calls := range map[time.Duration]int32{30*time.Second - 1: 1, 30 * time.Second: 2} {
			src := &plainSource{block: make(chan struct{})}
			c := over(t, clienttest.NewTransport(t, clienttest.JSON(200, "{}")), client.WithAuth(client.OAuth2(src)))
			call := func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := client.Get[thing](ctx, c, "/x")
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			call()
			time.Sleep(after - time.Second)
			call()
			require.Equal(t, calls, src.calls.Load(), after)
			close(src.block)
			synctest.Wait()
		}
	})
}

// C15: a header field of the caller's own that takes no credential's place leaves a 401
// to be cured; one that does, does not.
func TestC15_WhichFieldsOfTheCallersKeepTheCredentialFromRenewal(t *testing.T) {
	for name, renewed := range map[string]bool{"X-Trace": true, "Authorization": false} {
		reads := 0
		src := secret.Func(func(context.Context) ([]secret.Value, error) {
			reads++
			return []secret.Value{secret.New(fmt.Sprint("key-number-", reads))}, nil
		})
		c, rt := scripted(t, "401, 200 {}", client.WithAuth(client.Bearer(src)))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x", Header: http.Header{name: {"mine"}}})
		require.Equal(t, renewed, err == nil, "%s: %v", name, err)
		require.Equal(t, renewed, rt.Count() == 2, name)
	}
}

// C15: so does an error inside a 200, where the profile calls it one: in Call, and under
// HTTPClient where the profile may look into a success.
func TestC15_AnErrorInsideA200RenewsTheCredential(t *testing.T) {
	says := func(text string) func(int, http.Header, []byte) bool {
		return func(_ int, _ http.Header, body []byte) bool { return bytes.Contains(body, []byte(text)) }
	}
	for script, want := range map[string]int32{
		`200 {"ok":false,"error":"invalid_auth"}, 200 {"ok":true}`: 2,
		`200 {"ok":false,"error":"other"}, 200 {"ok":true}`:        1,
		`200 {"ok":true,"note":"invalid_auth"}, 200 {"ok":true}`:   1,
	} {
		for name, looks := range map[string]bool{"Call": false, "Do, which looks": true, "Do, which does not": false} {
			rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
			src := &turningSecret{}
			c := over(t, rt, client.WithAuth(client.Bearer(src)), client.WithProfile(client.Profile{
				Name: "p", Unauthorized: says("invalid_auth"), Failed: says(`"ok":false`), LookInSuccess: looks}))
			attempts := want
			if name == "Call" {
				_, _ = client.Get[client.None](t.Context(), c, "/x")
			} else {
				resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
				require.NoError(t, err)
				_ = resp.Body.Close()
				if !looks {
					attempts = 1
				}
			}
			require.EqualValues(t, attempts, rt.Count(), "%s: %s", name, script)
			require.EqualValues(t, attempts-1, src.refreshes.Load(), "%s: %s", name, script)
		}
	}
}

// C15: what the profile takes for a 401 has the credential renewed as that does, and
// nothing else does; why it could not be is in the error.
func TestC15_AProfileNamesWhatRenewsTheCredential(t *testing.T) {
	expired := client.WithProfile(client.Profile{Name: "p", Unauthorized: func(status int, _ http.Header, body []byte) bool {
		return status == http.StatusBadRequest && bytes.Contains(body, []byte("ExpiredToken"))
	}})
	for script, want := range map[string]struct{ attempts, refreshes int32 }{
		`400 {"code":"ExpiredToken"}, 200`: {2, 1},
		`401, 200`:                         {2, 1},
		`400 {"code":"ExpiredToken"}`:      {2, 1},
		`400 {"code":"Malformed"}`:         {1, 0},
		`403 {"code":"ExpiredToken"}`:      {1, 0},
		`200 {"code":"ExpiredToken"}`:      {1, 0},
	} {
		for _, streams := range []bool{false, true} {
			rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
			src := &turningSecret{}
			c := over(t, rt, expired, client.WithAuth(client.Bearer(src)))
			if streams {
				resp, err := c.Do(t.Context(), client.Request{Path: "/x"})
				require.NoError(t, err)
				_ = resp.Body.Close()
			} else {
				_, _ = client.Get[client.None](t.Context(), c, "/x")
			}
			require.EqualValues(t, want.attempts, rt.Count(), script)
			require.Equal(t, want.refreshes, src.refreshes.Load(), script)
		}
	}
	src := &turningSecret{fails: errors.New("the vault is sealed")}
	c := over(t, clienttest.NewTransport(t, clienttest.MustParse(`400 {"code":"ExpiredToken"}`)...), expired, client.WithAuth(client.Bearer(src)))
	_, err := client.Get[client.None](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrBadRequest)
	require.ErrorContains(t, err, "the vault is sealed")
}

// turningSecret is another one after each refresh.
type turningSecret struct {
	fails     error
	refreshes atomic.Int32
}

func (s *turningSecret) Secrets(context.Context) ([]secret.Value, error) {
	return []secret.Value{secret.New(fmt.Sprintf("key-%d", s.refreshes.Load()))}, nil
}

func (s *turningSecret) Refresh(context.Context) error {
	if s.fails == nil {
		s.refreshes.Add(1)
	}
	return s.fails
}
