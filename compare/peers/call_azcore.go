package peers

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/standpipe-go/standpipe/compare"
)

const azcoreModule = "github.com/Azure/azure-sdk-for-go/sdk/azcore"

func azcoreCaller() compare.Caller {
	return compare.Caller{
		Subject: compare.Subject{Name: "azcore", Module: azcoreModule,
			Settings: "`runtime.NewPipeline` with its default retry policy (`MaxRetries` 3), the first wait shortened; the bearer token policy, or the key credential " +
				"policy for a key in a header; `http.Client.Timeout` as its transport's where the row names one."},
		Open: func(svc compare.Service) (compare.Do, error) {
			var perRetry []policy.Policy
			switch c := svc.Credential; {
			case c.Query != "": // set on each request
			case c.Header != "":
				perRetry = append(perRetry, runtime.NewKeyCredentialPolicy(azcore.NewKeyCredential(c.Key), c.Header,
					&runtime.KeyCredentialPolicyOptions{InsecureAllowCredentialWithHTTP: true}))
			default:
				perRetry = append(perRetry, runtime.NewBearerTokenPolicy(staticCredential(c.Key), []string{"scope"},
					&policy.BearerTokenOptions{InsecureAllowCredentialWithHTTP: true}))
			}
			pl := runtime.NewPipeline("compare", "v1", runtime.PipelineOptions{PerRetry: perRetry}, &policy.ClientOptions{
				Transport: &http.Client{Transport: transport(), Timeout: svc.Timeout},
				Retry:     policy.RetryOptions{RetryDelay: svc.Wait},
			})
			return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
				req, err := runtime.NewRequest(ctx, r.Method, svc.URL+r.Path)
				if err != nil {
					return compare.Reply{}, err
				}
				if svc.Credential.Query != "" {
					q := req.Raw().URL.Query()
					q.Set(svc.Credential.Query, svc.Credential.Key)
					req.Raw().URL.RawQuery = q.Encode()
				}
				if r.Body != nil {
					if err := req.SetBody(streaming.NopCloser(bytes.NewReader(r.Body)), "application/json"); err != nil {
						return compare.Reply{}, err
					}
				}
				resp, err := pl.Do(req)
				if err != nil {
					return compare.Reply{}, err
				}
				body, err := runtime.Payload(resp)
				return compare.Reply{Status: resp.StatusCode, Body: body}, err
			}, nil
		},
	}
}

type staticCredential string

func (c staticCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}
