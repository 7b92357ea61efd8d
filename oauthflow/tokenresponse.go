package oauthflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/exactjson"
)

var (
	errNotParams = errors.New("neither a JSON object nor form parameters")
	errTwice     = errors.New("a member is given twice") // RFC 6749 section 3.2
)

// parseParams reads a response by what it is, not by its Content-Type: JSON is
// sent as text/plain, and GitHub's default is form parameters. Names are
// case-sensitive.
func parseParams(body []byte) (map[string]any, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return nil, nil
	}
	if body[0] == '{' {
		m, ok := decodeObject(body)
		if !ok {
			return nil, errNotParams // the decoder's own text quotes the body
		}
		if countMembers(body) != len(m) {
			return nil, errTwice
		}
		return m, nil
	}
	if bytes.ContainsAny(body, "<>[]{} \t\r\n\"") {
		return nil, errNotParams
	}
	v, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errNotParams
	}
	m := make(map[string]any, len(v))
	for k := range v {
		if len(v[k]) > 1 {
			return nil, errTwice
		}
		m[k] = v.Get(k)
	}
	return m, nil
}

// decodeObject decodes a JSON object as encoding/json does, but for numbers that
// a float64 would change.
func decodeObject(body []byte) (map[string]any, bool) {
	var m map[string]any
	ok := exactjson.Unmarshal(body, &m)
	exactjson.Floats(m)
	return m, ok
}

// countMembers counts the members of a JSON object that has been decoded before,
// and is valid therefore.
func countMembers(object []byte) int {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // {
	n := 0
	for ; d.More(); n++ {
		var value json.RawMessage
		_, _ = d.Token() // neither fails on what is valid
		_ = d.Decode(&value)
	}
	return n
}

func textMember(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// numberMember reads a number that may have been sent as text, or with a
// fraction.
func numberMember(m map[string]any, name string) (float64, bool) {
	switch v := m[name].(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

// granted is a token and all members of the response that it came in.
type granted struct {
	token   *oauth2.Token
	members map[string]any
}

// grant sends a token request and reads the token out of the response.
func (c *Client) grant(ctx context.Context, op, endpoint string, form url.Values) (*granted, error) {
	// The lifetime counts from before the request, so that a slow response
	// does not make the token seem to live longer.
	sent := c.now()
	r, err := c.post(ctx, call{
		op: op, url: endpoint, form: form,
		json: c.cfg.Provider.JSONBody,
		once: form.Get("grant_type") == "authorization_code",
	})
	if err != nil {
		return nil, err
	}
	return c.readToken(r, sent)
}

// tokenType is how the token is sent. Slack says instead what it stands for, and
// takes it as a Bearer token.
func tokenType(said string) string {
	if said == "bot" || said == "user" {
		return "Bearer"
	}
	return said
}

// grantRefused marks a refusal by the provider's own code for a dead grant.
func (c *Client) grantRefused(te *TokenError, members map[string]any) *TokenError {
	why := reasonsIn(members, te.Status)
	if code, ok := why.among(c.cfg.Provider.InvalidGrantCodes); ok && te.Err == nil {
		te.Code, te.Err = code, ErrInvalidGrant
	}
	return te
}

// readToken reads a token response (RFC 6749 section 5), leniently.
func (c *Client) readToken(r *response, now time.Time) (*granted, error) {
	m, perr := parseParams(r.body)
	if te := r.refusal(now, m); te != nil {
		return nil, c.grantRefused(te, m)
	}
	if perr != nil {
		return nil, r.malformed(perr.Error())
	}
	at := m
	if nested, ok := m[c.cfg.Provider.TokenMember].(map[string]any); ok && textMember(nested, "access_token") != "" {
		at = nested
	}
	if textMember(at, "access_token") == "" {
		return nil, c.grantRefused(r.unusable(now, m, "it holds no access_token"), m)
	}
	tok := &oauth2.Token{
		AccessToken:  textMember(at, "access_token"),
		TokenType:    tokenType(textMember(at, "token_type")),
		RefreshToken: textMember(at, "refresh_token"),
	}
	if c.dpop != nil && !strings.EqualFold(tok.TokenType, "DPoP") {
		// RFC 9449 section 5: such a token is not bound to the key.
		return nil, r.malformed("the token is not of type DPoP")
	}
	life := c.cfg.Provider.DefaultLifetime
	if n, ok := numberMember(at, "expires_in"); ok && n > 0 {
		life = seconds(n)
	}
	if life > 0 {
		tok.Expiry = now.Add(life)
		tok.ExpiresIn = int64(life / time.Second)
	}
	return &granted{tok.WithExtra(m), m}, nil
}
