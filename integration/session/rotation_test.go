package session_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
)

// load verifies the current tokens at 1,000 a second until its context ends.
type load struct {
	verifier *session.Verifier
	tokens   atomic.Pointer[[]string]
	done     atomic.Int64
	failed   atomic.Int64

	mu    sync.Mutex
	first error
}

func (l *load) run(ctx context.Context) {
	const workers, rate = 10, 1000
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			tick := time.NewTicker(time.Second * workers / rate)
			defer tick.Stop()
			for n := w; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				tokens := *l.tokens.Load()
				_, err := l.verifier.Verify(context.WithoutCancel(ctx), tokens[n%len(tokens)])
				l.done.Add(1)
				if err != nil {
					l.failed.Add(1)
					l.mu.Lock()
					if l.first == nil {
						l.first = err
					}
					l.mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

// J9: the issuer changes its keys under 1,000 verifications a second. None fails;
// a key that is withdrawn stops verifying within its lifetime.
func TestJ9_RotationUnderLoad(t *testing.T) {
	const lifetime, cooldown = 3 * time.Second, time.Second
	i := startIssuer(t)
	v := i.verifier(t, session.AccessToken(i.URL, "urn:api:RS256", "urn:api:ES256", "urn:api:EdDSA"),
		session.WithKeyCache(session.KeyCache{Lifetime: lifetime, Cooldown: cooldown}))
	require.NoError(t, v.Warm(t.Context()))
	tokens := func() []string {
		var out []string
		for _, a := range algorithms {
			out = append(out, i.accessToken(t, a))
		}
		return out
	}
	first := tokens()
	l := &load{verifier: v}
	l.tokens.Store(&first)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.run(ctx) })
	defer wg.Wait()
	defer stop()
	time.Sleep(1500 * time.Millisecond)

	// New keys, beside the old ones. A fetch just before they were published would
	// keep them unknown for the cooldown, which is why issuers publish ahead.
	i.post(t.Context(), t, "/-/rotate", "", nil)
	second := tokens()
	time.Sleep(cooldown)
	// Where the machine stood still during such a fetch, its cooldown ends later.
	require.Eventually(t, func() bool {
		for _, token := range second {
			if _, err := v.Verify(t.Context(), token); err != nil {
				return false
			}
		}
		return true
	}, time.Minute, cooldown)
	both := append(append([]string{}, first...), second...)
	l.tokens.Store(&both)
	time.Sleep(2 * time.Second)

	// The old ones are withdrawn; their tokens are presented apart from the load.
	l.tokens.Store(&second)
	i.post(t.Context(), t, "/-/drop", "", nil)
	withdrawn := time.Now()
	for {
		asked := time.Now()
		_, err := v.Verify(t.Context(), first[0])
		if errors.Is(err, session.ErrUnknownKey) {
			break
		}
		require.NoError(t, err)
		// Of a fetch that the machine made slow the answer may be as old as that.
		require.Less(t, asked.Sub(withdrawn), lifetime+3*time.Second, "a withdrawn key still verifies")
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("refused %v after the key was withdrawn; %d verifications, %d failures", time.Since(withdrawn).Round(time.Millisecond), l.done.Load(), l.failed.Load())
	time.Sleep(time.Second)
	require.Eventually(t, func() bool { return l.done.Load() > 2000 }, time.Minute, 5*time.Millisecond)
	stop()
	wg.Wait()
	require.Zero(t, l.failed.Load(), "%v", l.first)
}
