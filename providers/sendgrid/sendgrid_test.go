package sendgrid_test

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
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// conformance is what the suite needs to know of SendGrid.
var conformance = providertest.Adapter{
	Profile: sendgrid.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := sendgrid.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := sendgrid.SendMail.Do(ctx, c.HTTP, mail); return err },
			Read: func(ctx context.Context) error {
				_, err := sendgrid.GetTemplate.Do(ctx, c.HTTP, sendgrid.TemplateInput{ID: "d-1"})
				return err
			},
		}, nil
	},
	Success: clienttest.JSON(200, `{"id":"d-1","name":"Welcome","generation":"dynamic"}`).Header("X-Message-Id", "m_1"),
	Failure: clienttest.JSON(400, `{"errors":[{"message":"The subject is required.","field":"subject","help":null},{"message":"Bad.","field":null}]}`),
	Message: "subject: The subject is required.; Bad.",
	Throttle: clienttest.JSON(429, `{"errors":[{"field":null,"message":"too many requests"}]}`).
		Header("X-RateLimit-Limit", "500").Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "1"),
}

// P2, C20: SendGrid in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, sendgrid.Operations.Check())
}

// The host of the European region takes the place of the other one, and nothing goes to
// both.
func TestTheEuropeanRegion(t *testing.T) {
	c, rt := scripted(t, `202 X-Message-Id=m_1`, client.WithBaseURL(sendgrid.EU))
	_, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
	require.NoError(t, err)
	require.Equal(t, "api.eu.sendgrid.com", rt.Last().Host)
	_, err = client.Call[client.None](t.Context(), c.HTTP, client.Request{URL: "https://api.sendgrid.com/v3/templates"})
	require.ErrorIs(t, err, client.ErrOrigin)
}

// C35: SendGrid limits each endpoint by itself. Looking through bounces holds no mail up,
// and an identifier makes no limit of its own.
func TestAnEndpointsLimitIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `200 X-RateLimit-Limit=500 X-RateLimit-Remaining=0 X-RateLimit-Reset=60 [], 202 X-Message-Id=m_1, 200 []`)
		begin := time.Now()
		for _, err := range sendgrid.ListBounces.All(t.Context(), c.HTTP, sendgrid.ListSuppressionsInput{}) {
			require.NoError(t, err)
		}
		_, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
		require.NoError(t, err)
		require.Zero(t, time.Since(begin))
		for _, err := range sendgrid.ListBounces.All(t.Context(), c.HTTP, sendgrid.ListSuppressionsInput{}) {
			require.NoError(t, err)
		}
		require.GreaterOrEqual(t, time.Since(begin), 59*time.Second, "the next page of bounces waits")
		require.Equal(t, 3, rt.Count())
	})
	for path, want := range map[string]string{
		"/v3/mail/send": "GET mail/send", "/v3/templates/d-1": "GET templates", "/v3/suppression/bounces/b@example.com": "GET suppression/bounces",
		"/v3/asm/groups/7/suppressions": "GET asm/groups", "/v3/stats": "GET stats", "/other": "GET ",
	} {
		req, err := http.NewRequest("GET", sendgrid.Profile.BaseURL+path, nil)
		require.NoError(t, err)
		require.Equal(t, want, sendgrid.Profile.LimitKey(req), path)
	}
}

// An SDK gets the stack with the key of its source, whatever it sets itself.
func TestHTTPClientCarriesTheKey(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {}`)...)
	hc, err := sendgrid.HTTPClient(secret.Static("SG.1"), client.WithTransport(rt))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.sendgrid.com/v3/scopes", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer of-the-sdk")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, rt.Count())
	require.Equal(t, []string{"Bearer SG.1"}, rt.Last().Header["Authorization"])
	_, err = sendgrid.HTTPClient(secret.Static(" "), client.WithRetry(retry.Never))
	require.ErrorIs(t, err, client.ErrConfig)
}
