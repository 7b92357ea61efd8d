package braintree

// The fragments of the documents: what the types here have fields for.
const (
	transactionFields = `
fragment TransactionFields on Transaction {
  id legacyId createdAt status orderId merchantAccountId
  amount { value currencyCode }
  customer { ...CustomerFields }
  paymentMethod { id legacyId }
  paymentMethodSnapshot {
    __typename
    ... on CreditCardDetails { brandCode last4 expirationMonth expirationYear }
    ... on CreditCardTransactionDetails { creditCard { brandCode last4 expirationMonth expirationYear } }
    ... on PayPalTransactionDetails { payer { email } }
    ... on VenmoAccountDetails { username }
  }
  customFields { name value }
  statusHistory { ...StatusFields }
}` + customerFields + statusFields

	refundFields = `
fragment RefundFields on Refund {
  id legacyId createdAt status orderId
  amount { value currencyCode }
  refundedTransaction { id legacyId }
  statusHistory { ...StatusFields }
}`

	statusFields = `
fragment StatusFields on PaymentStatusEvent {
  __typename status timestamp terminal
  ... on AuthorizedEvent { processorResponse { legacyCode message } networkResponse { code message } }
  ... on ProcessorDeclinedEvent {
    declineType processorResponse { legacyCode message } networkResponse { code message } merchantAdviceCodeResponse { code message }
  }
  ... on GatewayRejectedEvent {
    gatewayRejectionReason processorResponse { legacyCode message } networkResponse { code message } merchantAdviceCodeResponse { code message }
  }
  ... on FailedEvent { processorResponse { legacyCode message } networkResponse { code message } merchantAdviceCodeResponse { code message } }
  ... on SettlementDeclinedEvent { processorResponse { legacyCode message } }
}`

	customerFields = `
fragment CustomerFields on Customer { id legacyId createdAt firstName lastName company email phoneNumber website }`

	methodFields = `
fragment MethodFields on PaymentMethod {
  id legacyId usage createdAt
  customer { id legacyId }
  details {
    __typename
    ... on CreditCardDetails { brandCode last4 expirationMonth expirationYear }
    ... on PayPalAccountDetails { email }
    ... on VenmoAccountDetails { username }
  }
}`
)
