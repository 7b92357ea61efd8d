package oauthflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/secret"
)

// ownShapes are refusals as services send them, with the code and the text that
// are shown, and with what InvalidGrantCodes may name them by.
var ownShapes = []struct {
	name, body string
	status     int
	code, text string
	named      []string
}{
	{"Facebook", `{"error":{"message":"The session has expired.","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"x"}}`, 400,
		"190", "The session has expired.", []string{"190", "463", "OAuthException"}},
	{"WeChat", `{"errcode":40030,"errmsg":"invalid refresh_token"}`, 200, "40030", "invalid refresh_token", []string{"40030"}},
	{"HubSpot", `{"status":"BAD_REFRESH_TOKEN","message":"missing or unknown refresh token","correlationId":"x"}`, 400,
		"BAD_REFRESH_TOKEN", "missing or unknown refresh token", []string{"BAD_REFRESH_TOKEN"}},
	{"Slack", `{"ok":false,"error":"token_revoked"}`, 200, "token_revoked", "", []string{"token_revoked"}},
	{"Twitch", `{"status":400,"message":"Invalid refresh token"}`, 400, "", "Invalid refresh token", []string{"Invalid refresh token"}},
	{"Twitch, with the status in words", `{"error":"Bad Request","status":400,"message":"Invalid refresh token"}`, 400,
		"Bad Request", "Invalid refresh token", []string{"Invalid refresh token"}},
	{"Google Identity", `{"error":{"code":400,"message":"TOKEN_EXPIRED","status":"INVALID_ARGUMENT"}}`, 400,
		"INVALID_ARGUMENT", "TOKEN_EXPIRED", []string{"TOKEN_EXPIRED", "INVALID_ARGUMENT"}},
	{"Instagram", `{"error_type":"OAuthException","code":400,"error_message":"Error validating access token"}`, 400,
		"OAuthException", "Error validating access token", []string{"OAuthException"}},
	{"Strava", `{"message":"Bad Request","errors":[{"resource":"RefreshToken","field":"refresh_token","code":"invalid"}]}`, 400,
		"invalid", "Bad Request", []string{"invalid"}},
	{"TikTok, first version", `{"data":{"description":"Refresh token expired","error_code":10010},"message":"error"}`, 200,
		"10010", "Refresh token expired", []string{"10010"}},
	{"TikTok for Business", `{"code":40105,"message":"Access token is incorrect or has been revoked.","request_id":"x","data":{}}`, 200,
		"40105", "Access token is incorrect or has been revoked.", []string{"40105"}},
	{"Lazada", `{"code":"IllegalRefreshToken","type":"ISV","message":"The refresh token is invalid","request_id":"x"}`, 200,
		"IllegalRefreshToken", "The refresh token is invalid", []string{"IllegalRefreshToken"}},
	{"Alipay", `{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.refresh-token-invalid","sub_msg":"x"}}`, 200,
		"40002", "Invalid Arguments", []string{"40002", "isv.refresh-token-invalid"}},
	{"LinkedIn", `{"serviceErrorCode":65601,"message":"The token used in the request has been revoked by the user","status":401}`, 401,
		"65601", "The token used in the request has been revoked by the user", []string{"65601"}},
	{"Reddit", `{"message":"Bad Request","error":400}`, 400, "", "Bad Request", []string{"400"}},
	{"QQ", `{"error":100019,"error_description":"code to access token error"}`, 200, "100019", "code to access token error", []string{"100019"}},
	{"Zoom", `{"reason":"Invalid Token!","error":"invalid_request"}`, 401, "invalid_request", "Invalid Token!", []string{"Invalid Token!"}},
	{"Okta", `{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorLink":"E0000011"}`, 401,
		"E0000011", "Invalid token provided", []string{"E0000011"}},
	{"Apigee", `{"fault":{"faultstring":"Refresh Token expired","detail":{"errorcode":"keymanagement.service.refresh_token_expired"}}}`, 401,
		"keymanagement.service.refresh_token_expired", "Refresh Token expired", []string{"keymanagement.service.refresh_token_expired"}},
	{"a code beyond 2⁵³", `{"errcode":90071992547409931,"errmsg":"gone"}`, 200, "90071992547409931", "gone", []string{"90071992547409931"}},
	{"RFC 9457", `{"type":"about:blank","title":"Gone","status":410,"detail":"The grant is no more."}`, 410, "", "The grant is no more.", []string{"The grant is no more."}},
	{"a flag", `{"error":true,"message":"dead"}`, 200, "", "", nil},
}

// O5, O8: what a service says in its own shape is shown, limited as ever, and
// names a dead grant where the provider's data says so.
func TestO5_ARefusalInTheServicesOwnShape(t *testing.T) {
	t.Parallel()
	for _, tc := range ownShapes {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, tc.status, "application/json", tc.body, nil).Refresh(t.Context(), refreshable)
			te := tokenError(t, err)
			require.Equal(t, []any{tc.code, tc.text, tc.status, false}, []any{te.Code, te.Description, te.Status, te.MaybeApplied})
			require.NotErrorIs(t, err, oauthflow.ErrInvalidGrant)
			for _, shown := range []string{tc.code, tc.text} {
				require.ErrorContains(t, err, shown)
			}
			for _, name := range tc.named {
				c := answering(t, tc.status, "application/json", tc.body, func(cfg *oauthflow.Config) {
					cfg.Provider.InvalidGrantCodes = []string{"", "another", name}
				})
				_, err := c.Refresh(t.Context(), refreshable)
				require.ErrorIs(t, err, oauthflow.ErrInvalidGrant, name)
				require.Equal(t, name, tokenError(t, err).Code)
				_, err = c.Exchange(t.Context(), "code", "")
				require.ErrorIs(t, err, oauthflow.ErrInvalidGrant, "of a code as well")
			}
			c := answering(t, tc.status, "application/json", tc.body, func(cfg *oauthflow.Config) {
				cfg.Provider.InvalidGrantCodes = []string{"", "another"}
			})
			_, err = c.Refresh(t.Context(), refreshable)
			require.NotErrorIs(t, err, oauthflow.ErrInvalidGrant)
		})
	}
}

// O5: Fitbit names the RFC's code in a list of its own.
func TestO5_TheStandardsCodeInAnotherShape(t *testing.T) {
	t.Parallel()
	const body = `{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: x"}],"success":false}`
	_, err := answering(t, 400, "application/json", body, nil).Refresh(t.Context(), refreshable)
	require.ErrorIs(t, err, oauthflow.ErrInvalidGrant)
	require.Equal(t, "Refresh token invalid: x", tokenError(t, err).Description)
}

// O5: the manager asks once, and then says who has to act.
func TestO5_AServicesOwnCodeEndsTheGrant(t *testing.T) {
	t.Parallel()
	for _, tc := range ownShapes {
		for _, name := range tc.named {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					asked := 0
					c, err := oauthflow.New(oauthflow.Config{
						Provider: oauthflow.Provider{Endpoint: oauth2.Endpoint{TokenURL: "https://auth.test/token"}, InvalidGrantCodes: []string{name}},
						ClientID: "cli",
					}, oauthflow.WithHTTPClient(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
						asked++
						return plainAnswer(tc.status, tc.body), nil
					})}))
					require.NoError(t, err)
					m, err := tokens.New(tokens.NewMemoryStore(), c)
					require.NoError(t, err)
					require.NoError(t, m.Put(t.Context(), "k", &oauth2.Token{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}))
					for range 3 {
						_, err = m.Token(t.Context(), "k")
						require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
					}
					re, ok := errors.AsType[*tokens.ReauthError](err)
					require.True(t, ok)
					require.Equal(t, name, re.Code)
					require.Equal(t, 1, asked)
					require.NoError(t, m.Shutdown(t.Context()))
				})
			})
		}
	}
}

// Members that a service also sends when nothing is wrong refuse nothing.
func TestATokenBesideSomethingThatLooksLikeAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"access_token":"a","errcode":0,"errmsg":"ok"}`,                       // WeCom
		`{"access_token":"a","code":"0","request_id":"x"}`,                     // Lazada
		`{"access_token":"a","error":null,"error_description":null}`,           //
		`{"access_token":"a","error":"","message":""}`,                         // Shopee
		`{"access_token":"a","error":false,"ok":true,"success":true}`,          //
		`{"access_token":"a","error":{"code":"ok","message":"","log_id":"x"}}`, // TikTok
		`{"access_token":"a","error":[],"errors":[]}`,
		`{"access_token":"a","error":{},"errors":[]}`,                                //
		`{"access_token":"a","status":"success","message":"welcome","code":200}`,     //
		`{"access_token":"a","type":"user","name":"error","description":"my token"}`, //
		`{"access_token":"a","errorCode":0,"data":{"error_code":0,"description":""}}`,
	} {
		tok, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
		require.NoError(t, err, body)
		require.Equal(t, "a", tok.AccessToken)
	}
	for body, code := range map[string]string{
		`{"access_token":"a","errcode":40030,"errmsg":"x"}`:   "40030",
		`{"access_token":"a","error":"failed"}`:               "failed",
		`{"access_token":"a","error":{"code":7}}`:             "7",
		`{"access_token":"a","error_response":{"code":"x"}}`:  "x",
		`{"access_token":"a","success":false,"errorCode":12}`: "12",
	} {
		_, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
		te := tokenError(t, err)
		require.Equal(t, code, te.Code, body)
		require.False(t, te.MaybeApplied)
	}
}

// A 200 without a token that does not say what is wrong leaves it open whether
// a token was made.
func TestA200ThatSaysNothingMayHaveTakenEffect(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"message":"hello"}`, `{"code":0,"message":"OK","data":{}}`, `{"code":200,"msg":"success"}`, `{"type":"bearer"}`, `{"status":"pending"}`, `{"code":17}`,
	} {
		_, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
		require.ErrorIs(t, err, oauthflow.ErrMalformedResponse, body)
		require.True(t, tokenError(t, err).MaybeApplied)
	}
}

// The other endpoints refuse in the same shapes.
func TestOwnShapesAtOtherEndpoints(t *testing.T) {
	t.Parallel()
	const body = `{"code":40105,"message":"no","data":{}}`
	everywhere := func(body string) *oauthflow.Client {
		return answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) {
			at := cfg.Provider.Endpoint.TokenURL
			cfg.Provider.Endpoint.AuthURL, cfg.Provider.Endpoint.DeviceAuthURL = at, at
			cfg.Provider.IntrospectionURL, cfg.Provider.PushedAuthorizationURL, cfg.Provider.UserInfoURL = at, at, at
			cfg.Provider.RequirePAR, cfg.RedirectURL = true, "https://app.test/cb"
			cfg.ClientSecret = secret.Static("s")
		})
	}
	calls := map[string]func(context.Context, *oauthflow.Client) error{
		"device":     func(ctx context.Context, c *oauthflow.Client) error { _, err := c.DeviceAuth(ctx); return err },
		"introspect": func(ctx context.Context, c *oauthflow.Client) error { _, err := c.Introspect(ctx, "t"); return err },
		"push":       func(ctx context.Context, c *oauthflow.Client) error { _, err := c.Begin(ctx); return err },
	}
	for name, call := range calls {
		te := tokenError(t, call(t.Context(), everywhere(body)))
		require.Equal(t, "40105", te.Code, name)
		require.False(t, te.MaybeApplied, name)
		te = tokenError(t, call(t.Context(), everywhere(`{"message":"no"}`)))
		require.ErrorIs(t, te, oauthflow.ErrMalformedResponse, name)
	}

	// Of a user much may be said that would be an error of a token.
	var user map[string]any
	require.NoError(t, everywhere(`{"code":40105,"message":"no","status":"away","type":"User","error":{"code":"ok","message":""}}`).UserInfo(t.Context(), refreshable, &user))
	require.Equal(t, "away", user["status"])
	te := tokenError(t, everywhere(`{"errcode":40003,"errmsg":"invalid openid"}`).UserInfo(t.Context(), refreshable, &user))
	require.Equal(t, "40003", te.Code)
}

// O8: a shape in which nothing is known to be a code shows nothing.
func TestO8_AnUnknownShapeStaysUnshown(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"message":"RAW-BODY"}`, `{"error":{"message":"RAW-BODY"}}`, `{"errors":["RAW-BODY"]}`, `{"errors":[],"trace":"RAW-BODY"}`, `{"code":{"x":"RAW-BODY"}}`, `{"a":{"code":"RAW-BODY"}}`,
		`{"error":{"error":{"error":{"error":{"code":"RAW-BODY"}}}}}`, `["RAW-BODY"]`,
	} {
		_, err := answering(t, 400, "application/json", body, nil).Refresh(t.Context(), refreshable)
		require.ErrorContains(t, err, "the server refused without saying why", body)
		require.NotContains(t, printed(t, err), "RAW-BODY")
	}
	// A secret that the service repeats is cut out of its own shape as well.
	for _, body := range []string{
		`{"errcode":1,"errmsg":"unknown token rt-old-and-long"}`, `{"error":{"code":"rt-old-and-long"}}`, `{"status":"x","message":"rt-old-and-long"}`,
	} {
		tok := &oauth2.Token{RefreshToken: "rt-old-and-long"}
		_, err := answering(t, 400, "application/json", body, nil).Refresh(t.Context(), tok)
		require.NotContains(t, printed(t, err), "rt-old-and-long")
	}
}

// Numbers keep their digits: two users whose IDs differ in the last one are two.
func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	const body = `{"access_token":"a","user_id":17841405793187219,"small":7,"edge":9007199254740991,"fraction":0.5,"huge":1e400,"negative":-9007199254740993,
		"team":{"id":90071992547409931,"members":[90071992547409932]},"text":"90071992547409931"}`
	tok, err := answering(t, 200, "application/json", body, nil).Refresh(t.Context(), refreshable)
	require.NoError(t, err)
	for name, want := range map[string]any{
		"user_id": json.Number("17841405793187219"), "small": 7.0, "edge": 9007199254740991.0, "fraction": 0.5, "huge": json.Number("1e400"),
		"negative": json.Number("-9007199254740993"), "text": "90071992547409931",
		"team": map[string]any{"id": json.Number("90071992547409931"), "members": []any{json.Number("90071992547409932")}},
	} {
		require.Equal(t, want, tok.Extra(name), name)
	}

	// They keep them in a store as well.
	store := tokens.NewMemoryStore()
	for range 2 {
		m, err := tokens.New(store, answering(t, 200, "application/json", body, nil), tokens.WithExtra("user_id", "small", "team"))
		require.NoError(t, err)
		if stored, err := m.Token(t.Context(), "k"); err == nil {
			for _, name := range []string{"user_id", "small", "team"} {
				require.Equal(t, tok.Extra(name), stored.Extra(name), name)
			}
		} else {
			require.ErrorIs(t, err, tokens.ErrReauthorizationRequired)
			require.NoError(t, m.Put(t.Context(), "k", tok))
		}
		require.NoError(t, m.Shutdown(t.Context()))
	}
	_, err = store.Load(t.Context(), "k")
	require.NoError(t, err)

	user := func(body string, v any) error {
		return answering(t, 200, "application/json", body, func(cfg *oauthflow.Config) { cfg.Provider.UserInfoURL = cfg.Provider.Endpoint.TokenURL }).
			UserInfo(t.Context(), refreshable, v)
	}
	var info map[string]any
	require.NoError(t, user(`{"id":90071992547409931,"nested":{"id":1}}`, &info))
	require.Equal(t, json.Number("90071992547409931"), info["id"])
	require.Equal(t, map[string]any{"id": json.Number("1")}, info["nested"])
	var fields struct {
		ID    int64
		Score float64
	}
	require.NoError(t, user(`{"id":90071992547409931,"score":1}`, &fields))
	require.EqualValues(t, int64(90071992547409931), fields.ID)
	require.ErrorIs(t, user(`{"id":1} {"id":2}`, &info), oauthflow.ErrMalformedResponse)
	require.ErrorIs(t, user(`{"id":"text"}`, &fields), oauthflow.ErrMalformedResponse)

	in, err := answering(t, 200, "application/json", `{"active":true,"uid":90071992547409931,"exp":1e400}`, func(cfg *oauthflow.Config) {
		cfg.Provider.IntrospectionURL = cfg.Provider.Endpoint.TokenURL
	}).Introspect(t.Context(), "t")
	require.NoError(t, err)
	require.Equal(t, json.Number("90071992547409931"), in.Members["uid"])
	require.True(t, in.Expiry.IsZero())
}
