package onredis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/storetest"
	onredis "github.com/standpipe-go/standpipe/on/redis"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/revocationtest"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/guardtest"
)

// What a webhook.Guard promises, between two processes.
func TestGuard(t *testing.T) {
	t.Parallel()
	guardtest.Run(t, func(t *testing.T) guardtest.Backend {
		s, rdb := mini(t)
		other := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1})
		t.Cleanup(func() { _ = other.Close() })
		var guards []webhook.Guard
		for _, c := range []*redis.Client{rdb, other} {
			g, err := onredis.NewGuard(c, onredis.GuardConfig{})
			require.NoError(t, err)
			guards = append(guards, g)
		}
		return guardtest.Backend{
			Guards: guards,
			Lapse:  func() { s.FastForward(5*time.Minute + time.Millisecond) },
			Away:   s.Close,
		}
	})
}

// Each memory ends when it is said to.
func TestGuardForgets(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	g, err := onredis.NewGuard(rdb, onredis.GuardConfig{TTL: time.Hour, Window: time.Minute, Lease: time.Second})
	require.NoError(t, err)
	claim := func(key webhook.GuardKey) webhook.Claim {
		c, err := g.Claim(t.Context(), key)
		require.NoError(t, err)
		return c
	}
	key := webhook.GuardKey{Endpoint: "e", ID: "1", IDSigned: true}
	require.NoError(t, g.Commit(t.Context(), claim(key)))
	s.FastForward(59 * time.Minute)
	require.Equal(t, webhook.Handled, claim(key).State)
	s.FastForward(time.Minute)
	require.Equal(t, webhook.Claimed, claim(key).State)
	s.FastForward(time.Second)
	require.Equal(t, webhook.Claimed, claim(key).State)

	first := webhook.GuardKey{Endpoint: "e", ID: "a", Body: [32]byte{1}}
	again := webhook.GuardKey{Endpoint: "e", ID: "b", Body: [32]byte{1}}
	third := webhook.GuardKey{Endpoint: "e", ID: "c", Body: [32]byte{1}}
	require.False(t, claim(first).Suspect)
	require.True(t, claim(again).Suspect)
	s.FastForward(time.Minute)
	require.False(t, claim(third).Suspect)
}

// O3: what a tokens.Store promises.
func TestTokenStore(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	storetest.Run(t, func(t *testing.T) tokens.Store {
		s, err := onredis.NewTokenStore(rdb, "test")
		require.NoError(t, err)
		return s
	})
}

// What is stored and is no record is an error, and no secret is in it.
func TestTokenStoreCorrupt(t *testing.T) {
	t.Parallel()
	srv, rdb := mini(t)
	s, err := onredis.NewTokenStore(rdb, "")
	require.NoError(t, err)
	srv.HSet("{standpipe:tokens}:r:k", "version", "one", "data", "canary")
	_, err = s.Load(t.Context(), "k")
	require.ErrorIs(t, err, tokens.ErrCorrupt)
	require.NotContains(t, err.Error(), "canary")
	srv.SetError("canary is away")
	_, err = s.Save(t.Context(), "k", tokens.Record{Data: []byte("secret-data"), Version: 1})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret-data")
}

// What a session.Revocation promises.
func TestLoggedOut(t *testing.T) {
	t.Parallel()
	revocationtest.Run(t, func(t *testing.T) revocationtest.Backend {
		s, rdb := mini(t)
		l, err := onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Hour, Timeout: patience})
		require.NoError(t, err)
		return revocationtest.Backend{
			Revocation: l,
			End:        func(s *session.Session) error { return l.Add(t.Context(), s.Issuer, s.ID, "") },
			EndAll:     func(issuer, subject string) error { return l.Add(t.Context(), issuer, "", subject) },
			Away:       s.Close,
		}
	})
}

func TestLoggedOutEdges(t *testing.T) {
	t.Parallel()
	s, rdb := mini(t)
	l, err := onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Hour, Timeout: patience})
	require.NoError(t, err)
	began := time.Unix(1_800_000_000, 0)
	s.SetTime(began)
	revoked := func(u session.Session) bool {
		u.Issuer = "i"
		r, err := l.Revoked(t.Context(), &u)
		require.NoError(t, err)
		return r
	}
	require.NoError(t, l.Add(t.Context(), "i", "", "u"))
	require.NoError(t, l.Add(t.Context(), "i", "a", "not by the subject"))
	require.True(t, revoked(session.Session{ID: "a", Subject: "x", IssuedAt: began.Add(time.Minute)}))
	require.False(t, revoked(session.Session{ID: "b", Subject: "not by the subject"}))
	require.True(t, revoked(session.Session{ID: "b", Subject: "u", IssuedAt: began}))
	require.False(t, revoked(session.Session{ID: "b", Subject: "u", IssuedAt: began.Add(1)}))
	require.True(t, revoked(session.Session{ID: "b", Subject: "u", IssuedAt: began.Add(1), AuthTime: began}))
	require.False(t, revoked(session.Session{ID: "b", Subject: "u", IssuedAt: began, AuthTime: began.Add(1)}))
	require.True(t, revoked(session.Session{Subject: "u"}), "of unknown age")
	require.Error(t, l.Add(t.Context(), "i", "", ""))
	require.Error(t, l.Add(t.Context(), "", "a", "u"))
	s.FastForward(time.Hour)
	require.False(t, revoked(session.Session{ID: "a", Subject: "u", IssuedAt: began}))
}

// What cannot work is refused by name before any call.
func TestBadInput(t *testing.T) {
	t.Parallel()
	_, rdb := mini(t)
	for _, cfg := range []onredis.GuardConfig{{TTL: -1}, {Window: 1}, {Lease: time.Microsecond}, {Prefix: "a{b"}} {
		_, err := onredis.NewGuard(rdb, cfg)
		require.ErrorIs(t, err, webhook.ErrConfig, "%+v", cfg)
	}
	_, err := onredis.NewGuard(nil, onredis.GuardConfig{})
	require.ErrorIs(t, err, webhook.ErrConfig)
	_, err = onredis.NewGuard(rdb, onredis.GuardConfig{TTL: time.Millisecond, Window: time.Millisecond, Lease: time.Millisecond})
	require.NoError(t, err)

	for _, prefix := range []string{"{", "}"} {
		_, err = onredis.NewTokenStore(rdb, prefix)
		require.ErrorContains(t, err, "brace")
	}
	_, err = onredis.NewTokenStore(nil, "")
	require.ErrorContains(t, err, "nil")

	for _, cfg := range []onredis.LoggedOutConfig{{}, {Keep: -1}, {Keep: 1}, {Keep: time.Hour, Timeout: -1}, {Keep: time.Hour, Prefix: "}"}} {
		_, err = onredis.NewLoggedOut(rdb, cfg)
		require.Error(t, err, "%+v", cfg)
	}
	_, err = onredis.NewLoggedOut(nil, onredis.LoggedOutConfig{Keep: time.Hour})
	require.ErrorContains(t, err, "nil")
	_, err = onredis.NewLoggedOut(rdb, onredis.LoggedOutConfig{Keep: time.Millisecond})
	require.NoError(t, err)

	for want, cfg := range map[string]onredis.LimiterConfig{
		"zero value": {Limits: []onredis.Limit{{}}},
		"Rate(0, 1s): the number must be from 1 to 1073741824": {Limits: []onredis.Limit{onredis.Rate(0, time.Second)}},
		"Quota(-1, Day): the number":                           {Limits: []onredis.Limit{onredis.Quota(-1, 2)}},
		"InFlight(0): the number":                              {Limits: []onredis.Limit{onredis.InFlight(0)}},
		"Rate(5, 1ms): the span must be from 10ms":             {Limits: []onredis.Limit{onredis.Rate(5, time.Millisecond)}},
		"at least 1 and less than the number, not 5":           {Limits: []onredis.Limit{onredis.Rate(5, time.Second).Burst(5)}},
		"at least 1 and less than the number, not 0":           {Limits: []onredis.Limit{onredis.Rate(5, time.Second).Burst(0)}},
		"at least 1 and less than the number, not 2":           {Limits: []onredis.Limit{onredis.Rate(1, time.Second).Burst(2)}},
		"an Hour, a Day or a Month":                            {Limits: []onredis.Limit{onredis.Quota(5, 9)}},
		"there is another limit of this kind":                  {Limits: []onredis.Limit{onredis.Rate(5, time.Minute), onredis.Rate(9, 60*time.Second)}},
		"brace":                                                {Prefix: "a}"},
		"negative":                                             {Timeout: -1},
		"the timeout or the number of members is negative":     {Members: -1},
		"Away is neither":                                      {Away: 2},
		"onredis: limiter: InFlight(2): there is another limit of this kind and span":    {Limits: []onredis.Limit{onredis.InFlight(1), onredis.InFlight(2)}},
		"onredis: limiter: Quota(2, Hour): there is another limit of this kind and span": {Limits: []onredis.Limit{onredis.Quota(1, 1), onredis.Quota(2, 1).In(time.FixedZone("x", 3600))}},
	} {
		_, err := onredis.NewLimiter(rdb, cfg)
		require.ErrorContains(t, err, want)
		require.True(t, strings.HasPrefix(err.Error(), "onredis: limiter: "), err)
	}
	_, err = onredis.NewLimiter(nil, onredis.LimiterConfig{})
	require.ErrorContains(t, err, "nil")
	_, err = onredis.NewLimiter(rdb, onredis.LimiterConfig{Limits: []onredis.Limit{
		onredis.Rate(1, 10*time.Millisecond), onredis.Rate(2, time.Second).Burst(1), onredis.Quota(1, 3).In(nil), onredis.InFlight(1),
	}})
	require.NoError(t, err)
}
