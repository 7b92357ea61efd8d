package resendtest

import (
	"net/http"
	"testing"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
	"github.com/standpipe-go/standpipe/providers/resend"
)

// New returns a server without a network, to be used by its [Server.Transport], in a
// bubble of testing/synctest for one, or as an [http.Handler].
func New() *Server {
	s := &Server{URL: resend.Profile.BaseURL, closes: func() {}, key: "re_resendtest"}
	s.fake = faketest.New(faketest.Service{
		Routes: s.routes(), Auth: s.auth, Failure: says, Keys: keys(), Finish: s.finish,
		NotFound: (&failure{http.StatusNotFound, "not_found", "The requested endpoint does not exist."}).response(),
	})
	return s
}

// Start returns a server on loopback, for examples and demonstrations. The caller closes
// it.
func Start() *Server {
	s := New()
	s.URL, s.closes = s.fake.Listen()
	return s
}

// NewServer returns a server on loopback that ends with the test.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	s := Start()
	tb.Cleanup(s.Close)
	return s
}

// Close breaks off what is under way and ends a server on loopback.
func (s *Server) Close() { s.closes() }

func (s *Server) routes() []faketest.Route {
	var all []faketest.Route
	add := func(name, pattern string, h handler) {
		all = append(all, faketest.Route{Name: name, Pattern: pattern, Handle: func(c *faketest.Call) faketest.Response {
			if c.Fault == QuotaExceeded {
				return says(c.Fault)
			}
			result, wrong := h(s, c)
			if wrong != nil {
				return wrong.response()
			}
			if made, ok := result.(created); ok {
				return faketest.Response{Status: http.StatusCreated, Body: made.any}
			}
			return faketest.Response{Status: http.StatusOK, Body: result}
		}})
	}
	add("emails.send", "POST /emails", sendEmail)
	add("emails.send_batch", "POST /emails/batch", sendBatch)
	add("emails.get", "GET /emails/{id}", getEmail)
	add("emails.list", "GET /emails", listEmails)
	add("emails.reschedule", "PATCH /emails/{id}", rescheduleEmail)
	add("emails.cancel", "POST /emails/{id}/cancel", cancelEmail)
	add("attachments.list", "GET /emails/{id}/attachments", listAttachments)
	add("attachments.get", "GET /emails/{id}/attachments/{attachment}", getAttachment)

	add("webhooks.list_events", "GET /webhooks/{webhook}/events", listEvents)
	add("webhooks.get_event", "GET /webhooks/{webhook}/events/{id}", getEvent)
	add("webhooks.replay_event", "POST /webhooks/{webhook}/events/{id}/replay", replayEvent)

	add("domains.create", "POST /domains", createDomain)
	add("domains.get", "GET /domains/{id}", getDomain)
	add("domains.list", "GET /domains", listDomains)
	add("domains.verify", "POST /domains/{id}/verify", verifyDomain)
	add("domains.delete", "DELETE /domains/{id}", deleteDomain)

	// resend-go v2 files contacts under an audience, of which there may be any.
	for prefix, under := range map[string]string{"": "", "audience_": "/audiences/{audience}"} {
		add(prefix+"contacts.create", "POST "+under+"/contacts", createContact)
		add(prefix+"contacts.get", "GET "+under+"/contacts/{id}", getContact)
		add(prefix+"contacts.update", "PATCH "+under+"/contacts/{id}", updateContact)
		add(prefix+"contacts.delete", "DELETE "+under+"/contacts/{id}", deleteContact)
		add(prefix+"contacts.list", "GET "+under+"/contacts", listContacts)
	}
	add("audiences.create", "POST /audiences", createAudience)
	add("audiences.list", "GET /audiences", listAudiences)

	add("broadcasts.create", "POST /broadcasts", createBroadcast)
	add("broadcasts.get", "GET /broadcasts/{id}", getBroadcast)
	add("broadcasts.list", "GET /broadcasts", listBroadcasts)
	add("broadcasts.send", "POST /broadcasts/{id}/send", sendBroadcast)
	add("broadcasts.cancel", "POST /broadcasts/{id}/cancel", cancelBroadcast)
	add("broadcasts.delete", "DELETE /broadcasts/{id}", deleteBroadcast)
	return all
}
