package main

import (
	"net/http"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadog"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newDatadog puts datadog-api-client-go on the stack. Its retries are off unless
// EnableRetry is set: leave it so. The keys are the stack's, so no context needs to carry
// them.
func newDatadog(site string, apiKey, applicationKey secret.Source, opts ...client.Option) (*datadog.APIClient, error) {
	c, err := client.New("https://api."+site, append([]client.Option{
		client.WithProfile(client.Profile{Name: "datadog"}),
		client.WithAuth(both{client.APIKeyHeader("DD-API-KEY", apiKey), client.APIKeyHeader("DD-APPLICATION-KEY", applicationKey)}),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	cfg := datadog.NewConfiguration()
	cfg.HTTPClient = c.HTTPClient()
	cfg.Servers = datadog.ServerConfigurations{{URL: c.BaseURL()}}
	cfg.OperationServers = nil
	return datadog.NewAPIClient(cfg), nil
}

// both are two credentials of one request.
type both struct{ one, other client.Auth }

func (b both) Authorize(req *http.Request) error {
	if err := b.one.Authorize(req); err != nil {
		return err
	}
	return b.other.Authorize(req)
}
