package sigv4

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// L2: the canonical query says the same as the query that it is made of, and is its own
// canonical form.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "acl", "b=2&a=1&a", "a=x+y&b=%2B", "a=%", "a=%zz", "a=1;b", "&&=&", "世=%e4%b8%96", "a=b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		w := new(scratch)
		if err := w.parse(raw); err != nil {
			if _, theirs := url.ParseQuery(raw); theirs == nil {
				t.Fatalf("%q is refused", raw)
			}
			return
		}
		w.sortQuery()
		again := new(scratch)
		if err := again.parse(string(w.query)); err != nil {
			t.Fatalf("%q of %q is refused", w.query, raw)
		}
		again.sortQuery()
		if !bytes.Equal(w.query, again.query) {
			t.Fatalf("%q of %q becomes %q", w.query, raw, again.query)
		}
		want, err := url.ParseQuery(raw)
		if err != nil { // a semicolon, which is no error here
			return
		}
		got, err := url.ParseQuery(string(w.query))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range want {
			if len(got[name]) != len(values) {
				t.Fatalf("%q of %q: %q has %d values", w.query, raw, name, len(got[name]))
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q of %q: %d names", w.query, raw, len(got))
		}
	})
}

// L2: a path of S3 is still the same key and is sent as it is signed, and a path that is
// normalized has nothing left to be.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "", "/a b", "/a/../b//.", "/世/%", "//", "/..", "/a/./", "/+$", "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u := &url.URL{Scheme: "https", Host: "host.example", Path: path}
		w := new(scratch)
		err := w.target(s3Signer(), &http.Request{URL: u})
		if path != "" && path[0] != '/' {
			if err != errPath {
				t.Fatalf("%q: %v", path, err)
			}
			return
		}
		back, unescaped := url.PathUnescape(string(w.path))
		if err != nil || unescaped != nil || back != path && path != "" {
			t.Fatalf("%q of %q is %q (%v, %v)", w.path, path, back, err, unescaped)
		}
		if sent := u.RequestURI(); sent != string(w.path) {
			t.Fatalf("%q of %q is sent as %q", w.path, path, sent)
		}
		once := normalized("/" + path)
		if again := normalized(once); again != once {
			t.Fatalf("%q of %q becomes %q", once, path, again)
		}
		if strings.Contains(once, "//") || strings.Contains(once+"/", "/./") || strings.Contains(once+"/", "/../") {
			t.Fatalf("%q of %q is not normal", once, path)
		}
	})
}

// L2: a field is one line, whatever its value, or refused.
func FuzzFields(f *testing.F) {
	f.Add("X-Amz-Meta-A", "  a  b ", "c")
	f.Add("x-amz-meta-a", "\t", "")
	f.Add("X-A", "a\r\nX-B: c", "")
	f.Add("X A", "世", "  ")
	f.Add("Authorization", "Basic x", "y")
	f.Fuzz(func(t *testing.T, name, one, two string) {
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: "host.example"}, Header: http.Header{name: {one, two}, "X-Amz-Last": {two}}}
		w := new(scratch)
		if err := w.target(s3Signer(), req); err != nil {
			t.Fatal(err)
		}
		if err := w.collect(req, req.Header); err != nil {
			return
		}
		names := strings.Split(string(w.signed), ";")
		lines := strings.Split(strings.TrimSuffix(string(w.appendFields(nil)), "\n"), "\n")
		if len(lines) != len(names) {
			t.Fatalf("%d names, %d lines: %q", len(names), len(lines), lines)
		}
		for i, line := range lines {
			value, ok := strings.CutPrefix(line, names[i]+":")
			if !ok || strings.Contains(value, "  ") || strings.ToLower(names[i]) != names[i] || i > 0 && names[i] <= names[i-1] {
				t.Fatalf("line %q of name %q", line, names[i])
			}
		}
	})
}
