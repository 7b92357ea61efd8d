package oauthflow

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/slip"
	"github.com/standpipe-go/standpipe/secret"
)

func (c *Client) checkAuth() error {
	if err := checkKeySource(c.cfg.ClientKey); err != nil {
		return err
	}
	if c.cfg.ClientSecret == nil {
		if c.cfg.Provider.CallbackHMAC {
			return errors.New("the client secret is missing, with which redirects are signed")
		}
		return nil
	}
	if err := secret.Check(c.cfg.ClientSecret); err != nil {
		return fmt.Errorf("the client secret: %w", err)
	}
	if err := checkAtHand(c.cfg.ClientSecret); err != nil {
		return fmt.Errorf("the client secret: %w", err)
	}
	switch c.cfg.Provider.Endpoint.AuthStyle {
	case oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams:
		return nil
	}
	return fmt.Errorf("the endpoint's AuthStyle must be AuthStyleInHeader or AuthStyleInParams: it is not detected by trying")
}

// checkAtHand looks at the secrets that can be read without anybody being asked: what
// came with one by mistake would be an invalid_client that does not say why.
func checkAtHand(src secret.Source) error {
	if s, ok := src.(interface{ AtHand() bool }); !ok || !s.AtHand() {
		return nil
	}
	values, err := src.Secrets(context.Background())
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := slip.Check(v.Reveal()); err != nil {
			return err
		}
	}
	return nil
}

// authenticate adds the client's identity to form and header, and returns what
// must not appear in errors.
func (c *Client) authenticate(ctx context.Context, form url.Values, header http.Header) ([]string, error) {
	if c.cfg.ClientSecret == nil {
		return nil, c.identify(ctx, form)
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
	// RFC 6749 section 2.3.1: both are form-encoded first, so that a colon, a
	// percent sign or a letter beyond ASCII survives.
	basic := base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.cfg.ClientID) + ":" + url.QueryEscape(s)))
	header.Set("Authorization", "Basic "+basic)
	return []string{s, basic}, nil
}

// identify names a client without a secret.
func (c *Client) identify(ctx context.Context, form url.Values) error {
	byGrant := form.Get("grant_type") == grantJWTBearer // the grant is signed with the same key
	if c.cfg.ClientKey == nil || byGrant {
		if !byGrant {
			form.Set(c.clientIDParam(), c.cfg.ClientID)
		}
		return nil
	}
	assertion, err := c.clientAssertion(ctx)
	if err != nil {
		return err
	}
	// RFC 7521 section 4.2: client_id is optional, and some servers look the
	// key up by it.
	form.Set(c.clientIDParam(), c.cfg.ClientID)
	form.Set("client_assertion_type", assertionTypeJWT)
	form.Set("client_assertion", assertion)
	return nil
}

func (c *Client) clientIDParam() string {
	return cmp.Or(c.cfg.Provider.ClientIDParam, "client_id")
}
