package s3_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// unauthorized makes a service answer with a 401 what it would refuse, as R2 does.
func unauthorized(s *service) {
	s.answer = func(_ int, req *http.Request) *http.Response {
		if s.verify(req, nil) != "" {
			return s.respond(req, http.StatusUnauthorized, "Unauthorized")
		}
		return nil
	}
}

// rotating is a source of temporary credentials that keep being replaced.
type rotating struct {
	now     atomic.Pointer[s3.Credentials]
	fetched atomic.Int32
}

func (r *rotating) fetch(context.Context) (s3.Credentials, error) {
	r.fetched.Add(1)
	time.Sleep(50 * time.Millisecond)
	return *r.now.Load(), nil
}

func credentials(id, key string) *s3.Credentials {
	return &s3.Credentials{ID: id, Secret: secret.New(key)}
}

// C15, X3: a 401 has the credentials fetched once more, once for all who failed with the
// same ones, also where only the secret has changed.
func TestC15_X3_RotatedCredentialsAreFetchedOnce(t *testing.T) {
	for name, next := range map[string]*s3.Credentials{
		"pair": credentials("NEW", "new"), "secret only": credentials(testID, "new"), "token only": {ID: testID, Secret: secret.New(testSecret), Token: secret.New("t")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := newService(), &rotating{}
				r.now.Store(credentials(testID, testSecret))
				unauthorized(s)
				c := newClient(t, s, signer(s3.Temporary(r.fetch)))
				require.Equal(t, http.StatusOK, do(t, c, client.Request{Path: "/key"}))
				r.now.Store(next)
				s.keys = map[string]string{next.ID: next.Secret.Reveal()}
				if !next.Token.IsBlank() {
					verified := s.answer
					s.answer = func(n int, req *http.Request) *http.Response {
						if req.Header.Get("X-Amz-Security-Token") == "" {
							return s.respond(req, http.StatusUnauthorized, "")
						}
						return verified(n, req)
					}
				}
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						if status := do(t, c, client.Request{Path: "/key"}); status != http.StatusOK {
							t.Errorf("status %d", status)
						}
					})
				}
				wg.Wait()
				require.EqualValues(t, 2, r.fetched.Load())
			})
		})
	}
}

// C15: credentials that stay the same are not tried again, nor those of a source that
// cannot refresh.
func TestC15_SameCredentialsAreNotReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rotating{}
		r.now.Store(credentials("WRONG", "wrong"))
		for _, src := range []s3.Source{s3.Temporary(r.fetch), fixed{*credentials("WRONG", "wrong")}, s3.AccessKey{ID: secret.Static("WRONG"), Secret: secret.Static("wrong")}} {
			s := newService()
			unauthorized(s)
			require.Equal(t, http.StatusUnauthorized, do(t, newClient(t, s, signer(src)), client.Request{Path: "/key"}))
			require.Len(t, s.requests(), 1)
		}
	})
}

type fixed struct{ c s3.Credentials }

func (f fixed) Credentials(context.Context) (s3.Credentials, error) { return f.c, nil }

// changing is another each time, as a source that somebody else has renewed meanwhile.
type changing struct{ n atomic.Int32 }

func (c *changing) Credentials(context.Context) (s3.Credentials, error) {
	if c.n.Add(1) == 1 {
		return *credentials("OLD", "old"), nil
	}
	return *credentials(testID, testSecret), nil
}

func TestChallengeTakesWhatAnotherHasRenewed(t *testing.T) {
	s := newService()
	unauthorized(s)
	require.Equal(t, http.StatusOK, do(t, newClient(t, s, signer(&changing{})), client.Request{Path: "/key"}))
	require.Len(t, s.requests(), 2)
}

func TestChallengeSetsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.ahead = time.Hour
		unauthorized(s)
		c := newClient(t, s, signer(fixed{*credentials(testID, testSecret)}))
		require.Equal(t, http.StatusOK, do(t, c, client.Request{Path: "/key"}))
		require.Len(t, s.requests(), 2)
	})
}

// X3: a key in files, or in the environment, is picked up without a restart.
func TestX3_RotatedAccessKey(t *testing.T) {
	t.Setenv("STANDPIPE_TEST_ID", testID)
	t.Setenv("STANDPIPE_TEST_SECRET", testSecret)
	s := newService()
	c := newClient(t, s, signer(s3.AccessKey{ID: secret.Env("STANDPIPE_TEST_ID"), Secret: secret.Env("STANDPIPE_TEST_SECRET")}))
	require.Equal(t, http.StatusOK, do(t, c, client.Request{Path: "/key"}))
	t.Setenv("STANDPIPE_TEST_ID", "NEW")
	t.Setenv("STANDPIPE_TEST_SECRET", "new")
	s.keys = map[string]string{"NEW": "new"}
	require.Equal(t, http.StatusOK, do(t, c, client.Request{Path: "/key"}))
	require.Len(t, s.requests(), 2)
}

// The parts of an access key are refreshed together.
func TestAccessKeyRefreshesItsParts(t *testing.T) {
	reads := 0
	part := func(values ...string) secret.Source {
		return secret.Cache(secret.Func(func(context.Context) ([]secret.Value, error) {
			reads++
			return []secret.Value{secret.New(values[min((reads-1)/3, len(values)-1)])}, nil
		}), time.Hour)
	}
	key := s3.AccessKey{ID: part("OLD", testID), Secret: part("old", testSecret), Token: part("t", "u")}
	s := newService()
	unauthorized(s)
	require.Equal(t, http.StatusOK, do(t, newClient(t, s, signer(key)), client.Request{Path: "/key"}))
	require.Equal(t, 6, reads)
}

// What was not signed by this credential was not refused because of it.
func TestChallengeOfWhatWasNotSigned(t *testing.T) {
	auth := signer(fixed{*credentials(testID, testSecret)})
	req, err := http.NewRequest("GET", base+"/key", nil)
	require.NoError(t, err)
	resp := &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}}
	replay, err := auth.Challenge(req, resp)
	require.NoError(t, err)
	require.True(t, replay)
	require.NoError(t, auth.Authorize(req))
	replay, err = auth.Challenge(req, resp)
	require.NoError(t, err)
	require.False(t, replay)
}

// The error of a source that fails is the call's, and its response is handed on.
func TestChallengeOfAFailingSource(t *testing.T) {
	f := &fetcher{}
	auth := signer(s3.Temporary(f.fetch))
	req, err := http.NewRequest("GET", base+"/key", nil)
	require.NoError(t, err)
	require.NoError(t, auth.Authorize(req))
	f.fails = errBroken
	replay, err := auth.Challenge(req, &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}})
	require.ErrorIs(t, err, errBroken)
	require.False(t, replay)
}

// unrefreshable fails where it is to read its origin again.
type unrefreshable struct{ fixed }

func (unrefreshable) Refresh(context.Context) error { return errBroken }

func TestChallengeOfASourceThatCannotBeRead(t *testing.T) {
	auth := signer(unrefreshable{fixed{*credentials(testID, testSecret)}})
	req, err := http.NewRequest("GET", base+"/key", nil)
	require.NoError(t, err)
	require.NoError(t, auth.Authorize(req))
	replay, err := auth.Challenge(req, &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}})
	require.ErrorIs(t, err, errBroken)
	require.False(t, replay)
}
