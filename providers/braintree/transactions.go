package braintree

var (
	// ChargePaymentMethod takes money: it authorizes and captures. What is declined is no
	// error, see [Transaction.Decline].
	ChargePaymentMethod = keyed[ChargeInput, Transaction]("transactions.charge", "chargePaymentMethod.transaction",
		`mutation ChargePaymentMethod($input: ChargePaymentMethodInput!) { chargePaymentMethod(input: $input) { transaction { ...TransactionFields } } }`+transactionFields)

	// AuthorizePaymentMethod reserves money, which [CaptureTransaction] takes.
	AuthorizePaymentMethod = keyed[AuthorizeInput, Transaction]("transactions.authorize", "authorizePaymentMethod.transaction",
		`mutation AuthorizePaymentMethod($input: AuthorizePaymentMethodInput!) { authorizePaymentMethod(input: $input) { transaction { ...TransactionFields } } }`+transactionFields)

	// CaptureTransaction takes what was authorized.
	CaptureTransaction = keyed[CaptureInput, Transaction]("transactions.capture", "captureTransaction.transaction",
		`mutation CaptureTransaction($input: CaptureTransactionInput!) { captureTransaction(input: $input) { transaction { ...TransactionFields } } }`+transactionFields)

	// RefundTransaction gives money back of a transaction that has settled.
	RefundTransaction = keyed[RefundInput, Refund]("transactions.refund", "refundTransaction.refund",
		`mutation RefundTransaction($input: RefundTransactionInput!) { refundTransaction(input: $input) { refund { ...RefundFields } } }`+refundFields+statusFields)

	// ReverseTransaction undoes a transaction: it is voided where it has not settled, and
	// refunded in full where it has. Which of the two it was, the [Payment] says.
	ReverseTransaction = keyed[ReverseInput, Payment]("transactions.reverse", "reverseTransaction.reversal",
		`mutation ReverseTransaction($input: ReverseTransactionInput!) { reverseTransaction(input: $input) { reversal { __typename ...TransactionFields ...RefundFields } } }`+transactionFields+refundFields)

	// GetPayment returns a transaction or a refund. An ID of anything else is a Payment
	// with its Kind alone.
	GetPayment = query[PaymentInput, Payment]("payments.get", "node",
		`query GetPayment($id: ID!) { node(id: $id) { __typename ...TransactionFields ...RefundFields } }`+transactionFields+refundFields)
)

// TransactionInput is a transaction to be. Only Amount is required.
type TransactionInput struct {
	Amount            string            `json:"amount"` // "10.00", in the currency of the merchant account
	MerchantAccountID string            `json:"merchantAccountId,omitempty"`
	OrderID           string            `json:"orderId,omitempty"`
	CustomerID        string            `json:"customerId,omitempty"`
	PaymentInitiator  string            `json:"paymentInitiator,omitempty"` // "RECURRING", "UNSCHEDULED", "MOTO", …; "" is the customer
	CustomFields      []CustomField     `json:"customFields,omitempty"`
	Descriptor        *Descriptor       `json:"descriptor,omitempty"`
	RiskData          *RiskData         `json:"riskData,omitempty"`
	Vault             *VaultTransacting `json:"vaultPaymentMethodAfterTransacting,omitempty"`
}

// Descriptor is what the bank statement of the customer shows.
type Descriptor struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	URL   string `json:"url,omitempty"`
}

// RiskData is what a fraud check looks at.
type RiskData struct {
	CustomerBrowser string `json:"customerBrowser,omitempty"`
	CustomerIP      string `json:"customerIp,omitempty"`
	DeviceData      string `json:"deviceData,omitempty"`
}

// VaultTransacting keeps a single-use payment method: "ALWAYS", or
// "ON_SUCCESSFUL_TRANSACTION".
type VaultTransacting struct {
	When string `json:"when"`
}

// ChargeInput says what to charge. All of these inputs have an APIRequestKey: "" has one
// made for the call. To try again after a decline, take another key: under the same one
// Braintree returns the transaction that was declined.
type ChargeInput struct {
	APIRequestKey   string           `json:"apiRequestKey,omitempty"`
	PaymentMethodID string           `json:"paymentMethodId"` // a nonce, or one of the vault
	Transaction     TransactionInput `json:"transaction"`
}

// AuthorizeInput says what to authorize.
type AuthorizeInput ChargeInput

// CaptureInput names an authorized transaction. Without an Amount, all that was
// authorized is taken.
type CaptureInput struct {
	APIRequestKey string         `json:"apiRequestKey,omitempty"`
	TransactionID string         `json:"transactionId"`
	Transaction   CaptureDetails `json:"transaction,omitzero"`
}

// CaptureDetails say how much of an authorized transaction to capture. Zero fields leave
// it as it was authorized.
type CaptureDetails struct {
	Amount     string      `json:"amount,omitempty"`
	OrderID    string      `json:"orderId,omitempty"`
	Descriptor *Descriptor `json:"descriptor,omitempty"`
}

// RefundInput names a settled transaction. Without an Amount it is the transaction's own:
// of one that has been refunded in part, say how much is left.
type RefundInput struct {
	APIRequestKey string        `json:"apiRequestKey,omitempty"`
	TransactionID string        `json:"transactionId"`
	Refund        RefundDetails `json:"refund,omitzero"`
}

// RefundDetails say how much of a settled transaction to refund.
type RefundDetails struct {
	Amount            string `json:"amount,omitempty"`
	OrderID           string `json:"orderId,omitempty"`
	MerchantAccountID string `json:"merchantAccountId,omitempty"`
}

// ReverseInput names a transaction.
type ReverseInput struct {
	APIRequestKey string `json:"apiRequestKey,omitempty"`
	TransactionID string `json:"transactionId"`
}

// PaymentInput names a transaction or a refund.
type PaymentInput struct {
	ID string `json:"id"`
}

func (in *ChargeInput) key() *string    { return &in.APIRequestKey }
func (in *AuthorizeInput) key() *string { return &in.APIRequestKey }
func (in *CaptureInput) key() *string   { return &in.APIRequestKey }
func (in *RefundInput) key() *string    { return &in.APIRequestKey }
func (in *ReverseInput) key() *string   { return &in.APIRequestKey }

func (in *ChargeInput) wrong() string {
	switch {
	case in.PaymentMethodID == "":
		return "the PaymentMethodID is empty"
	case !isAmount(in.Transaction.Amount):
		return noAmount
	}
	return ""
}

func (in *AuthorizeInput) wrong() string { return (*ChargeInput)(in).wrong() }

func (in *CaptureInput) wrong() string { return wrongWith(in.TransactionID, in.Transaction.Amount) }
func (in *RefundInput) wrong() string  { return wrongWith(in.TransactionID, in.Refund.Amount) }
func (in *ReverseInput) wrong() string { return wrongWith(in.TransactionID, "") }

const noAmount = "the Amount must be digits without decimals, or with two or three of them, such as 10.00"

func wrongWith(transactionID, amount string) string {
	switch {
	case transactionID == "":
		return "the TransactionID is empty"
	case amount != "" && !isAmount(amount):
		return noAmount
	}
	return ""
}
