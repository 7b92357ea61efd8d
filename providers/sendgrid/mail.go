package sendgrid

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// SendMail has a mail sent, to up to 1,000 recipients with their own parts. It is
// accepted or refused as a whole. It is not repeated once it may have been accepted; the
// package comment says how to find out.
var SendMail = client.Op[Mail, Accepted]{Name: "mail.send", Method: http.MethodPost, Route: "/v3/mail/send"}

// Accepted is what SendGrid says of a mail: delivery is told later, by webhook.
type Accepted struct {
	// MessageID begins the sg_message_id of each of the mail's events.
	MessageID string `json:"-" header:"X-Message-Id"`
}

// Mail is a mail. From, Personalizations and either Subject with Content or TemplateID
// are required; with its attachments it has 30 MB at most.
type Mail struct {
	From             Address           `json:"from"` // of a verified sender
	Personalizations []Personalization `json:"personalizations"`
	ReplyTo          *Address          `json:"reply_to,omitempty"`
	ReplyToList      []Address         `json:"reply_to_list,omitempty"` // in place of ReplyTo
	Subject          string            `json:"subject,omitempty"`
	Content          []Content         `json:"content,omitempty"` // "text/plain" comes first
	Attachments      []Attachment      `json:"attachments,omitempty"`
	TemplateID       string            `json:"template_id,omitempty"`
	Headers          map[string]string `json:"headers,omitempty"`
	Categories       []string          `json:"categories,omitempty"` // at most 10
	CustomArgs       map[string]string `json:"custom_args,omitempty"`
	SendAt           Time              `json:"send_at,omitzero"` // within 72 hours; the zero Time is now
	BatchID          string            `json:"batch_id,omitempty"`
	ASM              *Unsubscribing    `json:"asm,omitempty"`
	IPPoolName       string            `json:"ip_pool_name,omitempty"`
	MailSettings     *MailSettings     `json:"mail_settings,omitempty"`
	TrackingSettings *TrackingSettings `json:"tracking_settings,omitempty"`
}

// Address is an address, and a name to show.
type Address struct {
	Email string `json:"email"`
	Name  string `json:"name,omitempty"`
}

// Personalization is what differs by recipient: one copy is sent to those in it, who see
// one another in To and Cc.
type Personalization struct {
	To                  []Address         `json:"to"`
	Cc                  []Address         `json:"cc,omitempty"`
	Bcc                 []Address         `json:"bcc,omitempty"`
	From                *Address          `json:"from,omitempty"`
	Subject             string            `json:"subject,omitempty"`
	Headers             map[string]string `json:"headers,omitempty"`
	DynamicTemplateData any               `json:"dynamic_template_data,omitempty"` // an object, for the template
	CustomArgs          map[string]string `json:"custom_args,omitempty"`           // each event has them
	SendAt              Time              `json:"send_at,omitzero"`
}

// Content is the mail in one type.
type Content struct {
	Type  string `json:"type"` // "text/plain", "text/html"
	Value string `json:"value"`
}

// Attachment is a file.
type Attachment struct {
	Content     []byte `json:"content"` // as it is: base64 is made of it here
	Type        string `json:"type,omitempty"`
	Filename    string `json:"filename"`
	Disposition string `json:"disposition,omitempty"` // "attachment", or "inline" for what the HTML shows
	ContentID   string `json:"content_id,omitempty"`
}

// Unsubscribing says which group of unsubscribes a mail belongs to.
type Unsubscribing struct {
	GroupID         ID   `json:"group_id"`
	GroupsToDisplay []ID `json:"groups_to_display,omitempty"`
}

// MailSettings are switches of a mail.
type MailSettings struct {
	SandboxMode              *Switch `json:"sandbox_mode,omitempty"` // checks the mail and sends nothing
	BypassListManagement     *Switch `json:"bypass_list_management,omitempty"`
	BypassBounceManagement   *Switch `json:"bypass_bounce_management,omitempty"`
	BypassUnsubscribe        *Switch `json:"bypass_unsubscribe_management,omitempty"`
	BypassSpamReportHandling *Switch `json:"bypass_spam_management,omitempty"`
}

// TrackingSettings say what SendGrid tracks; nil is the account's setting.
type TrackingSettings struct {
	ClickTracking *ClickTracking `json:"click_tracking,omitempty"`
	OpenTracking  *Switch        `json:"open_tracking,omitempty"`
}

// ClickTracking says whether links are rewritten.
type ClickTracking struct {
	Enable     bool `json:"enable"`
	EnableText bool `json:"enable_text"` // in plain text as well
}

// Switch is on or off.
type Switch struct {
	Enable bool `json:"enable"`
}
