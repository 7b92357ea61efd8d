package resendtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Event is something that has happened to an email, as Resend would tell a webhook
// endpoint.
type Event struct {
	ID, Type string // "email.sent", "email.delivered", "email.bounced", "email.complained"
	Email    string // its ID
	JSON     []byte // the body of its delivery
}

// Request is the event's delivery to an endpoint, signed with the endpoint's secret.
func (e Event) Request(url, secret string) *http.Request {
	return webhooktest.Resend(secret).WithURL(url).WithID(e.ID).Request(e.JSON)
}

func (s *Server) happened(kind string, e *email) {
	raw, err := json.Marshal(map[string]any{
		"type": kind, "created_at": time.Now().UTC().Format(time.RFC3339Nano),
		"data": map[string]any{
			"email_id": e.ID, "from": e.From, "to": e.To, "subject": e.Subject, "tags": e.Tags, "broadcast_id": e.Broadcast,
			"created_at": e.created.UTC().Format(time.RFC3339Nano),
		},
	})
	if err != nil {
		panic(err) // a fake's own objects always can
	}
	s.events = append(s.events, &event{Event{"msg_" + s.id(), kind, e.ID, raw}, time.Now(), pending})
}

// Events returns what has happened so far, of these types or all of it, oldest first.
func (s *Server) Events(types ...string) (found []Event) {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.pass()
	for _, e := range s.events {
		if len(types) == 0 || slices.Contains(types, e.Type) {
			found = append(found, e.Event)
		}
	}
	return found
}

// Deliver delivers what has happened since the last time, and what is to be replayed, to
// a webhook endpoint, signed with its secret, one after the other. The error names the
// first event that is not acknowledged with a 2xx; the next call begins with it, as
// Resend delivers again.
func (s *Server) Deliver(h http.Handler, secret string) error {
	for {
		s.fake.State.Lock()
		s.pass()
		i := slices.IndexFunc(s.events, func(e *event) bool { return e.status == pending })
		if i < 0 {
			s.fake.State.Unlock()
			return nil
		}
		e := s.events[i]
		s.fake.State.Unlock()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, e.Request("https://example.com/hooks/resend", secret)) // which may call this server
		if w.Code < 200 || w.Code > 299 {
			return fmt.Errorf("resendtest: %s (%s) was answered with %d", e.Type, e.ID, w.Code)
		}
		s.fake.State.Lock()
		e.status = "success"
		s.fake.State.Unlock()
	}
}
