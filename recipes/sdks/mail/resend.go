package main

import (
	"net/url"

	resendsdk "github.com/resend/resend-go/v3"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

// newResend puts resend-go v3 on the stack, with the adapter's profile: the stack then
// knows which calls Resend takes an idempotency key for. The SDK has no retries that
// would have to be off. Its errors are no more than a text.
func newResend(key secret.Source, opts ...client.Option) (*resendsdk.Client, error) {
	c, err := client.New("", append([]client.Option{client.WithProfile(resend.Profile), client.WithAuth(client.Bearer(key))}, opts...)...)
	if err != nil {
		return nil, err
	}
	sdk := resendsdk.NewCustomClient(c.HTTPClient(), "set by the stack")
	sdk.BaseURL, err = url.Parse(c.BaseURL())
	return sdk, err
}
