package graphql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
)

type shopInput struct {
	ID  string `json:"id"`
	Key string `json:"key,omitempty"`
}

type namedShop struct {
	Name string `json:"name"`
}

var (
	getShop = graphql.Op[shopInput, namedShop]{
		Name: "shops.get", Path: "/graphql", Field: "shop", Document: `query GetShop($id: ID!) { shop(id: $id) { ...F } } fragment F on Shop { name }`,
	}
	openShop = graphql.Op[shopInput, namedShop]{
		Name: "shops.open", Path: "/graphql", Field: "openShop.shop", Document: `mutation OpenShop($in: In!) { openShop(input: $in) { shop { name } } }`,
		Variables: func(in shopInput) any { return map[string]any{"in": in} },
	}
)

// sentVariables are those of a request.
func sentVariables(t *testing.T, r clienttest.Recorded) string {
	t.Helper()
	var body struct{ Variables json.RawMessage }
	require.NoError(t, json.Unmarshal(r.Body, &body))
	return string(body.Variables)
}

func TestAnOperationIsAValue(t *testing.T) {
	c, tr := service(t, clienttest.MustParse(`200 {"data":{"shop":{"name":"Acme"}}}, 200 {"data":{"openShop":{"shop":{"name":"Acme"}}}}, 200 {"data":{"ping":"pong"}}`))
	got, err := getShop.Do(t.Context(), c, shopInput{ID: "1"}, func(r *client.Request) { r.Weight = 1 })
	require.NoError(t, err)
	require.Equal(t, "Acme", got.Name)
	require.Equal(t, "POST /graphql", tr.Last().Method+" "+tr.Last().URL)
	require.JSONEq(t, `{"id":"1"}`, sentVariables(t, tr.Last()))
	require.Contains(t, string(tr.Last().Body), `"operationName":"GetShop"`)

	got, err = openShop.Do(t.Context(), c, shopInput{ID: "1"})
	require.NoError(t, err)
	require.Equal(t, "Acme", got.Name)
	require.JSONEq(t, `{"in":{"id":"1"}}`, sentVariables(t, tr.Last()))

	ping := graphql.Op[client.None, map[string]string]{Name: "ping", Path: "/graphql", Document: `query Ping { ping }`}
	pong, err := ping.Do(t.Context(), c, client.None{})
	require.NoError(t, err)
	require.Equal(t, "pong", pong["ping"])
	require.NotContains(t, string(tr.Last().Body), "variables")
}

func TestATableOfOperations(t *testing.T) {
	keyed := openShop
	keyed.Name, keyed.Repeatable, keyed.Weight, keyed.Document = "shops.again", true, 3, `mutation Again { openShop { shop { name } } }`
	require.NoError(t, client.Operations{getShop, openShop, keyed, listShops}.Check())
	c, _ := service(t, ok(`{"data":{"openShop":{"shop":{}}}}`))
	_, err := keyed.Do(t.Context(), c, shopInput{}, func(r *client.Request) {
		require.Equal(t, []any{true, 3, "/graphql#Again"}, []any{r.Repeatable, r.Weight, r.Route}, "an edit has the last word")
	})
	require.NoError(t, err)
	require.ErrorIs(t, client.Operations{getShop, getShop}.Check(), client.ErrConfig)
	for op, want := range map[client.Operation]string{
		&getShop: "shops.get POST /graphql#GetShop true 0 false", &openShop: "shops.open POST /graphql#OpenShop false 0 false",
		&keyed: "shops.again POST /graphql#Again true 3 false", &listShops: "shops.list POST /graphql#ListShops true 0 true",
	} {
		i := op.Info()
		require.Equal(t, want, fmt.Sprint(i.Name, " ", i.Method, " ", i.Route, " ", i.Repeatable, " ", i.Weight, " ", i.Lists))
	}
}

// What is to be returned and is not there is no success.
func TestAFieldThatIsMissing(t *testing.T) {
	for body, want := range map[string]error{
		`{"data":{"openShop":{"shop":null}}}`: client.ErrEmptyBody, `{"data":{"openShop":null}}`: client.ErrEmptyBody, `{"data":{}}`: client.ErrEmptyBody,
		`{"data":[]}`: client.ErrEmptyBody, `{"data":{"openShop":{"shop":{"name":1}}}}`: client.ErrDecode,
		`{"data":{"openShop":{"shop":null}},"errors":[{"message":"m","type":"FORBIDDEN"}]}`: client.ErrForbidden,
		`{"data":{"openShop":null},"errors":[{"message":"m","type":"FORBIDDEN"}]}`:          client.ErrForbidden,
	} {
		c, _ := service(t, ok(body))
		_, err := openShop.Do(t.Context(), c, shopInput{})
		require.ErrorIs(t, err, want, body)
		e, is := errors.AsType[*client.Error](err)
		require.True(t, is)
		require.Equal(t, client.MaybeApplied, e.Effect, body)
	}
	c, _ := service(t, ok(`{"data":{"openShop":{"shop":null}}}`))
	_, err := openShop.Do(t.Context(), c, shopInput{})
	require.ErrorContains(t, err, "the data has no openShop.shop, and no error says why")

	// The data beside an error comes with it.
	c, _ = service(t, ok(`{"data":{"openShop":{"shop":{"name":"Acme"}}},"errors":[{"message":"m"}],"extensions":{"requestId":"req_1"}}`))
	got, err := openShop.Do(t.Context(), c, shopInput{})
	e, is := errors.AsType[*client.Error](err)
	require.True(t, is)
	require.Equal(t, []string{"Acme", "req_1"}, []string{got.Name, e.RequestID})
}

// What Prepare leaves is sent, the same on every attempt, and given to Failed.
func TestPrepareAndFailed(t *testing.T) {
	n := 0
	op := openShop
	op.Repeatable = true
	op.Prepare = func(in shopInput) (shopInput, error) {
		if in.ID == "" {
			return in, fmt.Errorf("%w: the ID is empty", client.ErrRequest)
		}
		n++
		in.Key = fmt.Sprint("key-", n)
		return in, nil
	}
	errOwn := errors.New("of the adapter")
	op.Failed = func(in shopInput, err error) error { return fmt.Errorf("%w, %s: %w", errOwn, in.Key, err) }
	synctest.Test(t, func(t *testing.T) {
		c, tr := service(t, clienttest.MustParse(`503, 503, 200 {"data":{"openShop":{"shop":{"name":"Acme"}}}}, 404`))
		_, err := op.Do(t.Context(), c, shopInput{ID: "1"})
		require.NoError(t, err)
		require.Equal(t, 3, tr.Count())
		for _, r := range tr.Requests() {
			require.JSONEq(t, `{"in":{"id":"1","key":"key-1"}}`, sentVariables(t, r))
		}
		_, err = op.Do(t.Context(), c, shopInput{ID: "1"})
		require.ErrorIs(t, err, errOwn)
		require.ErrorIs(t, err, client.ErrNotFound)
		require.ErrorContains(t, err, "key-2")

		_, err = op.Do(t.Context(), c, shopInput{})
		require.ErrorIs(t, err, errOwn)
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, "POST /graphql#OpenShop: bad request value: the ID is empty")
		require.Equal(t, 4, tr.Count())
	})
}

// A document that cannot be executed is refused, as Do refuses it.
func TestADocumentThatCannotBeMeant(t *testing.T) {
	for _, document := range []string{"", "subscription S { a }", "fragment F on T { a }"} {
		op := getShop
		op.Document = document
		c, tr := service(t, ok(`{}`), client.WithProfile(client.Profile{Name: "acme"}))
		_, err := op.Do(t.Context(), c, shopInput{})
		require.ErrorIs(t, err, client.ErrRequest)
		require.ErrorContains(t, err, "acme: POST /graphql")
		require.Zero(t, tr.Count())
		list := listShops
		list.Document = document
		for _, err := range list.All(t.Context(), c, pageInput{}) {
			require.ErrorIs(t, err, client.ErrRequest)
		}
		require.Zero(t, tr.Count())
	}
}

type pageInput struct {
	First int    `json:"first,omitempty"`
	After string `json:"after,omitempty"`
}

type shopPage struct {
	PageInfo graphql.PageInfo `json:"pageInfo"`
	Nodes    []namedShop      `json:"nodes"`
}

var listShops = graphql.List[pageInput, shopPage, namedShop]{
	Op: graphql.Op[pageInput, shopPage]{
		Name: "shops.list", Path: "/graphql", Field: "shops",
		Document: `query ListShops($first: Int, $after: String) { shops(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { name } } }`,
	},
	Items: func(p shopPage) []namedShop { return p.Nodes },
	Next: func(in pageInput, p shopPage) (pageInput, bool) {
		in.After = p.PageInfo.EndCursor
		return in, p.PageInfo.HasNextPage
	},
}

func shopsPage(more bool, cursor, nodes string) string {
	return fmt.Sprintf(`{"data":{"shops":{"pageInfo":{"hasNextPage":%v,"endCursor":%q},"nodes":[%s]}}}`, more, cursor, nodes)
}

// P4: each item once, through an empty page, and no page that nobody reads.
func TestP4_AList(t *testing.T) {
	steps := []clienttest.Step{
		clienttest.JSON(200, shopsPage(true, "c1", `{"name":"a"},{"name":"b"}`)), clienttest.JSON(200, shopsPage(true, "c2", "")), clienttest.JSON(200, shopsPage(false, "c3", `{"name":"c"}`)),
	}
	c, tr := service(t, steps)
	names := ""
	for shop, err := range listShops.All(t.Context(), c, pageInput{First: 2}, func(r *client.Request) { r.Header.Set("X-Team", "t") }) {
		require.NoError(t, err)
		names += shop.Name
	}
	require.Equal(t, "abc", names)
	for i, want := range []string{`{"first":2}`, `{"first":2,"after":"c1"}`, `{"first":2,"after":"c2"}`} {
		require.JSONEq(t, want, sentVariables(t, tr.Requests()[i]))
		require.Equal(t, "t", tr.Requests()[i].Header.Get("X-Team"))
	}
	c, tr = service(t, steps)
	for range listShops.All(t.Context(), c, pageInput{}) {
		break
	}
	require.Equal(t, 1, tr.Count())
	pages := 0
	for page, err := range listShops.Pages(t.Context(), c, pageInput{}) {
		require.NoError(t, err)
		if pages++; pages == 1 {
			require.Equal(t, "c2", page.PageInfo.EndCursor)
		}
	}
	require.Equal(t, 2, pages)
}

// P4: an error ends the list and comes with what data there is; a cursor that goes round
// is one.
func TestP4_AListThatDoesNotEnd(t *testing.T) {
	own := listShops
	own.Failed = func(_ pageInput, err error) error { return fmt.Errorf("own: %w", err) }
	for name, tc := range map[string]struct {
		steps []clienttest.Step
		want  error
		items string
		edit  func(*client.Request)
	}{
		"a cursor that repeats": {steps: ok(shopsPage(true, "c1", `{"name":"a"}`)), want: client.ErrDecode, items: "aa"},
		"no cursor":             {steps: ok(shopsPage(true, "", `{"name":"a"}`)), want: client.ErrDecode, items: "a"},
		"a status":              {steps: []clienttest.Step{clienttest.JSON(200, shopsPage(true, "c1", `{"name":"a"}`)), clienttest.Status(403)}, want: client.ErrForbidden, items: "a"},
		"inside a 200":          {steps: ok(`{"errors":[{"message":"m","type":"NOT_FOUND"}],"data":{"shops":{"nodes":[{"name":"a"}]}}}`), want: client.ErrNotFound},
		"another body": {steps: ok(shopsPage(true, "c1", `{"name":"a"}`)), want: client.ErrDecode, items: "a",
			edit: func(r *client.Request) { r.Body = map[string]string{"query": "{ a }"} }},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := service(t, tc.steps)
			if tc.edit == nil {
				tc.edit = func(*client.Request) {}
			}
			items, last := "", error(nil)
			for shop, err := range own.All(t.Context(), c, pageInput{}, tc.edit) {
				items, last = items+shop.Name, err
			}
			require.ErrorIs(t, last, tc.want)
			require.ErrorContains(t, last, "own: ")
			require.Equal(t, tc.items, items)
		})
	}
	c, _ := service(t, ok(`{"errors":[{"message":"m","type":"NOT_FOUND"}],"data":{"shops":{"nodes":[{"name":"a"}]}}}`))
	for page, err := range own.Pages(t.Context(), c, pageInput{}) {
		require.Error(t, err)
		require.Len(t, page.Nodes, 1)
	}
}

// A request ID in the extensions is the call's, where no header has one.
func TestTheRequestIDInTheBody(t *testing.T) {
	p := graphql.Codes(nil).Profile(client.Profile{})
	for body, want := range map[string]string{
		`{"errors":[{}],"extensions":{"requestId":"req_1"}}`: "req_1", `{"errors":[{}],"extensions":7}`: "", `{"errors":[{}]}`: "",
	} {
		require.Equal(t, want, p.DecodeError(200, nil, []byte(body)).RequestID, body)
	}
}

func ExampleOp() {
	srv := clienttest.Start(clienttest.JSON(200, `{"data":{"shop":{"name":"Acme"}}}`))
	defer srv.Close()
	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	type input struct {
		ID string `json:"id"`
	}
	type shop struct {
		Name string `json:"name"`
	}
	get := graphql.Op[input, shop]{
		Name: "shops.get", Path: "/graphql", Field: "shop",
		Document: `query GetShop($id: ID!) { shop(id: $id) { name } }`,
	}
	acme, err := get.Do(context.Background(), c, input{ID: "1"})
	fmt.Println(acme.Name, err, get.Info().Route)
	// Output: Acme <nil> /graphql#GetShop
}

// What a body holds is its errors or its data, and any bytes at all are read.
func FuzzErrorsIn(f *testing.F) {
	f.Add([]byte(`{"data":{"a":null},"errors":[{"message":"m","path":["a"],"extensions":{"code":"THROTTLED"}}],"extensions":{"requestId":"r"}}`))
	p := graphql.Codes(nil).Profile(client.Profile{})
	f.Fuzz(func(t *testing.T, body []byte) {
		found := graphql.ErrorsIn(body)
		if failed := p.Failed(200, nil, body); failed != (len(found) > 0) {
			t.Fatalf("it failed: %v, with %d errors", failed, len(found))
		}
		if p.Throttled(200, nil, body) && len(found) == 0 {
			t.Fatal("a throttle without an error")
		}
		_ = p.DecodeError(200, nil, body)
	})
}
