package main

import (
	"github.com/mailgun/mailgun-go/v4"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newMailgun puts mailgun-go on the stack. It has no retries that would have to be off.
// For a domain in Europe begin with mailgun.APIBaseEU.
func newMailgun(domain string, key secret.Source, opts ...client.Option) (*mailgun.MailgunImpl, error) {
	c, err := client.New(mailgun.APIBase, append([]client.Option{
		client.WithProfile(client.Profile{Name: "mailgun"}),
		client.WithAuth(client.Basic("api", key)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	mg := mailgun.NewMailgun(domain, "set by the stack")
	mg.SetClient(c.HTTPClient())
	mg.SetAPIBase(c.BaseURL())
	return mg, nil
}
