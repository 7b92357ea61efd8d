package sendgrid

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListBounces lists the addresses that mails came back from. SendGrid drops what is
	// sent to them.
	ListBounces = suppressions("bounces.list", "/v3/suppression/bounces")

	// DeleteBounce has an address sent to again.
	DeleteBounce = client.Op[EmailInput, client.None]{Name: "bounces.delete", Method: http.MethodDelete, Route: "/v3/suppression/bounces/{email}"}

	// ListBlocks lists the addresses whose server has refused a mail. They are sent to
	// all the same.
	ListBlocks = suppressions("blocks.list", "/v3/suppression/blocks")

	// DeleteBlock takes an address off the list of blocks.
	DeleteBlock = client.Op[EmailInput, client.None]{Name: "blocks.delete", Method: http.MethodDelete, Route: "/v3/suppression/blocks/{email}"}

	// ListUnsubscribes lists the addresses that want no mail at all.
	ListUnsubscribes = suppressions("unsubscribes.list", "/v3/suppression/unsubscribes")

	// AddUnsubscribes has no more mail sent to some addresses. It changes nothing to do
	// it twice.
	AddUnsubscribes = client.Op[Recipients, Recipients]{
		Name: "unsubscribes.add", Method: http.MethodPost, Route: "/v3/asm/suppressions/global", Repeatable: true,
	}

	// DeleteUnsubscribe takes an address off the list of unsubscribes.
	DeleteUnsubscribe = client.Op[EmailInput, client.None]{
		Name: "unsubscribes.delete", Method: http.MethodDelete, Route: "/v3/asm/suppressions/global/{email}",
	}
)

// ListSuppressionsInput says which addresses to list, and since when they are listed.
// Zero fields do not narrow the list.
type ListSuppressionsInput struct {
	StartTime Time   `query:"start_time"`
	EndTime   Time   `query:"end_time"`
	Email     string `query:"email"` // a part of it, as SQL's LIKE has it: "%@example.com"
	Limit     int    `query:"limit"` // a page; 0 is SendGrid's own, 500, the most
}

// Suppression is an address that is listed.
type Suppression struct {
	Email   string `json:"email"`
	Created Time   `json:"created"`
	Reason  string `json:"reason"` // what the address's server said; "" of an unsubscribe
	Status  string `json:"status"` // "5.1.1"
}

// EmailInput names an address.
type EmailInput struct {
	Email string `path:"email"`
}

// Recipients are addresses.
type Recipients struct {
	Emails []string `json:"recipient_emails"`
}

// suppressions is a list by limit and offset, which says no total: it ends with an empty
// page.
func suppressions(name, route string) client.List[ListSuppressionsInput, []Suppression, Suppression] {
	return client.List[ListSuppressionsInput, []Suppression, Suppression]{
		Op:    client.Op[ListSuppressionsInput, []Suppression]{Name: name, Route: route},
		Items: all[Suppression],
		Next:  client.NextOffset("offset", func(p []Suppression) int { return len(p) }),
	}
}

// all are the items of a list that is a page by itself.
func all[T any](page []T) []T { return page }

// single ends a list after its one page.
func single[T any](client.Page[T]) (client.Request, bool) { return client.Request{}, false }
