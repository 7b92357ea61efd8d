package peers

import (
	"context"
	"encoding/json"
	"slices"

	"resty.dev/v3"

	"github.com/standpipe-go/standpipe/compare"
)

func resty3() compare.Caller {
	return compare.Caller{
		Subject: compare.Subject{Name: "resty v3", Module: "resty.dev/v3",
			Settings: "a release candidate; `SetRetryCount(3)` with its conditions for 429 and 5xx beside the default ones, the first wait shortened; `SetResult` " +
				"and `SetResultError` with a `json.RawMessage`; `SetTimeout` and `SetResponseBodyLimit` where the row names them."},
		Open: func(svc compare.Service) (compare.Do, error) {
			c := resty.New().SetBaseURL(svc.URL).SetLogger(quiet{}).SetRetryCount(3).SetRetryWaitTime(svc.Wait).
				AddRetryConditions(resty.RetryConditionStatusTooManyRequests, resty.RetryConditionStatus5XX)
			if svc.Timeout != 0 {
				c.SetTimeout(svc.Timeout)
			}
			if svc.MaxBody != 0 {
				c.SetResponseBodyLimit(svc.MaxBody)
			}
			if svc.Credential.Query != "" {
				c.SetQueryParam(svc.Credential.Query, svc.Credential.Key)
			}
			if name, value := svc.Credential.Pair(); name != "" {
				c.SetHeader(name, value)
			}
			return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
				var result, failure json.RawMessage
				req := c.R().SetContext(ctx).SetResult(&result).SetResultError(&failure)
				if r.Body != nil {
					req.SetHeader("Content-Type", "application/json").SetBody(r.Body)
				}
				resp, err := req.Execute(r.Method, r.Path)
				if resp == nil {
					return compare.Reply{}, err
				}
				return compare.Reply{Status: resp.StatusCode(), Body: slices.Concat(result, failure)}, err
			}, nil
		},
	}
}
