package client

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Each of the 256 bytes, in a header's value, in its name and in a path.
func TestWhichBytesAreTaken(t *testing.T) {
	t.Parallel()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for c := range 256 {
		s := string([]byte{byte(c)})
		has := func(set string) bool { return c < 0x80 && strings.Contains(set, s) }
		require.Equal(t, c >= 0x20 && c != 0x7f || c == '\t', validHeaderValue("a"+s), "%q", s)
		require.Equal(t, has(letters+"!#$%&'*+-.^_`|~"), validToken("a"+s), "%q", s)

		if want := s; c < 0x80 {
			if has("ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				want = string([]byte{byte(c + 0x20)})
			}
			require.Equal(t, want, lower(s))
			require.Equal(t, "xa"+want+"é"+want, lower("xA"+s+"é"+s))
		} else {
			require.Equal(t, s, lower(s))
		}
		if has(letters + "/%-._~!$&'()*+,;=:@") {
			require.Equal(t, s, escapeRest(s))
		} else {
			require.Len(t, escapeRest(s), 3)
			plain, err := url.PathUnescape(escapeRest(s))
			require.NoError(t, err)
			require.Equal(t, s, plain)
		}
		var into url.URL
		err := joinPath(&url.URL{Scheme: "https", Host: "api.example.com"}, "/a"+s+"b", &into)
		require.Equal(t, c < 0x20 || c == 0x7f || has(`\?#%`), err != nil, "%q: %v", s, err)
	}
	require.False(t, validToken(""))
	require.True(t, validHeaderValue(""))
}

func TestWhatIsWrongWithARequestIsSaid(t *testing.T) {
	t.Parallel()
	good := func() *http.Request {
		return &http.Request{Method: "GET", Host: "api.example.com", URL: &url.URL{Scheme: "https", Host: "api.example.com"}, Header: http.Header{"A": {"b"}}}
	}
	require.NoError(t, checkRequest(good()))
	for _, tc := range []struct {
		bad func(*http.Request)
		say string
	}{
		{func(r *http.Request) { r.Method = "" }, ""},
		{func(r *http.Request) { r.Method = "G T" }, "method"},
		{func(r *http.Request) { r.Host = "a\nb" }, "host"},
		{func(r *http.Request) { r.URL.Host = "a\nb" }, "host"},
		{func(r *http.Request) { r.URL.RawQuery = "a\nb" }, "URL"},
		{func(r *http.Request) { r.URL.Opaque = "a\nb" }, "URL"},
		{func(r *http.Request) { r.Header = nil }, ""},
		{func(r *http.Request) { r.Header["A"] = []string{"b", "c\nd"} }, "header A holds"},
		{func(r *http.Request) { r.Header["A b"] = nil }, "a header name of 3 bytes"},
		{func(r *http.Request) { r.Trailer = http.Header{"A": {"b"}} }, ""},
		{func(r *http.Request) { r.Trailer = http.Header{"T": {"c\nd"}} }, "header T holds"},
		{func(r *http.Request) { r.Header["A"], r.Trailer = []string{"\n"}, http.Header{"T": nil} }, "header A holds"},
	} {
		req := good()
		tc.bad(req)
		err := checkRequest(req)
		if tc.say == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrRequest)
		require.ErrorContains(t, err, tc.say)
	}
}

func TestSpellingsOfAField(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"Cookie", "cOOKIE", true}, {"Cookie", "Coo\u212Aie", false}, {"Cookie", "Cookies", false}, {"", "", true},
	} {
		require.Equal(t, tc.same, sameField(tc.a, tc.b))
		require.Equal(t, tc.same, sameField(tc.b, tc.a))
	}
	for _, tc := range []struct{ in, one, only http.Header }{
		{http.Header{}, http.Header{}, http.Header{}},
		{http.Header{"Key": {"a"}, "Other": {"o"}}, http.Header{"Key": {"a"}, "Other": {"o"}}, http.Header{"Key": {"a"}, "Other": {"o"}}},
		{http.Header{"Key": {"a"}, "key": {"b"}}, http.Header{"Key": {"a"}}, http.Header{"Key": {"a"}}},
		{http.Header{"KEY": {"b"}, "key": {"c"}, "o": {"o"}}, http.Header{"Key": {"b"}, "o": {"o"}}, http.Header{"o": {"o"}}},
		{http.Header{"Key": {}, "KEY": nil, "key": {"c"}}, http.Header{"Key": {"c"}}, http.Header{"Key": {}}},
		{http.Header{"key": {}}, http.Header{}, http.Header{}},
	} {
		n := len(tc.in)
		for name := range tc.in {
			if !strings.EqualFold(name, "key") {
				n--
			}
		}
		require.Equal(t, n, spellings(tc.in, "Key"))
		one, only := copyHeader(tc.in), copyHeader(tc.in)
		oneSpelling(one, "Key")
		require.Equal(t, tc.one, one, "%v", tc.in)
		onlySpelling(only, "Key")
		require.Equal(t, tc.only, only, "%v", tc.in)
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for raw, say := range map[string]string{
		"https://api.example.com":        "",
		"http://api.example.com:8080/v1": "",
		"https://[::1]:8443/":            "",
		"https://api.example.com/..a/.b": "",
		"https://[::1":                   "cannot be parsed",
		"ftp://api.example.com":          "scheme",
		"api.example.com":                "scheme",
		"https:api.example.com":          "no host",
		"http:api.example.com":           "no host",
		"https://":                       "no host",
		"https://:443":                   "no host",
		"https:///v1":                    "no host",
		"https://user@api.example.com":   "user name",
		"https://api.example.com?a=b":    "query",
		"https://api.example.com?":       "query",
		"https://api.example.com#a":      "query or a fragment",
		"https://api%ff.example.com":     "malformed host",
		"https://[fe80::1%25a%20b]":      "malformed host",
		"https://api.example.com/./v1":   "dot segment",
		"https://api.example.com/v1/..":  "dot segment",
	} {
		u, err := parseBase(raw)
		if say == "" {
			require.NoError(t, err, raw)
			require.Equal(t, raw, u.String())
			continue
		}
		require.ErrorIs(t, err, ErrConfig, raw)
		require.ErrorContains(t, err, say, raw)
		require.Nil(t, u, raw)
	}
}

func TestPathsJoined(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ base, path, want, say string }{
		{"", "", "https://h", ""},
		{"/v1", "", "https://h/v1", ""},
		{"", "/a", "https://h/a", ""},
		{"", "a", "https://h/a", ""},
		{"/", "/a", "https://h/a", ""},
		{"/", "a", "https://h/a", ""},
		{"/v1", "/a", "https://h/v1/a", ""},
		{"/v1", "a", "https://h/v1/a", ""},
		{"/v1/", "/a/", "https://h/v1/a/", ""},
		{"/v1/", "a%2Fb", "https://h/v1/a%2Fb", ""},
		{"/v%2F1", "/a", "https://h/v%2F1/a", ""},
		{"", "/fetch/https://x/", "https://h/fetch/https://x/", ""},
		{"", "/...", "https://h/...", ""},
		{"", "/.a/b.;x", "https://h/.a/b.;x", ""},
		{"", "//a", "", "begins with //"},
		{"", "https://h/a", "", "the path is a URL"},
		{"/v1", "http://x", "", "the path is a URL"},
		{"", "/a//b", "", "empty segment"},
		{"", "a//b", "", "empty segment"},
		{"", "/%()", "", "empty segment"},
		{"", "/%(.)", "", "a dot segment: is"},
		{"", "/%(..)", "", "a dot segment: is"},
		{"", "/a?b", "", `path holds '?'`},
		{"", "/a#b", "", `path holds '#'`},
		{"", `/a\b`, "", "path holds a backslash or a control"},
		{"", "/a%zz", "", "malformed escape"},
		{"", "%%", "", "malformed escape"},
		{"", "/a%5cb", "", "an escaped backslash"},
		{"", "/a%00b", "", "an escaped backslash"},
		{"", "/a%0ab", "", "an escaped backslash"},
		{"", "/.", "", "a dot segment"},
		{"", "/a/..", "", "a dot segment"},
		{"", "../a", "", "a dot segment"},
		{"", "/%2e%2E/a", "", "a dot segment"},
		{"", "/a/.;x/b", "", "a dot segment"},
	} {
		b, err := url.Parse("https://h" + tc.base)
		require.NoError(t, err)
		var into url.URL
		err = joinPath(b, tc.path, &into)
		if tc.say == "" {
			require.NoError(t, err, tc.path)
			require.Equal(t, tc.want, into.String())
			continue
		}
		require.ErrorIs(t, err, ErrRequest, tc.path)
		require.ErrorContains(t, err, tc.say, tc.path)
	}
}

// C14: where the credential may go, by the URL and by the Host field.
func TestC14_WhatAnOriginSetAdmits(t *testing.T) {
	t.Parallel()
	set := originSet{
		base: origin{"https", "api.example.com"}, others: []origin{{"https", "up.example.com"}, {"http", "10.0.0.1"}, {"http", "127.0.0.1:8080"}},
		match: func(u *url.URL) bool { return strings.HasSuffix(u.Host, ".bucket.example.com") },
	}
	bare, loud := set, set
	bare.match = nil
	loud.cleartext = true
	for _, tc := range []struct {
		set         *originSet
		url, opaque string
		host        string
		want        bool
	}{
		{&set, "https://api.example.com/x", "", "", true},
		{&set, "HTTPS://API.example.com:443/x", "", "", true},
		{&set, "https://api.example.com:/x", "", "", true},
		{&set, "https://api.example.com:80/x", "", "", false},
		{&set, "https://up.example.com/x", "", "", true},
		{&bare, "https://down.example.com/x", "", "", false},
		{&set, "https://a.bucket.example.com/x", "", "", true},
		{&bare, "https://a.bucket.example.com/x", "", "", false},
		{&set, "http://127.0.0.1:8080/x", "", "", true},
		{&set, "http://10.0.0.1/x", "", "", false},
		{&loud, "http://10.0.0.1:80/x", "", "", true},
		{&loud, "ftp://10.0.0.1/x", "", "", false},
		{&loud, "http://api.example.com/x", "", "", false},
		{&set, "https://api.example.com/x", "", "api.example.com", true},
		{&set, "https://api.example.com/x", "", "API.EXAMPLE.COM:443", true},
		{&set, "https://api.example.com/x", "", "up.example.com", true},
		{&set, "https://api.example.com/x", "", "evil.example.net", false},
		{&set, "https://evil.example.net/x", "", "api.example.com", false},
		{&set, "https://a.bucket.example.com/x", "", "A.BUCKET.example.com", true},
		{&set, "https://api.example.com/x", "/y", "", true},
		{&set, "https://api.example.com/x", "y", "", false},
		{&set, "https://api.example.com/x", "//api.example.com", "", true},
		{&set, "https://api.example.com/x", "//API.example.com/y", "", true},
		{&set, "https://api.example.com/x", "//api.example.com?y", "", true},
		{&set, "https://api.example.com/x", "//api.example.com#y", "", true},
		{&set, "https://api.example.com/x", "//evil.example.net/y", "", false},
		{&set, "https://api.example.com/x", "///y", "", false},
		{&set, "https://evil.example.net/x", "//api.example.com/y", "", false},
	} {
		u, err := url.Parse(tc.url)
		require.NoError(t, err)
		u.Opaque = tc.opaque
		require.Equal(t, tc.want, tc.set.admits(u, tc.host), "%+v", tc)
	}
}

func TestLinksAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		`</a>;rel=next`:                  "/a",
		`</a>;rel="next"`:                "/a",
		`</a> ; REL = NEXT`:              "/a",
		"</a>\t;\trel\t=\tnext":          "/a",
		`< /a >;rel=next`:                "/a",
		`</a>;rel="prev next last"`:      "/a",
		`</a>;rel="next prev"`:           "/a",
		`</a>;rel="n\ext"`:               "/a",
		`</a>;rel="prev";rel=next`:       "",
		`</a>;rel;rel=next`:              "",
		`</a>;rel=;rel=next`:             "",
		`</a>;rel=nexts`:                 "",
		`</a>;rel="next\"`:               "",
		`</a>;rel="next`:                 "",
		`</a>;rel="`:                     "",
		`</a>;rel=""`:                    "",
		`</a>`:                           "",
		`</a>;`:                          "",
		`</a>;x`:                         "",
		`</a>;x;rel=next`:                "/a",
		`</a>;x=;rel=next`:               "/a",
		`</a>;x=y;rel=next`:              "/a",
		`</a>;; rel=next`:                "/a",
		`</a>;=y;rel=next`:               "/a",
		`</a>;x="a;rel=last";rel=next`:   "/a",
		`</a>;x="a\";rel=last";rel=next`: "/a",
		`</a>;x="a\\";rel=next`:          "/a",
		`</a>;title="";rel=next`:         "/a",
		`</a>;rel=last,</b>;rel=next`:    "/b",
		`</a>;rel=last , ,</b>;rel=next`: "/b",
		`</a>,</b>;rel=next`:             "/b",
		`</a>;x,</b>;rel=next`:           "/b",
		`</a>;x=y,</b>;rel=next`:         "/b",
		`</a>;x="," y,</b>;rel=next`:     "/b",
		`a;rel=next,</b>;rel=next`:       "/b",
		`<>;rel=next,</b>;rel=next`:      "/b",
		`</a rel=next,</b>;x`:            "",
		`</a>;rel=next,</b>;rel=next`:    "/a",
		`,`:                              "",
		``:                               "",
		// What has an anchor is a link of something else.
		`</a>;rel=next;anchor="/c"`:                     "",
		`</a>;anchor="/c";rel=next`:                     "",
		`</a>;Anchor=#part;rel=next`:                    "",
		`</a>;anchor="/c";rel=next,</b>;rel=next`:       "/b",
		`</a>;anchor="/c";anchor="";rel=next`:           "",
		`</a>;anchor="";rel=next`:                       "/a",
		`</a>;anchor;rel=next`:                          "/a",
		`</a>;rel=last;anchor="/c",</b>;rel=next;x="y"`: "/b",
		// Sentry has a next one always, and says whether there is anything behind it.
		`</a>;rel="next";results="true";cursor="0:100:0"`:                    "/a",
		`</a>;rel="next";results="false";cursor="0:100:0"`:                   "",
		`</a>;results=false;rel=next`:                                        "",
		`</a>;rel=next;results=falsehood`:                                    "/a",
		`</a>;rel=next;results`:                                              "/a",
		`</a>;rel="previous";results="false",</b>;rel="next";results="true"`: "/b",
	} {
		got, ok := linkTo(http.Header{"Link": {field}}, "next")
		require.Equal(t, want, got, field)
		require.Equal(t, want != "", ok, field)
	}
}

// An Age above 0 is that of a stored answer (RFC 9111 section 5.1).
func TestAge(t *testing.T) {
	t.Parallel()
	for age, want := range map[string]bool{
		"": false, "0": false, "000": false, " 0\t": false, "-1": false, "x": false, "/": false, ":": false,
		"1": true, "9": true, "05": true, " 60 ": true, "1.5": true,
	} {
		require.Equal(t, want, aged([]string{age}), "%q", age)
	}
	require.False(t, aged(nil))
	require.True(t, aged([]string{"1", "0"}), "the first counts")
}

// A Date that is over a minute behind the newest of its origin, and no other, is old.
func TestDatesOfAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) []string { return []string{now.Add(d).Format(http.TimeFormat)} }
	var h hostState
	for _, step := range []struct {
		date []string
		want bool
	}{
		{at(-time.Hour), false},
		{at(-2 * time.Hour), true},
		{at(-time.Hour - 60*time.Second), false},
		{at(-time.Hour - 61*time.Second), true},
		{at(0), false},
		{at(-61 * time.Second), true},
		{nil, false},
		{append(at(-time.Hour), at(-time.Hour)...), false},
		{[]string{"yesterday"}, false},
		{[]string{strings.Repeat("x", len(http.TimeFormat))}, false},
		{at(24*time.Hour + time.Second), false}, // somebody's mistake
		{at(0), false},
		{at(24 * time.Hour), false},
		{at(24*time.Hour - 61*time.Second), true},
	} {
		require.Equal(t, step.want, h.old(step.date, now), "%v", step.date)
	}
}

func TestBreakerStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, b := range []Breaker{{}, {Failures: 10, Cooldown: 10 * time.Second}, {Failures: 1, Cooldown: time.Hour}} {
			require.NoError(t, b.check())
			failures, cooldown := b.limits()
			var s breakerState
			require.True(t, s.asNew())
			fail := func(n int) {
				for range n {
					probe, err := s.allow(&b)
					require.NoError(t, err)
					require.False(t, probe)
					s.report(&b, failing, false)
				}
			}
			fail(failures - 1)
			require.Equal(t, failures == 1, s.asNew())
			s.report(&b, unknown, false)
			s.report(&b, healthy, false)
			require.True(t, s.asNew(), "a success begins anew")
			fail(failures)
			for range 2 {
				require.False(t, s.asNew())
				_, err := s.allow(&b)
				require.ErrorIs(t, err, ErrCircuitOpen)
				s.report(&b, healthy, false) // began before
				time.Sleep(cooldown - 1)
				_, err = s.allow(&b)
				require.ErrorIs(t, err, ErrCircuitOpen)
				s.report(&b, failing, false) // began before, too
				time.Sleep(time.Nanosecond)
				probe, err := s.allow(&b)
				require.NoError(t, err)
				require.True(t, probe)
				_, err = s.allow(&b)
				require.ErrorIs(t, err, ErrCircuitOpen, "one at a time")
				s.report(&b, unknown, true) // tells nothing: another may try
				probe, err = s.allow(&b)
				require.NoError(t, err)
				require.True(t, probe)
				s.report(&b, failing, true) // opens it for another while
			}
			time.Sleep(cooldown)
			probe, err := s.allow(&b)
			require.NoError(t, err)
			s.report(&b, healthy, probe)
			require.True(t, s.asNew())
			fail(1)
		}
	})
	for _, b := range []Breaker{{Failures: -1}, {Cooldown: -1}} {
		require.ErrorIs(t, b.check(), ErrConfig)
	}
	failures, cooldown := (&Breaker{}).limits()
	require.Equal(t, 10, failures)
	require.Equal(t, 10*time.Second, cooldown)
	failures, cooldown = (&Breaker{Failures: 1, Cooldown: 1}).limits()
	require.Equal(t, 1, failures)
	require.Equal(t, time.Duration(1), cooldown)
}
