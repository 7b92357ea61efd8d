package sigv4

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A key of S3 is what the decoded path says, dots, slashes and all: it is encoded once,
// and sent as it is signed.
func TestPathOfS3(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "/",
		"/":                    "/",
		"/a/b.txt":             "/a/b.txt",
		"//a//b/":              "//a//b/",
		"/a/../b/./c":          "/a/../b/./c",
		"/a+b":                 "/a%2Bb",
		"/a%20b":               "/a%20b",
		"/a%2Bb":               "/a%2Bb",
		"/a%2bb":               "/a%2Bb",
		"/a%2Fb":               "/a/b",
		"/100%25":              "/100%25",
		"/%E4%B8%96":           "/%E4%B8%96",
		"/世":                   "/%E4%B8%96",
		"/$&,:;=@!'()*":        "/%24%26%2C%3A%3B%3D%40%21%27%28%29%2A",
		"/-._~AZaz09":          "/-._~AZaz09",
		"/%7Euser/%41":         "/~user/A",
		"/a%3Fb%23c":           "/a%3Fb%23c",
		"/%00%0A":              "/%00%0A",
		"/a%2E%2E%2Fb":         "/a../b",
		"/folder/%2525encoded": "/folder/%2525encoded",
	} {
		u, err := url.Parse("https://bucket.example" + in)
		require.NoError(t, err, in)
		req := &http.Request{URL: u, Header: http.Header{}}
		w := new(scratch)
		require.NoError(t, w.target(s3Signer(), req), in)
		require.Equal(t, want, string(w.path), in)
		require.Equal(t, want, "/"+strings.TrimPrefix(u.EscapedPath(), "/"), "what is sent, of %q", in)
	}
}

// Other services sign the path that is sent, normalized and encoded once more, and get it
// as it came.
func TestPathOfOtherServices(t *testing.T) {
	for in, want := range map[string]string{
		"":               "/",
		"/":              "/",
		"/a/b":           "/a/b",
		"/a/b/":          "/a/b/",
		"//a//b//":       "/a/b/",
		"/a/../b":        "/b",
		"/a/./b/.":       "/a/b/",
		"/a/b/..":        "/a/",
		"/../..":         "/",
		"/../a":          "/a",
		"/.hidden":       "/.hidden",
		"/a/.../b":       "/a/.../b",
		"/a/..b":         "/a/..b",
		"/a%20b":         "/a%2520b",
		"/a b":           "/a%2520b",
		"/a%2Fb":         "/a%252Fb",
		"/a+b":           "/a%2Bb",
		"/queue:1/$x":    "/queue%3A1/%24x",
		"/%E4%B8%96":     "/%25E4%25B8%2596",
		"/model/a%3A1/x": "/model/a%253A1/x",
	} {
		u, err := url.Parse("https://service.example" + in)
		require.NoError(t, err, in)
		before := u.EscapedPath()
		req := &http.Request{URL: u, Header: http.Header{}}
		w := new(scratch)
		require.NoError(t, w.target(&Signer{}, req), in)
		require.Equal(t, want, string(w.path), in)
		require.Equal(t, before, u.EscapedPath(), in)
	}
}

func TestQuery(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "",
		"acl":               "acl=",
		"acl=":              "acl=",
		"a=1&b=2":           "a=1&b=2",
		"b=2&a=1":           "a=1&b=2",
		"a=2&a=1&a":         "a=&a=1&a=2",
		"a=b=c":             "a=b%3Dc",
		"=v":                "=v",
		"=":                 "=",
		"&&a=1&&":           "a=1",
		"a=x+y":             "a=x%20y",
		"a=x%20y":           "a=x%20y",
		"a=x%2By":           "a=x%2By",
		"a=%e4%b8%96":       "a=%E4%B8%96",
		"a=世":               "a=%E4%B8%96",
		"a=%7E%41":          "a=~A",
		"a=/&b=:@":          "a=%2F&b=%3A%40",
		"a=%aA%fF%09%90":    "a=%AA%FF%09%90",
		"a=1;b=2":           "a=1%3Bb%3D2",
		"a*='()":            "a%2A=%27%28%29",
		"A=1&a=2&B=3":       "A=1&B=3&a=2",
		"ab=1&a=2&a-=3":     "a=2&a-=3&ab=1",
		"a=-&a=/":           "a=%2F&a=-", // in the order of what is encoded
		"a%2F=1&a-=2":       "a%2F=1&a-=2",
		"prefix=a/b c&x=%0": "",
		"a=%":               "",
		"a=%g0":             "",
		"%zz":               "",
	} {
		w := new(scratch)
		err := w.parse(in)
		if want == "" && in != "" {
			require.ErrorIs(t, err, errQuery, in)
			continue
		}
		require.NoError(t, err, in)
		w.sortQuery()
		require.Equal(t, want, string(w.query), in)
	}
}

// What is signed is what is sent.
func TestQueryIsSentAsItIsSigned(t *testing.T) {
	for in, want := range map[string]string{"acl": "acl=", "b=x+y&a=1": "a=1&b=x%20y", "a=1": "a=1", "": ""} {
		req, err := http.NewRequest("GET", "https://bucket.example/?"+in, nil)
		require.NoError(t, err)
		require.NoError(t, s3Signer().Sign(req, exampleKey, EmptyPayload, exampleDay))
		require.Equal(t, want, req.URL.RawQuery)
	}
}

func TestFields(t *testing.T) {
	req := &http.Request{
		URL: &url.URL{Scheme: "https", Host: "host.example:9000"}, ContentLength: 5,
		Header: http.Header{
			"X-Amz-Meta-B":    {"  two  words ", "\tand\t more\t"},
			"X-Amz-Meta-A":    {""},
			"x-amz-meta-a":    {"lower", ""},
			"Content-Type":    {"text/plain;  charset=utf-8"},
			"Zero":            nil,
			"Nothing":         {},
			"Authorization":   {"Bearer other"},
			"User-Agent":      {"app"},
			"Accept-Encoding": {"gzip"},
			"Traceparent":     {"00"},
			"Connection":      {"close"},
			"Content-Length":  {"7"},
			"Host":            {"elsewhere"},
			"expect":          {"100-continue"},
			"!odd":            {"1"},
		},
	}
	w := new(scratch)
	require.NoError(t, w.target(s3Signer(), req))
	require.NoError(t, w.collect(req, req.Header))
	require.Equal(t, "!odd;content-length;content-type;host;x-amz-meta-a;x-amz-meta-b", string(w.signed))
	require.Equal(t, "!odd:1\ncontent-length:5\ncontent-type:text/plain; charset=utf-8\nhost:host.example:9000\n"+
		"x-amz-meta-a:,lower,\nx-amz-meta-b:two words,and\t more\n", string(w.appendFields(nil)))
}

// C25: nothing that could become another field is signed, and no error repeats it.
func TestC25_FieldsThatCannotBeSent(t *testing.T) {
	for _, h := range []http.Header{
		{"X-A": {"one\r\nX-B: canary"}}, {"X-A": {"ok", "canary\x00"}}, {"X-A": {"canary\x7f"}}, {"X-A": {"canary\n"}},
		{"X A": {"canary"}}, {"": {"canary"}}, {"X-A\r\n": {"canary"}}, {"X-世": {"canary"}},
	} {
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: "host.example"}, Header: h}
		err := s3Signer().Sign(req, exampleKey, EmptyPayload, exampleDay)
		require.ErrorContains(t, err, "holds a character that cannot be sent")
		require.NotContains(t, err.Error(), "canary")
		require.NotContains(t, req.Header, "Authorization")
	}
}

func TestHost(t *testing.T) {
	for _, c := range []struct{ scheme, url, host, want string }{
		{"https", "a.example", "", "a.example"},
		{"https", "a.example:443", "", "a.example"},
		{"http", "a.example:80", "", "a.example"},
		{"https", "a.example:80", "", "a.example:80"},
		{"http", "a.example:443", "", "a.example:443"},
		{"https", "a.example", "b.example", "b.example"},
		{"https", "a.example", "b.example:443", "b.example"},
		{"https", "[2001:db8::1]:443", "", "[2001:db8::1]"},
		{"https", "[2001:db8::443]", "", "[2001:db8::443]"},
	} {
		req := &http.Request{URL: &url.URL{Scheme: c.scheme, Host: c.url}, Host: c.host, Header: http.Header{}}
		w := new(scratch)
		require.NoError(t, w.target(s3Signer(), req))
		require.Equal(t, c.want, w.host[0])
		require.Equal(t, c.want, hostOf(req), "what is sent")
		if c.want == c.url && c.host == "" {
			require.Empty(t, req.Host, "what is right stays")
		}
	}
	for _, host := range []string{"", "bücher.example", "[fe80::1%25eth0]", "a b", "a\x7f", "a/b"} {
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: host}, Header: http.Header{}}
		require.ErrorIs(t, new(scratch).target(s3Signer(), req), errHost, host)
	}
	for _, u := range []url.URL{{Opaque: "//a/b"}, {Opaque: "/b", Path: "/b"}, {Path: "b"}} {
		u.Scheme, u.Host = "https", "a"
		require.ErrorIs(t, new(scratch).target(s3Signer(), &http.Request{URL: &u}), errPath)
	}
}

// A signature of somebody else's, an SDK's say, is replaced, whatever its spelling.
func TestFormerSignatureIsReplaced(t *testing.T) {
	sign := func(h http.Header, token string) http.Header {
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: "host.example", Path: "/k"}, Header: h}
		Respell(h)
		c := exampleKey
		c.Token = token
		require.NoError(t, s3Signer().Sign(req, c, EmptyPayload, exampleDay))
		return req.Header
	}
	stale := func() http.Header {
		return http.Header{
			"authorization": {"AWS4-HMAC-SHA256 old"}, "x-amz-date": {"19700101T000000Z"}, "X-Amz-Date": {"1"},
			"X-AMZ-SECURITY-TOKEN": {"old"}, "x-amz-content-sha256": {EmptyPayload},
		}
	}
	for _, token := range []string{"", "new"} {
		want := sign(http.Header{ContentHash: {EmptyPayload}}, token)
		require.Equal(t, want, sign(stale(), token))
	}
	h := http.Header{ContentHash: {"usual"}, "x-amz-content-sha256": {"other"}, "X-Amz-Meta-A": {"kept"}, "x-amz-meta-b": {"kept"}}
	Respell(h)
	require.Equal(t, http.Header{ContentHash: {"usual"}, "X-Amz-Meta-A": {"kept"}, "x-amz-meta-b": {"kept"}}, h)
}

func TestPresignedIsTold(t *testing.T) {
	for raw, want := range map[string]bool{
		"": false, "X-Amz-Signature=1": true, "a=1&X-Amz-Signature=1": true, "a=X-Amz-Signature=1": false, "X-Amz-Signature": false, "NotX-Amz-Signature=1": false,
	} {
		require.Equal(t, want, Presigned(&url.URL{RawQuery: raw}), raw)
	}
	for _, name := range presignParams {
		for _, spelled := range []string{name, strings.ToLower(name)} {
			req, err := http.NewRequest("GET", "https://host.example/?a=1&"+spelled+"=canary", nil)
			require.NoError(t, err)
			_, err = s3Signer().Presign(req, exampleKey, UnsignedPayload, exampleDay, time.Minute)
			require.ErrorContains(t, err, "the query has "+name+" already")
			require.NotContains(t, err.Error(), "canary")
		}
	}
}

// What cannot be signed is an error in either form, and is left unsigned.
func TestWhatCannotBeSigned(t *testing.T) {
	for name, req := range map[string]*http.Request{
		"path":  {URL: &url.URL{Scheme: "https", Host: "host.example", Opaque: "/x"}},
		"query": {URL: &url.URL{Scheme: "https", Host: "host.example", RawQuery: "a=%zz"}},
		"field": {URL: &url.URL{Scheme: "https", Host: "host.example"}, Header: http.Header{"X-A": {"\x00"}}},
	} {
		if req.Header == nil {
			req.Header = http.Header{}
		}
		query := req.URL.RawQuery
		require.Error(t, s3Signer().Sign(req, exampleKey, EmptyPayload, exampleDay), name)
		require.Empty(t, req.Header.Get("Authorization"), name)
		names, err := s3Signer().Presign(req, exampleKey, EmptyPayload, exampleDay, time.Minute)
		require.Error(t, err, name)
		require.Empty(t, names, name)
		require.Equal(t, query, req.URL.RawQuery, name)
	}
}

// Eight bytes that are looked at together are judged as each is by itself.
func TestVisible(t *testing.T) {
	ordinary := func(c int) bool { return c > ' ' && c < 0x7f }
	for at := range 8 {
		for c := range 256 {
			for others := range 256 {
				v := bytes.Repeat([]byte{byte(others)}, 8)
				v[at] = byte(c)
				if visible(string(v)) != (ordinary(c) && ordinary(others)) {
					t.Fatalf("%q", v)
				}
			}
		}
	}
	for v, want := range map[string][2]bool{
		"": {true, true}, "a": {true, true}, "eight=ok": {true, true}, "eight=ok and more": {true, false}, "\tx": {true, false},
		"a\x00": {false, true}, "eight=ok\x7f": {false, true}, "a \n": {false, false}, "gr\u00fc\u00dfe an die Welt": {true, false}, "gr\u00fc\u00dfe": {true, true},
	} {
		sendable, plain := inspect(v)
		require.Equal(t, want, [2]bool{sendable, plain}, "%q", v)
	}
}
