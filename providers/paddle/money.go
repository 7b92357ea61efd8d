package paddle

import "time"

// Money is an amount of a currency.
type Money struct {
	Amount       string `json:"amount"`        // in the lowest unit: "1000" for 10 US dollars
	CurrencyCode string `json:"currency_code"` // ISO 4217: "USD"
}

// Duration is a number of intervals.
type Duration struct {
	Interval  string `json:"interval"` // "day", "week", "month", "year"
	Frequency int    `json:"frequency"`
}

// Period is from one moment to another.
type Period struct {
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// Totals are amounts in the lowest unit of CurrencyCode. What Paddle does not know yet is
// "".
type Totals struct {
	Subtotal        string `json:"subtotal"`
	Discount        string `json:"discount"`
	Tax             string `json:"tax"`
	Total           string `json:"total"`
	Credit          string `json:"credit"`
	CreditToBalance string `json:"credit_to_balance"`
	Balance         string `json:"balance"`
	GrandTotal      string `json:"grand_total"` // what is due
	Fee             string `json:"fee"`
	Earnings        string `json:"earnings"`
	CurrencyCode    string `json:"currency_code"`
}
