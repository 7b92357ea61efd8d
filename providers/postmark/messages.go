package postmark

import (
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListMessages lists emails that were sent, the newest first. Postmark keeps them for
	// 45 days, or as long as is paid for.
	ListMessages = listing("messages.list", "/messages/outbound", func(in *ListMessagesInput) *int { return &in.Count },
		func(p MessagePage) []Message { return p.Messages }, func(p MessagePage) int { return p.TotalCount })

	// GetMessage returns an email that was sent, and what happened to it.
	GetMessage = client.Op[MessageInput, Message]{Name: "messages.get", Route: "/messages/outbound/{messageid}/details"}
)

// ListMessagesInput says which messages to list. Zero fields do not narrow the list.
type ListMessagesInput struct {
	Count    int               `query:"count"`      // a page; 0 is 500, the most
	Metadata map[string]string `query:"metadata_*"` // {"order": "1042"}

	Recipient     string `query:"recipient"`
	From          string `query:"fromemail"`
	Tag           string `query:"tag"`
	Subject       string `query:"subject"`
	Status        string `query:"status"`   // "queued", "sent", "processed"
	FromDate      string `query:"fromdate"` // "2026-11-26", or with a time: "2026-11-26T12:00:00"
	ToDate        string `query:"todate"`
	MessageStream string `query:"messagestream"`
}

// MessagePage is a page of messages.
type MessagePage struct {
	TotalCount int       `json:"TotalCount"`
	Messages   []Message `json:"Messages"`
}

// MessageInput names a message.
type MessageInput struct {
	MessageID string `path:"messageid"`
}

// Message is an email that was sent.
type Message struct {
	MessageID     string            `json:"MessageID"`
	MessageStream string            `json:"MessageStream"`
	From          string            `json:"From"`
	Recipients    []string          `json:"Recipients"`
	Subject       string            `json:"Subject"`
	Tag           string            `json:"Tag"`
	Metadata      map[string]string `json:"Metadata"`
	Status        string            `json:"Status"` // "Queued", "Sent", "Processed"
	ReceivedAt    time.Time         `json:"ReceivedAt"`

	// These are in no list.
	TextBody string  `json:"TextBody"`
	HTMLBody string  `json:"HtmlBody"`
	Events   []Event `json:"MessageEvents"`
}

// Event is what happened to a message.
type Event struct {
	Type       string         `json:"Type"` // "Delivered", "Bounced", "Opened", "LinkClicked", …
	Recipient  string         `json:"Recipient"`
	ReceivedAt time.Time      `json:"ReceivedAt"`
	Details    map[string]any `json:"Details"` // by the Type
}
