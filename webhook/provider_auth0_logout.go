package webhook

import (
	"errors"
	"net/url"
	"strings"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// LogoutEvent is the type of the events of [Auth0Logout]: the member of the
// token's events claim (OpenID Connect Back-Channel Logout 1.0 section 2.4).
const LogoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// Auth0LogoutConfig says whose logout tokens are accepted. Both fields are required
// and compared exactly.
type Auth0LogoutConfig struct {
	// Issuer is the tenant's URL with its slash, such as
	// "https://tenant.auth0.com/".
	Issuer string
	// ClientID is the application's.
	ClientID string
}

// Auth0Logout verifies Auth0's OpenID Connect back-channel logout: a form whose
// logout_token is a JWT of the tenant (OpenID Connect Back-Channel Logout 1.0
// section 2.6; "OIDC Back-Channel Logout", Auth0 docs). Keys come from the
// issuer's .well-known/jwks.json. A token with a nonce (an ID token), without the events
// member, without jti, or with neither sub nor sid is refused. The payload is the
// token's claims. Options: [WithClock], [WithMaxBody], [WithHTTPClient].
func Auth0Logout(cfg Auth0LogoutConfig, opts ...Option) (*Scheme, error) {
	const provider = "auth0-logout"
	u, err := url.Parse(cfg.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || !strings.HasSuffix(cfg.Issuer, "/") {
		return nil, configError(provider, errors.New("the issuer is not an https URL with a slash at the end"))
	}
	return newJWT(jwtSpec{
		provider: provider, scheme: "logout+jwt",
		traits:   traits{split: splitClaims(logoutToken), types: only(LogoutEvent)},
		issuers:  []string{cfg.Issuer},
		audience: cfg.ClientID,
		rules:    claims.Rules{OptionalSubject: true, RequireIssuedAt: true},
		types:    []string{"logout+jwt", "JWT"},
		keysURL:  cfg.Issuer + ".well-known/jwks.json",
		find:     logoutToken,
		admit:    admitLogout,
	}, opts)
}

func logoutToken(r *Request) (string, error) {
	form, err := url.ParseQuery(string(r.Body))
	switch values := form["logout_token"]; {
	case err != nil:
		return "", &Error{Reason: ErrMalformed, Detail: "the body is not a form"}
	case len(values) > 1:
		return "", &Error{Reason: ErrDuplicate, Detail: "form field logout_token"}
	case len(values) == 0 || values[0] == "":
		return "", &Error{Reason: ErrMissing, Detail: "form field logout_token"}
	default:
		return values[0], nil
	}
}

func admitLogout(set claims.Set, rec *Receipt) error {
	if set.Mentions("nonce") {
		return &Error{Reason: ErrNotAllowed, Detail: "a token with a nonce is no logout token"}
	}
	events, _, _ := set.Object("events") // what is no object holds no logout
	if _, ok, err := events.Object(LogoutEvent); err != nil || !ok {
		return &Error{Reason: ErrNotAllowed, Detail: "the token's events do not hold a logout"}
	}
	sid, err := set.String("sid")
	if err != nil {
		return err
	}
	if sid == "" && !set.Has("sub") {
		return &Error{Reason: ErrMalformed, Detail: "neither sub nor sid in the token"}
	}
	if rec.EventID, err = set.String("jti"); err != nil {
		return err
	}
	if rec.EventID == "" {
		return &Error{Reason: ErrMalformed, Detail: "no jti in the token"}
	}
	rec.EventIDSigned = true
	rec.EventType, rec.EventTypeSigned = LogoutEvent, true
	return nil
}
