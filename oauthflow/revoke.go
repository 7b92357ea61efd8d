package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// Revoke tells the server that tok is no longer needed (RFC 7009): its refresh
// token, which takes the access tokens that came of it along, or its access
// token if it has no other. A token that the server does not know, or knows to
// be revoked, counts as revoked, also where the server calls that an error.
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
	r, err := c.post(ctx, call{op: op, url: c.cfg.Provider.RevocationURL, form: form})
	if err != nil {
		return err
	}
	m, _ := parseParams(r.body) // section 2.2: what a 200 says in its body is of no interest
	if te := r.refusal(c.now(), m); te != nil && !c.isGone(te, m) {
		return te
	}
	return nil
}

// goneCodes are what services say of a token that they do not know, or know to
// be dead, instead of the 200 of RFC 7009 section 2.2. Twitch says it in words.
var goneCodes = [...]string{"invalid_token", "token_revoked", "token_expired", "invalid_grant"}

const goneText = "Invalid token"

// isGone reports whether a revocation was refused because there is nothing left
// to revoke.
func (c *Client) isGone(te *TokenError, members map[string]any) bool {
	if te.MaybeApplied || strings.Contains(te.Description, "not revocable") { // Google, of a token that lives on
		return false
	}
	codes := slices.DeleteFunc(slices.Clone(c.cfg.Provider.InvalidGrantCodes), func(code string) bool {
		return slices.Contains(requestCodes[:], code)
	})
	why := reasonsIn(members, te.Status)
	_, gone := why.among(append(codes, goneCodes[:]...))
	return gone || te.Code == "" && te.Description == goneText
}

// requestCodes speak of the request rather than of the token (RFC 6749 section
// 5.2, RFC 7009 section 2.2.1), whatever else they mean in a token response.
var requestCodes = [...]string{
	"invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "unsupported_token_type",
}
