package main

import (
	"context"

	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/option"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/google"
)

// newCalendar puts a service of google-api-go-client on the stack; the others take the
// same two options. auth is where the token comes from, client.OAuth2 or that of a
// google.ServiceAccount: with WithHTTPClient the SDK adds none. It has no retries that
// would have to be off, but for media uploads. A limit of Google's comes as a 403 too.
func newCalendar(auth client.Auth, opts ...client.Option) (*calendar.Service, error) {
	c, err := google.New(auth, opts...)
	if err != nil {
		return nil, err
	}
	return calendar.NewService(context.Background(), option.WithHTTPClient(c.HTTP.HTTPClient()), option.WithEndpoint(c.HTTP.BaseURL()+"/calendar/v3/"))
}
