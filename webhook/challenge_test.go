package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

// W22: what the challenge signs for a stranger is no delivery, to Verify and
// VerifyHTTP as little as to Split and the handler.
func TestW22_WhatAChallengeSignsIsNoDelivery(t *testing.T) {
	t.Parallel()
	x, err := webhook.X(secret.Static("consumer", "older"), secret.Static("client"))
	require.NoError(t, err)
	only, err := webhook.X(nil, secret.Static("client"))
	require.NoError(t, err)
	for _, token := range []string{"attacker text", "1", "null", strings.Repeat("x", 256), "}", "a=1&b=2", "héé", "-"} {
		for s, header := range map[*webhook.Scheme]string{x: "X-Twitter-Webhooks-Signature", only: "X-Twitter-Webhooks-Signature-OAuth2"} {
			answer, ok, err := s.Challenge(t.Context(), challenge(t, "/hook?crc_token="+url.QueryEscape(token)))
			require.NoError(t, err)
			require.True(t, ok)
			refusesEverywhere(t, s, webhook.ErrMalformed, post(token, header, members(t, answer.Body)["response_token"]))
		}
	}
	// Nor is anything else that X does not send, and that no challenge signs today.
	for _, body := range []string{"", " ", "[1]", `"text"`, "\x00{", "\ufeff{}", strings.Repeat("x", 257)} {
		refusesEverywhere(t, x, webhook.ErrMalformed, post(body, "X-Twitter-Webhooks-Signature", webhooktest.XChallengeAnswer("consumer", body)))
	}
	for _, body := range []string{"{}", " \r\n{\"a\":1}\n"} {
		_, err := x.Verify(t.Context(), post(body, "X-Twitter-Webhooks-Signature", webhooktest.XChallengeAnswer("older", body)))
		require.NoError(t, err, body)
	}

	braintree, err := webhook.Braintree("public_key", secret.Static(rawKey))
	require.NoError(t, err)
	for _, text := range []string{"20f9f8ed05f77439fe955c977e4c8a53", strings.Repeat("a", 20), strings.Repeat("0", 24), strings.Repeat("f", 31)} {
		answer, ok, err := braintree.Challenge(t.Context(), challenge(t, "/hook?bt_challenge="+text))
		require.NoError(t, err)
		require.True(t, ok)
		// The libraries sign with a line break behind the payload as well.
		for _, payload := range []string{text, text + "\n", text + "\n\n"} {
			form := url.Values{"bt_signature": {string(answer.Body)}, "bt_payload": {payload}}
			refusesEverywhere(t, braintree, webhook.ErrMalformed, post(form.Encode()))
		}
	}
}

// refusesEverywhere asks whoever can be asked whether a delivery is genuine.
func refusesEverywhere(t *testing.T, s *webhook.Scheme, want error, r *webhook.Request) {
	t.Helper()
	rec, err := s.Verify(t.Context(), r)
	require.ErrorIs(t, err, want, "%q", r.Body)
	require.Zero(t, rec)
	for _, send := range []func(*http.Request){
		func(req *http.Request) {
			_, _, err := webhook.VerifyHTTP(s, req)
			require.ErrorIs(t, err, want)
		},
		func(req *http.Request) {
			h := newHandler(t, s, webhook.Fallback(func(context.Context, webhook.Event[json.RawMessage]) error {
				t.Error("dispatched")
				return nil
			}))
			require.Equal(t, http.StatusUnauthorized, status(h, req))
		},
	} {
		req := httptest.NewRequest(http.MethodPost, "/hook", bytes.NewReader(r.Body))
		req.Header = r.Header.Clone()
		send(req)
	}
}

// A signature counts for its own public key only: one that was made for another
// pair, in whatever order the pairs come, is no signature of ours.
func TestBraintreeSignatureUnderAnotherPublicKey(t *testing.T) {
	t.Parallel()
	s, err := webhook.Braintree("public_key", secret.Static(rawKey))
	require.NoError(t, err)
	ours := webhooktest.BraintreeKey{Public: "public_key", Private: rawKey}
	const xml = "<notification><kind>check</kind></notification>"
	// Signed with the right private key, but under other names.
	for _, public := range []string{"another_key", "public_keys", "public_ke", "PUBLIC_KEY", " public_key", "public_key "} {
		other := webhooktest.BraintreeKey{Public: public, Private: rawKey}
		refusesEverywhere(t, s, webhook.ErrMissing, received(t, webhooktest.Braintree(other).Request([]byte(xml))))
		_, err := s.Verify(t.Context(), received(t, webhooktest.Braintree(other, ours).Request([]byte(xml))))
		require.NoError(t, err, "ours stands beside it")
	}
	for _, signature := range []string{"", "|", "public_key", "public_key:", "public_key|", "|public_key"} {
		good := received(t, webhooktest.Braintree(ours).Request([]byte(xml)))
		form, err := url.ParseQuery(string(good.Body))
		require.NoError(t, err)
		if signature == "" {
			_, mac, _ := strings.Cut(form.Get("bt_signature"), "|")
			signature = mac
		}
		form.Set("bt_signature", signature)
		_, err = s.Verify(t.Context(), post(form.Encode()))
		require.Error(t, err, signature)
		require.NotErrorIs(t, err, webhook.ErrMismatch, signature)
	}
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

	for _, body := range []string{
		`{"type":"event_callback","event":{"type":"message","text":"url_verification"}}`,
		`{"type":"event_callback","TYPE":"url_verification","challenge":"x"}`,
		`{"type":"event_callback","event":{"type":"url_verification","challenge":"x"}}`,
		`[{"type":"url_verification"}]`, `{"type":"url_verification"`, `type=url_verification&challenge=x`,
	} {
		k.body = body
		_, ok, err = s.Challenge(t.Context(), k.request(t, fixedTime))
		require.NoError(t, err)
		require.False(t, ok, body)
	}
}

// A method that the endpoint does not take makes no challenge, whatever else it says.
func TestChallengeByAnotherMethodIsRefused(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"x": "crc_token=abc", "braintree": "bt_challenge=20f9f8ed05f77439fe955c977e4c8a53", "slack": "ssl_check=1"} {
		for _, method := range []string{"PUT", "HEAD", "get"} {
			r := challenge(t, "/hook?"+query)
			r.Method = method
			answer, ok, err := kitNamed(t, name).scheme(t).Challenge(t.Context(), r)
			require.ErrorIs(t, err, webhook.ErrMethod, name)
			require.ErrorContains(t, err, "the endpoint does not take")
			require.False(t, ok)
			require.Nil(t, answer)
		}
	}
	// A body over the cap is not looked at, either.
	r := post(strings.Repeat("x", 11))
	_, ok, err := kitNamed(t, "x").scheme(t, webhook.WithMaxBody(10)).Challenge(t.Context(), r)
	require.ErrorIs(t, err, webhook.ErrTooLarge)
	require.False(t, ok)
}
