package x_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/x"
	"github.com/standpipe-go/standpipe/secret"
)

const problems = "https://api.twitter.com/2/problems/"

func over(t *testing.T, steps ...clienttest.Step) (*x.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, steps...)
	c, err := x.New(secret.Static("AAAA-test"), client.WithTransport(rt))
	require.NoError(t, err)
	return c, rt
}

func post(ctx context.Context, c *x.Client) error {
	_, err := x.CreatePost.Do(ctx, c.HTTP, x.PostInput{Text: "Hello"})
	return err
}

func user(ctx context.Context, c *x.Client) error {
	_, err := x.GetUser.Do(ctx, c.HTTP, x.UserInput{ID: "12"})
	return err
}

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, conformance()) }

// P5: bad input is the same sentinel here as at every service (X's API description 2.159,
// Problem).
func TestP5_BadInput(t *testing.T) {
	says := func(status int, kind, detail string) providertest.Said {
		said := providertest.Said{Step: clienttest.JSON(status, fmt.Sprintf(`{"title":"No","type":%q,"status":%d,"detail":%q}`, kind, status, detail))}
		if kind != "about:blank" {
			said.Code = strings.TrimPrefix(kind, problems)
		}
		return said
	}
	missing := clienttest.JSON(200, `{"errors":[{"title":"Not Found Error","type":"`+problems+`resource-not-found"}]}`)
	providertest.BadInput(t, conformance(), providertest.Bad{
		WrongKey:      says(401, "about:blank", "Unauthorized: "+providertest.Key),
		ExpiredKey:    says(401, "about:blank", "Unauthorized"),
		UnknownObject: says(404, problems+"resource-not-found", "Could not find the user."),
		Invalid:       says(400, problems+"invalid-request", "Too few."),
		RateLimit:     says(429, "about:blank", "Too Many Requests"),
		Outage:        says(503, "about:blank", "Service Unavailable"),
		InSuccess:     map[error]providertest.Said{client.ErrNotFound: {Step: missing, Code: "resource-not-found"}},
	})
}

func conformance() providertest.Adapter {
	return providertest.Adapter{
		Profile: x.Profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := x.New(key, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP:  c.HTTP,
				Write: func(ctx context.Context) error { return post(ctx, c) },
				Read:  func(ctx context.Context) error { return user(ctx, c) },
			}, nil
		},
		Success:  clienttest.JSON(200, `{"data":{"id":"12","text":"Hello","name":"a","username":"a"}}`),
		Failure:  clienttest.JSON(400, `{"errors":[{"parameters":{"max_results":["1"]},"message":"Too few."}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}`),
		Code:     "invalid-request",
		Message:  "Too few.",
		Throttle: clienttest.JSON(429, `{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}`).Header("X-Rate-Limit-Limit", "75").Header("X-Rate-Limit-Remaining", "0").Header("X-Rate-Limit-Reset", "1"),
	}
}

func TestTheOperationsAreWhole(t *testing.T) {
	require.NoError(t, x.Operations.Check())
	for request, want := range map[string]string{
		"GET /2/users/me":                               "/2/users/me",
		"GET /2/users/12":                               "/2/users/{id}",
		"GET /2/tweets/search/recent":                   "/2/tweets/search/recent",
		"GET /2/media/upload?command=STATUS&media_id=1": "/2/media/upload?command=STATUS",
		"POST /2/media/upload":                          "",
	} {
		method, target, _ := strings.Cut(request, " ")
		u, err := url.Parse(target)
		require.NoError(t, err)
		require.Equal(t, want, x.Profile.Route(&http.Request{Method: method, URL: u}), request)
	}
	_, err := x.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// A client for a user has the user's token, of whatever source.
func TestAUsersToken(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"data":{"id":"12"}}`))
	c, err := x.NewUser(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "user-token"}), client.WithTransport(rt))
	require.NoError(t, err)
	me, err := x.GetMe.Do(t.Context(), c.HTTP, x.UserFields{UserFields: []string{"created_at", "public_metrics"}})
	require.NoError(t, err)
	require.Equal(t, "12", me.Data.ID)
	require.Equal(t, "Bearer user-token", rt.Last().Header.Get("Authorization"))
	require.Equal(t, "/2/users/me?user.fields=created_at%2Cpublic_metrics", rt.Last().URL)
	_, err = x.NewUser(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// P5: a success that holds errors and no data is an error; one with data is none, and
// says what is missing.
func TestP5_ErrorsInsideA200(t *testing.T) {
	sentinels := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable}
	for kind, want := range map[string]error{
		"resource-not-found": client.ErrNotFound, "not-authorized-for-resource": client.ErrForbidden, "not-authorized-for-field": client.ErrForbidden,
		"invalid-request": client.ErrBadRequest, "resource-unavailable": client.ErrUnavailable, "conflict": client.ErrConflict, "tomorrows-problem": nil,
	} {
		problem := `{"value":"12","detail":"Could not find user with id: [12].","title":"Not Found Error","resource_type":"user","parameter":"id","resource_id":"12","type":"` + problems + kind + `","new":1}`
		c, rt := over(t, clienttest.JSON(200, `{"errors":[`+problem+`]}`).Header("X-Transaction-Id", "tx_1"))
		err := user(t.Context(), c)
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok, kind)
		require.Equal(t, []any{200, kind, "Could not find user with id: [12].", "tx_1", 1}, []any{e.Status, e.Code, e.Message, e.RequestID, rt.Count()})
		c, _ = over(t, clienttest.JSON(200, `{"data":{"id":"1","text":"Hi","created_at":"2021-01-06T18:40:40.000Z"},"errors":[`+problem+`]}`))
		got, partial := x.GetPost.Do(t.Context(), c.HTTP, x.GetPostInput{ID: "1"})
		require.NoError(t, partial)
		require.Equal(t, "Hi", got.Data.Text)
		require.Equal(t, time.Date(2021, 1, 6, 18, 40, 40, 0, time.UTC), got.Data.CreatedAt)
		require.Len(t, got.Errors, 1)
		require.Equal(t, "x: Could not find user with id: [12].", got.Errors[0].Error())
		require.Equal(t, []string{"12", "user", "id"}, []string{got.Errors[0].Value, got.Errors[0].ResourceType, got.Errors[0].Parameter})
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s: %v", kind, sentinel)
			require.Equal(t, sentinel == want, errors.Is(got.Errors[0], sentinel), "%s: %v", kind, sentinel)
		}
	}
	for _, fine := range []string{`{"meta":{"result_count":0}}`, `{"data":[],"errors":[{"title":"x"}]}`, `{"data":{},"errors":[]}`, `{"errors":[]}`, `"errors"`} {
		require.False(t, x.Profile.Failed(200, nil, []byte(fine)), fine)
	}
	require.True(t, x.Profile.Failed(200, nil, []byte(`{"data":null,"errors":[{"title":"x"}]}`)))
	require.Equal(t, "x: a part is missing", (&x.Problem{}).Error())
	require.Equal(t, "x: client-forbidden", (&x.Problem{Type: problems + "client-forbidden"}).Error())
	require.NotErrorIs(t, &x.Problem{Type: problems + "usage-capped", Status: 429}, client.ErrRateLimited)
}

// The errors that come with a status: as a problem, with what is wrong in detail, or in
// the older form.
func TestErrors(t *testing.T) {
	for body, want := range map[string][]string{
		`{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`:                                                     {"", "Unauthorized"},
		`{"errors":[{"code":89,"message":"Invalid or expired token."}]}`:                                                                         {"89", "Invalid or expired token."},
		`{"title":"Unsupported Authentication","detail":"Use a user's token.","type":"` + problems + `unsupported-authentication","status":403}`: {"unsupported-authentication", "Use a user's token."},
	} {
		c, _ := over(t, clienttest.JSON(403, body))
		e, ok := errors.AsType[*client.Error](post(t.Context(), c))
		require.True(t, ok)
		require.Equal(t, want, []string{e.Code, e.Message}, body)
		require.ErrorIs(t, e, client.ErrForbidden)
	}
}

// A usage that is capped is no throttle: nothing waits for it, and nothing is slowed
// down.
func TestACappedUsageIsNoThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := over(t, clienttest.JSON(429, `{"account_id":1,"product_name":"standard-basic","title":"UsageCapExceeded","period":"Monthly","scope":"Product",
			"detail":"Usage cap exceeded: Monthly product cap","type":"`+problems+`usage-capped"}`).
			Header("X-Rate-Limit-Remaining", "0").Header("X-Rate-Limit-Reset", "946685700"))
		begin := time.Now()
		for range 2 {
			err := user(t.Context(), c)
			require.NotErrorIs(t, err, client.ErrRateLimited)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Equal(t, []any{429, "usage-capped", false}, []any{e.Status, e.Code, e.Throttled})
		}
		require.Equal(t, 2, rt.Count())
		require.Zero(t, time.Since(begin))
	})
	require.Equal(t, client.NoHint, x.Profile.HintBody(429, nil, []byte(`{"type":"about:blank"}`)))
	require.Equal(t, client.NoHint, x.Profile.HintBody(403, nil, []byte(`{"type":"`+problems+`usage-capped"}`)))
}

// C29, C17: a used-up endpoint holds up that endpoint alone, until X says.
func TestC29_EachEndpointHasLimitsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := "946685100" // five minutes from the beginning of synctest's time
		c, _ := over(t, clienttest.JSON(200, `{"data":{"id":"12"}}`).Header("X-Rate-Limit-Limit", "75").Header("X-Rate-Limit-Remaining", "0").Header("X-Rate-Limit-Reset", reset),
			clienttest.JSON(200, `{"data":{"id":"1"}}`))
		begin := time.Now()
		require.NoError(t, user(t.Context(), c))
		_, err := x.GetUserByUsername.Do(t.Context(), c.HTTP, x.UsernameInput{Username: "a"})
		require.NoError(t, err)
		require.NoError(t, post(t.Context(), c))
		require.Zero(t, time.Since(begin))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = x.GetUser.Do(ctx, c.HTTP, x.UserInput{ID: "13"})
		require.ErrorIs(t, err, client.ErrRateLimited, "another user, and the same endpoint")
		require.Zero(t, time.Since(begin), "a wait that would pass the deadline is not begun")
	})
	key := func(method, path string) string {
		return x.Profile.LimitKey(&http.Request{Method: method, URL: &url.URL{Path: path}})
	}
	require.Equal(t, "GET /2/users/{id}", key("GET", "/2/users/12"))
	require.Equal(t, "POST /2/tweets", key("POST", "/2/tweets"))
	require.Equal(t, "GET /2/lists/{id}/members", key("GET", "/2/lists/99/members"))
	require.Equal(t, key("PUT", "/2/tweets/1/hidden"), key("PUT", "/2/tweets/2/hidden"))
}

// A post is made once where it may have been made.
func TestAPostIsMadeOnce(t *testing.T) {
	for script, sent := range map[string]int{`503`: 1, `reset`: 1, `500`: 1, `429`: 3} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := over(t, clienttest.MustParse(script)...)
			err := post(t.Context(), c)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Equal(t, sent, rt.Count(), script)
			require.Equal(t, script != "429", e.Effect == client.MaybeApplied, script)
		})
	}
}
