package resendtest

import (
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

func createBroadcast(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[broadcast](c)
	switch {
	case wrong != nil:
		return nil, wrong
	case in.SegmentID == "" && in.AudienceID == "":
		return nil, missing("segment_id")
	case in.From == "":
		return nil, missing("from")
	case in.Subject == "":
		return nil, missing("subject")
	}
	at := in.ScheduledAt
	send := in.Send
	in.Object, in.ID, in.CreatedAt, in.Status, in.ScheduledAt, in.SentAt, in.Send = "broadcast", s.id(), stamp(time.Now()), "draft", "", "", false
	s.broadcasts = append(s.broadcasts, &in)
	if send {
		if wrong := s.broadcast(&in, at); wrong != nil {
			s.broadcasts = s.broadcasts[:len(s.broadcasts)-1]
			return nil, wrong
		}
	}
	return created{map[string]any{"id": in.ID, "object": "broadcast"}}, nil
}

// broadcast sends one, now or when it is due, to every contact that is subscribed.
func (s *Server) broadcast(b *broadcast, at string) *failure {
	if b.Status != "draft" {
		return invalid("The broadcast is not a draft: its status is " + b.Status + ".")
	}
	when, wrong := due(at)
	if wrong != nil {
		return wrong
	}
	before := slices.Clone(s.emails)
	for _, to := range s.contacts {
		if to.Unsubscribed {
			continue
		}
		e, wrong := s.accept(&newEmail{From: b.From, To: names{to.Email}, ReplyTo: b.ReplyTo, Subject: b.Subject, HTML: b.HTML, Text: b.Text, ScheduledAt: at}, "")
		if wrong != nil {
			s.emails, b.emails = before, nil
			return wrong
		}
		e.Broadcast, e.ScheduledAt = b.ID, when
		b.emails = append(b.emails, e)
	}
	b.Status = "sent"
	if !when.IsZero() {
		b.Status, b.ScheduledAt = "scheduled", stamp(when)
	}
	s.pass()
	return nil
}

// shown is a broadcast as it is now: one that was scheduled may have become due.
func (b *broadcast) shown() any {
	if b.Status == "scheduled" && len(b.emails) > 0 && b.emails[0].told {
		b.Status = "sent"
	}
	if b.Status == "sent" && b.SentAt == "" {
		b.SentAt = stamp(time.Now())
	}
	return b
}

func getBroadcast(s *Server, c *faketest.Call) (any, *failure) {
	s.pass()
	b, wrong := byID(s.broadcasts, c.PathValue("id"), "Broadcast")
	if wrong != nil {
		return nil, wrong
	}
	return b.shown(), nil
}

func listBroadcasts(s *Server, c *faketest.Call) (any, *failure) {
	s.pass()
	return page(c, newestFirst(s.broadcasts), (*broadcast).shown)
}

func sendBroadcast(s *Server, c *faketest.Call) (any, *failure) {
	in, wrong := read[broadcast](c)
	if wrong != nil {
		return nil, wrong
	}
	b, wrong := byID(s.broadcasts, c.PathValue("id"), "Broadcast")
	if wrong != nil {
		return nil, wrong
	}
	if wrong := s.broadcast(b, in.ScheduledAt); wrong != nil {
		return nil, wrong
	}
	return map[string]any{"id": b.ID}, nil
}

func cancelBroadcast(s *Server, c *faketest.Call) (any, *failure) {
	s.pass()
	b, wrong := byID(s.broadcasts, c.PathValue("id"), "Broadcast")
	if wrong != nil {
		return nil, wrong
	}
	if b.shown(); b.Status != "scheduled" {
		return nil, invalid("The broadcast is not scheduled: its status is " + b.Status + ".")
	}
	for _, e := range b.emails {
		e.canceled, e.lastEvent = true, "canceled"
	}
	b.Status, b.ScheduledAt, b.emails = "draft", "", nil
	return map[string]any{"object": "broadcast", "id": b.ID}, nil
}

func deleteBroadcast(s *Server, c *faketest.Call) (any, *failure) {
	b, wrong := byID(s.broadcasts, c.PathValue("id"), "Broadcast")
	if wrong != nil {
		return nil, wrong
	}
	if b.Status != "draft" {
		return nil, invalid("You can only delete broadcasts that are in the draft status.")
	}
	s.broadcasts = slices.DeleteFunc(s.broadcasts, func(other *broadcast) bool { return other == b })
	return map[string]any{"object": "broadcast", "id": b.ID, "deleted": true}, nil
}
