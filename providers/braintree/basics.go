package braintree

import "github.com/standpipe-go/standpipe/client"

var (
	// Ping asks whether the API is there and takes the keys. It returns "pong".
	Ping = query[client.None, string]("ping", "ping", `query Ping { ping }`)

	// IDFromLegacyID returns the ID that an object of Braintree's other APIs and of its
	// webhooks has here. Except for a payment method it does not say that there is one.
	IDFromLegacyID = query[LegacyIDInput, string]("ids.fromLegacy", "idFromLegacyId",
		`query IDFromLegacyID($legacyId: ID!, $type: LegacyIdType!) { idFromLegacyId(legacyId: $legacyId, type: $type) }`)

	// CreateClientToken returns a token with which a browser or an app collects a payment
	// method. It is made again where its outcome is not known: a token too many is
	// nothing.
	CreateClientToken = repeatable(mutation[ClientTokenInput, string]("clientTokens.create", "createClientToken.clientToken",
		`mutation CreateClientToken($input: CreateClientTokenInput) { createClientToken(input: $input) { clientToken } }`))
)

// LegacyIDInput is an ID of Braintree's other APIs, and what it is of: "TRANSACTION",
// "REFUND", "PAYMENT_METHOD", "CUSTOMER", "DISPUTE", …
type LegacyIDInput struct {
	LegacyID string `json:"legacyId"`
	Type     string `json:"type"`
}

// ClientTokenInput says what a client token is for.
type ClientTokenInput struct {
	ClientToken ClientToken `json:"clientToken"`
}

// ClientToken is a client token to be. Zero fields are Braintree's defaults.
type ClientToken struct {
	MerchantAccountID string   `json:"merchantAccountId,omitempty"`
	CustomerID        string   `json:"customerId,omitempty"` // whose vaulted payment methods are offered
	Domains           []string `json:"domains,omitempty"`    // where the token may be used
}
