package braintree

import "github.com/standpipe-go/standpipe/client"

// Operations is the table of the operations. Treat it as a constant.
var Operations = client.Operations{
	Ping, IDFromLegacyID, CreateClientToken,
	ChargePaymentMethod, AuthorizePaymentMethod, CaptureTransaction, RefundTransaction, ReverseTransaction,
	GetPayment, SearchTransactions,
	TokenizeCreditCard, VaultPaymentMethod, DeletePaymentMethod,
	CreateCustomer, UpdateCustomer,
}
