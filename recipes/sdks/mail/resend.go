package main

import (
	resendsdk "github.com/resend/resend-go/v3"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

// newResend puts resend-go v3 on the stack, as the adapter has it for any major version:
// the stack then knows which calls Resend takes an idempotency key for. The SDK has no
// retries that would have to be off. Its errors are no more than a text.
func newResend(key secret.Source, opts ...client.Option) (*resendsdk.Client, error) {
	hc, err := resend.HTTPClient(key, opts...)
	if err != nil {
		return nil, err
	}
	return resendsdk.NewCustomClient(hc, "set by the stack"), nil
}
