package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

// pieces hands a stream out in pieces of the given sizes, over and over, with an
// empty read now and then.
type pieces struct {
	data  []byte
	sizes []byte
	n     int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	size := 1
	if len(p.sizes) > 0 {
		size = int(p.sizes[p.n%len(p.sizes)] % 8)
	}
	if p.n++; p.n%7 != 0 {
		size = max(size, 1)
	}
	n := copy(b[:min(size, len(b))], p.data)
	p.data = p.data[n:]
	return n, nil
}

func readAll(r io.Reader, limit int) (events []Event, err error) {
	for e := newEventReader(r, limit); ; {
		ev, err := e.next()
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
}

// C28, L2: whatever the bytes are, and however they arrive, the events are the
// same ones.
func FuzzEventStream(f *testing.F) {
	f.Add([]byte("data: a\n\n"), []byte{1, 2}, 64)
	f.Fuzz(func(t *testing.T, stream, sizes []byte, limit int) {
		limit = max(1, limit%4096)
		whole, end := readAll(bytes.NewReader(stream), limit)
		if end != io.EOF && end != errOverLimit {
			t.Fatalf("ends with %v", end)
		}
		for name, r := range map[string]io.Reader{
			"pieces": &pieces{data: stream, sizes: sizes}, "bytes": iotest.OneByteReader(bytes.NewReader(stream)),
			"data with error": iotest.DataErrReader(bytes.NewReader(stream)), "half": iotest.HalfReader(bytes.NewReader(stream)),
		} {
			got, err := readAll(r, limit)
			if err != end || len(got) != len(whole) {
				t.Fatalf("%s: %d events and %v, whole: %d and %v", name, len(got), err, len(whole), end)
			}
			for i, ev := range got {
				w := whole[i]
				if ev.Type != w.Type || !bytes.Equal(ev.Data, w.Data) || ev.ID != w.ID || ev.Retry != w.Retry {
					t.Fatalf("%s: event %d is %+v, whole: %+v", name, i, ev, w)
				}
			}
		}
		for _, ev := range whole {
			if len(ev.Data) > limit || strings.ContainsAny(ev.Type+ev.ID, "\r\n") || bytes.ContainsRune(ev.Data, '\r') || ev.Retry < 0 {
				t.Fatalf("impossible event %+v", ev)
			}
		}
	})
}

func FuzzLink(f *testing.F) {
	f.Add(`<https://api.example.com/x?page=2>; rel="next", <y>; rel=last`)
	f.Fuzz(func(t *testing.T, field string) {
		target, ok := linkTo(http.Header{"Link": {field}}, "next")
		if ok != (target != "") || !strings.Contains(field, target) || strings.Contains(target, ">") {
			t.Fatalf("%q %v of %q", target, ok, field)
		}
		// What stands behind a well-formed link does not change what it says.
		if again, _ := linkTo(http.Header{"Link": {`</first>; rel="prev next", ` + field}}, "next"); again != "/first" {
			t.Fatalf("the first link is lost in front of %q: %q", field, again)
		}
	})
}

// What a service says of the future is a day of the calendar, and a link that can be
// shown: without user info or query.
func FuzzDeprecation(f *testing.F) {
	f.Add("@1688169599", `<https://u:p@example.com/docs?key=1#v1>; rel=deprecation`)
	f.Add("true", `<javascript:alert(1)>; rel=deprecation`)
	f.Fuzz(func(t *testing.T, field, link string) {
		since, says := deprecatedSince(field)
		if !since.IsZero() && (!says || since.Year() < 1 || since.Year() > 9999) {
			t.Fatalf("%v of %q", since, field)
		}
		shown := documentation(http.Header{"Link": {link}}, "deprecation")
		if shown == "" {
			return
		}
		u, err := url.Parse(shown)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || !strings.HasPrefix(strings.ToLower(shown), "http") {
			t.Fatalf("%q of %q", shown, link)
		}
	})
}

// Of what a header says, a field gets all or nothing.
func FuzzResultHeader(f *testing.F) {
	type out struct {
		N    int64             `header:"X-N"`
		F    float32           `header:"X-F"`
		B    *bool             `header:"X-B"`
		At   time.Time         `header:"X-At"`
		Meta map[string]string `header:"x-meta-*"`
	}
	f.Add("1", "0.5", "true", "Thu, 01 Jan 2026 00:00:00 GMT", "Color", "red")
	f.Fuzz(func(t *testing.T, n, fl, b, at, name, value string) {
		h := http.Header{"X-N": {n}, "X-F": {fl}, "X-B": {b}, "X-At": {at}, "X-Meta-" + name: {value}}
		var o out
		err := resultOf(reflect.TypeFor[out]()).fill(reflect.ValueOf(&o).Elem(), h)
		if err != nil {
			if !errors.Is(err, ErrDecode) {
				t.Fatal(err)
			}
			return
		}
		if o.B == nil || o.Meta[strings.ToLower(name)] != value || strconv.FormatInt(o.N, 10) != strings.TrimLeft(strings.TrimPrefix(n, "+"), "0") && o.N > 0 {
			t.Fatalf("%+v of %q", o, h)
		}
	})
}

func FuzzDecodeError(f *testing.F) {
	f.Add(400, "application/json", []byte(`{"error":{"code":"c","message":"m"}}`))
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte) {
		d := DecodeError(status, http.Header{"Content-Type": {contentType}}, body)
		if len(d.Code)+len(d.Type)+len(d.Message)+len(d.RequestID) > 0 && len(body) == 0 {
			t.Fatalf("%+v of nothing", d)
		}
		if e := (&Error{Method: "GET", Path: "/", Status: status, Code: d.Code, Message: d.Message, RequestID: d.RequestID}); strings.ContainsAny(e.Error(), "\r\n\x00") || len(e.Error()) > 8<<10 {
			t.Fatalf("the text is %q", e.Error())
		}
	})
}

// A path never leaves its base, whichever way a server reads it.
func FuzzJoinPath(f *testing.F) {
	f.Add("https://api.example.com/v2", "/a%2Fb")
	f.Fuzz(func(t *testing.T, rawBase, path string) {
		base, err := parseBase(rawBase)
		if err != nil {
			return
		}
		var u url.URL
		if err := joinPath(base, path, &u); err != nil {
			if !errors.Is(err, ErrRequest) || strings.Contains(err.Error(), path) && len(path) > 20 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if originOf(&u) != originOf(base) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q + %q = %q", rawBase, path, &u)
		}
		prefix := strings.TrimSuffix(base.EscapedPath(), "/")
		if path != "" && !strings.HasPrefix(u.EscapedPath(), prefix+"/") {
			t.Fatalf("%q + %q = %q leaves the base", rawBase, path, &u)
		}
		// As net/url resolves it, dot segments and all, it is still below the base.
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q + %q = %q cannot be parsed: %v", rawBase, path, &u, err)
		}
		resolved := base.ResolveReference(again)
		if resolved.Host != base.Host || resolved.EscapedPath() != u.EscapedPath() && path != "" && !strings.Contains(path, "//") && !strings.Contains(rawBase, "//") {
			t.Fatalf("%q + %q = %q resolves to %q", rawBase, path, &u, resolved)
		}
		if path != "" && !strings.HasPrefix(resolved.EscapedPath(), prefix) {
			t.Fatalf("%q + %q resolves to %q", rawBase, path, resolved)
		}
		// The separators are those that were given: an escaped one stays escaped.
		if path != "" && strings.Count(u.EscapedPath(), "/") != strings.Count(prefix, "/")+strings.Count(strings.TrimPrefix(path, "/"), "/")+1 {
			t.Fatalf("%q + %q = %q has other segments", rawBase, path, &u)
		}
	})
}

// An identifier that is escaped reaches its own segment and no other.
func FuzzPathEscape(f *testing.F) {
	f.Add("a/b")
	base, _ := parseBase("https://api.example.com/v2")
	f.Fuzz(func(t *testing.T, id string) {
		var u url.URL
		if joinPath(base, "/users/"+PathEscape(id), &u) != nil {
			return
		}
		got, ok := strings.CutPrefix(u.EscapedPath(), "/v2/users/")
		if back, err := url.PathUnescape(got); !ok || strings.Contains(got, "/") || err != nil || back != id {
			t.Fatalf("%q becomes %q", id, u.EscapedPath())
		}
	})
}

func FuzzBaseURL(f *testing.F) {
	f.Add("https://api.example.com/v2")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseBase(raw)
		if err != nil {
			if !errors.Is(err, ErrConfig) || utf8.ValidString(raw) && len(raw) > 30 && strings.Contains(err.Error(), raw) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Fatalf("%q is let through as %#v", raw, u)
		}
		again, err := parseBase(u.String())
		if err != nil || originOf(again) != originOf(u) {
			t.Fatalf("%q does not survive as %q: %v", raw, u, err)
		}
		if o := originOf(u); lower(o.host) != o.host || o.scheme != u.Scheme {
			t.Fatalf("origin %v of %q", o, raw)
		}
	})
}
