package resendtest

import (
	"encoding/json"
	"time"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// Webhook is the ID of the webhook that the server's events are of, as
// [resend.ListWebhookEvents] takes it.
const Webhook = "4dd369bc-aa82-4ff3-97de-514ae3000ee0"

func (e *event) shown() map[string]any {
	return map[string]any{
		"id": e.ID, "type": e.Type, "created_at": e.created.UTC().Format(time.RFC3339Nano), "status": e.status, "next_attempt_at": nil,
	}
}

// GiveUp has Resend give up what has not been delivered yet: [Server.Deliver] leaves it
// out until it is replayed.
func (s *Server) GiveUp() {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.pass()
	for _, e := range s.events {
		if e.status == pending {
			e.status = "failed"
		}
	}
}

func listEvents(s *Server, c *faketest.Call) (any, *failure) {
	switch {
	case c.PathValue("webhook") != Webhook:
		return nil, noSuch("Webhook")
	case c.URL.Query().Has("before"):
		return nil, invalid("`before` is not supported for this endpoint.")
	}
	return page(c, newestFirst(s.events), func(e *event) any { return e.shown() })
}

// found is the event that a request is about.
func (s *Server) found(c *faketest.Call) (*event, *failure) {
	if c.PathValue("webhook") != Webhook {
		return nil, noSuch("Webhook")
	}
	return byID(s.events, c.PathValue("id"), "Webhook event")
}

func getEvent(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.found(c)
	if wrong != nil {
		return nil, wrong
	}
	shown := e.shown()
	shown["object"], shown["payload"] = "webhook_event", json.RawMessage(e.JSON)
	return shown, nil
}

func replayEvent(s *Server, c *faketest.Call) (any, *failure) {
	e, wrong := s.found(c)
	if wrong != nil {
		return nil, wrong
	}
	e.status = pending
	return map[string]any{"object": "webhook_event", "id": e.ID}, nil
}
