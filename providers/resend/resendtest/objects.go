package resendtest

import "time"

// broadcast is an email to the contacts.
type broadcast struct {
	Object      string   `json:"object"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	AudienceID  string   `json:"audience_id"`
	SegmentID   string   `json:"segment_id"`
	From        string   `json:"from"`
	Subject     string   `json:"subject"`
	ReplyTo     names    `json:"reply_to"`
	PreviewText string   `json:"preview_text"`
	HTML        string   `json:"html"`
	Text        string   `json:"text"`
	Status      string   `json:"status"`
	CreatedAt   string   `json:"created_at"`
	ScheduledAt string   `json:"scheduled_at"`
	SentAt      string   `json:"sent_at"`
	Send        bool     `json:"send,omitempty"`
	emails      []*email // once it is on its way
}

func (b *broadcast) id() string { return b.ID }

// contact is one of the account.
type contact struct {
	Object       string         `json:"object"`
	ID           string         `json:"id"`
	Email        string         `json:"email"`
	FirstName    string         `json:"first_name"`
	LastName     string         `json:"last_name"`
	Unsubscribed bool           `json:"unsubscribed"`
	CreatedAt    string         `json:"created_at"`
	Properties   map[string]any `json:"properties"`
}

func (c *contact) id() string { return c.ID }

// audience is what older versions of the API file contacts under.
type audience struct {
	Object    string `json:"object"`
	ID        string `json:"id"`
	Name      string `json:"name"`
	CreatedAt string `json:"created_at"`
}

func (a *audience) id() string { return a.ID }

// domain is one that was added.
type domain struct {
	Object    string           `json:"object"`
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Status    string           `json:"status"`
	Region    string           `json:"region"`
	CreatedAt string           `json:"created_at"`
	Records   []map[string]any `json:"records,omitempty"`
}

func (d *domain) id() string { return d.ID }

// email is what the server knows of one.
type email struct {
	Email
	created   time.Time
	lastEvent string
	canceled  bool
	told      bool // its events have happened
}

func (e *email) id() string { return e.ID }

// pending is the status of what Deliver is going to deliver.
const pending = "pending"

// event is an Event as the webhook has it.
type event struct {
	Event
	created time.Time
	status  string
}

func (e *event) id() string { return e.ID }
