package resend_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/resend/resend-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/resend"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

// full is an email with everything that resend-go can send.
var full = &sdk.SendEmailRequest{
	From: "Ada <a@example.com>", To: []string{"b@example.com", "c@example.com"}, Subject: "<ü> & \u2028",
	Bcc: []string{"d@example.com"}, Cc: []string{"e@example.com"}, ReplyTo: "f@example.com",
	Html: "<p>h</p>", Text: "h", Tags: []sdk.Tag{{Name: "kind", Value: "welcome"}},
	Headers: map[string]string{"X-Entity-Ref-ID": "1", "List-Unsubscribe": "<https://example.com/u>"}, ScheduledAt: "in 1 min",
	Attachments: []*sdk.Attachment{
		{Filename: "a.bin", Content: []byte{0, 255, '<', 7}, ContentType: "application/octet-stream"},
		{Filename: "b.png", Path: "https://example.com/b.png", ContentId: "logo", InlineContentId: "old"},
		{},
	},
}

// bare is full without attachments, which a batch does not take.
var bare = func() *sdk.SendEmailRequest {
	e := *full
	e.Attachments = nil
	return &e
}()

// P1: every operation sends what resend-go by itself sends: method, path, query, body
// and headers, but for the User-Agent. (The SDK's encoder ends a body with a newline.)
func TestP1_OperationsSendWhatTheSDKSends(t *testing.T) {
	for name, tc := range map[string]struct {
		ours, sdks func(context.Context, *resend.Client, *sdk.Client) error
	}{
		"Send": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error {
				_, err := c.Send(ctx, email, "mine")
				return err
			},
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Emails.SendWithOptions(ctx, email, &sdk.SendEmailOptions{IdempotencyKey: "mine"})
				return err
			},
		},
		"Send, everything": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error {
				_, err := c.Send(ctx, full, "a/b c")
				return err
			},
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Emails.SendWithOptions(ctx, full, &sdk.SendEmailOptions{IdempotencyKey: "a/b c"})
				return err
			},
		},
		"SendBatch": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error {
				_, err := c.SendBatch(ctx, []*sdk.SendEmailRequest{email, bare}, "mine")
				return err
			},
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Batch.SendWithOptions(ctx, []*sdk.SendEmailRequest{email, bare}, &sdk.BatchSendEmailOptions{IdempotencyKey: "mine"})
				return err
			},
		},
		"Email": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error {
				_, err := c.Email(ctx, "e_1")
				return err
			},
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Emails.GetWithContext(ctx, "e_1")
				return err
			},
		},
		"Cancel": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error {
				_, err := c.Cancel(ctx, "e_1")
				return err
			},
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Emails.CancelWithContext(ctx, "e_1")
				return err
			},
		},
		"Domains": {
			func(ctx context.Context, c *resend.Client, _ *sdk.Client) error { _, err := c.Domains(ctx); return err },
			func(ctx context.Context, _ *resend.Client, c *sdk.Client) error {
				_, err := c.Domains.ListWithContext(ctx)
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
			ours, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
			require.NoError(t, err)
			alone := sdk.NewCustomClient(&http.Client{Transport: rt}, "re_1")
			alone.BaseURL, err = url.Parse(resend.Profile.BaseURL + "/")
			require.NoError(t, err)
			require.NoError(t, tc.ours(t.Context(), ours, alone))
			require.NoError(t, tc.sdks(t.Context(), ours, alone))

			sent, want := rt.Requests()[0], rt.Requests()[1]
			require.Equal(t, want.Method+" "+want.Host+want.URL, sent.Method+" "+sent.Host+sent.URL)
			require.Equal(t, string(bytes.TrimSuffix(want.Body, []byte("\n"))), string(sent.Body))
			for _, h := range []http.Header{sent.Header, want.Header} {
				require.NotEmpty(t, h.Get("User-Agent"))
				h.Del("User-Agent")
			}
			require.Equal(t, want.Header, sent.Header)
		})
	}
}

// Where Resend has responded, too, the error says whether the mail may have been sent.
func TestErrorsAreTheClientsOwn(t *testing.T) {
	throttle := `{"statusCode":429,"name":"rate_limit_exceeded","message":"Too many requests."}`
	for script, want := range map[string]client.Error{
		`503 X-Request-Id=req_1`: {Status: 503, RequestID: "req_1", Effect: client.MaybeApplied, Attempts: make([]client.Attempt, 3)},
		`reset`:                  {Effect: client.MaybeApplied, Attempts: make([]client.Attempt, 3)},
		`422 X-Request-Id=req_2 {"statusCode":422,"name":"missing_required_field","message":"Missing to."}`: {
			Status: 422, RequestID: "req_2", Code: "missing_required_field", Message: "Missing to.", Effect: client.Rejected, Attempts: make([]client.Attempt, 1)},
		`429 Retry-After=3600 ` + throttle: {
			Status: 429, Code: "rate_limit_exceeded", Message: "Too many requests.", Throttled: true, RetryAt: time.Unix(3600, 0), Effect: client.Rejected, Attempts: make([]client.Attempt, 1)},
		`429 ` + throttle: {
			Status: 429, Code: "rate_limit_exceeded", Message: "Too many requests.", Throttled: true, Effect: client.Rejected, Attempts: make([]client.Attempt, 3)},
		`200`: {Status: 200, Effect: client.MaybeApplied, Attempts: make([]client.Attempt, 1)},
	} {
		for name, call := range map[string]func(context.Context, *resend.Client) error{
			"Send": func(ctx context.Context, c *resend.Client) error { _, err := c.Send(ctx, email, "mine"); return err },
			"SendBatch": func(ctx context.Context, c *resend.Client) error {
				_, err := c.SendBatch(ctx, []*sdk.SendEmailRequest{email}, "mine")
				return err
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
				c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
				require.NoError(t, err)
				begin := time.Now()
				got, ok := errors.AsType[*client.Error](call(t.Context(), c))
				require.True(t, ok, name+": "+script)
				require.Equal(t, "mine", got.IdempotencyKey)
				require.Len(t, got.Attempts, len(want.Attempts), name+": "+script)
				require.Equal(t, want.RetryAt.IsZero(), got.RetryAt.IsZero(), name+": "+script)
				if !want.RetryAt.IsZero() {
					require.WithinDuration(t, begin.Add(time.Hour), got.RetryAt, time.Second)
				}
				require.Equal(t, []any{want.Status, want.Code, want.Message, want.RequestID, want.Throttled, want.Effect},
					[]any{got.Status, got.Code, got.Message, got.RequestID, got.Throttled, got.Effect}, name+": "+script)
			})
		}
	}
}

// A quota that is used up is no throttle: nobody waits for it, whatever Retry-After
// says, nothing is repeated, and the next call is not held up; under the SDK too.
func TestAQuotaIsNoThrottle(t *testing.T) {
	for _, name := range []string{"daily_quota_exceeded", "monthly_quota_exceeded"} {
		synctest.Test(t, func(t *testing.T) {
			quota := clienttest.JSON(429, `{"statusCode":429,"name":"`+name+`","message":"You have reached your quota."}`).Header("Retry-After", "5").Header("RateLimit-Remaining", "0").Header("RateLimit-Reset", "5")
			rt := clienttest.NewTransport(t, quota)
			c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
			require.NoError(t, err)
			begin := time.Now()
			_, err = c.Send(t.Context(), email, "mine")
			require.NotErrorIs(t, err, client.ErrRateLimited)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Equal(t, name, e.Code)
			require.Equal(t, client.Rejected, e.Effect)
			require.Equal(t, 1, rt.Count())

			_, err = c.SDK.Emails.SendWithContext(t.Context(), email)
			limited, ok := errors.AsType[*sdk.RateLimitError](err)
			require.True(t, ok)
			require.Equal(t, "You have reached your quota.", limited.Message)
			require.Equal(t, 2, rt.Count())
			require.Zero(t, time.Since(begin))
		})
	}
	// Only at a 429, and only these.
	require.Equal(t, client.NoHint, resend.Profile.HintBody(403, nil, []byte(`{"name":"daily_quota_exceeded"}`)))
	require.Equal(t, client.NoHint, resend.Profile.HintBody(429, nil, []byte(`{"name":"rate_limit_exceeded"}`)))
	require.Equal(t, client.NoHint, resend.Profile.HintBody(429, nil, []byte(`daily_quota_exceeded`)))
}

// An email of any size is repeated: it is in memory. The SDK's body can be read once, so
// that of it no more is than the stack reads ahead.
func TestALargeEmailIsRepeated(t *testing.T) {
	large := *email
	large.Attachments = []*sdk.Attachment{{Filename: "a.bin", Content: make([]byte, client.DefaultReadAhead)}}
	for name, want := range map[string]int{"ours": 2, "the SDK's": 1} {
		rt := clienttest.NewTransport(t, clienttest.MustParse(`503 Retry-After=0, 200 {"id":"e_1"}`)...)
		c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
		require.NoError(t, err)
		if name == "ours" {
			_, err = c.Send(t.Context(), &large, "mine")
			require.NoError(t, err)
			require.Equal(t, rt.Requests()[0].Body, rt.Requests()[1].Body)
		} else {
			_, err = c.SDK.Emails.SendWithContext(t.Context(), &large)
			require.Error(t, err)
		}
		require.Equal(t, want, rt.Count(), name)
	}
}

// What the SDK's errors lack: a 503, after which the mail may have been sent, is a text
// like that of a refusal. Its ledger has the statuses.
func TestTheSDKsErrorsAreTexts(t *testing.T) {
	for script, statuses := range map[string][]int{
		`503 Retry-After=0`: {503, 503, 503},
		`422 {"name":"missing_required_field","message":"Missing to."}`: {422},
	} {
		rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
		c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
		require.NoError(t, err)
		var ledger client.Ledger
		_, err = c.SDK.Emails.SendWithContext(client.WithLedger(t.Context(), &ledger), email)
		require.Error(t, err)
		_, ok := errors.AsType[*client.Error](err)
		require.False(t, ok)
		var got []int
		for _, a := range ledger.Attempts() {
			got = append(got, a.Status)
		}
		require.Equal(t, statuses, got)
	}
}

// Resend takes keys of 1 to 256 characters. What it would not take is the call's error,
// and nothing is sent; "" makes a key.
func TestKeysThatResendDoesNotTake(t *testing.T) {
	for key, says := range map[string]string{
		strings.Repeat("k", 257): "the idempotency key has 257 characters, and Resend takes 256 at most",
		strings.Repeat("ü", 257): "257 characters",
		" ":                      "the idempotency key is blank",
		"\t":                     "blank",
		"a\nb":                   "control character",
		"":                       "",
		"k":                      "",
		strings.Repeat("k", 256): "",
		strings.Repeat("ü", 256): "",
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt), client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, one := c.Send(t.Context(), email, key)
		_, many := c.SendBatch(t.Context(), []*sdk.SendEmailRequest{email}, key)
		for _, err := range []error{one, many} {
			if says == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, says)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			require.Equal(t, client.NeverSent, e.Effect)
			require.NotContains(t, err.Error(), "kk", "a key can be personal")
		}
		if says != "" {
			require.Zero(t, rt.Count())
		}
	}
	_, err := (&resend.Client{HTTP: new(client.Client)}).Send(t.Context(), email, strings.Repeat("k", 257))
	require.EqualError(t, err, "resend: POST /emails: bad request value: the idempotency key has 257 characters, and Resend takes 256 at most (never sent)")
}

// An email that is not there is the call's error too. resend-go sends null.
func TestNoEmail(t *testing.T) {
	rt := clienttest.NewTransport(t)
	c, err := resend.New(secret.Static("re_1"), client.WithTransport(rt))
	require.NoError(t, err)
	_, err = c.Send(t.Context(), nil, "mine")
	require.ErrorIs(t, err, client.ErrRequest)
	_, err = c.SendBatch(t.Context(), nil, "mine")
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())
}
