package oauthflow

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/secret"
)

func (c *Client) checkAuth() error {
	if c.cfg.ClientSecret == nil {
		return nil
	}
	if err := secret.Check(c.cfg.ClientSecret); err != nil {
		return fmt.Errorf("the client secret: %w", err)
	}
	switch c.cfg.Provider.Endpoint.AuthStyle {
	case oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams:
		return nil
	}
	return fmt.Errorf("the endpoint's AuthStyle must be AuthStyleInHeader or AuthStyleInParams: it is not detected by trying")
}

// authenticate adds the client's identity to form and header, and returns what
// must not appear in errors.
func (c *Client) authenticate(ctx context.Context, form url.Values, header http.Header) ([]string, error) {
	if c.cfg.ClientSecret == nil {
		form.Set(c.clientIDParam(), c.cfg.ClientID)
		return nil, nil
	}
	v, err := secret.Current(ctx, c.cfg.ClientSecret)
	if err != nil {
		return nil, fmt.Errorf("the client secret: %w", err)
	}
	s := v.Reveal()
	if c.cfg.Provider.Endpoint.AuthStyle == oauth2.AuthStyleInParams {
		form.Set(c.clientIDParam(), c.cfg.ClientID)
		form.Set("client_secret", s)
		return []string{s}, nil
	}
	// RFC 6749 section 2.3.1: both are form-encoded first, so that a colon, a percent
	// sign or a letter beyond ASCII survives.
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.cfg.ClientID) + ":" + url.QueryEscape(s)))
	header.Set("Authorization", "Basic "+basic)
	return []string{s, basic}, nil
}

func (c *Client) clientIDParam() string {
	if c.cfg.Provider.ClientIDParam != "" {
		return c.cfg.Provider.ClientIDParam
	}
	return "client_id"
}
