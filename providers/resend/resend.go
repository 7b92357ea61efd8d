package resend

import (
	"net/http"
	"net/url"
	"strings"

	sdk "github.com/resend/resend-go/v2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// Profile is Resend's API as package client sees it (Resend docs, "Errors", "Usage
// limits" and "Idempotency keys"). Treat it as a constant.
var Profile = client.Profile{
	Name:               "resend",
	BaseURL:            "https://api.resend.com",
	IdempotencyHeader:  "Idempotency-Key",
	IdempotencyMethods: []string{http.MethodPost},
	InProgress:         inProgress,
	HintBody:           hint,
	DecodeError:        decodeError,
	Route:              Operations.Route,

	TakesIdempotencyKey: sends,
}

// decodeError says of what is wrong with a key that it is that: Resend has four forms
// for it, of which one has the status and name of a wrong parameter, and calls a key that
// may only send a 401 (Resend docs, "Errors").
func decodeError(status int, h http.Header, body []byte) client.ErrorDetail {
	d := client.DecodeError(status, h, body)
	switch {
	case d.Code == "invalid_api_key", d.Code == "validation_error" && status == http.StatusBadRequest && d.Message == "API key is invalid":
		d.Status = http.StatusUnauthorized
	case d.Code == "restricted_api_key":
		d.Status = http.StatusForbidden
	}
	return d
}

// sends reports whether a request sends mail, for which alone Resend documents its keys
// (Resend docs, "Idempotency keys").
func sends(req *http.Request) bool {
	return strings.HasSuffix(req.URL.Path, "/emails") || strings.HasSuffix(req.URL.Path, "/emails/batch")
}

// inProgress tells a key whose first request is still running from one that was used
// with another payload (invalid_idempotent_request): both are a 409.
func inProgress(status int, h http.Header, body []byte) bool {
	return status == http.StatusConflict && client.DecodeError(status, h, body).Code == "concurrent_idempotent_requests"
}

// hint tells a quota of the account that is used up from a throttle that passes soon:
// both are a 429. A quota comes back after a day, a month or an upgrade.
func hint(status int, h http.Header, body []byte) client.Hint {
	if status == http.StatusTooManyRequests {
		switch client.DecodeError(status, h, body).Code {
		case "daily_quota_exceeded", "monthly_quota_exceeded":
			return client.NotThrottled
		}
	}
	return client.NoHint
}

// Client is Resend over the stack. It is safe for concurrent use.
type Client struct {
	// SDK is the whole of resend-go, over the same stack. Where Resend has responded with
	// an error, the SDK's has a text alone (*resend.RateLimitError at a 429, else
	// an *errors.errorString): no status, no code, and nothing by which a 503, after
	// which the mail may have been sent, could be told from a refusal. The methods of
	// Client return a *client.Error, and so does HTTP.
	SDK *sdk.Client

	// HTTP is the client below it, for the rest of the API.
	HTTP *client.Client
}

// stackKey stands where resend-go wants a key. The stack puts the real one in
// its place, and it never reaches Resend.
const stackKey = "re_set_by_the_stack"

// New returns a client for the account of key. The options are those of package
// client.
func New(key secret.Source, opts ...client.Option) (*Client, error) {
	c, err := newClient(key, opts)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimSuffix(c.BaseURL(), "/") + "/")
	if err != nil {
		return nil, err
	}
	s := sdk.NewCustomClient(c.HTTPClient(), stackKey)
	s.BaseURL = base // and not what the environment says
	return &Client{SDK: s, HTTP: c}, nil
}

// HTTPClient returns the stack as an *http.Client for resend-go of any major version
// (NewCustomClient). Give the SDK any key: the stack puts that of its source in its
// place.
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
