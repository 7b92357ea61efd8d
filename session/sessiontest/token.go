package sessiontest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// Claims changes the claims of a token: a value replaces or adds a claim, the
// value [Absent] removes one. Values are encoded as encoding/json does it.
type Claims map[string]any

// Absent is the value of a claim that is to be removed.
const Absent = absent("absent")

type absent string

const (
	clerkLifetime = time.Minute
	lifetime      = time.Hour
)

// ClerkToken returns a session token of Clerk, version 2, of an administrator of
// an organization with the permissions org:invoices:read and org:invoices:manage.
func (i *Issuer) ClerkToken(change Claims) string {
	now := i.Now()
	return i.token("JWT", Claims{
		"iss": ClerkIssuer, "sub": Subject, "sid": SessionID, "azp": AuthorizedParty, "jti": "0123456789abcdef0123",
		"iat": now.Unix(), "nbf": now.Add(-10 * time.Second).Unix(), "exp": now.Add(clerkLifetime).Unix(),
		"fva": []int{3, -1}, "sts": "active", "v": 2, "pla": "u:free", "fea": "o:invoices",
		"o": Claims{"id": "org_1", "rol": "admin", "slg": "acme", "per": "read,manage", "fpm": "3"},
	}, change)
}

// ClerkOAuthToken returns an access token that Clerk issued to an OAuth client, with
// the scope read:invoices.
func (i *Issuer) ClerkOAuthToken(change Claims) string {
	now := i.Now()
	return i.token("at+jwt", Claims{
		"iss": ClerkIssuer, "sub": Subject, "client_id": ClientID, "jti": "oat_0123456789abcdef0123",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(lifetime).Unix(), "scp": []string{"openid", "read:invoices"},
	}, change)
}

// CognitoToken returns an access token of an Amazon Cognito user pool, of a user in
// the group accountant, with the scope invoices/read.
func (i *Issuer) CognitoToken(change Claims) string {
	now := i.Now()
	return i.token("", Claims{
		"iss": CognitoIssuer, "sub": Subject, "client_id": ClientID, "token_use": "access", "jti": "0123456789abcdef0123",
		"origin_jti": "fedcba98765432100123", "version": 2, "username": "user", "cognito:groups": []string{"accountant"},
		"iat": now.Unix(), "auth_time": now.Unix(), "exp": now.Add(lifetime).Unix(), "scope": "openid invoices/read",
	}, change)
}

// WorkOSToken returns an access token of an AuthKit session, of an administrator of
// an organization with the permission invoices:read.
func (i *Issuer) WorkOSToken(change Claims) string {
	now := i.Now()
	return i.token("", Claims{
		"iss": "https://api.workos.com/user_management/" + ClientID, "sub": Subject, "sid": SessionID, "jti": "0123456789abcdef0123",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "org_id": "org_1", "role": "admin", "roles": []string{"admin"},
		"permissions": []string{"invoices:read"}, "entitlements": []string{"audit-logs"},
	}, change)
}

// Auth0Token returns an access token of Auth0 with the permission read:invoices.
func (i *Issuer) Auth0Token(change Claims) string {
	now := i.Now()
	return i.token("JWT", Claims{
		"iss": "https://" + Auth0Domain + "/", "sub": "auth0|" + Subject, "aud": []string{Audience, "https://" + Auth0Domain + "/userinfo"},
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(), "azp": ClientID, "scope": "openid profile read:invoices",
		"org_id": "org_1", "org_name": "acme", "permissions": []string{"read:invoices"},
	}, change)
}

// FirebaseToken returns an ID token of Firebase Authentication.
func (i *Issuer) FirebaseToken(change Claims) string {
	return i.token("JWT", firebaseClaims("https://securetoken.google.com/"+FirebaseProject, i.Now()), change)
}

// FirebaseCookieToken returns a session cookie of Firebase.
func (i *Issuer) FirebaseCookieToken(change Claims) string {
	return i.token("JWT", firebaseClaims("https://session.firebase.google.com/"+FirebaseProject, i.Now()), change)
}

// FirebaseEmulatorToken returns an ID token as the Firebase emulator makes them:
// not signed at all.
func (i *Issuer) FirebaseEmulatorToken(change Claims) string {
	claims := merge(firebaseClaims("https://securetoken.google.com/"+FirebaseProject, i.Now()), change)
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64(encode(claims)) + "."
}

func firebaseClaims(issuer string, now time.Time) Claims {
	return Claims{
		"iss": issuer, "aud": FirebaseProject, "sub": Subject, "user_id": Subject,
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(), "auth_time": now.Add(-time.Minute).Unix(),
		"email": "user@example.com", "email_verified": true,
		"firebase": Claims{"sign_in_provider": "password", "identities": Claims{"email": []string{"user@example.com"}}},
	}
}

// IDToken returns an ID token of OpenID Connect.
func (i *Issuer) IDToken(change Claims) string {
	now := i.Now()
	return i.token("JWT", Claims{
		"iss": OIDCIssuer, "sub": Subject, "aud": ClientID, "sid": SessionID, "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
		"auth_time": now.Add(-time.Minute).Unix(), "email": "user@example.com", "email_verified": true,
	}, change)
}

// AccessToken returns an access token by RFC 9068 with the scope read:invoices.
func (i *Issuer) AccessToken(change Claims) string {
	now := i.Now()
	return i.token("at+jwt", Claims{
		"iss": OIDCIssuer, "sub": Subject, "aud": Audience, "client_id": ClientID, "jti": "0123456789abcdef0123",
		"iat": now.Unix(), "exp": now.Add(lifetime).Unix(), "scope": "openid read:invoices", "roles": []string{"accountant"},
	}, change)
}

// LogoutToken returns a logout token of OpenID Connect Back-Channel Logout 1.0 for
// the session [SessionID], from the issuer of Auth0.
func (i *Issuer) LogoutToken(change Claims) string {
	now := i.Now()
	return i.token("logout+jwt", Claims{
		"iss": "https://" + Auth0Domain + "/", "sub": "auth0|" + Subject, "aud": ClientID, "sid": SessionID, "jti": "0123456789abcdef0123",
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": Claims{"http://schemas.openid.net/event/backchannel-logout": Claims{}},
	}, change)
}

// Sign signs exactly this header and payload with the current key, whatever they
// say. [Issuer.KeyID] and [Issuer.Algorithm] are what a header usually has.
func (i *Issuer) Sign(header, payload []byte) string {
	raw, err := i.signer().SignBytes(header, payload)
	if err != nil {
		panic(err) // the keys of this package sign
	}
	return raw
}

// KeyID returns the ID of the current key.
func (i *Issuer) KeyID() string { return i.signer().KeyID() }

// Algorithm returns the algorithm of the current key.
func (i *Issuer) Algorithm() string { return string(i.signer().Algorithm()) }

func (i *Issuer) signer() *jose.Signer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

func (i *Issuer) token(typ string, claims, change Claims) string {
	fields := map[string]any{}
	if typ != "" {
		fields["typ"] = typ
	}
	raw, err := i.signer().Sign(fields, encode(merge(claims, change)))
	if err != nil {
		panic(err) // the keys of this package sign
	}
	return raw
}

func merge(claims, change Claims) Claims {
	out := maps.Clone(claims)
	maps.Copy(out, change)
	maps.DeleteFunc(out, func(_ string, v any) bool {
		_, remove := v.(absent) // by type, since other values may not be comparable
		return remove
	})
	return out
}

// encode panics on a claim that JSON cannot hold: a mistake in the test.
func encode(claims Claims) []byte {
	data, err := json.Marshal(claims)
	if err != nil {
		panic("sessiontest: " + err.Error())
	}
	return data
}
