package session_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/session"
)

func (i *issuer) verifier(t *testing.T, p session.Profile, options ...session.Option) *session.Verifier {
	t.Helper()
	v, err := session.NewVerifier(p, append([]session.Option{session.WithHTTPClient(i.client), session.AllowPlainHTTPToLoopback()}, options...)...)
	require.NoError(t, err)
	return v
}

// ID tokens and access tokens of a certified provider, each refused in place of
// the other. J4
func TestJ4_OIDCProvider(t *testing.T) {
	i := startIssuer(t)
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			ids := i.verifier(t, session.OIDC(i.URL, "web-"+algorithm))
			access := i.verifier(t, session.AccessToken(i.URL, "urn:api:"+algorithm))
			id, at := i.idToken(t, algorithm), i.accessToken(t, algorithm)

			s, err := ids.Verify(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, "alice", s.Subject)
			require.Equal(t, i.URL, s.Issuer)
			var all struct {
				Nonce string `json:"nonce"`
			}
			require.NoError(t, s.Claims(&all))
			require.Equal(t, "n", all.Nonce)

			s, err = access.Verify(t.Context(), at)
			require.NoError(t, err)
			require.Equal(t, "svc", s.Subject)
			require.True(t, s.HasScope("api:read"))

			_, err = ids.Verify(t.Context(), at)
			require.ErrorIs(t, err, session.ErrWrongType)
			_, err = access.Verify(t.Context(), id)
			require.ErrorIs(t, err, session.ErrWrongType)
			_, err = i.verifier(t, session.OIDC(i.URL, "other")).Verify(t.Context(), id)
			require.ErrorIs(t, err, session.ErrWrongAudience)
			_, err = i.verifier(t, session.AccessToken(i.URL, "other")).Verify(t.Context(), at)
			require.ErrorIs(t, err, session.ErrWrongAudience)
			_, err = i.verifier(t, session.OIDC(i.URL+"/", "web-"+algorithm)).Verify(t.Context(), id)
			require.ErrorIs(t, err, session.ErrWrongIssuer)
			late := i.verifier(t, session.OIDC(i.URL, "web-"+algorithm), session.WithClock(func() time.Time { return time.Now().Add(24 * time.Hour) }))
			_, err = late.Verify(t.Context(), id)
			require.ErrorIs(t, err, session.ErrExpired)
		})
	}
}
