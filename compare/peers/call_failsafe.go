package peers

import (
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/failsafehttp"

	"github.com/standpipe-go/standpipe/compare"
)

func failsafeHTTP() compare.Caller {
	c := compare.HTTP("failsafe-go", func(svc compare.Service) *http.Client {
		policy := failsafehttp.NewRetryPolicyBuilder().
			WithBackoff(svc.Wait, 30*time.Second).
			WithBudget(budget.New()).
			ReturnLastFailure().
			Build()
		return &http.Client{Transport: failsafehttp.NewRoundTripper(transport(), policy), Timeout: svc.Timeout}
	})
	c.Module = "github.com/failsafe-go/failsafe-go"
	c.Settings = "`failsafehttp.NewRoundTripper` with `NewRetryPolicyBuilder`, `WithBackoff` up to 30 s, `WithBudget(budget.New())` and " +
		"`ReturnLastFailure`; `http.Client.Timeout` where the row names one."
	return c
}
