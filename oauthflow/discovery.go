package oauthflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/jose/strictjson"
	"github.com/standpipe-go/standpipe/internal/quote"
)

// DiscoveryError says why a provider could not be discovered.
type DiscoveryError struct {
	// Status is the HTTP status, 0 if there was no response.
	Status int
	// Err is the cause.
	Err error
}

func (e *DiscoveryError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("oauthflow: discover: HTTP status %d: %v", e.Status, e.Err)
	}
	return "oauthflow: discover: " + e.Err.Error()
}

func (e *DiscoveryError) Unwrap() error { return e.Err }

// Discover asks an issuer for its description (OpenID Connect Discovery section
// 4; if there is none, RFC 8414) and returns it as a Provider. The document
// must name exactly this issuer. Call it once at start and fill in what
// metadata does not say, such as AuthParams. Of opts, [WithHTTPClient] counts.
// The error is a [*DiscoveryError].
//
// AuthStyle becomes Basic, the default, unless the issuer does not list it but
// lists client_secret_post. PKCE is used unless the issuer lists methods
// without S256. Of the algorithms for ID tokens those remain that this package can
// verify; if there are none, [New] refuses the Provider until
// Provider.IDTokenAlgorithms is changed.
func Discover(ctx context.Context, issuer string, opts ...Option) (Provider, error) {
	c, err := newClient(Config{}, opts)
	if err != nil {
		return Provider{}, &DiscoveryError{Err: err}
	}
	if err := checkURL(issuer); err != nil {
		return Provider{}, &DiscoveryError{Err: fmt.Errorf("the issuer %w", err)}
	}
	if strings.Contains(issuer, "?") {
		return Provider{}, &DiscoveryError{Err: errors.New("the issuer must not have a query")}
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var missing *DiscoveryError
	for _, address := range discoveryURLs(issuer) {
		body, status, err := c.fetch(ctx, address)
		if status == http.StatusOK && err == nil && isObject(body) {
			p, err := parseMetadata(body, issuer)
			if err != nil {
				return Provider{}, &DiscoveryError{Err: err}
			}
			return p, nil
		}
		if err != nil && !errors.Is(err, ErrRedirect) {
			return Provider{}, &DiscoveryError{Status: status, Err: err}
		}
		if err == nil {
			err = errors.New("the issuer serves no description")
		}
		// Of two reasons a 404 says less.
		if missing == nil || missing.Status == http.StatusNotFound {
			missing = &DiscoveryError{Status: status, Err: err}
		}
		if !isNotThere(status) {
			break
		}
	}
	return Provider{}, missing
}

// isNotThere reports whether a status says that there is no such document: not
// only a 404, since servers respond to a path that they do not know with a 400, a
// 401, a 403 or a page, or send it to their sign-in. What may be another in a
// moment says nothing of the kind.
func isNotThere(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// isObject tells a description from the page that a web application serves
// under every path.
func isObject(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

func discoveryURLs(issuer string) []string {
	openID := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	u, _ := url.Parse(issuer) // checked before
	oauth := u.Scheme + "://" + u.Host + "/.well-known/oauth-authorization-server" + strings.TrimSuffix(u.EscapedPath(), "/")
	return []string{openID, oauth}
}

// fetch reads a public document.
func (c *Client) fetch(ctx context.Context, address string) (body []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, secretsOf(nil).Error(err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, secretsOf(nil).Error(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, resp.StatusCode, ErrRedirect
	}
	body, err = readCapped(resp.Body)
	return body, resp.StatusCode, err
}

// metadata is a discovery document, duplicate-free and with case-sensitive
// names.
type metadata map[string][]byte

func (m metadata) text(name string) string {
	s, _ := strictjson.String(m[name])
	return s
}

func (m metadata) list(name string) []string {
	var elements []any
	if json.Unmarshal(m[name], &elements) != nil {
		return nil
	}
	var out []string
	for _, e := range elements {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (m metadata) yes(name string) bool { return string(m[name]) == "true" }

func parseMetadata(body []byte, issuer string) (Provider, error) {
	members, err := strictjson.Object(body, nil)
	if err != nil {
		return Provider{}, fmt.Errorf("%w: %w", ErrMalformedResponse, err)
	}
	m := metadata{}
	for _, member := range members {
		m[string(member.Name)] = member.Value
	}
	if came := m.text("issuer"); came != issuer {
		return Provider{}, otherIssuer(came, quote.Text(issuer, maxShownIssuer))
	}
	p := Provider{
		Name:   issuer,
		Issuer: issuer,
		Endpoint: oauth2.Endpoint{
			AuthURL: m.text("authorization_endpoint"), DeviceAuthURL: m.text("device_authorization_endpoint"),
			TokenURL: m.text("token_endpoint"), AuthStyle: m.authStyle(),
		},
		RevocationURL:          m.text("revocation_endpoint"),
		IntrospectionURL:       m.text("introspection_endpoint"),
		PushedAuthorizationURL: m.text("pushed_authorization_request_endpoint"),
		RequirePAR:             m.yes("require_pushed_authorization_requests"),
		UserInfoURL:            m.text("userinfo_endpoint"),
		EndSessionURL:          m.text("end_session_endpoint"),
		JWKSURL:                m.text("jwks_uri"),
		IDTokenAlgorithms:      m.algorithms(),
		IssParameter:           m.yes("authorization_response_iss_parameter_supported"),
	}
	if methods := m.list("code_challenge_methods_supported"); methods != nil && !slices.Contains(methods, "S256") {
		p.NoPKCE = true
	}
	if err := p.check(); err != nil {
		return Provider{}, fmt.Errorf("%w: %w", ErrMalformedResponse, err)
	}
	if strings.HasPrefix(issuer, "https:") && slices.ContainsFunc(p.endpoints(), func(e namedURL) bool {
		return strings.HasPrefix(strings.ToLower(e.url), "http:")
	}) {
		// Plain http to loopback is for issuers on loopback.
		return Provider{}, fmt.Errorf("%w: an endpoint of an https issuer is not https", ErrMalformedResponse)
	}
	return p, nil
}

func (m metadata) authStyle() oauth2.AuthStyle {
	methods := m.list("token_endpoint_auth_methods_supported")
	if !slices.Contains(methods, "client_secret_basic") && slices.Contains(methods, "client_secret_post") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// algorithms keeps those that can be used: an HMAC keyed with the client secret,
// or none at all, is no proof of who issued a token, and others are not known
// here. If none is left, all are kept, since an empty list would stand for RS256:
// New refuses them by name.
func (m metadata) algorithms() []string {
	all := m.list("id_token_signing_alg_values_supported")
	usable := slices.DeleteFunc(slices.Clone(all), func(a string) bool { return !jose.IsAsymmetric(jose.Algorithm(a)) })
	if len(usable) == 0 {
		return all
	}
	return usable
}
