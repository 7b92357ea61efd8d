package tap

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
	"github.com/standpipe-go/standpipe/internal/redact"
)

// maxText bounds a text, in bytes. Sentry keeps about as much of one.
const maxText = 8 << 10

// Text is s as it may be shown: cut, and with nothing of a URL but where it leads.
func Text(s string) string { return quote.Clip(redact.URLs(s), maxText) }

// ErrorText is the text of an error, which is not trusted to have one.
func ErrorText(err error) string {
	text, panicked := panics.Do(context.Background(), "its Error method", func(context.Context) (string, error) { return err.Error(), nil })
	if panicked != nil {
		return "[its Error method panicked]"
	}
	return Text(text)
}

// attrs collects attributes.
type attrs struct{ err error }

// add puts an attribute into a map. A group without a name is what it holds.
func (c *attrs) add(into map[string]any, a slog.Attr) {
	v := a.Value.Resolve()
	switch {
	case v.Kind() != slog.KindGroup:
		if a.Key != "" {
			into[a.Key] = c.value(a.Key, v)
		}
		return
	case Secretive(a.Key):
		into[a.Key] = redact.Mark
		return
	case a.Key != "":
		into = group(into, a.Key)
	}
	for _, inner := range v.Group() {
		c.add(into, inner)
	}
}

func (c *attrs) value(name string, v slog.Value) any {
	switch v.Kind() {
	case slog.KindFloat64:
		if f := v.Float64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Sprint(f)
		}
		return v.Any()
	case slog.KindInt64, slog.KindUint64, slog.KindBool:
		return v.Any()
	case slog.KindDuration:
		return v.Duration().String()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	}
	if Secretive(name) {
		return redact.Mark
	}
	switch given := v.Any().(type) {
	case string:
		return Text(given)
	case error:
		if c.err == nil {
			c.err = given
		}
		return ErrorText(given)
	case *url.URL:
		return redact.URL(given)
	case http.Header:
		return redact.Header(given)
	case *http.Request:
		return RequestOf(given)
	default:
		return tree(given)
	}
}

// tree is the JSON of a value, without what is named like a credential in it; its type
// where it has none.
func tree(v any) any {
	raw, err := panics.Do(context.Background(), "its MarshalJSON method", func(context.Context) ([]byte, error) { return json.Marshal(v) })
	if err != nil || len(raw) > maxText {
		return fmt.Sprintf("[%T]", v)
	}
	var t any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&t) // what has just been encoded
	return clean(t)
}

func clean(t any) any {
	switch t := t.(type) {
	case string:
		return Text(t)
	case []any:
		for i := range t {
			t[i] = clean(t[i])
		}
	case map[string]any:
		if u := urlIn(t); u != nil {
			return redact.URL(u)
		}
		for name, v := range t {
			switch v.(type) {
			case json.Number, bool, nil:
				continue
			}
			if t[name] = redact.Mark; !Secretive(name) {
				t[name] = clean(v)
			}
		}
	}
	return t
}

// urlIn is the url.URL whose JSON m is, nil if it is none: a URL has no form of its own
// there, and its query is a field like any other.
func urlIn(m map[string]any) *url.URL {
	_, raw := m["RawFragment"]
	query, ok := m["RawQuery"].(string)
	if !raw || !ok {
		return nil
	}
	u := &url.URL{RawQuery: query}
	u.Scheme, _ = m["Scheme"].(string)
	u.Host, _ = m["Host"].(string)
	u.Path, _ = m["Path"].(string)
	u.RawPath, _ = m["RawPath"].(string)
	return u
}

// Secretive reports whether something is named like a credential.
func Secretive(name string) bool {
	name = strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(name))
	return slices.ContainsFunc([]string{
		"password", "passwd", "passphrase", "secret", "token", "apikey", "appkey", "authorization", "cookie", "credential", "privatekey", "dsn", "signature",
	}, func(word string) bool { return strings.Contains(name, word) })
}

// Request is what may be shown of a request.
type Request struct {
	Method string            `json:"method"`
	URL    string            `json:"url"` // without values in its query
	Header map[string]string `json:"headers,omitempty"`
}

// RequestOf is what may be shown of a request that a server has, the zero Request of
// none. One made by hand may lack its URL.
func RequestOf(r *http.Request) Request {
	if r == nil {
		return Request{}
	}
	if r.URL == nil {
		return Request{Method: r.Method}
	}
	u := *r.URL
	if u.Host == "" {
		u.Scheme, u.Host = "http", r.Host
		if r.TLS != nil {
			u.Scheme = "https"
		}
	}
	shown := Request{Method: r.Method, URL: redact.URL(&u), Header: map[string]string{}}
	for name, values := range r.Header {
		if redact.Harmless(name) && len(values) > 0 {
			shown.Header[name] = Text(values[0])
		}
	}
	return shown
}
