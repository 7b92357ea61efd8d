package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/internal/quote"
	"github.com/standpipe-go/standpipe/webhook"
)

// stored is what a row keeps of an event beside the body of its delivery.
type stored struct {
	Version int             `json:"v"`
	Receipt webhook.Receipt `json:"receipt"`
	Method  string          `json:"method,omitempty"`
	URL     string          `json:"url,omitempty"`
	NoHost  bool            `json:"no_host,omitempty"` // the URL begins with two slashes, and no host
	Header  http.Header     `json:"header,omitempty"`
	// What is not UTF-8, which a JSON text cannot hold, is here instead.
	URLBytes    []byte              `json:"url_bytes,omitempty"`
	HeaderBytes map[string][][]byte `json:"header_bytes,omitempty"`
	TextBytes   map[string][]byte   `json:"text_bytes,omitempty"` // of texts

	ReceivedAt time.Time   `json:"received_at,omitzero"`
	Event      webhook.Raw `json:"event"` // without its payload
	Index      int         `json:"index,omitempty"`
	// The payload is a part of the body, or here.
	Start   int    `json:"start,omitempty"`
	Length  int    `json:"length,omitempty"`
	Payload []byte `json:"payload,omitempty"`
}

const storedVersion = 1

// encode returns what is stored of event i of d. from is where in the body to look for
// its payload, and next where the one of the next event may begin.
func encode(d *webhook.Delivery, i, from int) (meta []byte, next int, err error) {
	s := stored{Version: storedVersion, Receipt: d.Receipt, Event: d.Events[i], Index: d.First + i}
	payload := s.Event.Payload
	s.Event.Payload = nil
	var body []byte
	if r := d.Request; r != nil {
		s.Method, s.Header, s.ReceivedAt, body = r.Method, r.Header, r.ReceivedAt, r.Body
		if r.URL != nil {
			s.URL = r.URL.String()
			s.NoHost = r.URL.Host == "" && strings.HasPrefix(s.URL, "//")
		}
	}
	s.setBytesAside()
	next = from
	if at := bytes.Index(body[from:], payload); len(payload) > 0 && at >= 0 {
		s.Start, s.Length = from+at, len(payload)
		next = s.Start + s.Length
	} else {
		s.Payload = payload
	}
	meta, err = json.Marshal(s)
	return meta, next, err
}

// texts are what of the receipt and the event may come from a header, by the names that
// TextBytes has for them.
func (s *stored) texts() map[string]*string {
	return map[string]*string{
		"receipt_id": &s.Receipt.EventID, "receipt_type": &s.Receipt.EventType, "id": &s.Event.ID, "type": &s.Event.Type,
	}
}

// setBytesAside takes out what encoding/json would replace.
func (s *stored) setBytesAside() {
	for name, text := range s.texts() {
		if utf8.ValidString(*text) {
			continue
		}
		if s.TextBytes == nil {
			s.TextBytes = map[string][]byte{}
		}
		s.TextBytes[name], *text = []byte(*text), ""
	}
	if !utf8.ValidString(s.URL) {
		s.URL, s.URLBytes = "", []byte(s.URL)
	}
	for name, values := range s.Header {
		if !slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			continue
		}
		if s.HeaderBytes == nil {
			s.Header, s.HeaderBytes = maps.Clone(s.Header), map[string][][]byte{} // they are the delivery's
		}
		for _, v := range values {
			s.HeaderBytes[name] = append(s.HeaderBytes[name], []byte(v))
		}
		delete(s.Header, name)
	}
}

// takeBytesBack is the reverse of setBytesAside.
func (s *stored) takeBytesBack() {
	for name, text := range s.TextBytes {
		if to := s.texts()[name]; to != nil {
			*to = string(text)
		}
	}
	if s.URLBytes != nil {
		s.URL = string(s.URLBytes)
	}
	if s.Header == nil {
		s.Header = http.Header{}
	}
	for name, values := range s.HeaderBytes {
		for _, v := range values {
			s.Header[name] = append(s.Header[name], string(v))
		}
	}
}

// decode is the reverse of encode. The delivery has one event.
func decode(endpoint string, meta, body []byte) (*webhook.Delivery, error) {
	var s stored
	if err := json.Unmarshal(meta, &s); err != nil {
		return nil, fmt.Errorf("%w: it is not the JSON that is written", ErrUndecodable)
	}
	if s.Version != storedVersion {
		return nil, fmt.Errorf("%w: it is of version %d", ErrUndecodable, s.Version)
	}
	switch {
	case s.Index < 0:
		return nil, fmt.Errorf("%w: its place in the delivery is below 0", ErrUndecodable)
	case s.Length != 0:
		if s.Start < 0 || s.Length < 0 || s.Start > len(body) || s.Length > len(body)-s.Start {
			return nil, fmt.Errorf("%w: the payload is not within the body of %d bytes", ErrUndecodable, len(body))
		}
		s.Event.Payload = body[s.Start : s.Start+s.Length : s.Start+s.Length]
	default:
		s.Event.Payload = s.Payload
	}
	s.takeBytesBack()
	r := &webhook.Request{Method: s.Method, Header: s.Header, Body: body, ReceivedAt: s.ReceivedAt}
	if s.URL != "" {
		var err error
		parse := url.Parse
		if s.NoHost {
			parse = url.ParseRequestURI
		}
		if r.URL, err = parse(s.URL); err != nil {
			return nil, fmt.Errorf("%w: its URL is none", ErrUndecodable)
		}
	}
	return &webhook.Delivery{
		Endpoint: endpoint, Receipt: s.Receipt, Request: r, First: s.Index, Events: []webhook.Raw{s.Event},
	}, nil
}

// shown is text from outside as a column for people takes it.
func shown(s string, limit int) string {
	return strings.ReplaceAll(strings.ToValidUTF8(quote.Clip(s, limit), "\uFFFD"), "\x00", "\uFFFD")
}

// row is an event to be inserted.
type row struct {
	identity          []byte // nil: it has no identifier
	content           [32]byte
	signed            bool
	bodyMark, idMark  []byte
	endpoint, id, typ string
	orderKey          []byte
	meta              []byte
	body              []byte // of the delivery
}
