package session_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/errtext"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// verifier returns one that trusts the issuer.
func verifier(t testing.TB, i *sessiontest.Issuer, p session.Profile, options ...session.Option) *session.Verifier {
	t.Helper()
	v, err := session.NewVerifier(p, append(i.Options(), options...)...)
	require.NoError(t, err)
	return v
}

// refused requires that the token is refused for the reason and that nothing of
// it can be used.
func refused(t testing.TB, v *session.Verifier, raw string, want session.Reason) {
	t.Helper()
	s, err := v.Verify(t.Context(), raw)
	require.ErrorIs(t, err, want)
	require.Nil(t, s)
	var typed *session.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, want, typed.Reason)
	require.Empty(t, errtext.Repeated(err.Error()), "said twice in %q", err)
}

func accepted(t testing.TB, v *session.Verifier, raw string) *session.Session {
	t.Helper()
	s, err := v.Verify(t.Context(), raw)
	require.NoError(t, err)
	return s
}
