package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

// Revoke tells the server that tok is no longer needed (RFC 7009): its refresh
// token, which takes the access tokens that came of it along, or its access
// token if it has no other. A token that the server does not know counts as
// revoked.
func (c *Client) Revoke(ctx context.Context, tok *oauth2.Token) error {
	const op = "revoke"
	if c.cfg.Provider.RevocationURL == "" {
		return fmt.Errorf("oauthflow: %s: %w", op, ErrUnsupported)
	}
	form := url.Values{}
	switch {
	case tok != nil && tok.RefreshToken != "":
		form.Set("token", tok.RefreshToken)
		form.Set("token_type_hint", "refresh_token")
	case tok != nil && tok.AccessToken != "":
		form.Set("token", tok.AccessToken)
		form.Set("token_type_hint", "access_token")
	default:
		return errors.New("oauthflow: revoke: the token is empty")
	}
	a, err := c.post(ctx, call{op: op, url: c.cfg.Provider.RevocationURL, form: form})
	if err != nil {
		return err
	}
	m, err := parseParams(a.body)
	if err != nil {
		m = nil // section 2.2: what a 200 says in its body is of no interest
	}
	if te := a.refusal(c.now(), m); te != nil {
		return te
	}
	return nil
}
