package main

import (
	"bytes"
	"context"
	"net/http"

	"google.golang.org/api/calendar/v3"
	"google.golang.org/api/option"

	"github.com/standpipe-go/standpipe/client"
)

// newCalendar puts a service of google-api-go-client on the stack; the others take the
// same two options. auth is where the token comes from, client.OAuth2 as a rule: with
// WithHTTPClient the SDK adds none. It has no retries that would have to be off, but for
// media uploads. A limit of Google's comes as a 403 too.
func newCalendar(auth client.Auth, opts ...client.Option) (*calendar.Service, error) {
	c, err := client.New("https://www.googleapis.com/calendar/v3/", append([]client.Option{
		client.WithProfile(client.Profile{
			Name: "google calendar",
			Throttled: func(status int, _ http.Header, body []byte) bool {
				return status == http.StatusForbidden && bytes.Contains(body, []byte("ateLimitExceeded"))
			},
		}),
		client.WithAuth(auth),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	return calendar.NewService(context.Background(), option.WithHTTPClient(c.HTTPClient()), option.WithEndpoint(c.BaseURL()))
}
