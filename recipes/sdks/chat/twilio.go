package main

import (
	"github.com/twilio/twilio-go"
	base "github.com/twilio/twilio-go/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newTwilio puts twilio-go on the stack. It has no retries that would have to be off. Its
// methods take no context: what bounds a call is client.WithTimeout, and a ledger is in
// no call but in an observer's.
func newTwilio(accountSID string, authToken secret.Source, opts ...client.Option) (*twilio.RestClient, error) {
	c, err := client.New("https://api.twilio.com", append([]client.Option{
		client.WithProfile(client.Profile{Name: "twilio"}),
		client.WithAuth(client.Basic(accountSID, authToken)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	sender := &base.Client{HTTPClient: c.HTTPClient(), Credentials: base.NewCredentials(accountSID, "setByTheStack")}
	sender.SetAccountSid(accountSID)
	return twilio.NewRestClientWithParams(twilio.ClientParams{Client: sender}), nil
}
