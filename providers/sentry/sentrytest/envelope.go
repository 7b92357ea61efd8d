package sentrytest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/providers/internal/faketest"
)

// What Sentry takes ("Envelopes: Size Limits", Sentry SDK docs; "Size Limits", Sentry
// docs). An event counts compressed where it comes alone.
const (
	maxEvent      = 1 << 20
	maxCompressed = 200_000
	maxCheckIn    = 100 << 10
	maxReport     = 4 << 10
	maxEnvelope   = 200 << 20
)

type header struct {
	EventID string `json:"event_id"`
	DSN     string `json:"dsn"`
}

type item struct {
	Type        string `json:"type"`
	Length      *int   `json:"length"`
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	payload     []byte
}

// parse reads an envelope as its specification has it, apart from what writes one
// ("Envelopes: Serialization Format", Sentry SDK docs).
func parse(data []byte) (h header, items []item, err error) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	if json.Unmarshal(line, &h) != nil || !bytes.HasPrefix(line, []byte("{")) {
		return h, nil, errors.New("invalid envelope header")
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		var i item
		if json.Unmarshal(line, &i) != nil || i.Type == "" {
			return h, nil, errors.New("invalid item header")
		}
		switch n := i.Length; {
		case n == nil:
			i.payload, rest, _ = bytes.Cut(rest, []byte("\n"))
		case *n < 0 || *n > len(rest):
			return h, nil, errors.New("unexpected end of file")
		default:
			i.payload, rest = rest[:*n], rest[*n:]
			if len(rest) > 0 && rest[0] != '\n' {
				return h, nil, errors.New("missing newline after header or payload")
			}
			rest = bytes.TrimPrefix(rest, []byte("\n"))
		}
		items = append(items, i)
	}
	return h, items, nil
}

// envelope handles a request. It is called under the lock.
func (s *Server) envelope(c *faketest.Call) faketest.Response {
	data, err := decoded(c)
	if err != nil {
		return malformed(err)
	}
	h, items, err := parse(data)
	if err != nil {
		return malformed(err)
	}
	if refused := s.authorize(c, h); refused != nil {
		return *refused
	}
	kept, refused := s.take(c, h, items)
	resp := faketest.Response{Status: http.StatusOK, Header: http.Header{}, Body: map[string]string{}}
	switch {
	case refused != nil:
		resp = *refused
		resp.Header = http.Header{}
	case kept == 0 && len(items) > 0:
		resp = detail(http.StatusTooManyRequests, "event submission rejected due to rate limits")
		resp.Header = http.Header{}
	case h.EventID != "":
		resp.Body = map[string]string{"id": h.EventID}
	}
	s.tellLimits(resp.Header, resp.Status)
	return resp
}

func decoded(c *faketest.Call) ([]byte, error) {
	switch c.Header.Get("Content-Encoding") {
	case "":
		return c.Body, nil
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(c.Body))
		if err != nil {
			return nil, errors.New("failed to decode zlib payload")
		}
		return io.ReadAll(io.LimitReader(r, maxEnvelope))
	}
	return nil, errors.New("unknown content encoding")
}

// authorize holds a request to the key and the project. Of the ways to give a key those
// that are used must agree.
func (s *Server) authorize(c *faketest.Call, h header) *faketest.Response {
	given := map[string]bool{}
	if auth, ok := strings.CutPrefix(c.Header.Get("X-Sentry-Auth"), "Sentry "); ok {
		for field := range strings.SplitSeq(auth, ",") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(field), "sentry_key="); ok {
				given[v] = true
			}
		}
	}
	if v := c.URL.Query().Get("sentry_key"); v != "" {
		given[v] = true
	}
	if _, rest, ok := strings.Cut(h.DSN, "://"); ok {
		user, _, _ := strings.Cut(rest, "@")
		public, _, _ := strings.Cut(user, ":")
		given[public] = true
	}
	var refused faketest.Response
	switch {
	case len(given) == 0:
		refused = detail(http.StatusUnauthorized, "missing authorization information")
	case len(given) > 1 || !given[key] || c.PathValue("project") != project:
		refused = detail(http.StatusForbidden, "event submission rejected with_reason: ProjectId")
	default:
		return nil
	}
	return &refused
}

// take keeps what is in an envelope and not limited, and returns how many items that
// were.
func (s *Server) take(c *faketest.Call, h header, items []item) (kept int, refused *faketest.Response) {
	for _, i := range items {
		limit, ok := map[string]int{"event": maxEvent, "check_in": maxCheckIn, "client_report": maxReport}[i.Type]
		alone := i.Type == "event" && len(items) == 1
		if ok && len(i.payload) > limit || alone && len(c.Body) > maxCompressed {
			r := detail(http.StatusRequestEntityTooLarge, "envelope exceeded size limits for type '"+i.Type+"'")
			return 0, &r
		}
	}
	var event *Event
	for _, i := range items {
		if s.limited(i.Type) {
			continue
		}
		kept++
		var err error
		switch i.Type {
		case "event":
			event, err = s.keep(h, i)
		case "attachment":
			if event != nil {
				event.Attachments = append(event.Attachments, Attachment{i.Filename, i.ContentType, i.payload})
			}
		case "check_in":
			var in CheckIn
			err = json.Unmarshal(i.payload, &in)
			s.checkIns = append(s.checkIns, in)
		case "client_report":
			var report struct {
				Events []Discarded `json:"discarded_events"`
			}
			err = json.Unmarshal(i.payload, &report)
			s.reports = append(s.reports, report.Events...)
		}
		if err != nil {
			r := malformed(err)
			return 0, &r
		}
	}
	return kept, nil
}

// keep keeps an event. One that is there already is the same one again; its attachments
// are not kept twice.
func (s *Server) keep(h header, i item) (*Event, error) {
	e, err := read(i.payload)
	if err != nil {
		return nil, err
	}
	if e.ID == "" {
		e.ID = h.EventID
	}
	if known := s.known[e.ID]; known != nil {
		known.Times++
		return nil, nil
	}
	e.Times = 1
	s.known[e.ID] = e
	s.events = append(s.events, e)
	return e, nil
}

func detail(status int, text string) faketest.Response {
	return faketest.Response{Status: status, Body: map[string]string{"detail": text}}
}

func malformed(err error) faketest.Response {
	return faketest.Response{Status: http.StatusBadRequest, Body: map[string]any{"detail": "bad envelope data", "causes": []string{err.Error()}}}
}
