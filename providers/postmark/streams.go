package postmark

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListStreams lists the server's message streams. There is one page of them.
	ListStreams = client.List[ListStreamsInput, StreamPage, Stream]{
		Op:    client.Op[ListStreamsInput, StreamPage]{Name: "streams.list", Route: "/message-streams"},
		Items: func(p StreamPage) []Stream { return p.MessageStreams },
		Next:  single[StreamPage],
	}

	// ListSuppressions lists whom a stream does not send to. There is one page of them.
	ListSuppressions = client.List[ListSuppressionsInput, SuppressionPage, Suppression]{
		Op:    client.Op[ListSuppressionsInput, SuppressionPage]{Name: "suppressions.list", Route: "/message-streams/{stream_id}/suppressions/dump"},
		Items: func(p SuppressionPage) []Suppression { return p.Suppressions },
		Next:  single[SuppressionPage],
	}

	// CreateSuppressions has a stream send no more to some addresses. It changes nothing
	// to do it twice. Each address has an outcome of its own: see [SuppressionOutcome].
	CreateSuppressions = client.Op[SuppressionsInput, SuppressionOutcomes]{
		Name: "suppressions.create", Method: http.MethodPost, Route: "/message-streams/{stream_id}/suppressions", Repeatable: true,
	}

	// DeleteSuppressions has a stream send to some addresses again, but for those that
	// complained, which cannot be deleted. It changes nothing to do it twice.
	DeleteSuppressions = client.Op[SuppressionsInput, SuppressionOutcomes]{
		Name: "suppressions.delete", Method: http.MethodPost, Route: "/message-streams/{stream_id}/suppressions/delete", Repeatable: true,
	}
)

// ListStreamsInput says which streams to list.
type ListStreamsInput struct {
	Type            string `query:"MessageStreamType"` // "Transactional", "Broadcasts", "Inbound"; "" is all
	IncludeArchived bool   `query:"IncludeArchivedStreams"`
}

// StreamPage is the list of streams.
type StreamPage struct {
	TotalCount     int      `json:"TotalCount"`
	MessageStreams []Stream `json:"MessageStreams"`
}

// Stream is a message stream of a server.
type Stream struct {
	ID          string    `json:"ID"` // "outbound"
	ServerID    ID        `json:"ServerID"`
	Name        string    `json:"Name"`
	Description string    `json:"Description"`
	Type        string    `json:"MessageStreamType"`
	CreatedAt   time.Time `json:"CreatedAt"`
	ArchivedAt  time.Time `json:"ArchivedAt"` // zero unless it is archived
}

// ListSuppressionsInput says which suppressions to list. Only Stream is required.
type ListSuppressionsInput struct {
	Stream   string `path:"stream_id"`          // "outbound"
	Reason   string `query:"SuppressionReason"` // "HardBounce", "SpamComplaint", "ManualSuppression"
	Origin   string `query:"Origin"`            // "Recipient", "Customer", "Admin"
	Email    string `query:"EmailAddress"`
	FromDate string `query:"fromdate"` // "2026-11-26"
	ToDate   string `query:"todate"`
}

// SuppressionPage is the list of suppressions.
type SuppressionPage struct {
	Suppressions []Suppression `json:"Suppressions"`
}

// Suppression is an address that a stream does not send to.
type Suppression struct {
	Email     string    `json:"EmailAddress"`
	Reason    string    `json:"SuppressionReason"`
	Origin    string    `json:"Origin"`
	CreatedAt time.Time `json:"CreatedAt"`
}

// SuppressionsInput names addresses of a stream, at most 50.
type SuppressionsInput struct {
	Stream       string    `path:"stream_id"`
	Suppressions []Address `json:"Suppressions"`
}

// Address is an address to suppress, or not to.
type Address struct {
	Email string `json:"EmailAddress"`
}

// SuppressionOutcomes are those of the addresses, in their order.
type SuppressionOutcomes struct {
	Suppressions []SuppressionOutcome `json:"Suppressions"`
}

// SuppressionOutcome says what became of an address: where Status is "Failed" nothing
// did, and Message says why.
type SuppressionOutcome struct {
	Email   string `json:"EmailAddress"`
	Status  string `json:"Status"` // "Suppressed", "Deleted", "Failed"
	Message string `json:"Message"`
}

// single ends a list after its one page.
func single[T any](client.Page[T]) (client.Request, bool) { return client.Request{}, false }
