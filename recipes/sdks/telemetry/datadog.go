package main

import (
	sdk "github.com/DataDog/datadog-api-client-go/v2/api/datadog"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

// newDatadog puts datadog-api-client-go on the stack. Its retries are off unless
// EnableRetry is set: leave it so. The keys are the stack's, so no context needs to carry
// them, and the stack knows the hosts of the site.
func newDatadog(cfg datadog.Config, opts ...client.Option) (*sdk.APIClient, error) {
	c, err := datadog.New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	conf := sdk.NewConfiguration()
	conf.HTTPClient = c.HTTP.HTTPClient()
	conf.Servers = sdk.ServerConfigurations{{URL: c.HTTP.BaseURL()}}
	conf.OperationServers = nil
	return sdk.NewAPIClient(conf), nil
}
