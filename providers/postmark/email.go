package postmark

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// SendEmail sends an email. It is not repeated once it may have been sent; the
	// package comment says how to find out.
	SendEmail = client.Op[Email, Result]{Name: "email.send", Method: http.MethodPost, Route: "/email"}

	// SendTemplateEmail sends an email that a template makes. It is not repeated either.
	SendTemplateEmail = client.Op[TemplateEmail, Result]{Name: "email.sendWithTemplate", Method: http.MethodPost, Route: "/email/withTemplate"}
)

// Email is an email. From, To, Subject and one of the bodies are required.
type Email struct {
	From    string `json:"From"` // a confirmed address: "Ada <a@example.com>"
	To      string `json:"To"`   // addresses, joined by commas; with Cc and Bcc at most 50
	Subject string `json:"Subject"`

	HTMLBody string `json:"HtmlBody,omitempty"`
	TextBody string `json:"TextBody,omitempty"`

	Envelope
}

// TemplateEmail is an email that a template makes: From, To and the template, by its
// TemplateID or TemplateAlias, are required.
type TemplateEmail struct {
	From string `json:"From"`
	To   string `json:"To"`

	TemplateID    ID     `json:"TemplateId,omitempty"`
	TemplateAlias string `json:"TemplateAlias,omitempty"`

	// TemplateModel is encoded as JSON; nil is an empty object.
	TemplateModel any   `json:"TemplateModel"`
	InlineCSS     *bool `json:"InlineCss,omitempty"` // nil is true

	Envelope
}

// Envelope is what every email can have beside its content.
type Envelope struct {
	Cc            string            `json:"Cc,omitempty"`
	Bcc           string            `json:"Bcc,omitempty"`
	ReplyTo       string            `json:"ReplyTo,omitempty"`
	Tag           string            `json:"Tag,omitempty"`
	Metadata      map[string]string `json:"Metadata,omitempty"` // what ListMessages finds it by
	Headers       []Header          `json:"Headers,omitempty"`
	Attachments   []Attachment      `json:"Attachments,omitempty"`
	TrackOpens    *bool             `json:"TrackOpens,omitempty"`    // nil is the server's setting
	TrackLinks    string            `json:"TrackLinks,omitempty"`    // "None", "HtmlAndText", "HtmlOnly", "TextOnly"
	MessageStream string            `json:"MessageStream,omitempty"` // "" is "outbound", the transactional one
}

// Header is a header field of an email.
type Header struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

// Attachment is a file. An email with its attachments has 10 MB at most.
type Attachment struct {
	Name        string `json:"Name"`
	Content     []byte `json:"Content"` // as it is: base64 is made of it here
	ContentType string `json:"ContentType"`
	ContentID   string `json:"ContentID,omitempty"` // "cid:logo" for what the HTML shows
}

// Result is what became of an email. One that was accepted has a MessageID; delivery is
// told later, by webhook or in [GetMessage].
type Result struct {
	To          string    `json:"To"`
	SubmittedAt time.Time `json:"SubmittedAt"`
	MessageID   string    `json:"MessageID"`
	ErrorCode   int       `json:"ErrorCode"` // 0 is a success
	Message     string    `json:"Message"`
}
