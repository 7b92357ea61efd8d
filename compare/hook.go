package compare

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Hooks are the behaviours of what verifies webhooks.
func Hooks() Table[Receiver] {
	return Table[Receiver]{"Webhooks in", []Behaviour[Receiver]{emptySecret, notSigned, stale, retired, twoSecrets, signedTwice, hugeBody}}
}

var hookBody = []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"id":"in_1"}}}`)

// delivery is a request with these headers and body.
func delivery(h http.Header, body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks", body)
	for name, values := range h {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

// accepts reports whether a delivery of hookBody with these headers is accepted.
func (a Accept) accepts(h http.Header) bool { return a(delivery(h, bytes.NewReader(hookBody))) == nil }

// unsigned are the headers of a delivery, but for the signature.
func (s Sender) unsigned() http.Header {
	h := s.Sign(s.Secret, time.Now(), hookBody)
	h.Del(s.SignatureHeader)
	return h
}

// opened opens the receiver with its sender's secret, and checks that it accepts what
// it should.
func (r Receiver) opened() (Accept, error) {
	a, err := r.Open(r.Sender.Secret)
	if err == nil && !a.accepts(r.Sender.Sign(r.Sender.Secret, time.Now(), hookBody)) {
		err = errors.New("it refuses what is signed as it should be")
	}
	return a, err
}

func word(accepted bool) string {
	if accepted {
		return "accepted"
	}
	return "refused"
}

var emptySecret = Behaviour[Receiver]{
	ID: "empty-secret", Title: "The secret is empty",
	Asks: "The secret is an empty string, as of an environment variable that nobody has set. Nothing is to be accepted: neither a body " +
		"without a signature, nor one that is signed with the empty key.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		a, err := r.Open("")
		if err != nil {
			return holds("refused when it is made"), nil
		}
		var accepted []string
		if a.accepts(r.Sender.unsigned()) {
			accepted = append(accepted, "an unsigned body")
		}
		if a.accepts(r.Sender.Sign("", time.Now(), hookBody)) {
			accepted = append(accepted, "a body signed with the empty key")
		}
		if len(accepted) > 0 {
			return fails("accepts %s", strings.Join(accepted, " and ")), nil
		}
		return holds("accepts nothing"), nil
	},
}

var notSigned = Behaviour[Receiver]{
	ID: "not-signed", Title: "Without a signature, or changed on the way",
	Asks: "A body without a signature, and one of which a byte has changed, are to be refused.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		a, err := r.opened()
		if err != nil {
			return Outcome{}, err
		}
		without := a.accepts(r.Sender.unsigned())
		changed := a.accepts(r.Sender.Sign(r.Sender.Secret, time.Now(), bytes.Replace(hookBody, []byte("paid"), []byte("void"), 1)))
		if without == changed {
			return judged(!without, "both %s", word(without)), nil
		}
		return fails("unsigned %s, changed %s", word(without), word(changed)), nil
	},
}

var stale = Behaviour[Receiver]{
	ID: "stale", Title: "Signed an hour ago, or an hour ahead",
	Asks: "A delivery that was signed an hour ago may be one that somebody replays, and one from an hour ahead could be replayed for longer: both are to be " +
		"refused. Nobody can tell where the service does not sign the time.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		if !r.Sender.Timed {
			return notCovered("the time is not signed"), nil
		}
		a, err := r.opened()
		if err != nil {
			return Outcome{}, err
		}
		old := a.accepts(r.Sender.Sign(r.Sender.Secret, time.Now().Add(-time.Hour), hookBody))
		ahead := a.accepts(r.Sender.Sign(r.Sender.Secret, time.Now().Add(time.Hour), hookBody))
		if old == ahead {
			return judged(!old, "both %s", word(old)), nil
		}
		return fails("old %s, ahead %s", word(old), word(ahead)), nil
	},
}

var retired = Behaviour[Receiver]{
	ID: "retired", Title: "Signed in a retired way only",
	Asks: "GitHub's SHA-1 signature, or Stripe's v0, is right and stands alone. It is to be refused: whoever leaves the better one out is not to choose the weaker.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		if r.Sender.Retired == nil {
			return notCovered("there is none"), nil
		}
		a, err := r.opened()
		if err != nil {
			return Outcome{}, err
		}
		accepted := a.accepts(r.Sender.Retired(r.Sender.Secret, time.Now(), hookBody))
		return judged(!accepted, "%s", word(accepted)), nil
	},
}

var twoSecrets = Behaviour[Receiver]{
	ID: "two-secrets", Title: "Two secrets, while one replaces the other",
	Asks: "The verifier is given the old secret and the new. Deliveries under either are to be accepted, and none under a third.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		a, err := r.Open(r.Sender.Secret, r.Sender.Other)
		if errors.Is(err, ErrNotCovered) {
			return notCovered("it takes one secret"), nil
		}
		if err != nil {
			return Outcome{}, err
		}
		accepted := 0
		for _, secret := range []string{r.Sender.Secret, r.Sender.Other} {
			if a.accepts(r.Sender.Sign(secret, time.Now(), hookBody)) {
				accepted++
			}
		}
		third := a.accepts(r.Sender.Sign(r.Sender.Stranger, time.Now(), hookBody))
		if third {
			return fails("a third is accepted"), nil
		}
		return judged(accepted == 2, "%d of 2 accepted", accepted), nil
	},
}

var signedTwice = Behaviour[Receiver]{
	ID: "signed-twice", Title: "The signature header comes twice",
	Asks: "The header is there twice, with two different values, the right one first. Two readers could read two things: refused is better; to go by the first is " +
		"no fault that can be exploited by itself.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		a, err := r.opened()
		if err != nil {
			return Outcome{}, err
		}
		h := r.Sender.Sign(r.Sender.Secret, time.Now(), hookBody)
		h.Add(r.Sender.SignatureHeader, r.Sender.Sign(r.Sender.Other, time.Now(), hookBody).Get(r.Sender.SignatureHeader))
		if a.accepts(h) {
			return open("the first counts"), nil
		}
		return holds("refused"), nil
	},
}

const (
	hugeSize  = 256 * mebibyte
	fairShare = 64 * mebibyte
)

var hugeBody = Behaviour[Receiver]{
	ID: "huge-body", Title: "A body of 256 MiB, from anybody",
	Asks: "A request without a good signature has a body of 256 MiB. It is to be refused before it is in memory: after 64 MiB at most. What is handed " +
		"the body leaves that to whoever reads it.",
	Run: func(_ context.Context, r Receiver) (Outcome, error) {
		if !r.ReadsBody {
			return notCovered("it is handed the body"), nil
		}
		a, err := r.opened()
		if err != nil {
			return Outcome{}, err
		}
		body := &endless{left: hugeSize}
		if a(delivery(r.Sender.Sign(r.Sender.Secret, time.Now(), hookBody), body)) == nil {
			return fails("accepted"), nil
		}
		read := (hugeSize - body.left + mebibyte/2) / mebibyte
		return judged(read <= fairShare/mebibyte, "reads %d MiB", read), nil
	},
}

// endless is a body that is made while it is read.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	clear(p[:n])
	e.left -= n
	return n, nil
}
