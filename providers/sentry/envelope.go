package sentry

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"time"
)

// What Sentry takes ("Envelopes: Size Limits", Sentry SDK docs; "Size Limits", Sentry
// docs).
const (
	maxEvent      = 1 << 20
	maxCheckIn    = 100 << 10
	maxCompressed = 200_000  // of an event
	maxAttached   = 20 << 20 // of the attachments of an event together

	// compressFrom is the size above which compressing is worth it.
	compressFrom = 1 << 10
)

// item is what is sent in an envelope of its own, with its attachments.
type item struct {
	kind        string // "event", "check_in", "client_report"
	category    category
	id          string // of an event
	payload     []byte
	attachments []Attachment
}

func (i *item) size() int {
	n := len(i.payload)
	for _, a := range i.attachments {
		n += len(a.Data)
	}
	return n
}

// encode returns the envelope of an item ("Envelopes: Serialization Format", Sentry SDK
// docs).
func (i *item) encode(sentAt time.Time) []byte {
	var b bytes.Buffer
	line := func(v any) {
		header, _ := json.Marshal(v) // of strings and numbers, which always can be
		b.Write(append(header, '\n'))
	}
	line(struct {
		EventID string    `json:"event_id,omitempty"`
		SentAt  time.Time `json:"sent_at"`
		SDK     sdk       `json:"sdk"`
	}{i.id, sentAt.UTC(), self})
	add := func(kind, filename, contentType string, payload []byte) {
		line(struct {
			Type        string `json:"type"`
			Length      int    `json:"length"`
			Filename    string `json:"filename,omitempty"`
			ContentType string `json:"content_type,omitempty"`
		}{kind, len(payload), filename, contentType})
		b.Write(payload)
		b.WriteByte('\n')
	}
	add(i.kind, "", "application/json", i.payload)
	for _, a := range i.attachments {
		add("attachment", a.Filename, a.ContentType, a.Data)
	}
	return b.Bytes()
}

// compress returns what an envelope is sent as, and its content encoding.
func compress(envelope []byte) (body []byte, encoding string) {
	if len(envelope) < compressFrom {
		return envelope, ""
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(envelope) // a Buffer takes everything
	_ = w.Close()
	return b.Bytes(), "gzip"
}

// fits reports whether an event is small enough, compressed and by itself.
func (i *item) fits(body []byte) bool {
	if i.kind != "event" || len(body) <= maxCompressed {
		return true
	}
	if len(i.attachments) == 0 {
		return false
	}
	alone, _ := compress(i.payload)
	return len(alone) <= maxCompressed
}
