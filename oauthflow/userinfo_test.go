package oauthflow_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/oauthtest"
)

func TestUserInfoAnswers(t *testing.T) {
	t.Parallel()
	s := oauthtest.New(oauthtest.Config{})
	c := newClient(t, s, "web", nil)
	b, back := attempt(t, s, c)
	res, err := b.finish(c, back)
	require.NoError(t, err)
	ask := func(status int, body string, tok *oauth2.Token) error {
		c := newClient(t, s, "web", nil, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return plainAnswer(status, body), nil
		})}))
		var info map[string]any
		return c.UserInfo(t.Context(), tok, &info)
	}
	plain := &oauth2.Token{AccessToken: "a"}
	require.NoError(t, ask(200, `{"sub":"alice"}`, res.Token))
	require.NoError(t, ask(200, `{"id":1}`, plain), "without an ID token nothing is compared")
	for _, tc := range []struct {
		status int
		body   string
		tok    *oauth2.Token
		want   error
	}{
		{204, ``, plain, oauthflow.ErrMalformedResponse},
		{202, `{"sub":"alice"}`, plain, oauthflow.ErrMalformedResponse},
		{302, ``, plain, oauthflow.ErrRedirect},
		{399, ``, plain, oauthflow.ErrRedirect},
		{200, `not JSON`, plain, oauthflow.ErrMalformedResponse},
		{200, `not JSON`, res.Token, oauthflow.ErrMalformedResponse},
		{200, `[]`, res.Token, oauthflow.ErrMalformedResponse},
		{200, `{}`, res.Token, oauthflow.ErrMalformedResponse},
		{200, `{"sub":null}`, res.Token, oauthflow.ErrMalformedResponse},
		{200, `{"sub":""}`, res.Token, oauthflow.ErrMalformedResponse},
		{200, `{"sub":7}`, res.Token, oauthflow.ErrMalformedResponse},
		{200, strings.Repeat(" ", 1<<20) + "{}", plain, oauthflow.ErrResponseTooLarge},
	} {
		require.ErrorIs(t, ask(tc.status, tc.body, tc.tok), tc.want, "%d %.30s", tc.status, tc.body)
	}
	require.ErrorContains(t, ask(200, `{"id":1}`, res.Token), `it has no "sub"`)
	require.ErrorContains(t, ask(200, `{"sub":"bob"}`, res.Token), "another user")
	require.Error(t, ask(200, `{"sub":"alice"}`, withIDToken("a", "not.a.token")))
	require.Error(t, ask(200, `{"sub":""}`, withIDToken("a", s.SignIDToken(map[string]any{"sub": ""}))), "nobody is not somebody")
	require.Error(t, ask(200, `{}`, withIDToken("a", s.SignIDToken(map[string]any{}))))
	require.NoError(t, ask(200, `{"sub":"a"}`, withIDToken("a", s.SignIDToken(map[string]any{"sub": "a"}))))
	te := tokenError(t, ask(503, `{"error":"server_error"}`, plain))
	require.False(t, te.MaybeApplied, "nothing is changed by asking")
	require.Equal(t, 503, te.Status)
}
