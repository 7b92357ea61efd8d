package sentry_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

// conformance is what the suite needs to know of Sentry.
var conformance = providertest.Adapter{
	Profile: sentry.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := sentry.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := sentry.CreateDeploy.Do(ctx, c.HTTP, deploy); return err },
			Read: func(ctx context.Context) error {
				_, err := sentry.GetIssue.Do(ctx, c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "1"})
				return err
			},
		}, nil
	},
	Success:  clienttest.JSON(200, `{"id":"1","environment":"production","title":"x"}`),
	Failure:  clienttest.JSON(400, `{"environment":["This field is required."],"dateStarted":["Not a date.","Nor a time."]}`),
	Message:  "dateStarted: Not a date.; dateStarted: Nor a time.; environment: This field is required.",
	Throttle: clienttest.JSON(429, `{"detail":"You are attempting to use this endpoint too frequently."}`),
}

// P2, C20: Sentry in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

// P5: the one table of bad input, as Sentry says it.
func TestP5_BadInput(t *testing.T) {
	said := func(status int, body string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(status, body)}
	}
	forbidden := said(401, `{"detail":{"code":"sso-required","message":"Must login via SSO"}}`)
	forbidden.Code = "sso-required"
	providertest.BadInput(t, conformance, providertest.Bad{
		WrongKey:      said(401, `{"detail":"Invalid token `+providertest.Key+`"}`),
		ExpiredKey:    forbidden,
		UnknownObject: said(404, `{"detail":"The requested resource does not exist"}`),
		Invalid:       said(400, `{"version":["This field is required."]}`),
		RateLimit:     said(429, `{"detail":"You are attempting to use this endpoint too frequently. Limit is 40 requests in 1 seconds"}`),
		Outage:        said(503, `{"detail":"Internal Error","errorId":null}`),
	})
}

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, sentry.Operations.Check())
	_, err := sentry.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
	hc, err := sentry.HTTPClient(secret.Static("sntrys_test"))
	require.NoError(t, err)
	require.NotNil(t, hc)
}

// What Sentry says is in the error, in each of its forms.
func TestWhatAnErrorSays(t *testing.T) {
	for body, want := range map[string]client.ErrorDetail{
		`{"detail":"Not found"}`: {Message: "Not found"},
		`{"detail":{"code":"sudo-required","message":"Sudo required","extra":{}}}`: {Code: "sudo-required", Message: "Sudo required"},
		`{"detail":{"code":"x"}}`: {Code: "x"},
		`{"detail":"bad envelope data","causes":["missing header","x"]}`: {Message: "bad envelope data: missing header, x"},
		`{"error":"Invalid"}`:       {Message: "Invalid"},
		`{"detail":null,"x":["y"]}`: {Message: "x: y"},
		`{"version":["Required.","Long."],"projects":"None.","n":7}`: {Message: "projects: None.; version: Required.; version: Long."},
	} {
		got := sentry.Profile.DecodeError(400, http.Header{}, []byte(body))
		require.Equal(t, []string{want.Code, want.Message}, []string{got.Code, got.Message}, body)
	}
	for _, body := range []string{``, `[]`, `"x"`, `{}`, `{"detail":7}`, `{"detail":{}}`, `{`} {
		require.NotPanics(t, func() { sentry.Profile.DecodeError(400, http.Header{}, []byte(body)) }, body)
	}
}

// C17, C35: Sentry limits each endpoint by itself, and says so in headers of its own.
func TestC35_AnEndpointsLimitIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `429 X-Sentry-Rate-Limit-Limit=40 X-Sentry-Rate-Limit-Remaining=0 X-Sentry-Rate-Limit-Reset=946684830 {}, 200 {"id":"1"}`)
		begin := time.Now() // 946684800
		done := make(chan error)
		go func() { _, err := sentry.CreateDeploy.Do(t.Context(), c.HTTP, deploy); done <- err }()
		synctest.Wait()
		_, err := sentry.GetIssue.Do(t.Context(), c.HTTP, sentry.IssueInput{Organization: "acme", Issue: "1"})
		require.NoError(t, err)
		require.Zero(t, time.Since(begin))
		require.NoError(t, <-done)
		require.GreaterOrEqual(t, time.Since(begin), 30*time.Second, "the reset is a moment")
		require.Equal(t, 3, rt.Count())
	})
	keys := map[string]string{
		"/api/0/organizations/acme/issues/":   "GET /api/0/organizations/{organization}/issues/",
		"/api/0/organizations/acme/issues/7/": "GET /api/0/organizations/{organization}/issues/{issue}/",
		"/api/0/teams/acme/shop/projects/":    "other",
	}
	for path, want := range keys {
		req, err := http.NewRequest("GET", sentry.Profile.BaseURL+path, nil)
		require.NoError(t, err)
		require.Equal(t, want, sentry.Profile.LimitKey(req), path)
	}
}

// C14: the hosts of the regions are Sentry's. Sentry that somebody hosts is no other's.
func TestC14_Regions(t *testing.T) {
	c, rt := scripted(t, `200 []`)
	for _, base := range []string{"https://sentry.io", sentry.US, sentry.DE} {
		_, err := client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: base + "/api/0/"})
		require.NoError(t, err)
		require.Equal(t, "Bearer sntrys_test", rt.Last().Header.Get("Authorization"), base)
	}
	own, _ := scripted(t, `200 []`, client.WithBaseURL("https://sentry.example.com"))
	_, err := client.Call[client.None](t.Context(), own.HTTP, client.Request{URL: "https://sentry.io/api/0/"})
	require.ErrorIs(t, err, client.ErrOrigin)
}
