package webhook_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/webhook"
)

func snsURL(n int) string {
	return fmt.Sprintf("https://sns.us-west-2.amazonaws.com/SimpleNotificationService-%032x.pem", n)
}

// garbage is well formed in all that can be seen without a key.
func garbage(t testing.TB, n int) string {
	t.Helper()
	b, err := json.Marshal(map[string]string{
		"Type": "Notification", "MessageId": "m", "TopicArn": topicARN, "Message": "x", "Timestamp": "2025-06-25T14:20:10.000Z",
		"SignatureVersion": "2", "SigningCertURL": snsURL(n), "Signature": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 256)),
	})
	require.NoError(t, err)
	return string(b)
}

// certHost answers for AWS: the genuine certificate, and after a while that there is
// no other.
type certHost struct {
	cert    []byte
	takes   time.Duration
	running atomic.Int64
	most    atomic.Int64
	mu      sync.Mutex
	fetched []string
}

func newCertHost(t testing.TB, takes time.Duration) *certHost {
	t.Helper()
	long := 20 * 365 * 24 * time.Hour
	return &certHost{cert: certificatePEM(t, snsKey(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC).Add(2*long)), takes: takes}
}

func (c *certHost) client() *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		c.mu.Lock()
		c.fetched = append(c.fetched, r.URL.String())
		c.mu.Unlock()
		c.most.Store(max(c.most.Load(), c.running.Add(1)))
		defer c.running.Add(-1)
		select {
		case <-time.After(c.takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		if r.URL.String() != certURL {
			return response(http.StatusForbidden, nil), nil
		}
		return response(http.StatusOK, c.cert), nil
	})}
}

func (c *certHost) count(url string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.fetched {
		if u == url || url == "" {
			n++
		}
	}
	return n
}

// flood sends n made-up messages a second until stop.
func flood(t *testing.T, ctx context.Context, s *webhook.Scheme, from, perSecond int, wg *sync.WaitGroup) {
	wg.Go(func() {
		for n := from; ctx.Err() == nil; n++ {
			body := garbage(t, n)
			wg.Go(func() {
				deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
				defer cancel()
				_, err := s.Verify(deadline, post(body))
				require.True(t, webhook.Undecidable(err))
			})
			time.Sleep(time.Second / time.Duration(perSecond))
		}
	})
}

// W14: a flood of unsigned messages that name certificates of their own does not
// keep the genuine one from being fetched, at the start or a day later.
func TestW14_FloodDoesNotStarveTheGenuineCertificate(t *testing.T) {
	t.Parallel()
	body := string(snsBody(t, nil))
	for _, perSecond := range []int{50, 200, 400} {
		var host *certHost
		var first, asked int
		var refetched time.Duration
		synctest.Test(t, func(t *testing.T) {
			host = newCertHost(t, 100*time.Millisecond) // so that 80 a second are fetched
			s, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(host.client()))
			require.NoError(t, err)
			var wg sync.WaitGroup
			ctx, stop := context.WithCancel(t.Context())
			flood(t, ctx, s, 0, perSecond, &wg)
			time.Sleep(2 * time.Second)
			var mu sync.Mutex
			for range 20 {
				wg.Go(func() {
					deadline, cancel := context.WithTimeout(t.Context(), 9*time.Second)
					defer cancel()
					_, err := s.Verify(deadline, post(body))
					mu.Lock()
					defer mu.Unlock()
					if err == nil && first == 0 {
						first = asked
					}
				})
				synctest.Wait()
				mu.Lock()
				asked++
				mu.Unlock()
				time.Sleep(250 * time.Millisecond)
			}
			stop()
			wg.Wait()

			// It is fetched anew after a day, and then waits for nobody.
			time.Sleep(24 * time.Hour)
			ctx, stop = context.WithCancel(t.Context())
			flood(t, ctx, s, 1_000_000, perSecond, &wg)
			time.Sleep(2 * time.Second)
			begin := time.Now()
			_, err = s.Verify(t.Context(), post(body))
			refetched = time.Since(begin)
			stop()
			wg.Wait()
			time.Sleep(time.Second) // for fetches that nobody waits for any more
			require.NoError(t, err)
		})
		require.NotZero(t, first, "%d/s", perSecond)
		require.LessOrEqual(t, first, perSecond/80+2, "%d/s: about as many messages as the flood is over what can be fetched", perSecond)
		require.Equal(t, 100*time.Millisecond, refetched, "%d/s", perSecond)
		require.Equal(t, 2, host.count(certURL), "%d/s", perSecond)
		require.LessOrEqual(t, host.most.Load(), int64(9), "%d/s", perSecond)
	}
}

// W14: what can be told to be no signature costs no fetch.
func TestW14_NothingIsFetchedForWhatIsNoSignature(t *testing.T) {
	t.Parallel()
	good := snsBody(t, nil)
	var m map[string]string
	require.NoError(t, json.Unmarshal(good, &m))
	signature := m["Signature"]
	s, server := newSNS(t)
	for name, sig := range map[string]string{
		"four letters": "AAAA", "none": "", "not base64": strings.Repeat("*", 344), "no padding": strings.TrimRight(signature, "="),
		"a byte short": base64.StdEncoding.EncodeToString(make([]byte, 255)), "a byte over": base64.StdEncoding.EncodeToString(make([]byte, 1025)),
		"line break behind": signature + "\n", "line break within": signature[:76] + "\n" + signature[76:], "CRLF within": signature[:76] + "\r\n" + signature[76:],
		"CR before": "\r" + signature, "space": signature[:76] + " " + signature[76:], "stray bits": signature[:len(signature)-3] + "/==",
	} {
		m["Signature"] = sig
		body, err := json.Marshal(m)
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post(string(body)))
		require.Error(t, err, name)
		require.False(t, webhook.Undecidable(err), name)
		require.NotErrorIs(t, err, webhook.ErrMismatch, name)
	}
	require.Zero(t, server.count())
	for _, size := range []int{256, 512, 1024} {
		m["Signature"] = base64.StdEncoding.EncodeToString(make([]byte, size))
		body, err := json.Marshal(m)
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post(string(body)))
		require.ErrorIs(t, err, webhook.ErrMismatch, size)
	}
	_, err := s.Verify(t.Context(), post(string(good)))
	require.NoError(t, err)
	require.Equal(t, 1, server.count())
}

// W14: as many wait as there is room for; where there is none, the oldest of those
// that were named once is told so at once.
func TestW14_WaitingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := newCertHost(t, 4*time.Second)
		s, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(host.client()))
		require.NoError(t, err)
		begin := time.Now()
		var mu sync.Mutex
		gaveUp := map[int]time.Duration{}
		ask := func(wg *sync.WaitGroup, n int) {
			wg.Go(func() {
				_, err := s.Verify(t.Context(), post(garbage(t, n)))
				require.True(t, webhook.Undecidable(err))
				mu.Lock()
				defer mu.Unlock()
				gaveUp[n] = max(gaveUp[n], time.Since(begin))
			})
			synctest.Wait()
		}
		since := func() map[int]time.Duration {
			mu.Lock()
			defer mu.Unlock()
			return maps.Clone(gaveUp)
		}
		var wg sync.WaitGroup
		for n := range 8 + 256 {
			ask(&wg, n)
		}
		ask(&wg, 8) // named twice
		require.Empty(t, since(), "all wait")
		require.Equal(t, 8, host.count(""))
		ask(&wg, 1000)
		require.Equal(t, map[int]time.Duration{9: 0}, since())
		time.Sleep(4*time.Second + 1)
		synctest.Wait()
		require.Equal(t, 16, host.count(""))
		require.Equal(t, 1, host.count(snsURL(8)), "the one that was named twice")
		require.Equal(t, 1, host.count(snsURL(1000)), "the newest")
		require.Zero(t, host.count(snsURL(10)))
		wg.Wait()
		require.Equal(t, 10*time.Second, since()[10], "nobody waits longer")
		require.Equal(t, 10*time.Second, time.Since(begin))
		time.Sleep(time.Minute)
		require.Equal(t, 24, host.count(""), "and what nobody waits for is not fetched")
	})
}

// W14: a message whose caller has gone is not fetched for, but counts for the next.
func TestW14_MessagesThatGaveUpCount(t *testing.T) {
	t.Parallel()
	body := string(snsBody(t, nil))
	synctest.Test(t, func(t *testing.T) {
		host := newCertHost(t, time.Second)
		s, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(host.client()))
		require.NoError(t, err)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() { _, _ = s.Verify(t.Context(), post(garbage(t, n))) })
		}
		synctest.Wait()
		gone, leave := context.WithCancelCause(t.Context())
		wg.Go(func() {
			_, err := s.Verify(gone, post(body))
			require.ErrorIs(t, err, errTest)
		})
		synctest.Wait()
		leave(errTest)
		synctest.Wait()
		wg.Go(func() {
			_, err := s.Verify(t.Context(), post(body))
			require.NoError(t, err)
			require.Equal(t, 1, host.count(certURL))
		})
		synctest.Wait()
		for n := range 20 {
			wg.Go(func() { _, _ = s.Verify(t.Context(), post(garbage(t, 100+n))) })
		}
		synctest.Wait()
		require.Equal(t, 8, host.count(""))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, 1, host.count(certURL), "before twenty that are newer")
		wg.Wait()
	})
}

// W14: certificates of AWS that anyone can name do not displace the one that our
// messages come with.
func TestW14_ProvenCertificateIsKept(t *testing.T) {
	t.Parallel()
	now := fixedTime
	s, server := newSNS(t, webhook.WithClock(func() time.Time { now = now.Add(time.Second); return now }))
	genuine := string(snsBody(t, nil))
	_, err := s.Verify(t.Context(), post(genuine))
	require.NoError(t, err)
	for n := range 100 {
		_, err := s.Verify(t.Context(), post(garbage(t, n)))
		require.ErrorIs(t, err, webhook.ErrMismatch)
	}
	require.Equal(t, 101, server.count())
	_, err = s.Verify(t.Context(), post(genuine))
	require.NoError(t, err)
	require.Equal(t, 101, server.count(), "kept")
	_, err = s.Verify(t.Context(), post(garbage(t, 99)))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	require.Equal(t, 101, server.count(), "the newest are kept, too")
	_, err = s.Verify(t.Context(), post(garbage(t, 0)))
	require.ErrorIs(t, err, webhook.ErrMismatch)
	require.Equal(t, 102, server.count(), "the oldest is not")
}

// W14: a failure is remembered for five seconds, a certificate for a day.
func TestW14_HowLongFetchesCount(t *testing.T) {
	t.Parallel()
	body := string(snsBody(t, nil))
	synctest.Test(t, func(t *testing.T) {
		host := newCertHost(t, 0)
		fail := true
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			res, err := host.client().Transport.RoundTrip(r)
			if fail {
				return nil, errors.New("no route")
			}
			return res, err
		})}
		s, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(client))
		require.NoError(t, err)
		verify := func() error {
			_, err := s.Verify(t.Context(), post(body))
			return err
		}
		require.Error(t, verify())
		fail = false
		time.Sleep(5*time.Second - 1)
		require.Error(t, verify())
		require.Equal(t, 1, host.count(certURL))
		time.Sleep(time.Nanosecond)
		require.NoError(t, verify())
		require.Equal(t, 2, host.count(certURL))
		time.Sleep(24*time.Hour - 1)
		require.NoError(t, verify())
		require.Equal(t, 2, host.count(certURL))
		time.Sleep(time.Nanosecond)
		require.NoError(t, verify())
		require.Equal(t, 3, host.count(certURL))
	})
}

// W14: what failed long ago makes room for what has failed just now.
func TestW14_FailuresAreForgottenInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := newCertHost(t, 0)
		s, err := webhook.SNS([]string{topicARN}, webhook.WithHTTPClient(host.client()))
		require.NoError(t, err)
		ask := func(n int) {
			_, err := s.Verify(t.Context(), post(garbage(t, n)))
			require.True(t, webhook.Undecidable(err))
		}
		for n := range 64 {
			ask(n)
		}
		time.Sleep(5 * time.Second)
		for n := 100; n < 164; n++ {
			ask(n)
		}
		for n := 100; n < 164; n++ {
			ask(n)
			require.Equal(t, 1, host.count(snsURL(n)), "it has just failed")
		}
		ask(200)
		require.LessOrEqual(t, host.count(""), 64+64+1)
	})
}
