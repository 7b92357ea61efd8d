package queuetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

// clone copies all of d that the checks look at.
func clone(d *webhook.Delivery) *webhook.Delivery {
	c, r := *d, *d.Request
	r.Header, r.Body = d.Request.Header.Clone(), bytes.Clone(d.Request.Body)
	if d.Request.URL != nil {
		u := *d.Request.URL
		r.URL = &u
	}
	c.Request, c.Events = &r, slices.Clone(d.Events)
	c.Receipt.Untrusted = slices.Clone(d.Receipt.Untrusted)
	for i := range c.Events {
		c.Events[i].Payload = bytes.Clone(c.Events[i].Payload)
	}
	return &c
}

// spoil overwrites whatever of d its owner may use again.
func spoil(d *webhook.Delivery) {
	fill := func(b []byte) {
		for i := range b {
			b[i] = '#'
		}
	}
	for i := range d.Events {
		fill(d.Events[i].Payload)
		d.Events[i] = webhook.Raw{ID: "overwritten"}
	}
	fill(d.Request.Body)
	for _, values := range d.Request.Header {
		for i := range values {
			values[i] = "overwritten"
		}
	}
	clear(d.Request.Header)
	if d.Request.URL != nil {
		d.Request.URL.Path = "/overwritten"
	}
	*d.Request = webhook.Request{Method: "OVERWRITTEN"}
	*d = webhook.Delivery{Endpoint: "overwritten", Request: d.Request}
}

// part is a part of a delivery and what it holds.
type part struct{ name, text string }

// parts returns what is stored of the event at i and of the delivery that it came in.
func parts(d *webhook.Delivery, i int) []part {
	r, rec, e := d.Request, d.Receipt, d.Events[i]
	if r == nil {
		r = &webhook.Request{}
	}
	target := ""
	if r.URL != nil {
		target = r.URL.String()
	}
	when := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	ps := []part{
		{"Endpoint", d.Endpoint},
		{"Receipt.Provider", rec.Provider}, {"Receipt.Scheme", rec.Scheme}, {"Receipt.KeyID", rec.KeyID},
		{"Receipt.EventID", rec.EventID}, {"Receipt.EventIDSigned", fmt.Sprint(rec.EventIDSigned)},
		{"Receipt.EventType", rec.EventType}, {"Receipt.EventTypeSigned", fmt.Sprint(rec.EventTypeSigned)},
		{"Receipt.SignedAt", when(rec.SignedAt)}, {"Receipt.Untrusted", fmt.Sprintf("%q", rec.Untrusted)},
		{"Request.Method", r.Method}, {"Request.URL", target}, {"Request.Body", string(r.Body)}, {"Request.ReceivedAt", when(r.ReceivedAt)},
		{"Event.IDSigned", fmt.Sprint(e.IDSigned)}, {"Event.Type", e.Type}, {"Event.TypeSigned", fmt.Sprint(e.TypeSigned)},
		{"Event.Object", e.Object}, {"Event.Time", when(e.Time)}, {"Event.APIVersion", e.APIVersion}, {"Event.Payload", string(e.Payload)},
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		ps = append(ps, part{"Request.Header " + name, fmt.Sprintf("%q", r.Header[name])})
	}
	return ps
}

// lacks says what is not among the stored deliveries of what was sent, "" if all is
// there.
func lacks(stored []*webhook.Delivery, sent *webhook.Delivery) string {
	for i := range sent.Events {
		found := find(stored, sent.Events[i].ID)
		if found == nil {
			return fmt.Sprintf("of a delivery of %d events, of which Enqueue returned nil, event %d is not stored", len(sent.Events), i)
		}
		have := map[string]string{}
		for _, p := range found {
			have[p.name] = p.text
		}
		for _, p := range parts(sent, i) {
			if got := have[p.name]; got != p.text {
				return fmt.Sprintf("%s is stored as %s; it was %s", p.name, short(got), short(p.text))
			}
		}
	}
	return ""
}

func find(stored []*webhook.Delivery, id string) []part {
	for _, d := range stored {
		for i, e := range d.Events {
			if e.ID == id {
				return parts(d, i)
			}
		}
	}
	return nil
}

func short(s string) string {
	if len(s) > 100 {
		return fmt.Sprintf("%.40q… (%d bytes)", s, len(s))
	}
	return fmt.Sprintf("%q", s)
}
