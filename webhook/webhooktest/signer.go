package webhooktest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Signer makes deliveries that are signed like those of one provider. It is
// made by one of this package's functions, is immutable and may be used by
// several goroutines at once.
type Signer struct {
	provider string
	sign     func(*delivery) error

	at      time.Time
	id      string
	event   string
	url     string
	headers []headerField
}

type headerField struct {
	name   string
	values []string
}

// delivery is one request in the making. A provider's sign function reads what
// the caller chose and writes header, body and url.
type delivery struct {
	method string // POST unless the scheme says otherwise
	now    time.Time
	id     string // "" unless the caller chose one
	event  string // "" unless the caller chose one
	url    string
	header http.Header
	body   []byte
}

// Provider returns the provider's name, such as "stripe" or "aws-sns".
func (s *Signer) Provider() string { return s.provider }

// At returns a copy that signs as if it were t, for schemes that send a time.
// The zero time means the time of the call, which is the default.
func (s *Signer) At(t time.Time) *Signer {
	c := *s
	c.at = t
	return &c
}

// WithID returns a copy that sends id as the delivery's identifier, where the
// scheme has a place for one outside the body: webhook-id, X-GitHub-Delivery,
// X-Shopify-Webhook-Id, the MessageId of SNS, the jti or event_id of a token.
// Elsewhere it has no effect. By default every delivery has an identifier of
// its own.
func (s *Signer) WithID(id string) *Signer {
	c := *s
	c.id = id
	return &c
}

// WithEvent returns a copy that names the event where the scheme does so outside
// the body: X-GitHub-Event, X-Shopify-Topic, Sentry-Hook-Resource,
// X-Goog-Resource-State, the Type of an SNS message, the event_type of a
// Firebase token. Elsewhere it has no effect. The function that makes the
// signer tells the default.
func (s *Signer) WithEvent(event string) *Signer {
	c := *s
	c.event = event
	return &c
}

// WithURL returns a copy that is addressed to an absolute URL. The default is
// https://example.com/webhooks/ and the provider's name.
func (s *Signer) WithURL(absolute string) *Signer {
	c := *s
	c.url = absolute
	return &c
}

// WithHeader returns a copy that sends the header with these values and no
// others, one field line each, whatever the scheme would have sent: the way to
// spoil or repeat a signature. No value at all removes the header. A
// Content-Type is respected when signing, where it decides what is signed.
func (s *Signer) WithHeader(name string, values ...string) *Signer {
	c := *s
	c.headers = append(slices.Clip(s.headers), headerField{http.CanonicalHeaderKey(name), slices.Clone(values)})
	return &c
}

// Request returns a signed delivery of body. It can be passed to a handler's
// ServeHTTP and to an [http.Client]; its body can be read again through GetBody.
// Like [net/http/httptest.NewRequest] it panics when the signer was given
// something unusable (a secret that is not the scheme's, a relative URL), since
// that is a mistake in the test.
func (s *Signer) Request(body []byte) *http.Request {
	req, err := s.NewRequest(context.Background(), body)
	if err != nil {
		panic(err)
	}
	return req
}

// NewRequest is [Signer.Request] with a context, and an error instead of a
// panic. The error holds no secret.
func (s *Signer) NewRequest(ctx context.Context, body []byte) (*http.Request, error) {
	d := &delivery{method: http.MethodPost, now: s.at, id: s.id, event: s.event, url: s.url, header: http.Header{}, body: body}
	if d.now.IsZero() {
		d.now = time.Now()
	}
	if d.url == "" {
		d.url = "https://example.com/webhooks/" + s.provider
	}
	s.override(d.header)
	if err := s.sign(d); err != nil {
		return nil, fmt.Errorf("webhooktest: %s: %w", s.provider, err)
	}
	s.override(d.header)

	u, err := url.Parse(d.url)
	if err != nil || !u.IsAbs() || u.Host == "" {
		return nil, fmt.Errorf("webhooktest: %s: the delivery's URL is not absolute", s.provider)
	}
	req, err := http.NewRequestWithContext(ctx, d.method, d.url, bytes.NewReader(d.body))
	if err != nil {
		return nil, fmt.Errorf("webhooktest: %s: %w", s.provider, err)
	}
	req.Header = d.header
	req.RemoteAddr = remoteAddr
	return req, nil
}

// remoteAddr is in TEST-NET-1, as httptest has it; a client ignores it.
const remoteAddr = "192.0.2.1:1234"

func (s *Signer) override(h http.Header) {
	for _, f := range s.headers {
		if len(f.values) == 0 {
			delete(h, f.name)
			continue
		}
		h[f.name] = slices.Clone(f.values)
	}
}

// set sets a header field.
func (d *delivery) set(name, value string) { d.header.Set(name, value) }

// setDefault sets a header field that the caller did not choose.
func (d *delivery) setDefault(name, value string) {
	if d.header.Get(name) == "" {
		d.header.Set(name, value)
	}
}

// timestamp returns the time in Unix seconds, as nearly all schemes write it.
func (d *delivery) timestamp() string { return strconv.FormatInt(d.now.Unix(), 10) }

// idOr returns the caller's identifier, or a new one from fresh.
func (d *delivery) idOr(fresh func() string) string {
	if d.id != "" {
		return d.id
	}
	return fresh()
}

// eventOr returns the caller's event name, or the scheme's default.
func (d *delivery) eventOr(name string) string {
	if d.event != "" {
		return d.event
	}
	return name
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isJSON tells whether a body that came without a Content-Type is meant as JSON,
// for the two providers that send both JSON and forms.
func isJSON(body []byte) bool {
	b := bytes.TrimLeft(body, " \t\r\n")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[')
}
