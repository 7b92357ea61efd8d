package peers

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/standpipe-go/standpipe/compare"
)

func resty2() compare.Caller {
	return compare.Caller{
		Subject: compare.Subject{Name: "resty v2", Module: "github.com/go-resty/resty/v2",
			Settings: "as its README sets up retries: `SetRetryCount(3)`, `SetRetryMaxWaitTime(20s)`, a condition for errors, 429 and 5xx, and " +
				"`SetRetryAfter` reading the header's seconds; the first wait shortened; `SetTimeout` and `SetResponseBodyLimit` where the row names them."},
		Open: func(svc compare.Service) (compare.Do, error) {
			c := resty.New().SetBaseURL(svc.URL).SetLogger(quiet{}).
				SetRetryCount(3).SetRetryWaitTime(svc.Wait).SetRetryMaxWaitTime(20 * time.Second).
				AddRetryCondition(func(r *resty.Response, err error) bool {
					return err != nil || r.StatusCode() == http.StatusTooManyRequests || r.StatusCode() >= 500
				}).
				SetRetryAfter(func(_ *resty.Client, r *resty.Response) (time.Duration, error) {
					n, err := strconv.Atoi(r.Header().Get("Retry-After"))
					if err != nil {
						return 0, nil // "use default algorithm"
					}
					return time.Duration(n) * time.Second, nil
				})
			if svc.Timeout != 0 {
				c.SetTimeout(svc.Timeout)
			}
			if svc.MaxBody != 0 {
				c.SetResponseBodyLimit(int(svc.MaxBody))
			}
			if svc.Credential.Query != "" {
				c.SetQueryParam(svc.Credential.Query, svc.Credential.Key)
			}
			if name, value := svc.Credential.Pair(); name != "" {
				c.SetHeader(name, value)
			}
			return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
				req := c.R().SetContext(ctx)
				if r.Body != nil {
					req.SetHeader("Content-Type", "application/json").SetBody(r.Body)
				}
				resp, err := req.Execute(r.Method, r.Path)
				if resp == nil {
					return compare.Reply{}, err
				}
				return compare.Reply{Status: resp.StatusCode(), Body: resp.Body()}, err
			}, nil
		},
	}
}

// quiet is a logger that keeps a retry's warnings out of the output.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}
