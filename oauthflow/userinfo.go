package oauthflow

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/claims"
	"github.com/standpipe-go/standpipe/internal/exactjson"
	"github.com/standpipe-go/standpipe/internal/jose"
)

// UserInfo asks who tok is for at Provider.UserInfoURL (OpenID Connect Core section
// 5.3) and decodes the response into v as encoding/json does, except that a number
// decoded into an interface becomes a [json.Number]: numeric user IDs keep their
// digits. If tok came with an ID token, the response must be about the same subject,
// and no two of its names may differ by letter case alone. The error is a
// [*TokenError].
func (c *Client) UserInfo(ctx context.Context, tok *oauth2.Token, v any) error {
	const op = "userinfo"
	address := c.cfg.Provider.UserInfoURL
	if address == "" {
		return fmt.Errorf("oauthflow: %s: %w", op, ErrUnsupported)
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	hidden := secretsOf(nil, tok.AccessToken)
	r, err := c.getWithToken(ctx, address, tok)
	if err != nil {
		return &TokenError{Op: op, Err: hidden.Error(err)}
	}
	r.op, r.hidden = op, hidden
	m, _ := parseParams(r.body) // what cannot be read is told below
	if te := r.refusal(c.now(), m); te != nil {
		te.MaybeApplied = false // nothing is changed by asking
		return te
	}
	if r.status != http.StatusOK {
		return &TokenError{Op: op, Status: r.status, Err: ErrMalformedResponse}
	}
	if err := sameSubject(r.body, tok); err != nil {
		return &TokenError{Op: op, Status: r.status, Err: err}
	}
	if !exactjson.Unmarshal(r.body, v) {
		return &TokenError{Op: op, Status: r.status, Err: fmt.Errorf("%w: not the JSON expected", ErrMalformedResponse)}
	}
	return nil
}

func (c *Client) getWithToken(ctx context.Context, address string, tok *oauth2.Token) (*response, error) {
	for attempt := 0; ; attempt++ {
		req, invalid := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if invalid != nil {
			return nil, invalid
		}
		req.Header.Set("Accept", "application/json")
		req.Header.Set("User-Agent", "standpipe-oauthflow") // GitHub refuses requests without one
		if c.dpop == nil {
			tok.SetAuthHeader(req)
		} else if err := c.dpop.authorize(req, tok); err != nil {
			return nil, err
		}
		r, resp, err := c.read(req)
		if err != nil {
			return nil, err
		}
		if c.dpop != nil && attempt == 0 {
			auth := c.dpop.Auth(oauth2.StaticTokenSource(tok))
			if again, err := auth.Challenge(req, resp); err == nil && again {
				continue
			}
		}
		return r, nil
	}
}

func (c *Client) read(req *http.Request) (*response, *http.Response, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, nil, ErrRedirect
	}
	body, err := readCapped(resp.Body)
	return &response{status: resp.StatusCode, header: resp.Header, body: body}, resp, err
}

// sameSubject is OpenID Connect Core section 5.3.2, which is against a token of
// somebody else slipped in.
func sameSubject(body []byte, tok *oauth2.Token) error {
	raw, _ := tok.Extra("id_token").(string)
	if raw == "" {
		return nil
	}
	// What cannot be read names nobody, as does what names somebody in no text.
	token, _ := jose.Parse(raw)
	id, _ := claims.Parse(token.UnverifiedPayload())
	info, _ := claims.Parse(body)
	want, _ := id.String("sub")
	got, _ := info.String("sub")
	if want != "" && got == "" {
		return fmt.Errorf("%w: it has no \"sub\" to compare with the ID token's", ErrMalformedResponse)
	}
	if want == "" || want != got {
		return fmt.Errorf("%w: it is about another user than the ID token", ErrMalformedResponse)
	}
	return unambiguous(body)
}

// unambiguous refuses names that encoding/json would decode into one field:
// after "sub" was compared, "SUB" must not take its place.
func unambiguous(body []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return ErrMalformedResponse
	}
	seen := make(map[string]bool, len(members))
	for name := range members {
		folded := strings.ToLower(strings.ToUpper(name)) // up first: "ſ" is an "s" to encoding/json
		if seen[folded] {
			return fmt.Errorf("%w: two names differ by letter case alone", ErrMalformedResponse)
		}
		seen[folded] = true
	}
	return nil
}
