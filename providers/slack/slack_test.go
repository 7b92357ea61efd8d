package slack_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/slack"
	"github.com/standpipe-go/standpipe/secret"
)

func over(t *testing.T, steps ...clienttest.Step) (*slack.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, steps...)
	c, err := slack.New(secret.Static("xoxb-test"), client.WithTransport(rt))
	require.NoError(t, err)
	return c, rt
}

func post(ctx context.Context, c *slack.Client) error {
	_, err := slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: "C1", Text: "Hello"})
	return err
}

func info(ctx context.Context, c *slack.Client) error {
	_, err := slack.GetUser.Do(ctx, c.HTTP, slack.UserInput{User: "U1"})
	return err
}

func adapter(throttle clienttest.Step) providertest.Adapter {
	return providertest.Adapter{
		Profile: slack.Profile,
		New: func(key secret.Source, opts ...client.Option) (*providertest.Calls, error) {
			c, err := slack.New(key, opts...)
			if err != nil {
				return nil, err
			}
			return &providertest.Calls{
				HTTP:  c.HTTP,
				Write: func(ctx context.Context) error { return post(ctx, c) },
				Read:  func(ctx context.Context) error { return info(ctx, c) },
			}, nil
		},
		Success:  clienttest.JSON(200, `{"ok":true,"channel":"C1","ts":"1.2","message":{"text":"Hello"}}`),
		Failure:  clienttest.JSON(200, `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] no such type"]}}`),
		Code:     "invalid_blocks",
		Message:  "[ERROR] no such type",
		Throttle: throttle,
	}
}

// C20, P2: a throttle is a 429, or said inside a 200.
func TestC20_Conformance(t *testing.T) {
	providertest.Run(t, adapter(clienttest.JSON(429, `{"ok":false,"error":"ratelimited"}`).Header("Retry-After", "0")))
	providertest.Run(t, adapter(clienttest.JSON(200, `{"ok":false,"error":"ratelimited"}`).Header("Retry-After", "0")))
}

// P5: bad input is the same sentinel here as at every service (the errors of each method,
// Slack docs).
func TestP5_BadInput(t *testing.T) {
	says := func(code string) providertest.Said {
		return providertest.Said{Step: clienttest.JSON(200, `{"ok":false,"error":"`+code+`"}`), Code: code}
	}
	throttle := clienttest.JSON(429, `{"ok":false,"error":"ratelimited"}`)
	providertest.BadInput(t, adapter(throttle), providertest.Bad{
		WrongKey: says("invalid_auth"), ExpiredKey: says("token_expired"), UnknownObject: says("channel_not_found"), Invalid: says("invalid_arguments"),
		RateLimit: providertest.Said{Step: throttle, Code: "ratelimited"}, Outage: providertest.Said{Step: clienttest.JSON(503, `{"ok":false,"error":"service_unavailable"}`), Code: "service_unavailable"},
		InSuccess: map[error]providertest.Said{
			client.ErrForbidden: says("missing_scope"), client.ErrConflict: says("is_archived"), client.ErrRateLimited: says("ratelimited"), client.ErrUnavailable: says("internal_error"),
		},
	})
}

func TestTheOperationsAreWhole(t *testing.T) {
	require.NoError(t, slack.Operations.Check())
	_, err := slack.HTTPClient(nil)
	require.ErrorIs(t, err, client.ErrConfig)
}

// P5: what Slack says inside a 200 is what a status says elsewhere, with Slack's words.
func TestP5_ErrorsInsideA200(t *testing.T) {
	sentinels := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable}
	for code, want := range map[string]error{
		"invalid_auth": client.ErrUnauthorized, "not_authed": client.ErrUnauthorized, "token_revoked": client.ErrUnauthorized,
		"account_inactive": client.ErrUnauthorized, "token_expired": client.ErrUnauthorized,
		"missing_scope": client.ErrForbidden, "not_in_channel": client.ErrForbidden, "restricted_action_read_only_channel": client.ErrForbidden,
		"channel_not_found": client.ErrNotFound, "users_not_found": client.ErrNotFound, "message_not_found": client.ErrNotFound, "unknown_method": client.ErrNotFound,
		"already_reacted": client.ErrConflict, "is_archived": client.ErrConflict,
		"invalid_arguments": client.ErrBadRequest, "no_text": client.ErrBadRequest, "msg_too_long": client.ErrBadRequest,
		"expired_trigger_id": client.ErrBadRequest, "missing_argument": client.ErrBadRequest,
		"ratelimited": client.ErrRateLimited, "rate_limited": client.ErrRateLimited,
		"internal_error": client.ErrUnavailable, "fatal_error": client.ErrUnavailable, "service_unavailable": client.ErrUnavailable,
		"tomorrows_error": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := over(t, clienttest.JSON(200, `{"ok":false,"error":"`+code+`"}`).Header("X-Slack-Req-Id", "req_1").Header("Retry-After", "600"))
			for name, call := range map[string]func(context.Context, *slack.Client) error{"write": post, "read": info} {
				err := call(t.Context(), c)
				for _, sentinel := range sentinels {
					require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %s: %v", name, code, sentinel)
				}
				e, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				require.Equal(t, []any{200, code, "req_1"}, []any{e.Status, e.Code, e.RequestID})
			}
		})
	}
	c, _ := over(t, clienttest.JSON(200, `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"users:read"}`))
	require.ErrorContains(t, post(t.Context(), c), "the token needs the scope chat:write and has users:read")
	for _, fine := range []string{`{"ok":true}`, `{"ok":true,"error":"invalid_auth"}`, `{"error":"x"}`, `[]`, ` {"ok": true, "note": "\"ok\":false"}`} {
		require.False(t, slack.Profile.Failed(200, nil, []byte(fine)), fine)
	}
	for code, want := range map[string]bool{"invalid_auth": true, "missing_scope": false} {
		require.Equal(t, want, slack.Profile.Unauthorized(200, nil, []byte(`{"ok":false,"error":"`+code+`"}`)), code)
	}
	require.True(t, slack.Profile.Failed(200, nil, []byte(` { "error" : "x", "ok" : false }`)))
}

// A read that failed for Slack's own reasons is made again; a message is posted once.
func TestWhatIsMadeAgain(t *testing.T) {
	update := func(ctx context.Context, c *slack.Client) error {
		_, err := slack.UpdateMessage.Do(ctx, c.HTTP, slack.UpdateInput{Channel: "C1", TS: "1.2", Text: "x"})
		return err
	}
	for name, tc := range map[string]struct {
		call func(context.Context, *slack.Client) error
		step clienttest.Step
		sent int
	}{
		"read, internal_error":     {info, clienttest.JSON(200, `{"ok":false,"error":"internal_error"}`), 3},
		"read, invalid_arguments":  {info, clienttest.JSON(200, `{"ok":false,"error":"invalid_arguments"}`), 1},
		"post, internal_error":     {post, clienttest.JSON(200, `{"ok":false,"error":"internal_error"}`), 1},
		"post, 503":                {post, clienttest.Status(503), 1},
		"post, ratelimited":        {post, clienttest.JSON(200, `{"ok":false,"error":"ratelimited"}`), 3},
		"update, reset":            {update, clienttest.Reset(), 3},
		"update, edit_window":      {update, clienttest.JSON(200, `{"ok":false,"error":"edit_window_closed"}`), 1},
		"post, an HTML error page": {post, clienttest.Text(502, "<html>").Header("Content-Type", "text/html"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := over(t, tc.step)
				require.Error(t, tc.call(t.Context(), c))
				require.Equal(t, tc.sent, rt.Count())
			})
		})
	}
}

// C17: a throttle of one method holds up that method alone, for as long as Slack says.
func TestC17_EachMethodHasLimitsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := over(t, clienttest.JSON(429, `{"ok":false,"error":"ratelimited"}`).Header("Retry-After", "30"),
			clienttest.JSON(200, `{"ok":true}`))
		begin := time.Now()
		done := make(chan error)
		go func() { done <- post(t.Context(), c) }()
		synctest.Wait()
		require.NoError(t, info(t.Context(), c))
		require.Zero(t, time.Since(begin))
		require.NoError(t, <-done)
		require.GreaterOrEqual(t, time.Since(begin), 30*time.Second)
		require.Equal(t, 3, rt.Count())
	})
}

// X3: a rotated token is picked up, although Slack says invalid_auth with a 200; under
// HTTPClient too.
func TestX3_ARotatedTokenIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("xoxb-old"), 0o600))
	valid := "xoxb-old"
	srv := clienttest.NewServer(t, clienttest.Handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer "+valid {
			_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_auth"}`)
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	c, err := slack.New(secret.Cache(secret.File(file), time.Hour), client.WithBaseURL(srv.URL))
	require.NoError(t, err)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	require.NoError(t, post(t.Context(), c))
	require.NoError(t, os.WriteFile(file, []byte("xoxb-new"), 0o600))
	valid = "xoxb-new"
	require.NoError(t, post(t.Context(), c))
	require.Equal(t, 3, srv.Count())

	require.NoError(t, os.WriteFile(file, []byte("xoxb-newer"), 0o600))
	valid = "xoxb-newer"
	resp, err := c.HTTP.HTTPClient().Post(srv.URL+"/chat.postMessage", "application/json", strings.NewReader(`{}`))
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, `{"ok":true}`, string(body))
}
