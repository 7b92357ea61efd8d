package resendtest

import (
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

func sendEmail(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[newEmail](c)
	if wrong != nil {
		return nil, wrong
	}
	e, wrong := s.accept(&in, c.Header.Get("Idempotency-Key"))
	if wrong != nil {
		return nil, wrong
	}
	s.pass()
	return map[string]any{"id": e.ID}, nil
}

// sendBatch sends all or none, unless it is asked to be permissive. Attachments, which
// Resend does not take in a batch and may leave out in silence, are an error.
func sendBatch(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[[]newEmail](c)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(in) == 0:
		return nil, missing("emails")
	case len(in) > 100:
		return nil, invalid("A batch has at most 100 emails.")
	}
	permissive := c.Header.Get("X-Batch-Validation") == "permissive"
	before := slices.Clone(s.emails)
	sent, failed := []any{}, []any{}
	for i := range in {
		e, wrong := s.accept(&in[i], c.Header.Get("Idempotency-Key"))
		if len(in[i].Attachments) > 0 {
			s.emails = before
			return nil, invalid("The `attachments` field is not supported in a batch.")
		}
		switch {
		case wrong == nil:
			sent = append(sent, map[string]any{"id": e.ID})
		case permissive:
			failed = append(failed, map[string]any{"index": i, "message": wrong.message})
		default:
			s.emails = before
			return nil, wrong
		}
	}
	s.pass()
	out := map[string]any{"data": sent}
	if permissive {
		out["errors"] = failed
	}
	return out, nil
}

func (s *Server) email(c *faketest.Call) (*email, *failure) {
	s.pass()
	return byID(s.emails, c.PathValue("id"), "Email")
}

func getEmail(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.email(c)
	if wrong != nil {
		return nil, wrong
	}
	shown := shownEmail(e)
	shown["html"], shown["text"] = e.HTML, e.Text
	return shown, nil
}

func shownEmail(e *email) map[string]any {
	shown := map[string]any{
		"object": "email", "id": e.ID, "from": e.From, "to": e.To, "cc": e.Cc, "bcc": e.Bcc, "reply_to": e.ReplyTo, "subject": e.Subject,
		"created_at": stamp(e.created), "last_event": e.lastEvent, "scheduled_at": nil,
	}
	if !e.ScheduledAt.IsZero() {
		shown["scheduled_at"] = stamp(e.ScheduledAt)
	}
	return shown
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000+00") }

func listEmails(s *Server, c *faketest.Call) (any, *failure) {
	s.pass()
	return page(c, newestFirst(s.emails), func(e *email) any { return shownEmail(e) })
}

// waiting is an email that can still be changed.
func (s *Server) waiting(c *faketest.Call) (*email, *failure) {
	e, wrong := s.email(c)
	if wrong == nil && (e.told || e.canceled) {
		wrong = invalid("The email is not scheduled: its last event is " + e.lastEvent + ".")
	}
	return e, wrong
}

func rescheduleEmail(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[struct {
		ScheduledAt string `json:"scheduled_at"`
	}](c)
	if wrong != nil {
		return nil, wrong
	}
	e, wrong := s.waiting(c)
	if wrong != nil {
		return nil, wrong
	}
	if in.ScheduledAt == "" {
		return nil, missing("scheduled_at")
	}
	if e.ScheduledAt, wrong = due(in.ScheduledAt); wrong != nil {
		return nil, wrong
	}
	return map[string]any{"object": "email", "id": e.ID}, nil
}

func cancelEmail(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.waiting(c)
	if wrong != nil {
		return nil, wrong
	}
	e.canceled, e.lastEvent = true, "canceled"
	return map[string]any{"object": "email", "id": e.ID}, nil
}
