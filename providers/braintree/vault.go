package braintree

import (
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/secret"
)

var (
	// TokenizeCreditCard makes a single-use payment method of a card. Who calls it
	// handles card numbers, with all that PCI DSS asks for: most applications leave it to
	// the browser or the app, with a client token.
	TokenizeCreditCard = tokenizing(query[CreditCard, PaymentMethod]("paymentMethods.tokenize", "tokenizeCreditCard.paymentMethod",
		`mutation TokenizeCreditCard($input: TokenizeCreditCardInput!) { tokenizeCreditCard(input: $input) { paymentMethod { ...MethodFields } } }`+methodFields))

	// VaultPaymentMethod keeps a single-use payment method, so that it can be charged
	// many times. Where its verification fails it is not kept: the Vaulted has no
	// PaymentMethod then, or the call fails with a VALIDATION.
	VaultPaymentMethod = mutation[VaultInput, Vaulted]("paymentMethods.vault", "vaultPaymentMethod",
		`mutation VaultPaymentMethod($input: VaultPaymentMethodInput!) {
  vaultPaymentMethod(input: $input) {
    paymentMethod { ...MethodFields }
    verification { id legacyId status gatewayRejectionReason processorResponse { legacyCode message } networkResponse { code message } }
  }
}`+methodFields)

	// DeletePaymentMethod takes a payment method out of the vault. It is made again where
	// its outcome is not known, so that ErrNotFound may mean that it is done.
	DeletePaymentMethod = repeatable(mutation[PaymentMethodInput, client.None]("paymentMethods.delete", "deletePaymentMethodFromVault",
		`mutation DeletePaymentMethod($input: DeletePaymentMethodFromVaultInput!) { deletePaymentMethodFromVault(input: $input) { clientMutationId } }`))
)

func repeatable[In, Out any](op graphql.Op[In, Out]) graphql.Op[In, Out] {
	op.Repeatable = true
	return op
}

// CreditCard is a card. Printing or encoding one shows neither its number nor its CVV.
type CreditCard struct {
	Number          secret.Value
	ExpirationMonth string // "12"
	ExpirationYear  string // "2031"
	CVV             secret.Value
	CardholderName  string
	PostalCode      string // of the billing address
}

// tokenizing has the card written into the request, where alone its number is revealed.
func tokenizing(op graphql.Op[CreditCard, PaymentMethod]) graphql.Op[CreditCard, PaymentMethod] {
	op.Variables = func(in CreditCard) any {
		card := map[string]any{"number": in.Number.Reveal(), "expirationMonth": in.ExpirationMonth, "expirationYear": in.ExpirationYear}
		for name, value := range map[string]string{"cvv": in.CVV.Reveal(), "cardholderName": in.CardholderName} {
			if value != "" {
				card[name] = value
			}
		}
		if in.PostalCode != "" {
			card["billingAddress"] = map[string]any{"postalCode": in.PostalCode}
		}
		return input{map[string]any{"creditCard": card}}
	}
	return op
}

// VaultInput says what to keep. Only PaymentMethodID is required.
type VaultInput struct {
	PaymentMethodID string    `json:"paymentMethodId"` // of single use
	CustomerID      string    `json:"customerId,omitempty"`
	Verification    Verifying `json:"verification,omitzero"`
	RiskData        *RiskData `json:"riskData,omitempty"`
	MakeDefault     *bool     `json:"makeDefault,omitempty"`
}

// Verifying says how a payment method is verified before it is kept.
type Verifying struct {
	MerchantAccountID string `json:"merchantAccountId,omitempty"`
	Skip              bool   `json:"skip,omitempty"`
}

// PaymentMethodInput names a payment method of the vault.
type PaymentMethodInput struct {
	PaymentMethodID string `json:"paymentMethodId"`
}

// Vaulted is a payment method that was kept, and the verification of it; nil is none.
type Vaulted struct {
	PaymentMethod *PaymentMethod `json:"paymentMethod"`
	Verification  *Verification  `json:"verification"`
}

// PaymentMethod is what can be charged.
type PaymentMethod struct {
	ID        string     `json:"id"`
	LegacyID  string     `json:"legacyId"`
	Usage     string     `json:"usage"` // "SINGLE_USE", "MULTI_USE"
	CreatedAt time.Time  `json:"createdAt"`
	Customer  *Ref       `json:"customer"`
	Details   Instrument `json:"details"`
}

// Verification is what came of asking the bank about a payment method.
type Verification struct {
	ID                     string   `json:"id"`
	LegacyID               string   `json:"legacyId"`
	Status                 string   `json:"status"` // "VERIFIED", "PROCESSOR_DECLINED", "GATEWAY_REJECTED", …
	GatewayRejectionReason string   `json:"gatewayRejectionReason"`
	ProcessorResponse      Response `json:"processorResponse"`
	NetworkResponse        Response `json:"networkResponse"`
}
