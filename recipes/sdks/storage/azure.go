package main

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/standpipe-go/standpipe/client"
)

// newAzureBlobs puts azblob on the stack, and so goes every client that is made with
// azcore.ClientOptions. MaxRetries of -1 switches the SDK's retries off: 0 is its default
// of three. The credential is the stack's, client.OAuth2 with an Entra token as a rule;
// the version of the API is the SDK's.
func newAzureBlobs(account string, auth client.Auth, opts ...client.Option) (*azblob.Client, error) {
	c, err := client.New(account, append([]client.Option{
		client.WithProfile(client.Profile{Name: "azure", RequestIDHeaders: []string{"X-Ms-Request-Id"}}),
		client.WithAuth(auth),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return azblob.NewClientWithNoCredential(c.BaseURL(), &azblob.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: c.HTTPClient(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}})
}
