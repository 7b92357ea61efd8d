package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/revocationtest"
)

func TestLoggedOutKeepsItsPromises(t *testing.T) {
	t.Parallel()
	revocationtest.Run(t, func(t *testing.T) revocationtest.Backend {
		now := time.Unix(1_800_000_000, 0)
		l, err := session.NewLoggedOut(time.Hour, func() time.Time { return now })
		require.NoError(t, err)
		return revocationtest.Backend{
			Revocation: l,
			End:        func(s *session.Session) error { return l.Add(s.Issuer, s.ID, s.Subject) },
			EndAll:     func(issuer, subject string) error { return l.Add(issuer, "", subject) },
			Now:        func() time.Time { return now },
		}
	})
}

func TestTokensValidAfterKeepsItsPromises(t *testing.T) {
	t.Parallel()
	revocationtest.Run(t, func(*testing.T) revocationtest.Backend {
		var mu sync.Mutex
		after, away := map[string]time.Time{}, false
		return revocationtest.Backend{
			Revocation: session.TokensValidAfter(func(ctx context.Context, subject string) (time.Time, error) {
				mu.Lock()
				defer mu.Unlock()
				if away {
					return time.Time{}, errors.New("out of reach")
				}
				return after[subject], ctx.Err()
			}),
			EndAll: func(_, subject string) error {
				mu.Lock()
				defer mu.Unlock()
				after[subject] = time.Now()
				return nil
			},
			Away: func() {
				mu.Lock()
				defer mu.Unlock()
				away = true
			},
			OneIssuer: true,
		}
	})
}
