package peers

import (
	"net/http"

	"github.com/standpipe-go/standpipe/compare"
)

func netHTTP() compare.Caller {
	c := compare.HTTP("net/http", func(svc compare.Service) *http.Client {
		return &http.Client{Transport: transport(), Timeout: svc.Timeout}
	})
	c.Module, c.Settings = "std", "`http.Client` with `Timeout` where the row names one; it does not retry."
	return c
}

// transport is net/http's own, apart from the default one so that a behaviour counts
// its own connections.
func transport() http.RoundTripper { return http.DefaultTransport.(*http.Transport).Clone() }
