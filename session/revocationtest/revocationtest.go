package revocationtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/session"
)

// Backend is what one check is run on. At least one of End and EndAll is set.
type Backend struct {
	// Revocation is what is tested.
	Revocation session.Revocation
	// End ends one session, by its Issuer and ID. If nil, that cannot be done.
	End func(s *session.Session) error
	// EndAll ends all sessions of a user that have begun up to now. If nil, that cannot
	// be done.
	EndAll func(issuer, subject string) error
	// Now is the clock of the revocation; nil means [time.Now].
	Now func() time.Time
	// Away takes away what the revocation looks things up in, such as by closing the
	// database. If nil, that cannot happen, and the check is skipped.
	Away func()
	// OneIssuer is set where all sessions are of one issuer, so that the subject alone
	// names a user.
	OneIssuer bool
}

// Run runs the checks as subtests of t, each on a backend that open makes. The backends
// of one test may share what they keep.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for _, check := range []struct {
		name string
		run  func(t *testing.T, b Backend)
	}{
		{"a session that was ended", testEnd},
		{"all sessions of a user", testEndAll},
		{"identifiers are any text", testText},
		{"the session is left alone", testReadOnly},
		{"concurrent use", testConcurrent},
		{"out of reach", testAway},
		{"cancelled", testCancelled},
	} {
		t.Run(check.name, func(t *testing.T) {
			b := open(t)
			if b.Revocation == nil || b.End == nil && b.EndAll == nil {
				t.Fatal("revocationtest: the backend has no Revocation, or neither End nor EndAll")
			}
			if b.Now == nil {
				b.Now = time.Now
			}
			check.run(t, b)
		})
	}
}

const issuer = "https://revocationtest.example/"

// begun returns a session of a user that nobody else has, which began a while ago.
func (b Backend) begun() *session.Session {
	at := b.Now().Add(-time.Hour)
	return &session.Session{
		Issuer: issuer, Subject: "user-" + rand.Text(), ID: "session-" + rand.Text(), AuthorizedParty: "app", Roles: []string{"admin"},
		AuthTime: at, IssuedAt: at, Expiry: b.Now().Add(time.Hour),
	}
}

// end ends the session in whichever way there is.
func (b Backend) end(t *testing.T, s *session.Session) {
	t.Helper()
	var err error
	if b.End != nil {
		err = b.End(s)
	} else {
		err = b.EndAll(s.Issuer, s.Subject)
	}
	if err != nil {
		t.Fatalf("ending a session: %v", err)
	}
}

// want requires what is said of a session.
func (b Backend) want(t *testing.T, s *session.Session, revoked bool, what string) {
	t.Helper()
	got, err := b.Revocation.Revoked(t.Context(), s)
	if err != nil {
		t.Fatalf("Revoked of %s: %v", what, err)
	}
	if got != revoked {
		t.Fatalf("Revoked is %t of %s; it must be %t", got, what, revoked)
	}
}

// other is another session of the same user.
func other(s *session.Session) *session.Session {
	o := *s
	o.ID += "-other"
	return &o
}

func elsewhere(s *session.Session) *session.Session {
	e := *s
	e.Issuer = "https://other.example/"
	return &e
}

func testEnd(t *testing.T, b Backend) {
	if b.End == nil {
		t.Skip("a session cannot be ended by itself")
	}
	s := b.begun()
	nobody := *s
	nobody.ID = ""
	b.want(t, s, false, "a session that nobody has ended")
	b.end(t, s)
	for range 2 {
		b.want(t, s, true, "a session that was ended")
		b.want(t, other(s), false, "another session of the user")
		b.want(t, &nobody, false, "a session of the user without an ID")
		b.want(t, b.begun(), false, "a session of another user")
		if !b.OneIssuer {
			b.want(t, elsewhere(s), false, "a session of another issuer with the same ID")
		}
		b.end(t, s) // a logout may be told twice
	}
	refreshed := *s
	refreshed.IssuedAt = b.Now().Add(time.Minute)
	b.want(t, &refreshed, true, "a session that was ended, by a newer token of it")
}

func testEndAll(t *testing.T, b Backend) {
	if b.EndAll == nil {
		t.Skip("the sessions of a user cannot be ended together")
	}
	s := b.begun()
	b.want(t, s, false, "a session that nobody has ended")
	if err := b.EndAll(s.Issuer, s.Subject); err != nil {
		t.Fatalf("ending the sessions of a user: %v", err)
	}
	b.want(t, s, true, "a session of a user whose sessions were ended")
	b.want(t, other(s), true, "another session of a user whose sessions were ended")
	b.want(t, b.begun(), false, "a session of another user")
	if !b.OneIssuer {
		b.want(t, elsewhere(s), false, "a session of the same subject at another issuer")
	}
	unknown, refreshed, later := *s, *s, *s
	unknown.AuthTime, unknown.IssuedAt = time.Time{}, time.Time{}
	b.want(t, &unknown, true, "a session of unknown age of a user whose sessions were ended")
	refreshed.IssuedAt = b.Now().Add(time.Minute)
	b.want(t, &refreshed, true, "a session of a user whose sessions were ended, by a newer token of it")
	later.ID, later.AuthTime, later.IssuedAt = s.ID+"-later", b.Now().Add(time.Minute), b.Now().Add(time.Minute)
	b.want(t, &later, false, "a session that began after the user's sessions were ended")
}

// testText: what an issuer calls a session or a user is any text, and no two of these
// are the same.
func testText(t *testing.T, b Backend) {
	here := rand.Text()
	name := func(text string) *session.Session {
		s := b.begun()
		s.ID, s.Subject = here+text, here+text
		return s
	}
	texts := []string{"a", "A", " a", "a ", "é", "e\u0301", "a|b", "a:b", "'; --", `"`, "%", "_", "auth0|a", "a\x00b", "a\x00c"}
	for i, text := range texts {
		b.want(t, name(text), false, fmt.Sprintf("a session named %q, when only those of %q were ended", text, texts[:i]))
		b.end(t, name(text))
		b.want(t, name(text), true, fmt.Sprintf("a session named %q, which was ended", text))
	}
	if b.OneIssuer {
		return
	}
	first, second := b.begun(), b.begun()
	first.Issuer, first.ID, first.Subject = issuer+"a", "b"+here, "b"+here
	second.Issuer, second.ID, second.Subject = issuer, "ab"+here, "ab"+here
	b.end(t, first)
	b.want(t, second, false, "a session whose issuer and name, joined, read as those of one that was ended")
}

func testReadOnly(t *testing.T, b Backend) {
	s := b.begun()
	for range 2 {
		before := *s
		before.Roles = append([]string(nil), s.Roles...)
		if _, err := b.Revocation.Revoked(t.Context(), s); err != nil {
			t.Fatalf("Revoked: %v", err)
		}
		if !reflect.DeepEqual(*s, before) {
			t.Fatal("Revoked changed the session that it was asked about")
		}
		b.end(t, s)
	}
}

// testConcurrent asks about sessions while others are being ended. It is worth most
// under the race detector.
func testConcurrent(t *testing.T, b Backend) {
	stays := b.begun()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 8 {
				s := b.begun()
				b.check(t, s, false, "a session that nobody has ended")
				if b.End != nil {
					if err := b.End(s); err != nil {
						t.Errorf("ending a session: %v", err)
						return
					}
				} else if err := b.EndAll(s.Issuer, s.Subject); err != nil {
					t.Errorf("ending the sessions of a user: %v", err)
					return
				}
				b.check(t, s, true, "a session that was ended")
				b.check(t, stays, false, "a session that nobody has ended")
			}
		})
	}
	wg.Wait()
}

// check is want for a goroutine of many.
func (b Backend) check(t *testing.T, s *session.Session, revoked bool, what string) {
	if got, err := b.Revocation.Revoked(t.Context(), s); err != nil || got != revoked {
		t.Errorf("with many concurrent callers, Revoked is %t of %s, with the error %v; it must be %t", got, what, err, revoked)
	}
}

// testAway: what cannot be found out is an error, and the response is 503.
func testAway(t *testing.T, b Backend) {
	if b.Away == nil {
		t.Skip("nothing can be taken away")
	}
	ended, stays := b.begun(), b.begun()
	b.end(t, ended)
	b.Away()
	for _, s := range []*session.Session{ended, stays} {
		// That a session has been ended may be known without asking.
		if revoked, err := b.Revocation.Revoked(t.Context(), s); err == nil && (s != ended || !revoked) {
			t.Fatalf("Revoked says %t and no error when it cannot be found out", revoked)
		}
	}
}

// testCancelled: whoever gives up waiting is not let in.
func testCancelled(t *testing.T, b Backend) {
	s := b.begun()
	b.end(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if revoked, err := b.Revocation.Revoked(ctx, s); err == nil && !revoked {
		t.Fatal("under a cancelled context, Revoked says false and no error of a session that was ended")
	}
	b.want(t, s, true, "a session that was ended, after another caller has given up")
}
