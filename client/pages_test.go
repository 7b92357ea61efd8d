package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
)

type cursorPage struct {
	Next string `json:"next"`
}

// goesRound is a service whose cursors come again after so many pages.
func goesRound(t *testing.T, cursors ...string) (*client.Client, *clienttest.Transport) {
	t.Helper()
	n := 0
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"next":%q}`, cursors[n%len(cursors)])
		n++
	}))
	return over(t, rt), rt
}

// P4: a listing whose cursors go round ends, with an error and before a page
// comes twice.
func TestP4_ACycleOfCursorsIsAnError(t *testing.T) {
	inQuery := client.NextCursor("cursor", func(p cursorPage) string { return p.Next })
	inBody := func(p client.Page[cursorPage]) (client.Request, bool) {
		r := p.Request
		r.Body = map[string]string{"start_cursor": p.Value.Next}
		return r, p.Value.Next != ""
	}
	inForm := func(p client.Page[cursorPage]) (client.Request, bool) {
		r := p.Request
		r.Body = client.Form(url.Values{"cursor": {p.Value.Next}})
		return r, true
	}
	inHeader := func(p client.Page[cursorPage]) (client.Request, bool) {
		r := p.Request
		r.Header = http.Header{"X-Cursor": {p.Value.Next}}
		return r, true
	}
	for name, tc := range map[string]struct {
		cursors []string
		next    func(client.Page[cursorPage]) (client.Request, bool)
		body    any
		pages   int
	}{
		"the same":              {[]string{"a"}, inQuery, nil, 2},
		"two":                   {[]string{"a", "b"}, inQuery, nil, 3},
		"many":                  {[]string{"a", "b", "c", "d", "e", "f", "g"}, inQuery, nil, 8},
		"the same, in the body": {[]string{"a"}, inBody, map[string]string{}, 2},
		"two, in the body":      {[]string{"a", "b"}, inBody, map[string]string{}, 3},
		"two, in a form":        {[]string{"a", "b"}, inForm, nil, 3},
		"two, in a header":      {[]string{"a", "b"}, inHeader, nil, 3},
		"back to the first":     {[]string{"x"}, func(p client.Page[cursorPage]) (client.Request, bool) { return p.With("cursor", ""), true }, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, rt := goesRound(t, tc.cursors...)
			pages, failed := 0, error(nil)
			for _, err := range client.Pages(t.Context(), c, client.Request{Method: "POST", Path: "/items", Body: tc.body}, tc.next) {
				if failed = err; err == nil {
					pages++
				}
				require.Less(t, pages, 100)
			}
			require.ErrorIs(t, failed, client.ErrDecode)
			require.ErrorContains(t, failed, "the service repeats its cursor")
			require.Equal(t, tc.pages, pages)
			require.Equal(t, tc.pages, rt.Count(), "no page is asked for twice")
		})
	}
}

// Requests that differ in one part are different pages.
func TestPagesThatDiffer(t *testing.T) {
	steps := []client.Request{
		{Method: "POST", Path: "/a"},
		{Method: "PUT", Path: "/a"},
		{Method: "POST", Path: "/b"},
		{Method: "POST", Path: "/a", Query: url.Values{"a": {"1"}}},
		{Method: "POST", Path: "/a", Query: url.Values{"a": {"1", "1"}}},
		{Method: "POST", Path: "/a", Header: http.Header{"X-A": {"1", "1"}}},
		{Method: "POST", Path: "/a", Header: http.Header{"X-A": {"11"}}},
		{Method: "POST", Path: "/a", Header: http.Header{"X-B": {"11"}}},
		{Method: "POST", Path: "/a", Body: map[string]int{"a": 2}},
		{Method: "POST", Path: "/a", Body: map[string]int{"a": 1}},
		{Method: "POST", Path: "/a", Body: client.Raw("text/plain", []byte(`{"a":1}`))},
		{URL: base + "/a"},
	}
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
	i, n := 0, 0
	for _, err := range client.Pages(t.Context(), over(t, rt), steps[0], func(client.Page[cursorPage]) (client.Request, bool) {
		if i++; i == len(steps) {
			return client.Request{}, false
		}
		return steps[i], true
	}) {
		require.NoError(t, err, "%+v", steps[i])
		n++
	}
	require.Equal(t, len(steps), n)
}

func TestWithReplacesAParameterOfTheURL(t *testing.T) {
	for _, tc := range []struct{ given, name, value, url, query string }{
		{base + "/i?cursor=a&limit=2", "cursor", "b", base + "/i?limit=2", "cursor=b"},
		{base + "/i?limit=2&cursor=a", "cursor", "", base + "/i?limit=2", ""},
		{base + "/i?cursor=a&cursor=c", "cursor", "b", base + "/i", "cursor=b"},
		{base + "/i?%63ursor=a&z=1&a=b%20c&flag", "cursor", "b", base + "/i?z=1&a=b%20c&flag", "cursor=b"},
		{base + "/i?f=a;b&cursor", "cursor", "b", base + "/i?f=a;b", "cursor=b"},
		{base + "/i?bad%zz=1&cursor=a", "cursor", "b", base + "/i?bad%zz=1", "cursor=b"},
		{base + "/i?cursor=a#top", "cursor", "b", base + "/i#top", "cursor=b"},
		{base + "/i", "cursor", "b", base + "/i", "cursor=b"},
		{"", "cursor", "b", "", "cursor=b"},
	} {
		r := client.Page[int]{Request: client.Request{URL: tc.given, Query: url.Values{"cursor": {"old"}}}}.With(tc.name, tc.value)
		require.Equal(t, tc.url, r.URL, tc.given)
		require.Equal(t, tc.query, r.Query.Encode(), tc.given)
	}
	seen := []string{}
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.RawQuery)
		if r.URL.Query().Get("offset") == "6" {
			fmt.Fprint(w, `[]`)
			return
		}
		fmt.Fprint(w, `[1,2]`)
	}))
	for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{URL: base + "/i?offset=2&limit=2"}, client.NextOffset("offset", func(v []int) int { return len(v) })) {
		require.NoError(t, err)
		require.Less(t, len(seen), 10)
	}
	require.Equal(t, []string{"offset=2&limit=2", "limit=2&offset=4", "limit=2&offset=6"}, seen, "the offset is read where it stands")
}

func TestNextURL(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"next":%q}`, map[string]string{"": "?page=2", "page=2": base + "/v1/items?page=3&f=a;b"}[r.URL.RawQuery])
	}))
	for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/v1/items"}, client.NextURL(func(p cursorPage) string { return p.Next })) {
		require.NoError(t, err)
	}
	require.Equal(t, "/v1/items?page=2", rt.Requests()[1].URL)
	require.Equal(t, "/v1/items?page=3&f=a;b", rt.Requests()[2].URL)
	require.Equal(t, 3, rt.Count())
}

// What cannot be followed is an error, not the end of the list.
func TestALinkThatCannotBeFollowedIsAnError(t *testing.T) {
	for _, link := range []string{"<http://[::1>; rel=next", "<https://elsewhere.example/i>; rel=next", "<https://user@api.example.com/i>; rel=next"} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).Header("Link", link))
		var failed error
		for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, client.NextLink[cursorPage]) {
			failed = err
		}
		require.Error(t, failed, link)
		require.Equal(t, 1, rt.Count())
	}
}

// A page that somebody made has no URL of its own: a link counts as it stands.
func TestPageWithoutACall(t *testing.T) {
	p := client.Page[cursorPage]{Header: http.Header{"Link": {"</next?a=b>; rel=next"}}, Request: client.Request{Path: "/i", Query: url.Values{"a": {"1"}}, Route: "/i"}}
	r, more := client.NextLink(p)
	require.True(t, more)
	require.Equal(t, client.Request{URL: "/next?a=b", Route: "/i"}, r)
	p.Header = nil
	_, more = client.NextLink(p)
	require.False(t, more)

	byURL := client.NextURL(func(p cursorPage) string { return p.Next })
	_, more = byURL(p)
	require.False(t, more)
	_, more = client.NextCursor("c", func(p cursorPage) string { return p.Next })(p)
	require.False(t, more)
	p.Value.Next = "n"
	r, more = byURL(p)
	require.True(t, more)
	require.Equal(t, "n", r.URL)
	r, more = client.NextCursor("c", func(p cursorPage) string { return p.Next })(p)
	require.True(t, more)
	require.Equal(t, url.Values{"a": {"1"}, "c": {"n"}}, r.Query)
	require.Equal(t, url.Values{"a": {"1"}}, p.Request.Query, "the page's own stays as it is")
}

func TestNextOffset(t *testing.T) {
	for _, tc := range []struct {
		request client.Request
		count   int
		want    string // "" for the end
	}{
		{client.Request{}, 2, "2"},
		{client.Request{}, 1, "1"},
		{client.Request{}, 0, ""},
		{client.Request{}, -1, ""},
		{client.Request{Query: url.Values{"o": {"3"}}}, 2, "5"},
		{client.Request{Query: url.Values{"o": {}}, URL: base + "/i?o=4"}, 2, "6"},
		{client.Request{Query: url.Values{"o": {"3"}}, URL: base + "/i?o=4"}, 2, "5"},
		{client.Request{URL: "https://[::1?o=4"}, 2, "2"},
		{client.Request{Query: url.Values{"o": {"x"}}}, 2, "2"},
	} {
		r, more := client.NextOffset("o", func(n int) int { return n })(client.Page[int]{Value: tc.count, Request: tc.request})
		require.Equal(t, tc.want != "", more)
		require.Equal(t, tc.want, r.Query.Get("o"))
	}
}

// What can be read only by sending it is not looked at: such pages may be the same.
func TestPagesWithBodiesThatAreRead(t *testing.T) {
	for name, body := range map[string]func() any{
		"parts":    func() any { return client.Multipart(client.Part{Name: "a", Value: "b"}) },
		"a stream": func() any { return client.Stream("text/plain", io.NopCloser(strings.NewReader("x")), 1) },
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`).Header("X-Page", "p"))
		var meta client.Meta
		n := 0
		for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Method: "POST", Path: "/i", Body: body(), Meta: &meta}, func(p client.Page[cursorPage]) (client.Request, bool) {
			require.Equal(t, "p", p.Header.Get("X-Page"))
			require.Equal(t, "p", meta.Header.Get("X-Page"), "the caller's own Meta is filled in as well")
			n++
			r := p.Request
			r.Body = body()
			return r, n < 3
		}) {
			require.NoError(t, err, name)
		}
		require.Equal(t, 3, n, name)
		require.Equal(t, 3, rt.Count(), name)
	}
}

func TestPagesEndWithTheLoop(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"next":"n"}`))
	next := func(p client.Page[cursorPage]) (client.Request, bool) {
		t.Error("nobody has asked for another page")
		return p.Request, true
	}
	for range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, next) {
		break
	}
	require.Equal(t, 1, rt.Count())
	rt = clienttest.NewTransport(t, clienttest.Status(404))
	n := 0
	for _, err := range client.Pages(t.Context(), over(t, rt), client.Request{Path: "/i"}, next) {
		require.ErrorIs(t, err, client.ErrNotFound)
		n++
	}
	require.Equal(t, 1, n)
	require.Equal(t, 1, rt.Count())
}
