package main

import (
	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v9"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newElasticsearch puts go-elasticsearch on the stack. WithDisableRetry switches its
// retries off: it repeats any request, a write too, after a 502, 503 or 504. That also
// ends its going from one node to the next: give it the address of a load balancer.
func newElasticsearch(address string, apiKey secret.Source, opts ...client.Option) (*elasticsearch.TypedClient, error) {
	c, err := client.New(address, append([]client.Option{
		client.WithProfile(client.Profile{Name: "elasticsearch"}),
		client.WithAuth(client.HeaderPrefix("Authorization", "ApiKey ", apiKey)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return elasticsearch.NewTyped(
		elasticsearch.WithAddresses(c.BaseURL()),
		elasticsearch.WithTransportOptions(elastictransport.WithTransport(c.HTTPClient().Transport), elastictransport.WithDisableRetry()),
	)
}
