package stripetest

import (
	"net/http"
	"testing"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// New returns a server without a network, to be used by its [Server.Transport], in a
// bubble of testing/synctest for one, or as an [http.Handler].
func New() *Server {
	s := &Server{
		URL: sdk.APIURL, closes: func() {}, key: "sk_test_stripetest", expired: map[string]bool{},
		accounts: map[string]*account{}, made: map[string]int{}, declines: map[string]string{}, checkouts: map[string]checkout{},
	}
	s.fake = faketest.New(faketest.Service{
		Routes: s.routes(), Auth: s.auth, Failure: says, Keys: keys(), Finish: s.finish,
		NotFound: (&failure{status: http.StatusNotFound, kind: invalidRequest, message: "Unrecognized request URL. This fake does not have it."}).response(),
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
