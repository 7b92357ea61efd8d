package peers

import (
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/standpipe-go/standpipe/compare"
)

func retryableHTTP() compare.Caller {
	return compare.Caller{
		Subject: compare.Subject{Name: "go-retryablehttp", Module: "github.com/hashicorp/go-retryablehttp",
			Settings: "`NewClient()`, `RetryMax` 4 as it comes, `PassthroughErrorHandler`, so that the last response is not lost; " +
				"`RetryWaitMin` shortened; `HTTPClient.Timeout` where the row names one."},
		Streams: true,
		Open: func(svc compare.Service) (compare.Do, error) {
			c := retryablehttp.NewClient()
			c.Logger = nil
			c.RetryWaitMin = svc.Wait
			c.ErrorHandler = retryablehttp.PassthroughErrorHandler
			c.HTTPClient.Timeout = svc.Timeout
			return svc.Through(func(req *http.Request) (*http.Response, error) {
				r, err := retryablehttp.FromRequest(req)
				if err != nil {
					return nil, err
				}
				return c.Do(r)
			}), nil
		},
	}
}
