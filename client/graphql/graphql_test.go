package graphql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type shop struct {
	Shop *struct {
		Name string `json:"name"`
	} `json:"shop"`
}

const named = `query($id: ID!) { shop(id: $id) { name } }`

func service(t *testing.T, steps []clienttest.Step, opts ...client.Option) (*client.Client, *clienttest.Transport) {
	t.Helper()
	tr := clienttest.NewTransport(t, steps...)
	c, err := client.New("https://api.example.com", append([]client.Option{client.WithTransport(tr), client.WithAuth(client.Bearer(secret.Static("tok_canary")))}, opts...)...)
	require.NoError(t, err)
	return c, tr
}

func ok(body string) []clienttest.Step { return []clienttest.Step{clienttest.JSON(200, body)} }

func TestDoSendsAnOperationAndDecodesItsData(t *testing.T) {
	t.Parallel()
	c, tr := service(t, []clienttest.Step{clienttest.Status(200).Header("Content-Type", "application/graphql-response+json").Body(`{"data":{"shop":{"name":"Acme"}},"extensions":{"cost":1}}`)})
	got, err := graphql.Do[shop](context.Background(), c, graphql.Request{
		Path: "/graphql", Query: "query Named" + named[5:], OperationName: "Named",
		Variables: map[string]string{"id": "1"}, Extensions: map[string]int{"x": 1},
	})
	require.NoError(t, err)
	require.Equal(t, "Acme", got.Shop.Name)
	sent := tr.Last()
	require.Equal(t, http.MethodPost, sent.Method)
	require.Equal(t, "/graphql", sent.URL)
	require.Equal(t, "application/json", sent.Header.Get("Content-Type"))
	require.Equal(t, "application/graphql-response+json, application/json;q=0.9", sent.Header.Get("Accept"))
	require.JSONEq(t, `{"query":"query Named($id: ID!) { shop(id: $id) { name } }","operationName":"Named","variables":{"id":"1"},"extensions":{"x":1}}`, string(sent.Body))
}

// P5: what is wrong inside a 200 matches the sentinel that its status would have.
func TestP5_ErrorsWithinASuccessMatchTheSentinels(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		`{"message":"m","extensions":{"code":"UNAUTHENTICATED"}}`:                  client.ErrUnauthorized,
		`{"message":"m","extensions":{"code":"FORBIDDEN"}}`:                        client.ErrForbidden,
		`{"message":"m","extensions":{"code":"ACCESS_DENIED"}}`:                    client.ErrForbidden,
		`{"message":"m","extensions":{"code":"access-denied"}}`:                    client.ErrForbidden,
		`{"message":"m","type":"NOT_FOUND","path":["a",0]}`:                        client.ErrNotFound,
		`{"message":"m","extensions":{"errorClass":"AUTHENTICATION"}}`:             client.ErrUnauthorized,
		`{"message":"m","extensions":{"errorClass":"VALIDATION"}}`:                 client.ErrBadRequest,
		`{"message":"m","extensions":{"errorClass":"SERVICE_AVAILABILITY"}}`:       client.ErrUnavailable,
		`{"message":"m","type":"RATE_LIMITED"}`:                                    client.ErrRateLimited,
		`{"message":"m","extensions":{"code":"THROTTLED"}}`:                        client.ErrRateLimited,
		`{"message":"m","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}`:        client.ErrBadRequest,
		`{"message":"m","extensions":{"code":"INTERNAL_SERVER_ERROR"}}`:            client.ErrUnavailable,
		`{"message":"m"},{"message":"n","extensions":{"code":"CONFLICT"}}`:         client.ErrConflict,
		`{"message":"m","type":"NOT_FOUND"},{"message":"n","type":"RATE_LIMITED"}`: client.ErrRateLimited,
		`{"message":"m","extensions":{"code":"","errorClass":"NOT_FOUND"}}`:        client.ErrNotFound,
		`{"message":"m","extensions":{"code":17},"type":"FORBIDDEN"}`:              client.ErrForbidden,
		`{"message":"m","extensions":{"code":null,"type":"CONFLICT"}}`:             client.ErrConflict,
		`{"message":"m","extensions":{"code":"SHOP_FROZEN"}}`:                      client.ErrForbidden, // by Codes
	} {
		for name, p := range map[string]client.Profile{
			"bare": {}, "with the profile": graphql.Codes{"SHOP_FROZEN": 403}.Profile(client.Profile{Name: "acme"}),
		} {
			c, _ := service(t, ok(`{"errors":[`+code+`],"data":null}`), client.WithProfile(p), client.WithRetry(retry.Never))
			_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: "mutation { shop { name } }", Codes: graphql.Codes{"SHOP_FROZEN": 403}})
			require.ErrorIs(t, err, want, "%s, %s", code, name)
			var e *graphql.Error
			require.ErrorAs(t, err, &e, "%s, %s", code, name)
			require.False(t, e.Partial)
			require.ErrorIs(t, e.DecodeData(new(shop)), client.ErrEmptyBody)
			var ce *client.Error
			require.ErrorAs(t, err, &ce)
			require.Equal(t, 200, ce.Status)
			require.NotEmpty(t, ce.Attempts)
		}
	}
}

// What comes with data and errors both gives both.
func TestPartialDataComesWithATypedError(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]client.Option{nil, {client.WithProfile(graphql.Codes(nil).Profile(client.Profile{}))}} {
		c, _ := service(t, ok(`{"errors":[{"message":"no owner","path":["shop","owner",0],"type":"NOT_FOUND"},{"message":"n"}],"data":{"shop":{"name":"Acme"}}}`), opts...)
		got, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
		require.ErrorIs(t, err, client.ErrNotFound)
		require.Equal(t, "Acme", got.Shop.Name)
		var e *graphql.Error
		require.ErrorAs(t, err, &e)
		require.True(t, e.Partial)
		require.Len(t, e.Errors, 2)
		require.Equal(t, []any{"shop", "owner", 0.0}, e.Errors[0].Path)
		var again shop
		require.NoError(t, e.DecodeData(&again))
		require.Equal(t, "Acme", again.Shop.Name)
		require.ErrorIs(t, e.DecodeData(new(int)), client.ErrDecode)
		require.EqualError(t, err, `POST /: 200 OK, but the response body holds an error: NOT_FOUND "no owner (and 1 more)"`)
	}
}

// So does what comes with a status that says that it failed.
func TestPartialDataComesWithAnyStatus(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]client.Option{nil, {client.WithProfile(graphql.Codes(nil).Profile(client.Profile{}))}} {
		for _, status := range []int{400, 403, 500} {
			for data, want := range map[string]string{`{"shop":{"name":"Acme"}}`: "Acme", `{"shop":{"name":7}}`: ""} {
				c, _ := service(t, []clienttest.Step{clienttest.JSON(status, `{"errors":[{"message":"m"}],"data":`+data+`}`)}, opts...)
				got, err := graphql.Do[struct{ Shop struct{ Name string } }](context.Background(), c, graphql.Request{Query: named})
				var e *graphql.Error
				require.ErrorAs(t, err, &e)
				require.True(t, e.Partial)
				require.Equal(t, want, got.Shop.Name)
			}
		}
	}
}

// A response of any size is looked at whole, wherever its errors stand.
func TestErrorsBehindMuchDataAreFound(t *testing.T) {
	t.Parallel()
	body := `{"data":{"shop":{"name":"` + strings.Repeat("x", 200<<10) + `"}},"errors":[{"message":"m","type":"FORBIDDEN"}]}`
	c, _ := service(t, ok(body), client.WithProfile(graphql.Codes(nil).Profile(client.Profile{})))
	got, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
	require.ErrorIs(t, err, client.ErrForbidden)
	require.Len(t, got.Shop.Name, 200<<10)
}

func TestWhatIsNoGraphQLIsAnError(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		`{}`:                               client.ErrDecode,
		`[]`:                               client.ErrDecode,
		`{"data":null}`:                    client.ErrEmptyBody,
		`{"data":{"shop":[]}}`:             client.ErrDecode,
		`{"data":null,"errors":[]}`:        client.ErrEmptyBody,
		``:                                 client.ErrEmptyBody,
		`{"data":{"shop":{"name":"x"}`:     client.ErrDecode,
		`{"data":"secret text of theirs"}`: client.ErrDecode,
	} {
		c, _ := service(t, ok(body))
		_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
		require.ErrorIs(t, err, want, body)
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.NotContains(t, err.Error(), "secret text")
	}
}

func TestAMisfitIsNamedAndNotQuoted(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"data":{"shop":{"name":17}}}`: "GET /: 200 OK, but unexpected body: the data does not fit a graphql_test.shop: its field shop.name is no string",
		`{"data":"secret text"}`:        "GET /: 200 OK, but unexpected body: the data does not fit a graphql_test.shop",
	} {
		c, _ := service(t, ok(body))
		_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
		require.Equal(t, strings.Replace(want, "GET", "POST", 1), strings.Split(err.Error(), " (")[0])
	}
}

// A list that is none, and members of other types, hide no error.
func TestErrorsInAnyFormAreErrors(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`"not found"`, `{"message":"not found"}`, `["not found"]`, `[{"message":"not found","path":"x","extensions":[],"type":1}]`} {
		c, _ := service(t, ok(`{"errors":`+list+`}`))
		_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
		require.ErrorContains(t, err, `"not found"`, list)
	}
}

// GraphQL over HTTP has statuses for requests that were not executed.
func TestAStatusOf400AndAboveKeepsTheErrors(t *testing.T) {
	t.Parallel()
	c, _ := service(t, []clienttest.Step{clienttest.Status(400).Header("Content-Type", "application/graphql-response+json").Body(`{"errors":[{"message":"no such field","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`)})
	_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: "mutation M { a }", OperationName: "M", Path: "/g"})
	require.ErrorIs(t, err, client.ErrBadRequest)
	var e *graphql.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "GRAPHQL_VALIDATION_FAILED", e.Errors[0].Code())
	require.EqualError(t, err, `POST /g#M: 400 Bad Request GRAPHQL_VALIDATION_FAILED "no such field"`)

	c, _ = service(t, []clienttest.Step{clienttest.JSON(403, `{"message":"go away"}`)})
	_, err = graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
	require.ErrorIs(t, err, client.ErrForbidden)
	require.False(t, errors.As(err, &e))
}

// C5: a query is repeated after a failure, a mutation is not, whatever either is called.
func TestC5_QueriesAreRepeatedAndMutationsAreNot(t *testing.T) {
	for document, attempts := range map[string]int{
		`{ a }`:                     3,
		`query { a }`:               3,
		`mutation { a }`:            1,
		`query mutation { a }`:      3,
		`mutation query { a }`:      1,
		`# query` + "\nmutation{a}": 1,
		`type Query { a: Int }`:     1,
		`query { a`:                 1,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, tr := service(t, []clienttest.Step{clienttest.Status(503)})
			_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: document})
			require.ErrorIs(t, err, client.ErrUnavailable)
			require.Equal(t, attempts, tr.Count(), document)
			var e *client.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, map[int]client.Effect{3: client.NoEffect, 1: client.MaybeApplied}[attempts], e.Effect)
		})
	}
}

// A caller knows better of a mutation with a key in its input.
func TestAnEditHasTheLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, tr := service(t, clienttest.MustParse(`503, 200 {"data":{"shop":null}}`))
		_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: "mutation { a }"}, func(r *client.Request) { r.Repeatable = true })
		require.NoError(t, err)
		require.Equal(t, 2, tr.Count())
	})
}

// C29: with the profile a throttle inside a 200 is waited for, and a mutation that it
// refused repeated.
func TestC29_AThrottleWithinASuccessIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, tr := service(t, clienttest.MustParse(`200 {"errors":[{"message":"m","extensions":{"code":"THROTTLED"}}]}, 200 {"data":{"shop":null}}`),
			client.WithProfile(graphql.Codes(nil).Profile(client.Profile{})))
		_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: "mutation { a }"})
		require.NoError(t, err)
		require.Equal(t, 2, tr.Count())
	})
}

// C29, P5: each field of an operation that has failed is null, where it may be. Such an
// object is no data: the error is whole, and a throttle is one. What stands below a field
// may come after that was executed, and repeats nothing.
func TestC29_AnObjectOfNullsIsNoData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const throttled = `{"data":{"openShop":null,"other":null},"errors":[{"message":"m","path":["openShop"],"extensions":{"code":"THROTTLED"}}]}`
		begun := strings.Replace(throttled, `["openShop"]`, `["openShop","shop"]`, 1)
		half := strings.Replace(throttled, `"other":null`, `"other":{"a":1}`, 1)
		for body, sent := range map[string]int{throttled: 2, begun: 1, half: 1} {
			c, tr := service(t, []clienttest.Step{clienttest.JSON(200, body), clienttest.JSON(200, `{"data":{"shop":null}}`)},
				client.WithProfile(graphql.Codes(nil).Profile(client.Profile{})))
			_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: "mutation { openShop { id } other { a } }"})
			require.Equal(t, sent == 1, err != nil, body)
			require.Equal(t, sent, tr.Count(), body)
			if err != nil {
				require.ErrorIs(t, err, client.ErrRateLimited)
				var e *graphql.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, body == half, e.Partial)
			}
		}
		for _, opts := range [][]client.Option{nil, {client.WithProfile(graphql.Codes(nil).Profile(client.Profile{}))}} {
			c, _ := service(t, ok(`{"data":{"shop":null},"errors":[{"message":"m","path":["shop"],"type":"NOT_FOUND"}]}`), opts...)
			_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
			require.ErrorIs(t, err, client.ErrNotFound)
			var e *graphql.Error
			require.ErrorAs(t, err, &e)
			require.False(t, e.Partial)
		}
	})
	for body, want := range map[string]int{
		`{"errors":[{},{}]}`: 2, `{"errors":[{}],"data":null}`: 1, `{"errors":[{}],"data":{"a":null}}`: 1, `{"errors":[{}],"data":{"a":null,"b":0}}`: 0,
		`{"errors":[{}],"data":{}}`: 0, `{"errors":[{}],"data":[]}`: 0, `{"data":null}`: 0, `{"errors":[]}`: 0, `[]`: 0, `{"errors":[{}],"data":{`: 0,
	} {
		require.Len(t, graphql.ErrorsIn([]byte(body)), want, body)
	}
}

// Under Do and an SDK the profile sees GraphQL's errors too, and what it had before still
// counts.
func TestProfileCompletesWhatIsThere(t *testing.T) {
	t.Parallel()
	p := graphql.Codes{"FROZEN": 423}.Profile(client.Profile{
		Failed:      func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), "own") },
		Throttled:   func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), "slow") },
		DecodeError: func(int, http.Header, []byte) client.ErrorDetail { return client.ErrorDetail{Code: "OWN"} },
	})
	require.True(t, p.LookInSuccess)
	require.True(t, p.Failed(200, nil, []byte(`{"errors":[{}]}`)))
	require.True(t, p.Failed(200, nil, []byte("\uFEFF"+`{"errors":[{}],"data":null}`)))
	require.True(t, p.Failed(200, nil, []byte(`own`)))
	require.False(t, p.Failed(200, nil, []byte(`{"errors":[{}],"data":{}}`)))
	require.False(t, p.Failed(200, nil, []byte(`{"errors":[],"data":null}`)))
	require.False(t, p.Failed(200, nil, []byte(`{"errors":[{}],"data":{`)))
	require.True(t, p.Throttled(200, nil, []byte(`slow`)))
	require.False(t, p.Throttled(200, nil, []byte(`{"errors":[{}]}`)))
	require.True(t, p.Throttled(200, nil, []byte(`{"errors":[{},{"type":"RATE_LIMITED"}]}`)))
	require.False(t, p.Throttled(200, nil, []byte(`{"errors":[{"type":"RATE_LIMITED"}],"data":{"a":1}}`)), "what came with data has been answered")
	require.Equal(t, client.ErrorDetail{Code: "OWN"}, p.DecodeError(400, nil, []byte(`{}`)))
	require.Equal(t, client.ErrorDetail{Code: "frozen", Message: "m", Status: 423}, p.DecodeError(200, nil, []byte(`{"errors":[{"message":"m","extensions":{"code":"frozen"}}]}`)))
	require.Zero(t, p.DecodeError(400, nil, []byte(`{"errors":[{"message":"m","extensions":{"code":"frozen"}}]}`)).Status)
	require.Equal(t, "m", graphql.Codes(nil).Profile(client.Profile{}).DecodeError(400, http.Header{}, []byte(`{"message":"m"}`)).Message)
}

func TestWhatCannotBeMeantIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for _, r := range []graphql.Request{
		{}, {Query: "# nothing"}, {Query: "fragment F on T { a }"},
		{Query: "query A { a } query B { b }"}, {Query: "query A { a }", OperationName: "B"},
		{Query: "subscription { a }"}, {Query: "query A { a } subscription B { b }", OperationName: "B"},
	} {
		c, tr := service(t, ok(`{}`))
		_, err := graphql.Do[shop](context.Background(), c, r)
		require.ErrorIs(t, err, client.ErrRequest)
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, client.NeverSent, e.Effect)
		require.Zero(t, tr.Count())
	}
}

// A document that the service has by its hash needs not be sent; nobody knows its kind.
func TestPersistedDocument(t *testing.T) {
	t.Parallel()
	c, tr := service(t, ok(`{"data":{"shop":null}}`))
	_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Extensions: map[string]any{"persistedQuery": map[string]any{"version": 1}}})
	require.NoError(t, err)
	var sent map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(tr.Last().Body, &sent))
	require.NotContains(t, sent, "query")
}

// X1: what the service repeats of the credential is in no error.
func TestX1_ErrorsHoldNoCredential(t *testing.T) {
	t.Parallel()
	c, _ := service(t, ok(`{"errors":[{"message":"bad token tok_canary","extensions":{"code":"UNAUTHENTICATED"}}]}`))
	_, err := graphql.Do[shop](context.Background(), c, graphql.Request{Query: named})
	require.ErrorIs(t, err, client.ErrUnauthorized)
	raw, failed := json.Marshal(err)
	require.NoError(t, failed)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %q %s", err, err, err, err, raw), "tok_canary")
}
