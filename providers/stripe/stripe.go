package stripe

import (
	"net/http"

	sdk "github.com/stripe/stripe-go/v76"
	api "github.com/stripe/stripe-go/v76/client"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Stripe's API as package client sees it ("Errors", "Idempotent requests",
// "Error codes", "Versioning" and "Rate limits" in the API reference). Treat it as a
// constant.
var Profile = client.Profile{
	Name:               "stripe",
	BaseURL:            sdk.APIURL,
	Origins:            []string{sdk.ConnectURL, sdk.UploadsURL},
	Header:             http.Header{"Stripe-Version": {sdk.APIVersion}},
	IdempotencyHeader:  "Idempotency-Key",
	IdempotencyMethods: []string{http.MethodPost},
	RequestIDHeaders:   []string{"Request-Id"},
	Hint:               client.HintHeader("Stripe-Should-Retry"),
	InProgress:         inProgress,
	LiveKeys:           []string{"sk_live_", "rk_live_"},
	Route:              Operations.Route,
}

// inProgress tells a key whose first request is still running from one that was used
// with other parameters: both are of the type idempotency_error.
func inProgress(status int, h http.Header, body []byte) bool {
	return status == http.StatusConflict && client.DecodeError(status, h, body).Code == "idempotency_key_in_use"
}

// Client is Stripe over the stack. It is safe for concurrent use.
type Client struct {
	// SDK is the whole of stripe-go.
	SDK *api.API

	// HTTP is the client below it, for the rest of the API.
	HTTP *client.Client
}

// stackKey stands where stripe-go wants a key. The stack puts the real one in its
// place, and it never reaches Stripe.
const stackKey = "sk_set_by_the_stack"

// New returns a client for the account of key, a secret or restricted key. The
// options are those of package client; with client.WithBaseURL all three of
// Stripe's hosts are replaced, as stripe-mock and tests need it.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	c, err := newClient(key, opts)
	if err != nil {
		return nil, err
	}
	return &Client{SDK: api.New(stackKey, Backends(c)), HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client for stripe-go of any major version, to
// be given to its backends. Switch the SDK's own retries off (MaxNetworkRetries: 0), and
// give it any key: the stack puts that of its source in its place. The version of the API
// is the SDK's own.
func HTTPClient(key secret.Source, opts ...client.Option) (*http.Client, error) {
	c, err := newClient(key, opts)
	if err != nil {
		return nil, err
	}
	return c.HTTPClient(), nil
}

func newClient(key secret.Source, opts []client.Option) (*client.Client, error) {
	return client.New("", append([]client.Option{
		client.WithProfile(Profile),
		client.WithAuth(client.Bearer(key)),
	}, opts...)...)
}

// Backends returns stripe-go's backends over c, with the SDK's own retries, its
// telemetry and its log off: for programs that make their own client of the SDK.
// Where c is not on Stripe's own host, all three are.
func Backends(c *client.Client) *sdk.Backends {
	hc := c.HTTPClient()
	backend := func(kind sdk.SupportedBackend, url string) sdk.Backend {
		if c.BaseURL() != Profile.BaseURL {
			url = c.BaseURL()
		}
		return sdk.GetBackendWithConfig(kind, &sdk.BackendConfig{
			HTTPClient:        hc,
			URL:               sdk.String(url),
			MaxNetworkRetries: sdk.Int64(0),
			EnableTelemetry:   sdk.Bool(false),
			LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		})
	}
	return &sdk.Backends{
		API:     backend(sdk.APIBackend, sdk.APIURL),
		Connect: backend(sdk.ConnectBackend, sdk.ConnectURL),
		Uploads: backend(sdk.UploadsBackend, sdk.UploadsURL),
	}
}
