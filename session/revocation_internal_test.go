package session

import (
	"context"
	"errors"
	"testing"
	"time"

	must "github.com/stretchr/testify/require"
)

// What has been kept for long enough goes, so that the list does not grow for ever.
func TestLoggedOutForgets(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	l, err := NewLoggedOut(8*time.Hour, func() time.Time { return now })
	must.NoError(t, err)
	add := func(sid string, left int) {
		t.Helper()
		must.NoError(t, l.Add("https://issuer.example", sid, "user"))
		must.Len(t, l.entries, left)
	}
	add("a", 1)
	now = now.Add(8 * time.Hour)
	add("b", 2) // a is not older than that yet
	now = now.Add(time.Minute)
	add("c", 3) // a is, but the list was gone through a minute ago
	now = now.Add(59 * time.Minute)
	add("d", 3) // an eighth of the time later
	for sid, want := range map[string]bool{"a": false, "b": true, "c": true, "d": true} {
		revoked, err := l.Revoked(t.Context(), &Session{Issuer: "https://issuer.example", ID: sid, Subject: "user"})
		must.NoError(t, err)
		must.Equal(t, want, revoked, sid)
	}
}

// The edges of the time, by session and by subject.
func TestLoggedOutEdges(t *testing.T) {
	t.Parallel()
	began := time.Unix(1_800_000_000, 0)
	now := began
	l, err := NewLoggedOut(time.Hour, func() time.Time { return now })
	must.NoError(t, err)
	must.NoError(t, l.Add("i", "a", ""))
	must.NoError(t, l.Add("i", "", "u"))
	revoked := func(s Session) bool {
		s.Issuer = "i"
		r, err := l.Revoked(t.Context(), &s)
		must.NoError(t, err)
		return r
	}
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Hour, true}, {time.Hour + 1, false}} {
		now = began.Add(tt.after)
		must.Equal(t, tt.want, revoked(Session{ID: "a", Subject: "x"}), tt.after)
		must.Equal(t, tt.want, revoked(Session{ID: "b", Subject: "u", IssuedAt: began}), tt.after)
	}
	now = began
	must.False(t, revoked(Session{ID: "", Subject: "x"}))
	must.False(t, revoked(Session{ID: "b", Subject: "u", IssuedAt: began.Add(1)}))
	must.True(t, revoked(Session{ID: "b", Subject: "u", IssuedAt: began.Add(1), AuthTime: began}))
	must.False(t, revoked(Session{ID: "b", Subject: "u", IssuedAt: began, AuthTime: began.Add(1)}))
	must.True(t, revoked(Session{Subject: "u"}), "of unknown age")
	must.Error(t, l.Add("i", "", ""))
	must.Error(t, l.Add("", "a", "u"))
	for _, keep := range []time.Duration{0, -1} {
		_, err := NewLoggedOut(keep, nil)
		must.Error(t, err)
	}
	_, err = NewLoggedOut(1, nil)
	must.NoError(t, err)
}

// What the packages below say, or the context, is one of the reasons.
func TestClassify(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]Reason{
		context.Canceled:         ErrKeysUnavailable,
		context.DeadlineExceeded: ErrKeysUnavailable,
		errors.New("x"):          ErrMalformed,
		refuse(ErrPending, "x"):  ErrPending,
	} {
		var typed *Error
		must.ErrorAs(t, classify(err), &typed)
		must.Equal(t, want, typed.Reason)
		must.ErrorIs(t, classify(err), err)
	}
}
