package braintree

import (
	"encoding/json"
	"time"

	"github.com/standpipe-go/standpipe/client/graphql"
)

// SearchTransactions lists the transactions that a filter describes ("Searching for
// Objects", Braintree GraphQL docs). To find out whether a charge was made, search for
// its OrderID.
var SearchTransactions = graphql.List[SearchInput, TransactionPage, Transaction]{
	Op: query[SearchInput, TransactionPage]("transactions.search", "search.transactions",
		`query SearchTransactions($input: TransactionSearchInput!, $first: Int, $after: String) {
  search { transactions(input: $input, first: $first, after: $after) { pageInfo { hasNextPage endCursor } edges { node { ...TransactionFields } } } }
}`+transactionFields),
	Items: func(p TransactionPage) []Transaction { return p.Transactions() },
	Next: func(in SearchInput, p TransactionPage) (SearchInput, bool) {
		in.After = p.PageInfo.EndCursor
		return in, p.PageInfo.HasNextPage
	},
}

// SearchInput says what to search for, and how to list it.
type SearchInput struct {
	Filter TransactionFilter `json:"input"`
	First  int               `json:"first,omitempty"` // of a page; 0 is Braintree's
	After  string            `json:"after,omitempty"` // a cursor
}

// TransactionFilter describes transactions, which all of its fields have to fit. Zero
// fields do not narrow the search. For the filters that are not here, write a
// [graphql.List] of your own.
type TransactionFilter struct {
	ID                Match          `json:"id,omitzero"`
	Status            Match          `json:"status,omitzero"`
	OrderID           Text           `json:"orderId,omitzero"`
	CreatedAt         Times          `json:"createdAt,omitzero"`
	Amount            AmountFilter   `json:"amount,omitzero"`
	MerchantAccountID Match          `json:"merchantAccountId,omitzero"`
	Customer          CustomerFilter `json:"customer,omitzero"`
}

// Match is one value, or one of several.
type Match struct {
	Is string   `json:"is,omitempty"`
	In []string `json:"in,omitempty"`
}

// Text is a text, by all of it or by a part.
type Text struct {
	Is         string `json:"is,omitempty"`
	IsNot      string `json:"isNot,omitempty"`
	StartsWith string `json:"startsWith,omitempty"`
	EndsWith   string `json:"endsWith,omitempty"`
	Contains   string `json:"contains,omitempty"`
}

// Times is from one moment, which is included, to another, to which Braintree always adds
// a minute ("SearchTimestampInput", Braintree GraphQL docs): what it finds may be a
// little younger.
type Times struct {
	From time.Time `json:"greaterThanOrEqualTo,omitzero"`
	To   time.Time `json:"lessThanOrEqualTo,omitzero"`
}

// MarshalJSON writes the times as Braintree's Timestamp is: in UTC, with microseconds.
func (t Times) MarshalJSON() ([]byte, error) {
	bounds := map[string]string{}
	for name, at := range map[string]time.Time{"greaterThanOrEqualTo": t.From, "lessThanOrEqualTo": t.To} {
		if !at.IsZero() {
			bounds[name] = at.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
	}
	return json.Marshal(bounds)
}

// AmountFilter is an amount, and its currency.
type AmountFilter struct {
	Value    Amounts `json:"value,omitzero"`
	Currency Text    `json:"currencyCode,omitzero"`
}

// Amounts is one amount, "10.00", or from one to another, both included.
type Amounts struct {
	Is   string `json:"is,omitempty"`
	From string `json:"greaterThanOrEqualTo,omitempty"`
	To   string `json:"lessThanOrEqualTo,omitempty"`
}

// CustomerFilter describes the customer of a transaction.
type CustomerFilter struct {
	ID    Match `json:"id,omitzero"`
	Email Text  `json:"email,omitzero"`
}

// TransactionPage is a page of transactions. One that is not the last may be empty.
type TransactionPage struct {
	PageInfo graphql.PageInfo  `json:"pageInfo"`
	Edges    []TransactionEdge `json:"edges"`
}

// TransactionEdge holds a transaction, nil where Braintree has not said it.
type TransactionEdge struct {
	Node *Transaction `json:"node"`
}

// Transactions are those of the page.
func (p TransactionPage) Transactions() []Transaction {
	found := make([]Transaction, 0, len(p.Edges))
	for _, e := range p.Edges {
		if e.Node != nil {
			found = append(found, *e.Node)
		}
	}
	return found
}
