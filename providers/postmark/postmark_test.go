package postmark_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/secret"
)

const inactive = `{"ErrorCode":406,"Message":"You tried to send to a recipient that has been marked as inactive."}`

// conformance is what the suite needs to know of Postmark.
var conformance = providertest.Adapter{
	Profile: postmark.Profile,
	New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
		c, err := postmark.New(key, opts...)
		if err != nil {
			return nil, err
		}
		return &providertest.Calls{
			HTTP:  c.HTTP,
			Write: func(ctx context.Context) error { _, err := postmark.SendEmail.Do(ctx, c.HTTP, email); return err },
			Read: func(ctx context.Context) error {
				_, err := postmark.GetMessage.Do(ctx, c.HTTP, postmark.MessageInput{MessageID: "m_1"})
				return err
			},
		}, nil
	},
	Credential: func(r clienttest.Recorded) string { return r.Header.Get("X-Postmark-Server-Token") },
	Success:    clienttest.JSON(200, `{"To":"b@example.com","SubmittedAt":"2026-11-26T07:25:01.4178645-05:00","MessageID":"m_1","ErrorCode":0,"Message":"OK"}`),
	Failure:    clienttest.JSON(422, inactive),
	Code:       postmark.CodeInactiveRecipient,
	Message:    "You tried to send to a recipient that has been marked as inactive.",
	Throttle:   clienttest.Status(429), // Postmark sends no header with it
}

// P2, C20: Postmark in the one conformance suite.
func TestP2_Conformance(t *testing.T) { providertest.Run(t, conformance) }

func TestTheTableOfOperations(t *testing.T) {
	require.NoError(t, postmark.Operations.Check())
}

// An account's token goes into a header of its own, and a server's does not.
func TestTheAccountsToken(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"TotalCount":1,"Servers":[{"ID":1,"Name":"Production","ApiTokens":["secret"]}]}`))
	c, err := postmark.NewAccount(secret.Static("account-1"), client.WithTransport(rt))
	require.NoError(t, err)
	for server, err := range postmark.ListServers.All(t.Context(), c.HTTP, postmark.ListServersInput{}) {
		require.NoError(t, err)
		require.Equal(t, postmark.Server{ID: "1", Name: "Production"}, server)
	}
	require.Equal(t, "account-1", rt.Last().Header.Get("X-Postmark-Account-Token"))
	require.Empty(t, rt.Last().Header.Get("X-Postmark-Server-Token"))
	_, err = postmark.NewAccount(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}

// An SDK gets the stack with the token of its source, whatever it sets itself.
func TestHTTPClientCarriesTheToken(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {}`)...)
	hc, err := postmark.HTTPClient(secret.Static("token-1"), client.WithTransport(rt))
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://api.postmarkapp.com/server", nil)
	require.NoError(t, err)
	req.Header.Set("X-Postmark-Server-Token", "of-the-sdk")
	resp, err := hc.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 2, rt.Count())
	require.Equal(t, []string{"token-1"}, rt.Last().Header["X-Postmark-Server-Token"])
	_, err = postmark.HTTPClient(secret.Static(" "))
	require.ErrorIs(t, err, client.ErrConfig)
}
