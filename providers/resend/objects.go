package resend

import (
	sdk "github.com/resend/resend-go/v2"
)

// ID is what an operation on one object takes.
type ID struct {
	ID string `path:"id"`
}

// ListInput is what a listing takes.
type ListInput struct {
	Limit int    `query:"limit"` // of a page: 0 is Resend's, 100 the most
	After string `query:"after"` // the ID of an item; what follows it is listed
}

// AttachmentsInput is what [ListAttachments] takes.
type AttachmentsInput struct {
	Email string `path:"email"` // its ID
	ListInput
}

// Page is a page of a listing.
type Page[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

// Created is what an operation says of the object that it has made or changed.
type Created struct {
	ID string `json:"id"`
}

// Batch is what [SendBatch] takes: up to 100 emails without attachments, which Resend's
// endpoint for batches does not take. An email that has one is an error that matches
// [client.ErrRequest], and nothing is sent: Resend would mail it without.
type Batch struct {
	Emails []*sdk.SendEmailRequest `body:"json"`

	// Validation is "" or strict for a batch that is sent whole or not at all. With
	// permissive what is valid is sent, and the response's Errors name the others by
	// their index ("Send Batch Emails" in the API reference).
	Validation sdk.BatchValidationMode `header:"x-batch-validation"`
}

// AttachmentInput is what [GetAttachment] takes.
type AttachmentInput struct {
	Email string `path:"email"` // its ID
	ID    string `path:"id"`
}

// Attachment is one of a sent email.
type Attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	ContentID   string `json:"content_id"` // of one that is inline
	Disposition string `json:"content_disposition"`
	Size        int64  `json:"size"` // in bytes

	// DownloadURL leads to the content without a credential, until ExpiresAt. It is as
	// secret as what it leads to.
	DownloadURL string `json:"download_url"`
	ExpiresAt   Time   `json:"expires_at"`
}

// NewContact is what [CreateContact] takes.
type NewContact struct {
	Email        string         `json:"email"`
	FirstName    string         `json:"first_name,omitempty"`
	LastName     string         `json:"last_name,omitempty"`
	Unsubscribed bool           `json:"unsubscribed,omitempty"`
	Properties   map[string]any `json:"properties,omitempty"`
	Segments     []string       `json:"segments,omitempty"` // by their IDs
}

// ContactUpdate is what [UpdateContact] takes. What is nil stays as it is.
type ContactUpdate struct {
	ID           string         `path:"id" json:"-"`
	Email        *string        `json:"email,omitempty"`
	FirstName    *string        `json:"first_name,omitempty"`
	LastName     *string        `json:"last_name,omitempty"`
	Unsubscribed *bool          `json:"unsubscribed,omitempty"`
	Properties   map[string]any `json:"properties,omitempty"`
}

// NewBroadcast is what [CreateBroadcast] takes.
type NewBroadcast struct {
	SegmentID   string   `json:"segment_id"`
	From        string   `json:"from"`
	Subject     string   `json:"subject"`
	ReplyTo     []string `json:"reply_to,omitempty"`
	HTML        string   `json:"html,omitempty"`
	Text        string   `json:"text,omitempty"`
	Name        string   `json:"name,omitempty"`
	PreviewText string   `json:"preview_text,omitempty"`
	Send        bool     `json:"send,omitempty"`         // at once, or at ScheduledAt; else it is a draft
	ScheduledAt string   `json:"scheduled_at,omitempty"` // with Send
}

// Broadcast is an email to a segment of the contacts.
type Broadcast struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	SegmentID   string   `json:"segment_id"`
	Status      string   `json:"status"` // "draft", "scheduled", "queued", "sent" …
	From        string   `json:"from"`
	Subject     string   `json:"subject"`
	ReplyTo     []string `json:"reply_to"`
	PreviewText string   `json:"preview_text"`
	HTML        string   `json:"html"`
	Text        string   `json:"text"`
	CreatedAt   Time     `json:"created_at"`
	ScheduledAt Time     `json:"scheduled_at"`
	SentAt      Time     `json:"sent_at"`
}

// BroadcastSend is what [SendBroadcast] takes.
type BroadcastSend struct {
	ID          string `path:"id" json:"-"`
	ScheduledAt string `json:"scheduled_at,omitempty"` // "" is at once
}
