package main

import (
	resendsdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

// newResend2 is resend-go v2 as the adapter has it. It has no retries that would have to
// be off. Its errors are no more than a text: resend.Client's own methods keep what
// Resend has said.
func newResend2(key secret.Source, opts ...client.Option) (*resendsdk.Client, error) {
	c, err := resend.New(key, opts...)
	if err != nil {
		return nil, err
	}
	return c.SDK, nil
}
