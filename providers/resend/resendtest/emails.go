package resendtest

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Email is one that was accepted.
type Email struct {
	ID             string
	From           string
	To, Cc, Bcc    []string
	ReplyTo        []string
	Subject        string
	HTML, Text     string
	Headers, Tags  map[string]string
	Attachments    []Attachment
	ScheduledAt    time.Time // zero is at once
	IdempotencyKey string
	Broadcast      string // the ID of the one that it is part of
}

// Attachment is one of an email.
type Attachment struct {
	ID, Filename, ContentType string
	Path                      string // where Resend fetches it
	Content                   []byte // where it came with the email
}

// names is one string or several.
type names []string

func (n *names) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*n = nil
		if one != "" {
			*n = names{one}
		}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(n))
}

// content is base64, as most send it, or a list of bytes, as resend-go does.
type content []byte

func (c *content) UnmarshalJSON(raw []byte) error {
	var list []byte
	if json.Unmarshal(raw, &list) == nil {
		*c = list
		return nil
	}
	var numbers []int
	if err := json.Unmarshal(raw, &numbers); err != nil {
		return err
	}
	for _, n := range numbers {
		*c = append(*c, byte(n))
	}
	return nil
}

// newEmail is what is asked to be sent.
type newEmail struct {
	From        string                         `json:"from"`
	To          names                          `json:"to"`
	Cc          names                          `json:"cc"`
	Bcc         names                          `json:"bcc"`
	ReplyTo     names                          `json:"reply_to"`
	Subject     string                         `json:"subject"`
	HTML        string                         `json:"html"`
	Text        string                         `json:"text"`
	Headers     map[string]string              `json:"headers"`
	ScheduledAt string                         `json:"scheduled_at"`
	Tags        []struct{ Name, Value string } `json:"tags"`
	Attachments []struct {
		Filename    string  `json:"filename"`
		Path        string  `json:"path"`
		ContentType string  `json:"content_type"`
		Content     content `json:"content"`
	} `json:"attachments"`
}

// accept checks an email and keeps it, for pass to send.
func (s *Server) accept(in *newEmail, key string) (*email, *failure) {
	from, err := mail.ParseAddress(in.From)
	switch {
	case in.From == "":
		return nil, missing("from")
	case len(in.To) == 0:
		return nil, missing("to")
	case in.Subject == "":
		return nil, missing("subject")
	case in.HTML == "" && in.Text == "":
		return nil, missing("html")
	case err != nil:
		return nil, invalid("Invalid `from` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.")
	case len(in.To) > 50:
		return nil, invalid("The `to` field has more than 50 addresses.")
	}
	for _, to := range slices.Concat(in.To, in.Cc, in.Bcc, in.ReplyTo) {
		if _, err := mail.ParseAddress(to); err != nil {
			return nil, invalid("Invalid `to` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.")
		}
	}
	_, host, _ := strings.Cut(from.Address, "@")
	for _, d := range s.domains {
		if strings.EqualFold(d.Name, host) && d.Status != "verified" {
			return nil, &failure{403, "validation_error", "The " + host + " domain is not verified. Please, add and verify your domain on https://resend.com/domains"}
		}
	}
	at, wrong := due(in.ScheduledAt)
	if wrong != nil {
		return nil, wrong
	}
	if wrong := tagged(in); wrong != nil {
		return nil, wrong
	}
	e := &email{created: time.Now(), lastEvent: "scheduled", Email: Email{
		ID: s.id(), From: in.From, To: in.To, Cc: in.Cc, Bcc: in.Bcc, ReplyTo: in.ReplyTo, Subject: in.Subject, HTML: in.HTML, Text: in.Text,
		Headers: in.Headers, ScheduledAt: at, IdempotencyKey: key,
	}}
	for _, tag := range in.Tags {
		if e.Tags == nil {
			e.Tags = map[string]string{}
		}
		e.Tags[tag.Name] = tag.Value
	}
	for _, a := range in.Attachments {
		if a.Path == "" && a.Content == nil {
			return nil, &failure{422, "invalid_attachment", "Attachment must have either a `content` or `path`."}
		}
		e.Attachments = append(e.Attachments, Attachment{s.id(), a.Filename, a.ContentType, a.Path, a.Content})
	}
	s.emails = append(s.emails, e)
	return e, nil
}

// tagged checks the tags ("Send Email" in the API reference).
func tagged(in *newEmail) *failure {
	if len(in.Tags) > 75 {
		return invalid("An email has at most 75 tags.")
	}
	for _, tag := range in.Tags {
		if tag.Name == "" {
			return missing("name")
		}
		for _, text := range []string{tag.Name, tag.Value} {
			if len(text) > 256 {
				return invalid("Tags should have at most 256 characters.")
			}
			if strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(tagCharacters, r) }) {
				return invalid("Tags should only contain ASCII letters, numbers, underscores, or dashes.")
			}
		}
	}
	return nil
}

const tagCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// due reads when an email is to be sent: a date, or "in 5 min", at most 30 days ahead.
func due(text string) (time.Time, *failure) {
	if text == "" {
		return time.Time{}, nil
	}
	at, wrong := moment(text)
	if wrong == nil && at.After(time.Now().Add(30*24*time.Hour)) {
		wrong = invalid("The `scheduled_at` field is more than 30 days ahead.")
	}
	return at, wrong
}

func moment(text string) (time.Time, *failure) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	words := strings.Fields(text)
	if len(words) == 3 && words[0] == "in" {
		n, err := strconv.Atoi(words[1])
		for unit, d := range map[string]time.Duration{"min": time.Minute, "hour": time.Hour, "day": 24 * time.Hour} {
			if err == nil && strings.HasPrefix(words[2], unit) {
				return time.Now().Add(time.Duration(n) * d), nil
			}
		}
	}
	return time.Time{}, invalid("The `scheduled_at` field is neither a date in ISO 8601 nor of the form \"in 5 min\".")
}

// pass sends what has become due.
func (s *Server) pass() {
	for _, e := range s.emails {
		if e.told || e.canceled || e.ScheduledAt.After(time.Now()) {
			continue
		}
		e.told, e.lastEvent = true, "delivered"
		s.happened("email.sent", e)
		for _, to := range e.To {
			switch {
			case strings.HasPrefix(to, "bounced") && strings.HasSuffix(to, "@resend.dev"):
				e.lastEvent = "bounced"
			case strings.HasPrefix(to, "complained") && strings.HasSuffix(to, "@resend.dev"):
				e.lastEvent = "complained"
			}
		}
		s.happened("email."+e.lastEvent, e)
	}
}

// Sent returns the emails that have gone out so far, oldest first: those of a broadcast
// are among them, and what is scheduled is when it is due.
func (s *Server) Sent() []Email {
	return s.which(func(e *email) bool { return e.told })
}

// Scheduled returns the emails that wait for their time.
func (s *Server) Scheduled() []Email {
	return s.which(func(e *email) bool { return !e.told && !e.canceled })
}

func (s *Server) which(is func(*email) bool) (found []Email) {
	s.fake.State.Lock()
	defer s.fake.State.Unlock()
	s.pass()
	for _, e := range s.emails {
		if is(e) {
			found = append(found, e.Email)
		}
	}
	return found
}
