package revocationtest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/suitetest"
	"github.com/standpipe-go/standpipe/session"
	"github.com/standpipe-go/standpipe/session/revocationtest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// list keeps what has ended, and is made bad by what stands in its fields.
type list struct {
	mu    sync.Mutex
	ended map[[2]string]time.Time // by issuer and name
	away  bool
	asked int

	name    func(issuer, id string) [2]string
	forgets bool
	began   func(s *session.Session) time.Time
	// after has the last word.
	after func(l *list, ctx context.Context, s *session.Session, revoked bool, err error) (bool, error)
}

var errAway = errors.New("out of reach")

func (l *list) key(issuer, kind, name string) [2]string {
	if l.name != nil {
		return l.name(issuer, kind+name)
	}
	return [2]string{issuer, kind + name}
}

func (l *list) end(key [2]string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.forgets {
		l.ended[key] = now
	}
	return nil
}

func (l *list) Revoked(ctx context.Context, s *session.Session) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	revoked, err := l.look(ctx, s)
	if l.after != nil {
		return l.after(l, ctx, s, revoked, err)
	}
	return revoked, err
}

func (l *list) look(ctx context.Context, s *session.Session) (bool, error) {
	if l.away {
		return false, errAway
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if _, ok := l.ended[l.key(s.Issuer, "sid ", s.ID)]; ok {
		return true, nil
	}
	began := s.AuthTime
	if l.began != nil {
		began = l.began(s)
	}
	at, ok := l.ended[l.key(s.Issuer, "sub ", s.Subject)]
	return ok && !began.After(at), nil
}

func (l *list) backend() revocationtest.Backend {
	l.ended = map[[2]string]time.Time{}
	return revocationtest.Backend{
		Revocation: l,
		End:        func(s *session.Session) error { return l.end(l.key(s.Issuer, "sid ", s.ID), time.Now()) },
		EndAll:     func(issuer, subject string) error { return l.end(l.key(issuer, "sub ", subject), time.Now()) },
		Away: func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.away = true
		},
	}
}

func TestAGoodRevocationPasses(t *testing.T) {
	t.Parallel()
	revocationtest.Run(t, func(*testing.T) revocationtest.Backend { return (&list{}).backend() })
}

// What ends sessions in one way alone, and cannot be taken away, passes as well.
func TestLessIsEnough(t *testing.T) {
	t.Parallel()
	for name, less := range map[string]func(b *revocationtest.Backend){
		"sessions": func(b *revocationtest.Backend) { b.EndAll = nil },
		"users":    func(b *revocationtest.Backend) { b.End = nil },
	} {
		t.Run(name, func(t *testing.T) {
			revocationtest.Run(t, func(*testing.T) revocationtest.Backend {
				b := (&list{name: func(_, name string) [2]string { return [2]string{"", name} }}).backend()
				b.Away, b.OneIssuer = nil, true
				less(&b)
				return b
			})
		})
	}
}

func TestEachRuleIsNoticed(t *testing.T) {
	broken := map[string]suitetest.Broken{}
	add := func(name, check, says string, breaks func(l *list)) {
		broken[name] = suitetest.Broken{Check: check, Says: says, Run: func(t *testing.T) {
			revocationtest.Run(t, func(*testing.T) revocationtest.Backend {
				l := &list{}
				breaks(l)
				return l.backend()
			})
		}}
	}
	names := func(f func(issuer, name string) [2]string) func(l *list) { return func(l *list) { l.name = f } }
	after := func(f func(l *list, ctx context.Context, s *session.Session, revoked bool, err error) (bool, error)) func(l *list) {
		return func(l *list) { l.after = f }
	}
	const one, all = "a session that was ended", "all sessions of a user"
	add("ends nothing", one, "Revoked is false of a session that was ended", func(l *list) { l.forgets = true })
	add("has ended all", one, "Revoked is true of a session that nobody has ended", after(func(*list, context.Context, *session.Session, bool, error) (bool, error) { return true, nil }))
	add("ends the user with the session", one, "Revoked is true of another session of the user", names(func(issuer, name string) [2]string {
		name, _, _ = strings.Cut(name, "-other")
		return [2]string{issuer, name}
	}))
	add("ends what has no name", one, "Revoked is true of a session of the user without an ID", after(func(l *list, _ context.Context, s *session.Session, revoked bool, err error) (bool, error) {
		return revoked || s.ID == "" && len(l.ended) > 0, err
	}))
	add("ends all", one, "Revoked is true of a session of another user", after(func(l *list, _ context.Context, s *session.Session, revoked bool, err error) (bool, error) {
		return revoked || !strings.HasSuffix(s.ID, "-other") && s.ID != "" && len(l.ended) > 0, err
	}))
	add("sees no issuer", one, "Revoked is true of a session of another issuer with the same ID", names(func(_, name string) [2]string { return [2]string{"", name} }))
	add("goes by the token", one, "Revoked is false of a session that was ended, by a newer token of it", after(func(_ *list, _ context.Context, s *session.Session, revoked bool, err error) (bool, error) {
		return revoked && s.IssuedAt.Before(time.Now()), err
	}))
	add("ends one session of the user", all, "Revoked is false of another session of a user", after(func(_ *list, _ context.Context, s *session.Session, revoked bool, err error) (bool, error) {
		return revoked && !strings.HasSuffix(s.ID, "-other"), err
	}))
	add("sees no issuer of a user", all, "the same subject at another issuer", names(func(_, name string) [2]string { return [2]string{"", name} }))
	add("lets in what is of unknown age", all, "Revoked is false of a session of unknown age", func(l *list) {
		l.began = func(s *session.Session) time.Time {
			if s.AuthTime.IsZero() {
				return time.Now().Add(time.Hour)
			}
			return s.AuthTime
		}
	})
	add("goes by the time of the token", all, "Revoked is false of a session of a user whose sessions were ended, by a newer token", func(l *list) {
		l.began = func(s *session.Session) time.Time { return s.IssuedAt }
	})
	add("ends the user for ever", all, "Revoked is true of a session that began after", func(l *list) {
		l.began = func(*session.Session) time.Time { return time.Time{} }
	})
	const text = "identifiers are any text"
	add("sees no case", text, `Revoked is true of a session named "A"`, names(func(issuer, name string) [2]string { return [2]string{issuer, strings.ToLower(name)} }))
	add("trims", text, `Revoked is true of a session named "a "`, names(func(issuer, name string) [2]string { return [2]string{issuer, strings.TrimRight(name, " ")} }))
	add("ends with a NUL", text, `Revoked is true of a session named "a\x00b"`, names(func(issuer, name string) [2]string {
		name, _, _ = strings.Cut(name, "\x00")
		return [2]string{issuer, name}
	}))
	add("joins", text, "joined, read as those of one that was ended", names(func(issuer, name string) [2]string {
		return [2]string{"", name[:4] + issuer + name[4:]}
	}))
	add("changes what it is asked about", "the session is left alone", "Revoked changed the session", after(func(_ *list, _ context.Context, s *session.Session, revoked bool, err error) (bool, error) {
		s.Roles[0] = "none"
		return revoked, err
	}))
	add("is busy", "concurrent use", "with the error busy", after(func(l *list, _ context.Context, _ *session.Session, revoked bool, err error) (bool, error) {
		if l.asked > 40 {
			err = errors.New("busy")
		}
		return revoked, err
	}))
	add("lets in when it is away", "out of reach", "Revoked says false and no error when it cannot be found out", after(func(_ *list, _ context.Context, _ *session.Session, revoked bool, err error) (bool, error) {
		if errors.Is(err, errAway) {
			err = nil
		}
		return revoked, err
	}))
	add("lets in who gives up", "cancelled", "Revoked says false and no error of a session that was ended", after(func(_ *list, _ context.Context, _ *session.Session, revoked bool, err error) (bool, error) {
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return revoked, err
	}))
	suitetest.Catches(t, broken)
}
