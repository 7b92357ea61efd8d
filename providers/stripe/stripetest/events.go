package stripetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// Event is something that has happened, as Stripe would tell a webhook endpoint.
type Event struct {
	ID, Type string
	Object   string // the ID of the object that it is about
	Account  string // the connected account that it happened in; "" is the platform's own
	JSON     []byte // the body of its delivery
}

// Request is the event's delivery to an endpoint, signed with the endpoint's secret.
func (e Event) Request(url, secret string) *http.Request {
	return webhooktest.Stripe(secret).WithURL(url).Request(e.JSON)
}

// Events returns what has happened so far, of these types or all of it, oldest first.
func (s *Server) Events(types ...string) []Event {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	var found []Event
	for _, o := range s.events {
		if len(types) == 0 || slices.Contains(types, text(o, "type")) {
			found = append(found, eventOf(o))
		}
	}
	return found
}

func eventOf(o object) Event {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // a fake's own objects always can
	}
	data, _ := o["data"].(object)
	about, _ := data["object"].(object)
	return Event{ID: idOf(o), Type: text(o, "type"), Object: idOf(about), Account: text(o, "account"), JSON: raw}
}

// Deliver delivers what has happened since the last time to a webhook endpoint, signed
// with its secret, one after the other. The error names the first event that is not
// acknowledged with a 2xx; the next call begins with it, as Stripe delivers again.
func (s *Server) Deliver(h http.Handler, secret string) error {
	for {
		s.fake.State.Lock()
		if s.told == len(s.events) {
			s.fake.State.Unlock()
			return nil
		}
		next := s.told
		e := eventOf(s.events[next])
		s.fake.State.Unlock()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, e.Request("https://example.com/hooks/stripe", secret)) // which may call this server
		if w.Code < 200 || w.Code > 299 {
			return fmt.Errorf("stripetest: %s (%s) was answered with %d", e.Type, e.ID, w.Code)
		}
		s.fake.State.Lock()
		s.told = max(s.told, next+1) // another call may have delivered it, and more
		s.fake.State.Unlock()
	}
}

// listEvents knows of each event whether it was delivered, which is no field of it.
func listEvents(a *account, c *call) (object, *failure) {
	want := text(c.params, "delivery_success")
	told := map[string]bool{}
	for _, e := range a.srv.events[:a.srv.told] {
		told[idOf(e)] = true
	}
	params := maps.Clone(c.params)
	delete(params, "delivery_success")
	return a.page("event", c.path, params, func(o object) bool {
		return want != "" && want != strconv.FormatBool(told[idOf(o)])
	})
}

// CompleteCheckout does what the buyer does on the page of a checkout session: it is
// paid, with a payment or a subscription of its own.
func (s *Server) CompleteCheckout(id string) error {
	return s.about(id, "checkout.session", func(a *account, o object) *failure { return a.complete(o, (*account).pay) })
}

// Dispute has the buyer's bank dispute a payment that has succeeded.
func (s *Server) Dispute(paymentIntent string) error {
	return s.about(paymentIntent, "payment_intent", func(a *account, o object) *failure {
		ch := a.objects[text(o, "latest_charge")]
		if ch == nil {
			return unexpectedState("", "The payment has not succeeded.")
		}
		d := a.make("dispute", "dp")
		d["charge"], d["payment_intent"], d["amount"], d["currency"] = ch["id"], o["id"], ch["amount"], ch["currency"]
		d["status"], d["reason"], d["evidence"] = "needs_response", "fraudulent", object{}
		ch["disputed"] = true
		a.happened("charge.dispute.created", d)
		return nil
	})
}

// about does something with an object of any account.
func (s *Server) about(id, kind string, do func(*account, object) *failure) error {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	for _, a := range s.accounts {
		if o := a.objects[id]; o != nil && o["object"] == kind {
			if wrong := do(a, o); wrong != nil {
				return fmt.Errorf("stripetest: %s: %s", id, wrong.message)
			}
			return nil
		}
	}
	return fmt.Errorf("stripetest: there is no %s %q", kind, id)
}
