// This file and app_test.go are for copying: mail through Resend, each once, and what to
// do about one that did not get out. Change the mail, and how long you wait where Resend
// does not say. In your main:
//
//	m, err := newMailer(secret.Env("RESEND_API_KEY"), "Example <hello@example.com>")
//	done := m.welcome(ctx, user.ID, user.Address)
//
// Call it from a queue, or a table of what is to be sent: what is not sent yet is called
// again with the same arguments, at done.again.

package main

import (
	"context"
	"errors"
	"time"

	sdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

// state is what became of a mail.
type state string

const (
	// sent: Resend has taken it.
	sent state = "sent"
	// refused: the mail is wrong. Tell the user, and do not call again.
	refused state = "refused"
	// limited: nothing was sent. Call again at that time.
	limited state = "limited"
	// uncertain: it may have been sent. Call again with the same key, under which Resend
	// drops a second one for 24 hours; after that, a second one would go out.
	uncertain state = "may have been sent"
	// unsent: it did not leave this machine. Call again.
	unsent state = "never sent"
	// stuck: the account or the program is wrong. Tell the operator, not the user.
	stuck state = "stuck"
)

// outcome is what became of a mail, and what comes next.
type outcome struct {
	state state
	id    string    // Resend's, of what was sent
	again time.Time // when to call again; zero where that does not help
	err   error     // for the log; nil where it was sent
}

// The waits where Resend does not say how long.
const (
	soon     = time.Minute
	tomorrow = 24 * time.Hour // a quota is counted by the day or the month
)

type mailer struct {
	resend *resend.Client
	from   string
}

// newMailer returns what sends the application's mail. Make one, and keep it. The options
// are for tests.
func newMailer(key secret.Source, from string, options ...client.Option) (*mailer, error) {
	c, err := resend.New(key, options...)
	if err != nil {
		return nil, err
	}
	return &mailer{c, from}, nil
}

// welcome sends a user the first mail. The key says which mail it is, and not which call:
// within 24 hours Resend sends it once, however often it is called, restarts of the
// program included. The same key needs the same mail.
func (m *mailer) welcome(ctx context.Context, user, address string) outcome {
	return m.send(ctx, "welcome/"+user, &sdk.SendEmailRequest{
		From: m.from, To: []string{address}, Subject: "Welcome", Html: "<p>Hello!</p>",
	})
}

func (m *mailer) send(ctx context.Context, key string, mail *sdk.SendEmailRequest) outcome {
	accepted, err := m.resend.Send(ctx, mail, key)
	if err != nil {
		return judge(err, time.Now())
	}
	return outcome{state: sent, id: accepted.Id}
}

// judge says what to do about a mail that Send has failed to send, after its own retries.
func judge(err error, now time.Time) outcome {
	e, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok || e.Effect == client.MaybeApplied: // a 503, a reset, a timeout
		return outcome{state: uncertain, again: now.Add(soon), err: err}
	case errors.Is(err, client.ErrRateLimited):
		return outcome{state: limited, again: later(e.RetryAt, now.Add(soon)), err: err}
	case e.Code == "daily_quota_exceeded", e.Code == "monthly_quota_exceeded":
		return outcome{state: limited, again: later(e.RetryAt, now.Add(tomorrow)), err: err}
	case errors.Is(err, client.ErrBadRequest): // an address that is none, say
		return outcome{state: refused, err: err}
	case e.Effect == client.NeverSent && !errors.Is(err, client.ErrRequest): // no network, say
		return outcome{state: unsent, again: later(e.RetryAt, now.Add(soon)), err: err}
	}
	// A bad API key, a domain that is not verified, a key that was used for another mail.
	return outcome{state: stuck, err: err}
}

// later is when Resend says that it may be tried again, if it does.
func later(said, otherwise time.Time) time.Time {
	if said.IsZero() {
		return otherwise
	}
	return said
}
