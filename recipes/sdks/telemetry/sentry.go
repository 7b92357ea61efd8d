package main

import (
	"net/http"
	"strings"

	"github.com/getsentry/sentry-go"

	"github.com/standpipe-go/standpipe/client"
)

// reporter is sentry-go with a transport that sends at once.
type reporter struct {
	client    *sentry.Client
	transport *sentry.HTTPSyncTransport
}

// newSentry puts sentry-go on the stack. It has no retries, and drops what it could not
// send without a word. An event has an ID by which Sentry knows it again, so the profile
// says that it may be sent twice. The key is in the DSN, which the SDK reads once and
// also sends in the body: another needs a new client. The transport that sends in the
// background is sentry.NewHTTPTransport; its requests have a context of their own.
func newSentry(dsn string, opts ...client.Option) (*reporter, error) {
	parsed, err := sentry.NewDsn(dsn)
	if err != nil {
		return nil, err
	}
	api := parsed.GetAPIURL()
	c, err := client.New(api.Scheme+"://"+api.Host, append([]client.Option{client.WithProfile(client.Profile{
		Name:       "sentry",
		Repeatable: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/envelope/") },
	})}, opts...)...)
	if err != nil {
		return nil, err
	}
	r := &reporter{transport: sentry.NewHTTPSyncTransport()}
	r.client, err = sentry.NewClient(sentry.ClientOptions{Dsn: dsn, HTTPClient: c.HTTPClient(), Transport: r.transport})
	return r, err
}
