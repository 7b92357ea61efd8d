package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func challenge(t testing.TB, target string) *webhook.Request {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	return &webhook.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
}

// W21
func TestW21_BraintreeChallenge(t *testing.T) {
	t.Parallel()
	s, err := webhook.Braintree("integration_public_key", secret.Static("integration_private_key", "older"))
	require.NoError(t, err)
	require.Equal(t, []string{http.MethodPost, http.MethodGet}, s.Methods())
	answer, ok, err := s.Challenge(t.Context(), challenge(t, "/hook?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"))
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4", string(answer.Body))
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))

	for _, good := range []string{strings.Repeat("a", 20), strings.Repeat("0", 32)} {
		_, ok, err := s.Challenge(t.Context(), challenge(t, "/?bt_challenge="+good))
		require.NoError(t, err)
		require.True(t, ok)
	}
	for name, bad := range map[string]string{
		"19":         strings.Repeat("a", 19),
		"33":         strings.Repeat("a", 33),
		"upper case": strings.Repeat("A", 20),
		"newline":    strings.Repeat("a", 20) + "%0A",
		"space":      "%20" + strings.Repeat("a", 20),
		"not hex":    strings.Repeat("g", 20),
		"empty":      "",
		"twice":      strings.Repeat("a", 20) + "&bt_challenge=" + strings.Repeat("b", 20),
		"malformed":  strings.Repeat("a", 20) + "&x=%zz",
	} {
		answer, ok, err := s.Challenge(t.Context(), challenge(t, "/?bt_challenge="+bad))
		require.True(t, ok, name)
		require.Error(t, err, name)
		require.Nil(t, answer, name)
	}
	_, ok, err = s.Challenge(t.Context(), challenge(t, "/?other=1"))
	require.NoError(t, err)
	require.False(t, ok)
}

// W22
func TestW22_CRCTokenCannotBeABody(t *testing.T) {
	t.Parallel()
	s, err := webhook.X(secret.Static("consumer", "older"), secret.Static("client"))
	require.NoError(t, err)
	ask := func(token string) (*webhook.Answer, error) {
		answer, ok, err := s.Challenge(t.Context(), challenge(t, "/hook?crc_token="+url.QueryEscape(token)))
		require.True(t, ok)
		return answer, err
	}
	for _, token := range []string{"challenge_string", strings.Repeat("x", 256), "9b8Yx-_.~", "héé"} {
		answer, err := ask(token)
		require.NoError(t, err)
		require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
		require.Equal(t, map[string]string{"response_token": webhooktest.XChallengeAnswer("consumer", token)}, members(t, answer.Body))
	}
	for _, token := range []string{
		"", strings.Repeat("x", 257), `{"for_user_id":"1"}`, "[1]", `"text"`, "a{", "a[", `a"`, "a\x00", "a\n", "\ta", "a\x7f", "\r",
	} {
		answer, err := ask(token)
		require.ErrorIs(t, err, webhook.ErrMalformed, "%q", token)
		require.Nil(t, answer)
		require.NotContains(t, err.Error(), "for_user_id")
	}
	_, ok, err := s.Challenge(t.Context(), challenge(t, "/hook?crc_token=a&crc_token=b"))
	require.True(t, ok)
	require.ErrorIs(t, err, webhook.ErrDuplicate)

	// Without consumer secrets the client secret answers.
	only, err := webhook.X(nil, secret.Static("client"))
	require.NoError(t, err)
	answer, _, err := only.Challenge(t.Context(), challenge(t, "/hook?crc_token=abc"))
	require.NoError(t, err)
	require.Equal(t, webhooktest.XChallengeAnswer("client", "abc"), members(t, answer.Body)["response_token"])
	_, err = webhook.X(nil, nil)
	require.ErrorIs(t, err, webhook.ErrConfig)
}

func members(t *testing.T, body []byte) map[string]string {
	t.Helper()
	var m map[string]string
	require.NoError(t, json.Unmarshal(body, &m))
	return m
}

// A POST is never a challenge of the GET kind, whatever its query.
func TestChallengeNeedsItsMethod(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"x", "braintree"} {
		s := kitNamed(t, name).scheme(t)
		r := challenge(t, "/hook?crc_token=abc&bt_challenge="+strings.Repeat("a", 20))
		r.Method = http.MethodPost
		_, ok, err := s.Challenge(t.Context(), r)
		require.NoError(t, err)
		require.False(t, ok)
		r.Method, r.URL = http.MethodGet, nil
		_, ok, err = s.Challenge(t.Context(), r)
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestSlackURLVerification(t *testing.T) {
	t.Parallel()
	k := kitNamed(t, "slack")
	s := k.scheme(t)
	k.body = `{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}`
	r := k.request(t, fixedTime)
	answer, ok, err := s.Challenge(t.Context(), r)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", string(answer.Body))

	forged := clone(r)
	forged.Header.Set("X-Slack-Signature", "v0="+strings.Repeat("0", 64))
	answer, ok, err = s.Challenge(t.Context(), forged)
	require.True(t, ok)
	require.ErrorIs(t, err, webhook.ErrMismatch, "an unverified challenge is not answered")
	require.Nil(t, answer)

	k.body = `{"type":"event_callback","event":{"type":"message","text":"url_verification"}}`
	_, ok, err = s.Challenge(t.Context(), k.request(t, fixedTime))
	require.NoError(t, err)
	require.False(t, ok)
}
