package main

import (
	"github.com/meilisearch/meilisearch-go"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newMeilisearch puts meilisearch-go on the stack. DisableRetries switches its retries
// off: they keep no budget, and would be multiplied by the stack's.
func newMeilisearch(host string, key secret.Source, opts ...client.Option) (meilisearch.ServiceManager, error) {
	c, err := client.New(host, append([]client.Option{
		client.WithProfile(client.Profile{Name: "meilisearch"}),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return meilisearch.New(c.BaseURL(),
		meilisearch.WithCustomClient(c.HTTPClient()),
		meilisearch.WithAPIKey("set by the stack"),
		meilisearch.DisableRetries(),
	), nil
}
