package webhooktest

import (
	"net/url"
	"time"
)

// PubSub signs like a Google Cloud Pub/Sub push subscription with
// authentication: an OpenID Connect token in the Authorization header, for the
// audience, from the service account. The token does not cover the body. Source:
// "Authentication for push subscriptions", cloud.google.com.
func PubSub(keys *KeyServer, audience, serviceAccountEmail string) *Signer {
	return &Signer{provider: "google-pubsub", sign: func(d *delivery) error {
		if err := notBlank(audience, serviceAccountEmail); err != nil {
			return err
		}
		token, err := keys.token("JWT", map[string]any{
			"iss":            "https://accounts.google.com",
			"aud":            audience,
			"azp":            "113774264463038321964",
			"sub":            "113774264463038321964",
			"email":          serviceAccountEmail,
			"email_verified": true,
			"iat":            d.now.Unix(),
			"exp":            d.now.Add(time.Hour).Unix(),
		}, nil)
		if err != nil {
			return err
		}
		d.set("Authorization", "Bearer "+token)
		d.setDefault("Content-Type", "application/json")
		d.setDefault("User-Agent", "CloudPubSub-Google")
		return nil
	}}
}

// FirebaseBlocking signs like Firebase Authentication when it calls a blocking
// function: the body is {"data":{"jwt":…}}. The body given is a JSON object of
// claims to add or, with null, to remove, such as {"user_record":{…}}; it may be
// empty. The event is "beforeCreate" unless [Signer.WithEvent] names another.
// Source: "Extend Firebase Authentication with blocking functions",
// firebase.google.com.
func FirebaseBlocking(keys *KeyServer, projectID, functionURL string) *Signer {
	return &Signer{provider: "firebase", sign: func(d *delivery) error {
		if err := notBlank(projectID, functionURL); err != nil {
			return err
		}
		token, err := keys.token("JWT", map[string]any{
			"iss":         "https://securetoken.google.com/" + projectID,
			"aud":         functionURL,
			"sub":         "uid-1",
			"event_id":    d.idOr(newUUID),
			"event_type":  d.eventOr("beforeCreate"),
			"user_record": map[string]any{"uid": "uid-1", "email": "user@example.com"},
			"iat":         d.now.Unix(),
			"exp":         d.now.Add(time.Hour).Unix(),
		}, d.body)
		if err != nil {
			return err
		}
		d.body = mustJSON(map[string]any{"data": map[string]any{"jwt": token}})
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}

// Auth0Logout signs like Auth0's back-channel logout: a form with logout_token.
// The issuer ends in a slash, as Auth0's does. The body given is a JSON object
// of claims to add or, with null, to remove, such as {"sid":"…"}; it may be
// empty. Source: OpenID Connect Back-Channel Logout 1.0, and "OIDC Back-Channel
// Logout", auth0.com.
func Auth0Logout(keys *KeyServer, issuer, clientID string) *Signer {
	return &Signer{provider: "auth0-logout", sign: func(d *delivery) error {
		if err := notBlank(issuer, clientID); err != nil {
			return err
		}
		token, err := keys.token("logout+jwt", map[string]any{
			"iss":    issuer,
			"aud":    clientID,
			"sub":    "auth0|000000000000000000000001",
			"sid":    "08a5019c-17e1-4977-8f42-65a12843ea02",
			"jti":    d.idOr(newUUID),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			"iat":    d.now.Unix(),
			"exp":    d.now.Add(2 * time.Minute).Unix(),
		}, d.body)
		if err != nil {
			return err
		}
		d.body = []byte(url.Values{"logout_token": {token}}.Encode())
		d.setDefault("Content-Type", "application/x-www-form-urlencoded")
		return nil
	}}
}
