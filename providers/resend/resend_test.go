package resend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/secret"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

var email = &sdk.SendEmailRequest{From: "a@example.com", To: []string{"b@example.com"}, Subject: "s", Html: "<p>h</p>"}

// conformance is what the suite needs to know of Resend, but for its write and read.
var conformance = providertest.Adapter{
	Profile:  resend.Profile,
	Success:  clienttest.JSON(200, `{"id":"e_1","object":"email"}`),
	Failure:  clienttest.JSON(422, `{"statusCode":422,"name":"validation_error","message":"Invalid from field."}`),
	Code:     "validation_error",
	Message:  "Invalid from field.",
	Throttle: clienttest.JSON(429, `{"statusCode":429,"name":"rate_limit_exceeded","message":"Too many requests."}`).Header("Retry-After", "0").Header("RateLimit-Limit", "2").Header("RateLimit-Remaining", "0").Header("RateLimit-Reset", "1"),
}

// C20
func TestC20_Conformance(t *testing.T) {
	a := conformance
	a.New = func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := resend.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := c.Send(ctx, email, ""); return err },
			Read:  func(ctx context.Context) error { _, err := c.Email(ctx, "e_1"); return err },
		}, nil
	}
	providertest.Run(t, a)
}

// C20, P6
func TestC20_ConformanceOfTheSDK(t *testing.T) {
	a := conformance
	a.SDKErrors = true
	a.New = func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := resend.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := c.SDK.Emails.SendWithContext(ctx, email); return err },
			Read:  func(ctx context.Context) error { _, err := c.SDK.Emails.GetWithContext(ctx, "e_1"); return err },
		}, nil
	}
	providertest.Run(t, a)
}

// P5
func TestP5_BadInput(t *testing.T) {
	a := conformance
	a.New = func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := resend.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := c.Send(ctx, email, ""); return err },
			Read:  func(ctx context.Context) error { _, err := c.Email(ctx, "e_1"); return err },
		}, nil
	}
	// Resend docs, "Errors". It has no word for a key that has expired: one that was
	// deleted is not valid.
	providertest.BadInput(t, a, providertest.Bad{
		WrongKey:      said(401, "validation_error", "API key is invalid: "+providertest.Key),
		ExpiredKey:    said(401, "missing_api_key", "Missing API key in the authorization header."),
		UnknownObject: said(404, "not_found", "Email not found"),
		Invalid:       said(422, "missing_required_field", "Missing `to` field."),
		RateLimit:     said(429, "rate_limit_exceeded", "Too many requests."),
		Outage:        said(500, "application_error", "An unexpected error occurred."),
	})
}

func said(status int, name, message string) providertest.Said {
	body, err := json.Marshal(map[string]any{"statusCode": status, "name": name, "message": message})
	if err != nil {
		panic(err)
	}
	return providertest.Said{Step: clienttest.JSON(status, string(body)), Code: name}
}

func TestOperations(t *testing.T) {
	t.Setenv("RESEND_BASE_URL", "https://evil.example.net/")
	srv := clienttest.NewServer(t, clienttest.JSON(200, `{"id":"e_1","data":[{"id":"d_1"}]}`))
	c, err := resend.New(secret.Static("re_1"), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	ctx := t.Context()
	sent, err := c.Send(ctx, email, "mine")
	require.NoError(t, err)
	require.Equal(t, "e_1", sent.Id)
	last := srv.Last()
	require.Equal(t, "POST /emails", last.Method+" "+last.URL)
	require.Equal(t, "mine", last.Header.Get("Idempotency-Key"))
	var body map[string]any
	require.NoError(t, json.Unmarshal(last.Body, &body))
	require.Equal(t, "s", body["subject"])

	_, err = c.SendBatch(ctx, []*sdk.SendEmailRequest{email}, "")
	require.NoError(t, err)
	require.Equal(t, "POST /emails/batch", srv.Last().Method+" "+srv.Last().URL)
	require.NotEmpty(t, srv.Last().Header.Get("Idempotency-Key"))

	_, err = c.Cancel(ctx, "a/b?c")
	require.NoError(t, err)
	require.Equal(t, "POST /emails/a%2Fb%3Fc/cancel", srv.Last().Method+" "+srv.Last().URL)

	// C39: an identifier that is empty, or has dots for a segment, reaches nothing.
	sentBefore := srv.Count()
	for _, id := range []string{"", ".", "..", "../../domains"} {
		_, err = c.Email(ctx, id)
		require.ErrorIs(t, err, client.ErrRequest)
		_, err = c.Cancel(ctx, id)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, sentBefore, srv.Count())

	domains, err := c.Domains(ctx)
	require.NoError(t, err)
	require.Equal(t, "d_1", domains[0].Id)
}

func ExampleNew() {
	srv := clienttest.Start(clienttest.MustParse(`429 Retry-After=0, 200 {"id":"em_1"}`)...)
	defer srv.Close()
	c, err := resend.New(secret.Static("re_123"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, err := c.Send(context.Background(), &sdk.SendEmailRequest{
		From: "a@example.com", To: []string{"b@example.com"}, Subject: "Welcome", Html: "<p>Hello</p>",
	}, "welcome/user-42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sent.Id, "after", srv.Count(), "attempts")
	// Output:
	// em_1 after 2 attempts
}

// C5, C6: Resend documents its keys for sending alone. Nothing else that a POST does is
// made twice.
func TestC6_OnlySendingHasAKey(t *testing.T) {
	for path, sent := range map[string]int{
		"/emails": 2, "/emails/batch": 2,
		"/emails/e_1/cancel": 1, "/domains": 1, "/audiences/a_1/contacts": 1, "/api-keys": 1,
	} {
		srv := clienttest.NewServer(t, clienttest.MustParse(`reset, 200 {}`)...)
		c, err := resend.New(secret.Static("re_1"), client.WithBaseURL(srv.URL))
		require.NoError(t, err)
		_, err = client.Post[client.None](t.Context(), c.HTTP, path, map[string]string{})
		c.HTTP.CloseIdleConnections()
		require.Equal(t, sent == 2, err == nil, path)
		require.Equal(t, sent, srv.Count(), path)
		require.Equal(t, sent == 2, srv.Last().Header.Get("Idempotency-Key") != "", path)
	}
}

// C30: a retry that meets the first request, still running, waits for it; a key that
// was used with another payload is not tried again.
func TestC30_KeyInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := clienttest.JSON(409, `{"statusCode":409,"name":"concurrent_idempotent_requests","message":"Same idempotency key used while original request is still in progress."}`)
		rt := clienttest.NewTransport(t, clienttest.Reset(), running, clienttest.JSON(200, `{"id":"e_1"}`))
		c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
		require.NoError(t, err)
		sent, err := c.Send(t.Context(), email, "mine")
		require.NoError(t, err)
		require.Equal(t, "e_1", sent.Id)
		require.Equal(t, 3, rt.Count())
		for _, r := range rt.Requests() {
			require.Equal(t, "mine", r.Header.Get("Idempotency-Key"))
		}
		rt.Script(clienttest.JSON(409, `{"statusCode":409,"name":"invalid_idempotent_request","message":"Same idempotency key used with a different request payload."}`))
		_, err = c.Send(t.Context(), email, "mine")
		require.Error(t, err)
		require.Equal(t, 4, rt.Count())
	})
}
