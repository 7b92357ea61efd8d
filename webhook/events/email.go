package events

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Resend is email.* of Resend with its envelope: email.delivered, email.bounced and
// the others. Source: "Webhooks", Resend docs.
type Resend struct {
	Type      string      `json:"type"`
	CreatedAt Time        `json:"created_at"`
	Data      ResendEmail `json:"data"`
}

// ResendEmail is the email that a Resend event is about.
type ResendEmail struct {
	EmailID   string  `json:"email_id"` // what sending it returned
	From      string  `json:"from"`
	To        Strings `json:"to"`
	Subject   string  `json:"subject"`
	Tags      Labels  `json:"tags"` // documented as a list, sent as an object
	CreatedAt Time    `json:"created_at"`
	// Bounce is there for email.bounced only.
	Bounce *ResendBounce `json:"bounce"`
}

// ResendBounce is why an email bounced.
type ResendBounce struct {
	Type           string  `json:"type"` // "Permanent", "Transient" or "Undetermined"
	SubType        string  `json:"subType"`
	Message        string  `json:"message"`
	DiagnosticCode Strings `json:"diagnosticCode"`
}

// SendGrid is one event of SendGrid's event webhook, of any type: delivered,
// bounce, deferred, dropped, open, click, spamreport and the others. Source:
// "Event Webhook Reference", SendGrid docs.
type SendGrid struct {
	Event                string
	Email                string
	Timestamp            Time
	EventID              string
	MessageID            string // begins with the X-Message-Id that sending it returned
	SMTPID               string
	Category             Strings // a string or a list
	Reason               string
	Response             string
	Status               Text   // the enhanced SMTP status, "5.0.0"
	Type                 string // "bounce" or "blocked", for bounce
	BounceClassification string // for bounce
	Attempt              Int    // a string; for deferred
	IP                   string
	TLS                  Bool
	URL                  string // for click
	UserAgent            string
	MachineOpen          Bool
	ASMGroupID           Int
	// Args are the custom arguments given when sending, which SendGrid mixes
	// among its own members: every member that is none of those above, or that
	// bears the name of one and cannot be it ("attempt": "second").
	Args Labels
}

// UnmarshalJSON implements [json.Unmarshaler]. Names are taken exactly, so that
// a custom argument "Email" does not stand in for "email".
func (s *SendGrid) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	*s = SendGrid{}
	own := map[string]any{
		"event":                 &s.Event,
		"email":                 &s.Email,
		"timestamp":             &s.Timestamp,
		"sg_event_id":           &s.EventID,
		"sg_message_id":         &s.MessageID,
		"smtp-id":               &s.SMTPID,
		"category":              &s.Category,
		"reason":                &s.Reason,
		"response":              &s.Response,
		"status":                &s.Status,
		"type":                  &s.Type,
		"bounce_classification": &s.BounceClassification,
		"attempt":               &s.Attempt,
		"ip":                    &s.IP,
		"tls":                   &s.TLS,
		"url":                   &s.URL,
		"useragent":             &s.UserAgent,
		"sg_machine_open":       &s.MachineOpen,
		"asm_group_id":          &s.ASMGroupID,
	}
	for name, value := range members {
		field, ok := own[name]
		if ok {
			err := json.Unmarshal(value, field)
			switch {
			case err == nil:
				continue
			case sendGridReserved[name]:
				return fmt.Errorf("events: sendgrid: %s: %w", name, err)
			}
			reflect.ValueOf(field).Elem().SetZero()
		}
		if s.Args == nil {
			s.Args = Labels{}
		}
		s.Args[name] = label(value)
	}
	return nil
}

// sendGridReserved are in every event, where SendGrid's own value replaces a custom
// argument of that name. The others are in some events only.
var sendGridReserved = map[string]bool{"event": true, "email": true, "timestamp": true, "sg_event_id": true, "sg_message_id": true}
