package clerk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/clerk"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

const notFound = `{"errors":[{"code":"resource_not_found","message":"not found","long_message":"No user was found with id user_1."}],"clerk_trace_id":"trace_1"}`

// C20, P2
func TestC20_Conformance(t *testing.T) { providertest.Run(t, adapter) }

// P5, by what Clerk's description and its "Errors" say.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, code, message string) providertest.Said {
		body := fmt.Sprintf(`{"errors":[{"code":%q,"message":%q,"long_message":%q}],"clerk_trace_id":"req_bad_1"}`, code, message, message)
		return providertest.Said{Step: clienttest.JSON(status, body), Code: code}
	}
	providertest.BadInput(t, adapter, providertest.Bad{
		WrongKey:      said(401, "clerk_key_invalid", "The provided Clerk Secret Key is invalid: "+providertest.Key),
		ExpiredKey:    said(401, "authorization_invalid", "You are not authorized to perform this request"),
		UnknownObject: said(404, "resource_not_found", "No user was found with id user_1."),
		Invalid:       said(422, "form_param_format_invalid", "email_address must be a valid email address."),
		RateLimit:     said(429, "too_many_requests", "Too many requests. Please try again in a bit."),
		Outage:        said(500, "internal_clerk_error", "There was an internal error on our servers."),
	})
}

var adapter = providertest.Adapter{
	Profile: clerk.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := clerk.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP: c.HTTP,
			Write: func(ctx context.Context) error {
				_, err := clerk.CreateUser.Do(ctx, c.HTTP, clerk.CreateUserInput{EmailAddresses: []string{"a@example.com"}})
				return err
			},
			Read: func(ctx context.Context) error {
				_, err := clerk.GetUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"id":"user_1","object":"user"}`),
	Failure:  clienttest.JSON(404, notFound),
	Code:     "resource_not_found",
	Message:  "No user was found with id user_1.",
	Throttle: clienttest.JSON(429, `{"errors":[{"code":"too_many_requests","message":"Too many requests"}]}`).Header("Retry-After", "0"),
}

func TestOperationsAreWhole(t *testing.T) { require.NoError(t, clerk.Operations.Check()) }

// newClient is a client at a server that goes through the steps.
func newClient(t *testing.T, steps ...clienttest.Step) (*client.Client, *clienttest.Server) {
	t.Helper()
	srv := clienttest.NewServer(t, steps...)
	c, err := clerk.New(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL), client.WithRetry(retry.Policy{Backoff: retry.Constant(0)}))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c.HTTP, srv
}

// The trace ID is in the body, of each error the text that names the parameter.
func TestErrors(t *testing.T) {
	for body, want := range map[string]client.ErrorDetail{
		notFound: {Code: "resource_not_found", Message: "No user was found with id user_1.", RequestID: "trace_1"},
		`{"errors":[{"code":"form_param_missing","message":"is missing"},{"code":"x","message":"is long","long_message":"The name is long."}]}`: {
			Code: "form_param_missing", Message: "is missing; The name is long.", RequestID: "req_1",
		},
		`{"errors":[]}`:                 {RequestID: "req_1"},
		`{"message":"gateway timeout"}`: {Message: "gateway timeout", RequestID: "req_1"},
		`<html>`:                        {RequestID: "req_1"},
		``:                              {RequestID: "req_1"},
	} {
		c, _ := newClient(t, clienttest.JSON(404, body).Header("Clerk-Trace-Id", "req_1"))
		_, err := clerk.GetUser.Do(t.Context(), c, clerk.UserInput{ID: "user_1"})
		e, ok := errors.AsType[*client.Error](err)
		require.True(t, ok)
		require.Equal(t, want, client.ErrorDetail{Code: e.Code, Message: e.Message, RequestID: e.RequestID}, body)
		require.ErrorIs(t, err, client.ErrNotFound)
	}
}

// P6: an SDK's requests go out with our credential, and are known by their routes.
func TestHTTPClient(t *testing.T) {
	srv := clienttest.NewServer(t, clienttest.JSON(404, notFound))
	hc, err := clerk.HTTPClient(secret.Static("sk_test_1"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/users/user_1", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer an_sdks_own")
	req.Header.Set("Clerk-API-Version", "2025-04-10")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "Bearer sk_test_1", srv.Last().Header.Get("Authorization"))
	require.Equal(t, []string{"2025-04-10"}, srv.Last().Header["Clerk-Api-Version"], "the SDK's version stays")
	require.Equal(t, "/users/{user_id}", clerk.Profile.Route(req))
	_, err = clerk.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// A live key is known as one.
func TestLiveKeys(t *testing.T) {
	require.Equal(t, []string{"sk_live_"}, clerk.Profile.LiveKeys)
}

func Example() {
	srv := clienttest.Start(
		clienttest.JSON(200, `[{"id":"user_2","first_name":"Ada"},{"id":"user_1","first_name":"Grace"}]`),
		clienttest.JSON(200, `[]`),
	)
	defer srv.Close()
	c, err := clerk.New(secret.Static("sk_test_123"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	for user, err := range clerk.ListUsers.All(context.Background(), c.HTTP, clerk.ListUsersInput{Limit: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.ID, user.FirstName)
	}
	fmt.Println(srv.Last().URL)
	// Output:
	// user_2 Ada
	// user_1 Grace
	// /users?limit=2&starting_after=user_1
}
