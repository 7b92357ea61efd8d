package peers

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/compare"
)

// azcoreKeeper asks what azcore's bearer token policy makes of requests that come
// together. Azure's own credentials are for its own authorization server, so that the
// credential here is x/oauth2's.
func azcoreKeeper() compare.Keeper {
	return compare.Keeper{
		Subject: compare.Subject{Name: "azcore's bearer token policy", Module: azcoreModule,
			Settings: "each process keeps one pipeline with `runtime.NewBearerTokenPolicy`, over a credential that loads the token, refreshes it with " +
				"x/oauth2 under the context that it is given, and stores it."},
		Open: func(g compare.Grant) (compare.StartProcess, error) {
			db := newColumn(g)
			return func() (compare.Handler, error) {
				bearer := runtime.NewBearerTokenPolicy(refreshing{oauth2Config(g), db}, []string{"scope"}, nil)
				pl := runtime.NewPipeline("compare", "v1", runtime.PipelineOptions{PerRetry: []policy.Policy{bearer}},
					&policy.ClientOptions{Transport: echo{}, Retry: policy.RetryOptions{MaxRetries: -1}})
				return func(ctx context.Context) (string, error) {
					req, err := runtime.NewRequest(ctx, http.MethodGet, "https://api.example.com/")
					if err != nil {
						return "", err
					}
					resp, err := pl.Do(req)
					if err != nil {
						return "", err
					}
					return strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer "), nil
				}, nil
			}, nil
		},
	}
}

type refreshing struct {
	cfg *oauth2.Config
	db  *column
}

func (c refreshing) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	t, err := c.cfg.TokenSource(ctx, c.db.load()).Token()
	if err != nil {
		return azcore.AccessToken{}, err
	}
	c.db.save(t)
	return azcore.AccessToken{Token: t.AccessToken, ExpiresOn: t.Expiry}, nil
}

// echo is a service that answers every request, so that its credential can be seen.
type echo struct{}

func (echo) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}
