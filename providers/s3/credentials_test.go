package s3_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/s3"
	"github.com/standpipe-go/standpipe/secret"
)

// fetcher counts its calls and hands out credentials that expire after life.
type fetcher struct {
	life  time.Duration // 0 is never
	fails error
	n     int
}

func (f *fetcher) fetch(context.Context) (s3.Credentials, error) {
	f.n++
	if f.fails != nil {
		return s3.Credentials{}, f.fails
	}
	c := *credentials(fmt.Sprintf("ID%d", f.n), "secret")
	if f.life > 0 {
		c.Expires = time.Now().Add(f.life)
	}
	return c, nil
}

func idOf(t *testing.T, src s3.Source) string {
	t.Helper()
	c, err := src.Credentials(t.Context())
	require.NoError(t, err)
	synctest.Wait() // for a renewal beside it
	return c.ID
}

func TestTemporaryIsRenewedBeforeItExpires(t *testing.T) {
	for life, kept := range map[time.Duration]time.Duration{time.Hour: 55 * time.Minute, 10 * time.Minute: 9 * time.Minute, 0: 1000 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := &fetcher{life: life}
			src := s3.Temporary(f.fetch)
			require.Equal(t, "ID1", idOf(t, src))
			time.Sleep(kept - time.Second)
			require.Equal(t, "ID1", idOf(t, src))
			require.Equal(t, 1, f.n)
			if life == 0 {
				return
			}
			time.Sleep(time.Second)
			require.Equal(t, "ID1", idOf(t, src), "nobody waits for the renewal")
			require.Equal(t, "ID2", idOf(t, src))
			require.Equal(t, 2, f.n)
			time.Sleep(life + time.Second)
			require.Equal(t, "ID3", idOf(t, src), "what has expired is not handed out")
		})
	}
}

func TestTemporaryOutlivesAFailureOfItsSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{life: 10 * time.Minute}
		src := s3.Temporary(f.fetch)
		require.Equal(t, "ID1", idOf(t, src))
		f.fails = errBroken
		time.Sleep(9 * time.Minute)
		for range 50 {
			require.Equal(t, "ID1", idOf(t, src))
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, f.n, 1+6, "once every ten seconds at most")
		require.GreaterOrEqual(t, f.n, 1+5)
		time.Sleep(10 * time.Second)
		_, err := src.Credentials(t.Context())
		require.ErrorIs(t, err, errBroken)
		f.fails = nil
		n := f.n
		require.Equal(t, fmt.Sprintf("ID%d", n+1), idOf(t, src), "an error is not kept")
	})
}

// O6: one caller's cancel fails no other, and all wait for one call.
func TestTemporaryIsFetchedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		src := s3.Temporary(func(ctx context.Context) (s3.Credentials, error) {
			n++
			time.Sleep(time.Second)
			return *credentials("ID", "secret"), ctx.Err()
		})
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := src.Credentials(first); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() {
				if _, err := src.Credentials(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		require.Equal(t, 1, n)
	})
}

// What was fetched before a Refresh does not count after it.
func TestTemporaryRefreshDuringAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{life: time.Hour}
		src := s3.Temporary(func(ctx context.Context) (s3.Credentials, error) {
			time.Sleep(time.Second)
			return f.fetch(ctx)
		})
		go func() { _, _ = src.Credentials(t.Context()) }()
		synctest.Wait()
		require.NoError(t, src.(secret.Refresher).Refresh(t.Context()))
		require.Equal(t, "ID2", idOf(t, src))
		require.Equal(t, "ID2", idOf(t, src))
	})
}

// C37
func TestC37_TemporaryThatPanics(t *testing.T) {
	src := s3.Temporary(func(context.Context) (s3.Credentials, error) { panic("canary") })
	_, err := src.Credentials(t.Context())
	require.ErrorContains(t, err, "the source of temporary credentials")
}

func TestExpiredCredentialsAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := credentials(testID, testSecret)
		c.Expires = time.Now().Add(time.Minute)
		s := newService()
		client := newClient(t, s, signer(fixed{*c}))
		time.Sleep(time.Minute - time.Second)
		require.Equal(t, http.StatusOK, do(t, client, request("/key")))
		time.Sleep(time.Second)
		_, err := client.Do(t.Context(), request("/key"))
		require.ErrorContains(t, err, "the credentials expired at 2000-01-01T00:01:00Z")
		require.Len(t, s.requests(), 1)
	})
}

func request(path string) client.Request { return client.Request{Path: path} }

// X1: no printer and no error shows the secret or the token.
func TestX1_NothingPrintsTheSecret(t *testing.T) {
	const canary, token = "canary-secret-0123456789", "canary-token-0123456789"
	key := s3.AccessKey{ID: secret.Static(testID), Secret: secret.Static(canary), Token: secret.Static(token)}
	held := s3.Credentials{ID: testID, Secret: secret.New(canary), Token: secret.New(token)}
	temporary := s3.Temporary(func(context.Context) (s3.Credentials, error) { return held, nil })
	auth, other := signer(key), signer(temporary)
	for _, a := range []*s3.Signer{auth, other} {
		req, err := http.NewRequest("PUT", base+"/key", strings.NewReader("x"))
		require.NoError(t, err)
		require.NoError(t, a.Authorize(req)) // so that what can be kept is
	}
	p, err := auth.Presign(t.Context(), s3.PresignRequest{URL: base + "/key", Expires: time.Minute})
	require.NoError(t, err)
	p.URL = "" // which is one
	s := newService()
	s.answer = func(_ int, req *http.Request) *http.Response { // repeats all that it got
		resp := s.respond(req, http.StatusForbidden, "SignatureDoesNotMatch "+req.Header.Get("X-Amz-Security-Token")+req.Header.Get("Authorization"))
		resp.Header.Set("X-Amz-Request-Id", req.Header.Get("X-Amz-Security-Token"))
		return resp
	}
	_, refused := client.Call[any](t.Context(), newClient(t, s, auth), request("/key"))
	require.Error(t, refused)
	failing := signer(s3.Temporary(func(context.Context) (s3.Credentials, error) {
		return s3.Credentials{ID: testID + "\n", Secret: secret.New(canary), Token: secret.New(token)}, nil
	}))
	_, malformed := client.Call[any](t.Context(), newClient(t, s, failing), request("/key"))
	require.Error(t, malformed)
	var shown strings.Builder
	log := slog.New(slog.NewJSONHandler(&shown, nil))
	for _, v := range []any{key, &key, held, &held, temporary, auth, other, p, refused, malformed, s3.SigV4Config{Credentials: key}, &s3.SigV4Config{Credentials: temporary}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		raw, _ := json.Marshal(v)
		shown.Write(raw)
		log.Info("value", "v", v)
	}
	for _, secret := range []string{canary, token} {
		require.NotContains(t, shown.String(), secret)
		require.NotContains(t, shown.String(), fmt.Sprintf("%x", secret))
	}
}

// place is a source that is read over the network: it cannot tell in advance.
type place struct {
	reads *int
	err   error
}

func (p place) Secrets(context.Context) ([]secret.Value, error) {
	*p.reads++
	return []secret.Value{secret.New("value")}, p.err
}

func (p place) Refresh(context.Context) error { return p.err }

func TestAccessKeyIsNotReadWhereItCannotTell(t *testing.T) {
	reads := 0
	for _, key := range []s3.AccessKey{
		{ID: place{&reads, nil}, Secret: secret.Static(" a")},
		{ID: secret.Static("a b"), Secret: place{&reads, nil}},
		{ID: secret.Static("a"), Secret: secret.Static("b c"), Token: place{&reads, nil}},
	} {
		require.NoError(t, key.Check())
	}
	require.Zero(t, reads)
}

// Each part's error says which it is.
func TestAccessKeyErrors(t *testing.T) {
	reads, good := 0, secret.Static("value")
	bad := place{&reads, errBroken}
	for says, key := range map[string]s3.AccessKey{
		"the access key ID": {ID: bad, Secret: good}, "the secret access key": {ID: good, Secret: bad}, "the session token": {ID: good, Secret: good, Token: bad},
	} {
		_, err := key.Credentials(t.Context())
		require.ErrorIs(t, err, errBroken)
		require.ErrorContains(t, err, says)
		require.ErrorIs(t, key.Refresh(t.Context()), errBroken)
	}
}

// sure is a source that finds out late.
type sure struct{ place }

func (sure) Check() error { return nil }

func TestAccessKeyIsReadWhereItCanTell(t *testing.T) {
	reads := 0
	key := s3.AccessKey{ID: sure{place{&reads, errBroken}}, Secret: secret.Static("value")}
	require.ErrorIs(t, key.Check(), errBroken)
	require.Equal(t, 1, reads)
}

// A source of somebody's own is held to the same as an access key.
func TestCredentialsThatCannotWork(t *testing.T) {
	for _, c := range []*s3.Credentials{credentials("", "secret"), credentials("ID", ""), credentials("ID", " \n")} {
		req, err := http.NewRequest("GET", base+"/key", nil)
		require.NoError(t, err)
		require.ErrorIs(t, signer(fixed{*c}).Authorize(req), secret.ErrBlank)
		require.Empty(t, req.Header.Get("Authorization"))
	}
}
