package client_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

type repoInput struct {
	Owner string `path:"owner" json:"-"`
	Repo  string `path:"repo" json:"-"`
}

type listInput struct {
	repoInput
	State  string            `query:"state"`
	Labels []string          `query:"labels,comma"`
	IDs    []int             `query:"id"`
	Draft  *bool             `query:"draft"`
	Since  time.Time         `query:"since"`
	Ratio  float64           `query:"ratio"`
	Extra  map[string]string `query:"filter_*"`
	Match  string            `header:"If-None-Match"`
	Tags   []string          `header:"X-Tag,comma"`
	Meta   map[string]string `header:"x-meta-*"`
}

type createInput struct {
	repoInput
	Trace string  `header:"X-Trace" json:"-"`
	Title string  `json:"title"`
	Body  *string `json:"body,omitempty"`
}

type item struct {
	ID int `json:"id"`
}

func opClient(t *testing.T, steps ...clienttest.Step) (*client.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := client.New(srv.URL+"/base", client.WithAuth(client.Bearer(secret.Static("tok_canary_1"))))
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c, srv
}

func TestOpPutsEachFieldWhereItsTagSays(t *testing.T) {
	c, srv := opClient(t, clienttest.JSON(200, `{"id":7}`))
	no := false
	list := client.Op[listInput, item]{Name: "list", Route: "/repos/{owner}/{repo}/issues"}
	got, err := list.Do(t.Context(), c, listInput{
		repoInput: repoInput{"a/b", "c d"}, State: "open & shut", Labels: []string{"x", "y"}, IDs: []int{1, 2}, Draft: &no,
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Ratio: 0.5, Extra: map[string]string{"k": "v"},
		Match: `"e"`, Tags: []string{"p", "q"}, Meta: map[string]string{"color": "red"},
	})
	require.NoError(t, err)
	require.Equal(t, item{7}, got)
	last := srv.Last()
	require.Equal(t, "GET", last.Method)
	u, err := url.Parse(last.URL)
	require.NoError(t, err)
	require.Equal(t, "/base/repos/a%2Fb/c%20d/issues", u.EscapedPath())
	require.Equal(t, url.Values{
		"state": {"open & shut"}, "labels": {"x,y"}, "id": {"1", "2"}, "draft": {"false"},
		"since": {"2026-01-02T03:04:05Z"}, "ratio": {"0.5"}, "filter_k": {"v"},
	}, u.Query())
	require.Equal(t, []string{`"e"`}, last.Header["If-None-Match"])
	require.Equal(t, []string{"p, q"}, last.Header["X-Tag"])
	require.Equal(t, []string{"red"}, last.Header["X-Meta-Color"])
	require.Empty(t, last.Body)

	_, err = list.Do(t.Context(), c, listInput{repoInput: repoInput{"a", "b"}})
	require.NoError(t, err)
	require.Equal(t, "/base/repos/a/b/issues", srv.Last().URL, "what is zero is left out")
	require.NotContains(t, srv.Last().Header, "If-None-Match")
}

func TestOpBodies(t *testing.T) {
	c, srv := opClient(t, clienttest.JSON(200, `{"id":7}`))
	text := "text"
	type form struct {
		Grant string   `form:"grant_type"`
		Scope []string `form:"scope"`
	}
	type inJSON struct {
		ID   string `path:"id"`
		Item *item  `body:"json"`
	}
	type inForm struct {
		Values url.Values `body:"form"`
	}
	type object struct {
		XMLName xml.Name `xml:"Delete"`
		Key     string
	}
	type inXML struct {
		Delete object `body:"xml"`
	}
	type raw struct {
		Data client.Body `body:""`
	}
	for name, v := range map[string]struct {
		call        func() error
		path        string
		contentType string
		body        string
	}{
		"members": {func() error {
			_, err := client.Op[createInput, item]{Method: "POST", Route: "/{owner}/{repo}"}.Do(t.Context(), c, createInput{repoInput: repoInput{"o", "r"}, Trace: "t", Title: "hi"})
			return err
		}, "/base/o/r", "application/json", `{"title":"hi"}`},
		"members among others": {func() error {
			_, err := client.Op[mixedInput, item]{Method: "POST", Route: "/x/{id}"}.Do(t.Context(), c, mixedInput{ID: "1", Limit: 2, Name: "n", Embedded: Embedded{A: "a"}, Inner: Inner{Text: "t"}})
			return err
		}, "/base/x/1?a=a&limit=2", "application/json", `{"text":"t","Name":"n"}`},
		"an embedded struct with a name of its own": {func() error {
			_, err := client.Op[namedInput, item]{Method: "POST", Route: "/{owner}/{repo}"}.Do(t.Context(), c, namedInput{repoInput: repoInput{"o", "r"}, Inner: Inner{Text: "t"}})
			return err
		}, "/base/o/r", "application/json", `{"inner":{"text":"t"},"title":""}`},
		"an embedded struct that JSON leaves out": {func() error {
			_, err := client.Op[hiddenInput, item]{Method: "POST", Route: "/{id}"}.Do(t.Context(), c, hiddenInput{Hidden: Hidden{ID: "1", Text: "t"}, aside: aside{Note: "no"}, Title: "n"})
			return err
		}, "/base/1", "application/json", `{"title":"n"}`},
		"an embedded struct with a field of its own name": {func() error {
			_, err := client.Op[marksInput, item]{Method: "POST", Route: "/{id}"}.Do(t.Context(), c, marksInput{ID: "1", Marks: Marks{Marks: "m", Text: "t"}})
			return err
		}, "/base/1?marks=m", "application/json", `{"text":"t"}`},
		"embedded structs with fields of one name": {func() error {
			in := twinsInput{ID: "1", Left: Left{Name: "l"}, Right: Right{Name: "r"}}
			_, err := client.Op[twinsInput, item]{Method: "POST", Route: "/{id}"}.Do(t.Context(), c, in)
			return err
		}, "/base/1?left=l", "application/json", `{"right":"r"}`},
		"a field in place of an embedded one": {func() error {
			in := overInput{Hidden: Hidden{ID: "no", Text: "no"}, ID: "1", Text: "t"}
			_, err := client.Op[overInput, item]{Method: "POST", Route: "/{id}"}.Do(t.Context(), c, in)
			return err
		}, "/base/1", "application/json", `{"text":"t"}`},
		"pointer": {func() error {
			_, err := client.Op[*createInput, *item]{Method: "POST", Route: "/{owner}/{repo}"}.Do(t.Context(), c, &createInput{repoInput: repoInput{"o", "r"}, Body: &text})
			return err
		}, "/base/o/r", "application/json", `{"title":"","body":"text"}`},
		"field": {func() error {
			_, err := client.Op[inJSON, item]{Method: "PUT", Route: "/x/{id}"}.Do(t.Context(), c, inJSON{"1", &item{5}})
			return err
		}, "/base/x/1", "application/json", `{"id":5}`},
		"no field": {func() error {
			_, err := client.Op[inJSON, item]{Method: "PUT", Route: "/x/{id}"}.Do(t.Context(), c, inJSON{ID: "1"})
			return err
		}, "/base/x/1", "", ""},
		"form": {func() error {
			_, err := client.Op[form, item]{Method: "POST", Route: "/x"}.Do(t.Context(), c, form{"code", []string{"a", "b"}})
			return err
		}, "/base/x", "application/x-www-form-urlencoded", "grant_type=code&scope=a&scope=b"},
		"form field": {func() error {
			_, err := client.Op[inForm, item]{Method: "POST", Route: "/x"}.Do(t.Context(), c, inForm{url.Values{"a": {"b c"}}})
			return err
		}, "/base/x", "application/x-www-form-urlencoded", "a=b+c"},
		"xml": {func() error {
			_, err := client.Op[inXML, item]{Method: "POST", Route: "/x"}.Do(t.Context(), c, inXML{object{Key: "a&b"}})
			return err
		}, "/base/x", "application/xml", xml.Header + `<Delete><Key>a&amp;b</Key></Delete>`},
		"body": {func() error {
			_, err := client.Op[raw, item]{Method: "PUT", Route: "/x"}.Do(t.Context(), c, raw{client.Raw("image/png", []byte("png"))})
			return err
		}, "/base/x", "image/png", "png"},
		"whole": {func() error {
			_, err := client.Op[[]item, item]{Method: "POST", Route: "/x"}.Do(t.Context(), c, []item{{1}, {2}})
			return err
		}, "/base/x", "application/json", `[{"id":1},{"id":2}]`},
		"none": {func() error {
			_, err := client.Op[client.None, client.None]{Method: "POST", Route: "/x"}.Do(t.Context(), c, client.None{})
			return err
		}, "/base/x", "", ""},
		"encoded": {func() error {
			_, err := client.Op[string, item]{Method: "POST", Route: "/x/{id}/go", Encode: func(id string, r *client.Request) error {
				r.SetPath(id)
				r.Body = client.Raw("text/plain", []byte("t"))
				return nil
			}}.Do(t.Context(), c, "a/b")
			return err
		}, "/base/x/a%2Fb/go", "text/plain", "t"},
	} {
		require.NoError(t, v.call(), name)
		last := srv.Last()
		require.Equal(t, v.path, last.URL, name)
		require.Equal(t, v.contentType, last.Header.Get("Content-Type"), name)
		require.Equal(t, v.body, string(last.Body), name)
	}
}

func TestOpFillsInWhatItsOutNames(t *testing.T) {
	h := func(s clienttest.Step) clienttest.Step {
		return s.Header("ETag", `"e"`).Header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT").Header("X-Count", "7").Header("X-Meta-Color", "red").Header("X-Gone", "true")
	}
	type head struct {
		ETag  string            `header:"etag" json:"-"`
		At    time.Time         `header:"Last-Modified" json:"-"`
		Count *int64            `header:"X-Count" json:"-"`
		Gone  bool              `header:"X-Gone" json:"-"`
		None  *int              `header:"X-None" json:"-"`
		Meta  map[string]string `header:"x-meta-*" json:"-"`
		Tags  []string          `header:"X-Gone" json:"-"`
	}
	check := func(got head) {
		t.Helper()
		require.Equal(t, `"e"`, got.ETag)
		require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), got.At.UTC())
		require.Equal(t, int64(7), *got.Count)
		require.True(t, got.Gone)
		require.Nil(t, got.None)
		require.Equal(t, map[string]string{"color": "red"}, got.Meta)
		require.Equal(t, []string{"true"}, got.Tags)
	}
	c, srv := opClient(t, h(clienttest.Status(200)))
	bare, err := client.Op[client.None, head]{Method: "HEAD", Route: "/x"}.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	check(bare)

	type bareTag struct {
		ETag string `header:"ETag"`
	}
	tag, err := client.Call[bareTag](t.Context(), c, client.Request{Method: "HEAD"})
	require.NoError(t, err, "what is all from the header needs no body")
	require.Equal(t, `"e"`, tag.ETag)

	type bodyToo struct {
		bareTag
		ID int `json:"id"`
	}
	srv.Script(clienttest.JSON(200, `{"ETag":"of the body","id":3}`))
	of, err := client.Call[bodyToo](t.Context(), c, client.Request{})
	require.NoError(t, err)
	require.Equal(t, bodyToo{ID: 3}, of, "a body does not pose as a header")

	srv.Script(h(clienttest.JSON(200, `{"id":3}`)))
	type both struct {
		item
		head
	}
	two, err := client.Op[client.None, *both]{Route: "/x"}.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	check(two.head)
	require.Equal(t, 3, two.ID)

	srv.Script(h(clienttest.Text(200, `<?xml version="1.0"?><R><Key>a</Key><New>b</New></R>`).Header("Content-Type", "application/xml")))
	type page struct {
		ETag string `header:"ETag"`
		R    struct{ Key string }
	}
	type inXML struct {
		ETag string `header:"ETag"`
		R    struct {
			Key string
		} `body:"xml"`
	}
	x, err := client.Op[client.None, inXML]{Route: "/x"}.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	require.Equal(t, "a", x.R.Key)
	require.Equal(t, `"e"`, x.ETag)
	_, err = client.Call[page](t.Context(), c, client.Request{})
	require.ErrorIs(t, err, client.ErrDecode, "XML is no JSON")

	type raw struct {
		ETag string `header:"ETag"`
		Data []byte `body:"raw"`
	}
	r, err := client.Call[raw](t.Context(), c, client.Request{})
	require.NoError(t, err)
	require.Equal(t, `"e"`, r.ETag)
	require.Contains(t, string(r.Data), "<Key>")

	for name, step := range map[string]clienttest.Step{
		"cut":     clienttest.Text(200, `<R><Key>tok_canary_1`),
		"no XML":  clienttest.Text(200, `{"Key":"tok_canary_1"}`),
		"unfit":   clienttest.Text(200, `<R><Key>a</Wrong></R>`),
		"nothing": clienttest.Status(200),
	} {
		srv.Script(step)
		got, err := client.Op[client.None, inXML]{Route: "/x"}.Do(t.Context(), c, client.None{})
		require.Zero(t, got, name)
		want := client.ErrDecode
		if name == "nothing" {
			want = client.ErrEmptyBody
		}
		require.ErrorIs(t, err, want, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	srv.Script(clienttest.JSON(200, `{}`).Header("X-Count", "tok_canary_1"))
	_, err = client.Call[both](t.Context(), c, client.Request{})
	require.ErrorIs(t, err, client.ErrDecode)
	require.ErrorContains(t, err, "X-Count")
	require.NotContains(t, err.Error(), "canary")
}

type noted struct {
	io.Reader
	closed bool
}

func (c *noted) Close() error { c.closed = true; return nil }

type untexted struct{ A string }

func (untexted) MarshalText() ([]byte, error) { return nil, errors.New("tok_canary_1") }

func TestOpRefusesWhatDoesNotFit(t *testing.T) {
	c, srv := opClient(t, clienttest.JSON(200, `{}`))
	body := &noted{Reader: strings.NewReader("x")}
	type upload struct {
		Key  string      `path:"key"`
		Data client.Body `body:""`
	}
	type texted struct {
		At untexted `query:"at"`
	}
	for name, v := range map[string]struct {
		call func() error
		want error
		says string
	}{
		"empty path": {func() error {
			_, err := client.Op[upload, item]{Method: "PUT", Route: "/x/{key}"}.Do(t.Context(), c, upload{"", client.Stream("text/plain", body, 1)})
			return err
		}, client.ErrRequest, "the path parameter key is empty"},
		"dots": {func() error {
			_, err := client.Op[upload, item]{Method: "PUT", Route: "/x/{key}"}.Do(t.Context(), c, upload{Key: ".."})
			return err
		}, client.ErrRequest, "dot segment"},
		"dots among segments": {func() error {
			_, err := client.Op[upload, item]{Method: "PUT", Route: "/x/{key...}"}.Do(t.Context(), c, upload{Key: "a/../b"})
			return err
		}, client.ErrRequest, "dot segment"},
		"nil": {func() error {
			_, err := client.Op[*createInput, item]{Method: "PUT", Route: "/x/{owner}/{repo}"}.Do(t.Context(), c, nil)
			return err
		}, client.ErrRequest, "nil"},
		"text": {func() error {
			_, err := client.Op[texted, item]{Route: "/x"}.Do(t.Context(), c, texted{untexted{"a"}})
			return err
		}, client.ErrRequest, "At"},
		"no such place": {func() error {
			_, err := client.Op[upload, item]{Route: "/x"}.Do(t.Context(), c, upload{Key: "k"})
			return err
		}, client.ErrConfig, "no such place"},
		"no such field": {func() error {
			_, err := client.Op[upload, item]{Route: "/x/{key}/{part}"}.Do(t.Context(), c, upload{Key: "k"})
			return err
		}, client.ErrConfig, "{part}"},
		"encode": {func() error {
			_, err := client.Op[int, item]{Route: "/x", Encode: func(int, *client.Request) error { return fmt.Errorf("%w: odd", client.ErrRequest) }}.Do(t.Context(), c, 1)
			return err
		}, client.ErrRequest, "odd"},
		"too few values": {func() error {
			r := client.Request{Route: "/x/{a}/{b}"}
			r.SetPath("1")
			_, err := client.Call[item](t.Context(), c, r)
			return err
		}, client.ErrRequest, "empty segment"},
		"too many values": {func() error {
			r := client.Request{Route: "/x/{a}"}
			r.SetPath("1", "2")
			_, err := client.Call[item](t.Context(), c, r)
			return err
		}, client.ErrRequest, "empty segment"},
	} {
		err := v.call()
		require.ErrorIs(t, err, v.want, name)
		require.ErrorContains(t, err, v.says, name)
		require.NotContains(t, err.Error(), "canary", name)
		_, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, name)
	}
	require.Zero(t, srv.Count())
	require.True(t, body.closed, "a body that is not sent is closed")
}

func TestOperationsCheckTheirTypes(t *testing.T) {
	type two struct {
		A string `path:"a" query:"a"`
	}
	type odd struct {
		A string `query:"a,brackets"`
	}
	type nowhere struct {
		A string
	}
	type twoBodies struct {
		A item `body:"json"`
		B item `body:"json"`
	}
	type bodyAndMembers struct {
		A item `body:"json"`
		B int  `json:"b"`
	}
	type textless struct {
		A struct{ X int } `query:"a"`
	}
	type byPointer struct {
		*Embedded
	}
	type partByPointer struct {
		ID string `path:"id"`
		*Inner
	}
	type oddBody struct {
		A string `body:"yaml"`
	}
	type noBody struct {
		A string `body:""`
	}
	type noForm struct {
		A string `body:"form"`
	}
	type noMap struct {
		A string `header:"x-*"`
	}
	type rawText struct {
		A string `body:"raw"`
	}
	type chanHeader struct {
		A chan int `header:"X"`
	}
	for says, op := range map[string]client.Operation{
		"tagged both path and query":           client.Op[two, item]{Name: "x", Route: "/{a}"},
		"query tag cannot be read":             client.Op[odd, item]{Name: "x", Route: "/"},
		"do not say where it goes":             client.Op[nowhere, item]{Name: "x", Route: "/"},
		"two fields that are the body":         client.Op[twoBodies, item]{Name: "x", Route: "/"},
		"two bodies":                           client.Op[bodyAndMembers, item]{Name: "x", Route: "/"},
		"has no text for a query":              client.Op[textless, item]{Name: "x", Route: "/"},
		"embedded by a pointer":                client.Op[byPointer, item]{Name: "x", Route: "/"},
		"Text, which is embedded by a pointer": client.Op[partByPointer, item]{Name: "x", Route: "/{id}"},
		"none of json, form and xml":           client.Op[oddBody, item]{Name: "x", Route: "/"},
		"neither a Body nor said to be":        client.Op[noBody, item]{Name: "x", Route: "/"},
		"no url.Values":                        client.Op[noForm, item]{Name: "x", Route: "/"},
		"no map of strings":                    client.Op[noMap, item]{Name: "x", Route: "/"},
		"no []byte":                            client.Op[client.None, rawText]{Name: "x", Route: "/"},
		"no header can be read":                client.Op[client.None, chanHeader]{Name: "x", Route: "/"},
		"does not begin with a slash":          client.Op[client.None, item]{Name: "x", Route: "x"},
		"neither a name nor a place":           client.Op[client.None, item]{Name: "x", Route: "/{a"},
		"{name...} that is not its end":        client.Op[client.None, item]{Name: "x", Route: "/{a...}/b"},
		"has no name":                          client.Op[client.None, item]{Route: "/"},
		"has the place {a}, and no field":      client.Op[client.None, item]{Name: "x", Route: "/{a}"},
		`"owner", and the route has no`:        client.Op[repoInput, item]{Name: "x", Route: "/{repo}"},
		"none of json, xml and raw":            client.Op[client.None, oddBody]{Name: "x", Route: "/"},
		"whose header tag cannot be read": client.Op[struct {
			A string `header:""`
		}, item]{Name: "x", Route: "/"},
		"which is embedded by a pointer": client.Op[struct {
			*Embedded
			B int `query:"b"`
		}, item]{Name: "x", Route: "/"},
	} {
		err := client.Operations{op}.Check()
		require.ErrorIs(t, err, client.ErrConfig, says)
		require.ErrorContains(t, err, says)
	}
	ok := client.Op[repoInput, item]{Name: "a", Route: "/{owner}/{repo}"}
	require.NoError(t, client.Operations{ok}.Check())
	require.ErrorContains(t, client.Operations{ok, ok}.Check(), "two operations are called a")
	again := ok
	again.Name = "b"
	require.ErrorContains(t, client.Operations{ok, again}.Check(), "two operations are GET /{owner}/{repo}")
	require.NoError(t, client.Operations{client.Op[chan int, item]{Name: "x", Route: "/", Encode: func(chan int, *client.Request) error { return nil }}}.Check())
}

type mixedInput struct {
	ID    string `path:"id"`
	Limit int    `query:"limit,omitempty"`
	Embedded
	Inner
	Name string  `json:",omitempty"`
	Note *string `json:"note,omitempty"`
}

type namedInput struct {
	repoInput
	ID    string `header:"X-Id"`
	Inner `json:"inner"`
	Title string `json:"title"`
}

type hiddenInput struct {
	Hidden `json:"-"`
	aside  `json:"-"`
	Title  string `json:"title"`
}

type aside struct {
	Note string `json:"note"`
}

type marksInput struct {
	ID string `path:"id"`
	Marks
}

type Marks struct {
	Marks string `query:"marks"`
	Text  string `json:"text"`
}

type twinsInput struct {
	ID string `path:"id"`
	Left
	Right
}

type Left struct {
	Name string `query:"left"`
}

type Right struct {
	Name string `json:"right"`
}

type overInput struct {
	Hidden
	ID   string `path:"id"`
	Text string `json:"text"`
}

type Hidden struct {
	ID   string `path:"id"`
	Text string `json:"text"`
}

type Inner struct {
	Text string `json:"text"`
}

type Embedded struct {
	A string `query:"a"`
}

type keyInput struct {
	Key      string `path:"key"`
	UploadID string `query:"uploadId"`
	Part     int    `query:"partNumber"`
}

// The key of an object is any text: what would be a way out of the base, were it a path,
// stays below it.
func TestOpKeepsAKeyAsItIs(t *testing.T) {
	for _, base := range []string{"", "/bucket", "/bucket/", "/b%2Fc"} {
		srv := clienttest.NewServer(t, clienttest.Status(200))
		c, err := client.New(srv.URL + base)
		require.NoError(t, err)
		t.Cleanup(c.CloseIdleConnections)
		below := strings.TrimSuffix(base, "/")
		get := client.Op[keyInput, client.None]{Name: "get", Route: "/{key+}"}
		encoded := client.Op[string, client.None]{Name: "encoded", Route: "/{key+}", Encode: func(key string, r *client.Request) error {
			r.SetPath(key)
			return nil
		}}
		for key, want := range map[string]string{
			"a b": "/a%20b", "ä": "/%C3%A4", "a//b": "/a//b", "../x": "/../x", "..": "/..", ".": "/.", "+": "/%2B", "%2F": "/%252F",
			"a/": "/a/", "/a": "//a", "/": "//", "a?b#c": "/a%3Fb%23c", "\\": "/%5C", "\x00\n": "/%00%0A", "a;b=c&d": "/a%3Bb%3Dc%26d", "{key}": "/%7Bkey%7D",
		} {
			_, err := get.Do(t.Context(), c, keyInput{Key: key})
			require.NoError(t, err, key)
			require.Equal(t, below+want, srv.Last().URL, key)
			_, err = encoded.Do(t.Context(), c, key)
			require.NoError(t, err, key)
			require.Equal(t, below+want, srv.Last().URL, key)
			r, err := get.Request(keyInput{Key: key})
			require.NoError(t, err)
			_, err = client.Download(t.Context(), c, r, io.Discard)
			require.NoError(t, err, key)
			require.Equal(t, below+want, srv.Last().URL, key)
		}
		n := srv.Count()
		_, err = get.Do(t.Context(), c, keyInput{})
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = encoded.Do(t.Context(), c, "")
		require.ErrorIs(t, err, client.ErrRequest)
		// What a caller makes of the path is held to the rule on paths again.
		_, err = get.Do(t.Context(), c, keyInput{Key: "x"}, func(r *client.Request) { r.Path += "/../y" })
		require.ErrorIs(t, err, client.ErrRequest)
		require.Equal(t, n, srv.Count())
	}
}

// Operations on one path are told apart by the query at the end of their routes.
func TestRouteEndsInAQuery(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.Status(200))
	c, err := client.New(srv.URL)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	ops := map[string]client.Op[keyInput, client.None]{}
	var table client.Operations
	for name, route := range map[string]string{
		"get": "/{key+}", "uploads": "/{key+}?uploads", "put": "/{key+}?x-id=Put", "part": "/{key+}?x-id=Part&uploadId&partNumber",
	} {
		ops[name] = client.Op[keyInput, client.None]{Name: name, Route: route}
		table = append(table, ops[name])
	}
	require.NoError(t, table.Check())
	for name, want := range map[string]string{
		"get": "/k?uploadId=u", "uploads": "/k?uploadId=u&uploads=", "put": "/k?uploadId=u&x-id=Put", "part": "/k?partNumber=1&uploadId=u&x-id=Part",
	} {
		in := keyInput{Key: "k", UploadID: "u"}
		if name == "part" {
			in.Part = 1
		}
		_, err := ops[name].Do(t.Context(), c, in)
		require.NoError(t, err)
		require.Equal(t, want, srv.Last().URL)
		req, err := http.NewRequest("GET", "https://example.com"+want, nil)
		require.NoError(t, err)
		require.Equal(t, ops[name].Route, table.Route(req))
	}
	n := srv.Count()
	_, err = ops["part"].Do(t.Context(), c, keyInput{Key: "k", Part: 1})
	require.ErrorContains(t, err, "the query parameter uploadId is empty")
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, n, srv.Count())
	require.ErrorIs(t, client.Operations{client.Op[keyInput, client.None]{Name: "x", Route: "/{key+}/more"}}.Check(), client.ErrConfig)
}

func TestOperationsNameTheRouteOfARequest(t *testing.T) {
	op := func(method, route string) client.Operation {
		return client.Op[client.None, client.None]{Method: method, Route: route}
	}
	ops := client.Operations{
		op("POST", "/emails/{id}"), op("POST", "/emails/batch"), op("", "/emails/{id}"), op("POST", "/emails/{id}/cancel"),
		op("GET", "/files/{path...}"), op("GET", "/v1/{name}:cancel"), op("GET", "/"),
	}
	for request, want := range map[string]string{
		"POST /emails/batch":      "/emails/batch",
		"POST /emails/4ef9":       "/emails/{id}",
		"GET /emails/batch":       "/emails/{id}",
		"POST /emails/1/cancel":   "/emails/{id}/cancel",
		"POST /emails/1/other":    "",
		"POST /emails":            "",
		"POST /emails/":           "",
		"DELETE /emails/1":        "",
		"GET /files/a/b/c":        "/files/{path...}",
		"GET /files":              "",
		"GET /files/":             "",
		"GET /v1/op%2F1:cancel":   "/v1/{name}:cancel",
		"GET /v1/op":              "",
		"GET /":                   "/",
		"GET /emails/a%2Fcancel":  "/emails/{id}",
		"GET /emails/1?x=/cancel": "/emails/{id}",
	} {
		method, target, _ := strings.Cut(request, " ")
		r, err := http.NewRequest(method, "https://api.example.com"+target, nil)
		require.NoError(t, err)
		require.Equal(t, want, ops.Route(r), request)
	}
}

// The route of an SDK's request is named by the profile: in errors, logs and observers.
func TestProfileNamesTheRoutesOfAnSDK(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.Status(404))
	other := clienttest.NewServer(t, clienttest.Status(404))
	var seen []string
	c, err := client.New(srv.URL+"/base", client.WithProfile(client.Profile{Name: "p", Route: func(r *http.Request) string {
		seen = append(seen, r.URL.Path)
		if r.URL.Path == "/panic" {
			panic("no")
		}
		return client.Operations{client.Op[client.None, client.None]{Route: "/users/{id}"}}.Route(r)
	}}), client.WithObserver(observerFunc(func(context.Context, client.Observation) {})))
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	routes := map[string]string{}
	c, err = c.With(client.WithAttemptMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripFunc(func(r *http.Request) (*http.Response, error) {
			info, _ := client.InfoFrom(r.Context())
			routes[r.URL.Path] = info.Route
			return next.RoundTrip(r)
		})
	}))
	require.NoError(t, err)
	for _, target := range []string{srv.URL + "/base/users/7", srv.URL + "/base/other", srv.URL + "/base/panic", other.URL + "/base/users/7x"} {
		resp, err := c.HTTPClient().Get(target)
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
	require.Equal(t, map[string]string{"/base/users/7": "/users/{id}", "/base/other": "", "/base/panic": "", "/base/users/7x": ""}, routes)
	require.Equal(t, []string{"/users/7", "/other", "/panic"}, seen, "below the base URL, and on its origin alone")

	_, err = client.Get[client.None](t.Context(), c, "/users/7")
	require.ErrorContains(t, err, "p: GET /users/{id}: 404")
	_, err = client.Call[client.None](t.Context(), c, client.Request{Path: "/users/7", Route: "/own"})
	require.ErrorContains(t, err, "p: GET /own: 404")
}

// P4
func TestP4_AListYieldsEachItemOnceAndFetchesNoFurther(t *testing.T) {
	c, srv := opClient(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch page := r.URL.Query().Get("page"); page {
		case "":
			w.Header().Set("Link", `<?page=2>; rel="next"`)
			_, _ = io.WriteString(w, `[{"id":1},{"id":2}]`)
		case "2":
			w.Header().Set("Link", `<?page=3>; rel="next"`)
			_, _ = io.WriteString(w, `[]`)
		case "3":
			_, _ = io.WriteString(w, `[{"id":3}]`)
		}
	}))
	list := client.List[repoInput, []item, item]{
		Op:    client.Op[repoInput, []item]{Name: "list", Route: "/{owner}/{repo}"},
		Items: func(page []item) []item { return page },
		Next:  client.NextLink[[]item],
	}
	require.True(t, list.Info().Lists)
	var got []int
	for it, err := range list.All(t.Context(), c, repoInput{"o", "r"}) {
		require.NoError(t, err)
		got = append(got, it.ID)
		if it.ID < 3 {
			require.Equal(t, 1, srv.Count(), "the next page is fetched when it is wanted")
		}
	}
	require.Equal(t, []int{1, 2, 3}, got)
	require.Equal(t, 3, srv.Count())

	for it, err := range list.All(t.Context(), c, repoInput{}) {
		require.Zero(t, it)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, 3, srv.Count())
}

func TestOpTakesEdits(t *testing.T) {
	c, srv := opClient(t, clienttest.JSON(200, `{"id":1}`))
	var meta client.Meta
	_, err := client.Op[repoInput, item]{Route: "/{owner}/{repo}", Weight: 2}.Do(t.Context(), c, repoInput{"o", "r"}, func(r *client.Request) {
		r.Meta = &meta
		r.Query = url.Values{"x": {"1"}}
		require.Equal(t, 2, r.Weight)
	})
	require.NoError(t, err)
	require.Equal(t, 200, meta.Status)
	require.Equal(t, "/base/o/r?x=1", srv.Last().URL)

	r, err := client.Op[repoInput, item]{Route: "/{owner}/{repo}"}.Request(repoInput{Owner: "o"})
	require.ErrorIs(t, err, client.ErrRequest)
	_ = r
	r, err = client.Op[repoInput, item]{Route: "/{owner}/{repo}"}.Request(repoInput{"o", "r"})
	require.NoError(t, err)
	resp, err := c.Do(t.Context(), r)
	require.NoError(t, err)
	defer resp.Body.Close()
	all, _ := io.ReadAll(resp.Body)
	require.Equal(t, `{"id":1}`, string(bytes.TrimSpace(all)))
}

// An Encode that sets no path calls the route, and where that has places, nothing.
func TestOpEncodesWithoutAPath(t *testing.T) {
	c, srv := opClient(t, clienttest.JSON(200, `{}`))
	encode := func(in string, r *client.Request) error { r.Body = map[string]string{"in": in}; return nil }
	plain := client.Op[string, client.None]{Method: http.MethodPost, Route: "/things:batch?force", Encode: encode}
	_, err := plain.Do(t.Context(), c, "x")
	require.NoError(t, err)
	require.Equal(t, "/base/things:batch?force=", srv.Last().URL)
	placed := client.Op[string, client.None]{Method: http.MethodPost, Route: "/things/{id}", Encode: encode}
	_, err = placed.Do(t.Context(), c, "x")
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, 1, srv.Count())
}
