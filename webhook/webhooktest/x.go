package webhooktest

import (
	"encoding/base64"
	"net/http"
	"net/url"
)

// X signs like X (Twitter) for an app with OAuth 1.0a:
// X-Twitter-Webhooks-Signature, keyed with the consumer secret. Source:
// "Securing webhooks", developer.x.com.
func X(consumerSecret string) *Signer {
	return x("X-Twitter-Webhooks-Signature", consumerSecret)
}

// XOAuth2 signs like X for an app with OAuth 2.0:
// X-Twitter-Webhooks-Signature-OAuth2, keyed with the client secret.
func XOAuth2(clientSecret string) *Signer {
	return x("X-Twitter-Webhooks-Signature-OAuth2", clientSecret)
}

func x(header, secret string) *Signer {
	return &Signer{provider: "x", sign: func(d *delivery) error {
		if err := notBlank(secret); err != nil {
			return err
		}
		d.set(header, XChallengeAnswer(secret, string(d.body)))
		d.setDefault("Content-Type", "application/json")
		return nil
	}}
}

// XChallenge returns X's challenge-response check: a GET of the endpoint with
// the crc_token. It panics if the URL is not usable.
func XChallenge(endpoint, crcToken string) *http.Request {
	return challenge(endpoint, "crc_token", crcToken)
}

// XChallengeAnswer returns the response_token that X expects for a crc_token.
func XChallengeAnswer(secret, crcToken string) string {
	return "sha256=" + base64.StdEncoding.EncodeToString(hmacSHA256([]byte(secret), crcToken))
}

// challenge is a GET that proves who owns an endpoint.
func challenge(endpoint, parameter, value string) *http.Request {
	u, err := url.Parse(endpoint)
	if err != nil {
		panic(err)
	}
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	req, err := http.NewRequest(http.MethodGet, u.String(), http.NoBody) // a server's request always has a body
	if err != nil {
		panic(err)
	}
	req.RemoteAddr = remoteAddr
	return req
}
