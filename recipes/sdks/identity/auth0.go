package main

import (
	"github.com/auth0/go-auth0/management"

	"github.com/standpipe-go/standpipe/client"
)

// newAuth0 puts go-auth0 on the stack. auth is where the management token comes from,
// client.OAuth2 with client credentials as a rule. WithNoRetries switches the SDK's
// retries off: it repeats a POST whose connection broke, which may make a user twice.
func newAuth0(domain string, auth client.Auth, opts ...client.Option) (*management.Management, error) {
	c, err := client.New("https://"+domain, append([]client.Option{
		client.WithProfile(client.Profile{Name: "auth0"}),
		client.WithAuth(auth),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return management.New(domain,
		management.WithClient(c.HTTPClient()),
		management.WithNoRetries(),
		management.WithStaticToken("set by the stack"),
	)
}
