package main

import (
	"net/url"
	"strings"

	twilio "github.com/twilio/twilio-go/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newTwilio puts twilio-go on the stack: give its result to
// twilio.NewRestClientWithParams as ClientParams.Client or, which spares compiling the
// others, to the one API that is needed, such as lookups.NewApiServiceWithClient. The SDK
// has no retries that would have to be off. Its methods take no context: what bounds a
// call is client.WithTimeout, and its attempts are in no ledger but an observer's.
func newTwilio(accountSID string, authToken secret.Source, opts ...client.Option) (*twilio.Client, error) {
	c, err := client.New("", append([]client.Option{
		client.WithProfile(client.Profile{
			Name:    "twilio",
			BaseURL: "https://api.twilio.com",
			OriginMatch: func(u *url.URL) bool { // each product has a host of its own
				return u.Scheme == "https" && u.Port() == "" && strings.HasSuffix(u.Hostname(), ".twilio.com")
			},
		}),
		client.WithAuth(client.Basic(accountSID, authToken)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	sdk := &twilio.Client{HTTPClient: c.HTTPClient(), Credentials: twilio.NewCredentials(accountSID, "setByTheStack")}
	sdk.SetAccountSid(accountSID)
	return sdk, nil
}
