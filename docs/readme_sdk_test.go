package docs

import (
	"errors"
	"net/http"

	"github.com/standpipe-go/standpipe/providers/stripe"
	"github.com/standpipe-go/standpipe/secret"
)

// vendorSDK stands for an SDK that takes an http.Client, as they nearly all do.
type vendorSDK struct{}

var vendor vendorSDK

func (vendorSDK) WithHTTPClient(hc *http.Client) *http.Client      { return hc }
func (vendorSDK) NewClient(_ string, hc *http.Client) *http.Client { return hc }

func readmeSDK(key string, hc *http.Client) error {
	//lint:ignore SA4006 README leaves the check out
	c, err := stripe.New(secret.Env("STRIPE_SECRET_KEY"))     // github.com/standpipe-go/standpipe/providers/stripe
	sub, err := c.SDK.Subscriptions.Get("sub_1", nil)         // the whole of stripe-go, retried, limited and recorded by the stack
	other := vendor.NewClient(key, vendor.WithHTTPClient(hc)) // any SDK: hc := client.HTTPClient(); switch its own retries off
	if sub == nil || other == nil {
		return errors.New("there is nothing")
	}
	return err
}

var _ = readmeSDK
