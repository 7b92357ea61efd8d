package main

import (
	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newClerkUsers puts a client of clerk-sdk-go on the stack; those of its other packages
// take the same configuration. The SDK has no retries that would have to be off.
func newClerkUsers(key secret.Source, opts ...client.Option) (*user.Client, error) {
	c, err := client.New("https://api.clerk.com/v1", append([]client.Option{
		client.WithProfile(client.Profile{Name: "clerk"}),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return user.NewClient(&clerk.ClientConfig{BackendConfig: clerk.BackendConfig{
		HTTPClient: c.HTTPClient(),
		URL:        clerk.String(c.BaseURL()),
		Key:        clerk.String("set by the stack"),
	}}), nil
}
