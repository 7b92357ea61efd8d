package session_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

// J8: ten thousand tokens with made-up key IDs, while the key server takes half a
// second for an answer: at most one fetch per cooldown, and valid tokens are
// verified as fast as before.
func TestJ8_FloodOfUnknownKeyIDs(t *testing.T) {
	const cooldown, slow = 2 * time.Second, 500 * time.Millisecond
	i := sessiontest.New()
	var fetches atomic.Int64
	var delay atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		if delay.Load() {
			time.Sleep(slow)
		}
		i.ServeHTTP(w, r)
	}))
	defer server.Close()
	v, err := session.NewVerifier(i.OIDC(), session.WithHTTPClient(server.Client()), session.WithKeysURL(server.URL+"/.well-known/jwks.json"),
		session.AllowPlainHTTPToLoopback(), session.WithKeyCache(session.KeyCache{Cooldown: cooldown}))
	require.NoError(t, err)
	require.NoError(t, v.Warm(t.Context()))
	good := i.IDToken(nil)
	verify := func(while func() bool) (median, p99 time.Duration, n int) {
		var took []time.Duration
		for n := 0; n < 2000 || while(); n++ {
			start := time.Now()
			_, err := v.Verify(t.Context(), good)
			took = append(took, time.Since(start))
			require.NoError(t, err)
			time.Sleep(500 * time.Microsecond)
		}
		slices.Sort(took)
		return took[len(took)/2], took[len(took)*99/100], len(took)
	}
	calm, _, _ := verify(func() bool { return false })
	time.Sleep(cooldown)

	delay.Store(true)
	before, start := fetches.Load(), time.Now()
	var wg sync.WaitGroup
	var left atomic.Int64
	const kids, attackers = 10_000, 50
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + sessiontest.OIDCIssuer + `"}`))
	left.Store(kids)
	for range attackers {
		wg.Go(func() {
			for {
				n := left.Add(-1)
				if n < 0 {
					return
				}
				header := fmt.Appendf(nil, `{"alg":"RS256","kid":"../../%d"}`, n)
				raw := base64.RawURLEncoding.EncodeToString(header) + "." + payload + ".AAAA"
				if _, err := v.Verify(t.Context(), raw); err == nil {
					panic("accepted")
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	flooded, p99, n := verify(func() bool { return left.Load() > 0 })
	wg.Wait()
	took := time.Since(start)
	got := fetches.Load() - before
	t.Logf("%d made-up key IDs in %v: %d fetches; median of %d valid tokens %v, before %v; p99 %v", kids, took.Round(time.Millisecond), got, n, flooded, calm, p99)
	require.LessOrEqual(t, got, int64(took/cooldown)+1)
	require.Less(t, flooded, max(slow/50, 3*calm))
	// The machine is shared, so times vary; but nobody waited for the key server, who is
	// asked a quarter of the time.
	require.Less(t, p99, slow/2)
}
