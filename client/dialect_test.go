package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/ratelimit"
	"github.com/standpipe-go/standpipe/retry"
)

// chatty is a service that tells its errors in a 200, as Slack does: its throttles by
// the code "ratelimited", and others by codes of their own.
var chatty = client.Profile{
	Name: "chatty",
	Throttled: func(_ int, _ http.Header, body []byte) bool {
		return strings.Contains(string(body), `"ratelimited"`)
	},
	Failed: func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), `"ok":false`) },
	HintBody: func(_ int, _ http.Header, body []byte) client.Hint {
		switch text := string(body); {
		case strings.Contains(text, `"insufficient_quota"`):
			return client.NotThrottled
		case strings.Contains(text, `"try_again"`):
			return client.Retry
		}
		return client.NoHint
	},
	DecodeError: func(status int, h http.Header, body []byte) client.ErrorDetail {
		d := client.DecodeError(status, h, body)
		d.Status = map[string]int{"not_found": 404, "invalid_auth": 401, "no_permission": 403, "taken": 409, "invalid": 422, "internal": 500, "over_limit": 429}[d.Code]
		return d
	},
}

func chat(code string) clienttest.Step {
	return clienttest.JSON(200, fmt.Sprintf(`{"ok":false,"error":%q}`, code))
}

// P5: the same failure is the same sentinel where it comes inside a 200, and the message
// never calls a success an error.
func TestP5_AnErrorInsideA200IsTheSentinelThatItMeans(t *testing.T) {
	sentinels := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable, client.ErrDecode}
	for code, tc := range map[string]struct {
		want    error // nil is none of them
		effect  client.Effect
		reasons []client.Reason
	}{
		"not_found":          {client.ErrNotFound, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"invalid_auth":       {client.ErrUnauthorized, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"no_permission":      {client.ErrForbidden, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"taken":              {client.ErrConflict, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"invalid":            {client.ErrBadRequest, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"internal":           {client.ErrUnavailable, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"over_limit":         {client.ErrRateLimited, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"something_else":     {nil, client.MaybeApplied, []client.Reason{client.NotRetryable}},
		"try_again":          {nil, client.MaybeApplied, []client.Reason{client.NotIdempotent}},
		"ratelimited":        {client.ErrRateLimited, client.Rejected, []client.Reason{client.Retried, client.Retried, client.LastAttempt}},
		"insufficient_quota": {nil, client.MaybeApplied, []client.Reason{client.HintForbids}},
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := clienttest.NewTransport(t, chat(code).Header("X-Request-Id", "req_1"))
			c := over(t, rt, client.WithProfile(chatty))
			var meta client.Meta
			_, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: thing{}, Meta: &meta})
			e := asError(t, err)
			for _, s := range sentinels {
				if s == tc.want {
					require.ErrorIs(t, err, s, code)
				} else {
					require.NotErrorIs(t, err, s, code)
				}
			}
			require.Equal(t, 200, e.Status)
			require.Equal(t, code, e.Code)
			require.Equal(t, tc.effect, e.Effect, code)
			require.Equal(t, tc.reasons, reasons(e.Attempts), code)
			require.Equal(t, tc.reasons, reasons(meta.Attempts), code)
			require.True(t, strings.HasPrefix(err.Error(), "chatty: POST /x: 200 OK, but the response body holds an error: "+code), "%s", err)
			var body struct {
				OK    *bool
				Error string
			}
			require.NoError(t, e.DecodeBody(&body))
			require.False(t, *body.OK)
			require.Equal(t, code, body.Error)
		})
	}
}

// A repeat that the service's own words permit is made, and what it has cost comes back.
func TestP5_AnErrorInsideA200IsRetriedAndSettled(t *testing.T) {
	for name, tc := range map[string]struct {
		steps   []clienttest.Step
		left    int // of a budget of 100
		want    []client.Reason
		success bool
	}{
		"throttled, then cured":      {[]clienttest.Step{chat("ratelimited"), clienttest.JSON(200, `{"ok":true}`)}, 100, []client.Reason{client.Retried, client.Succeeded}, true},
		"failed, then cured":         {[]clienttest.Step{chat("try_again"), clienttest.JSON(200, `{"ok":true}`)}, 100, []client.Reason{client.Retried, client.Succeeded}, true},
		"throttled throughout":       {[]clienttest.Step{chat("ratelimited")}, 100 - 2*retry.ThrottleCost, []client.Reason{client.Retried, client.Retried, client.LastAttempt}, false},
		"failed throughout":          {[]clienttest.Step{chat("try_again")}, 100 - 2*retry.RetryCost, []client.Reason{client.Retried, client.Retried, client.LastAttempt}, false},
		"throttled, then failed":     {[]clienttest.Step{chat("ratelimited"), chat("not_found")}, 100 - retry.ThrottleCost, []client.Reason{client.Retried, client.NotRetryable}, false},
		"a quota that is used up":    {[]clienttest.Step{clienttest.JSON(429, `{"error":"insufficient_quota"}`)}, 100, []client.Reason{client.HintForbids}, false},
		"a throttle that is no 200":  {[]clienttest.Step{clienttest.JSON(429, `{"error":"x"}`), clienttest.JSON(200, `{}`)}, 100, []client.Reason{client.Retried, client.Succeeded}, true},
		"a quota told inside of 200": {[]clienttest.Step{clienttest.JSON(200, `{"ok":false,"error":"insufficient_quota","was":"ratelimited"}`)}, 100, []client.Reason{client.HintForbids}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			budget := retry.NewBudget(100)
			c := over(t, clienttest.NewTransport(t, tc.steps...), client.WithProfile(chatty), client.WithRetry(retry.Policy{Budget: budget, Backoff: retry.Constant(0), Throttled: retry.Constant(0)}))
			var l client.Ledger
			_, err := client.Get[client.None](client.WithLedger(t.Context(), &l), c, "/x")
			require.Equal(t, tc.success, err == nil, "%s: %v", name, err)
			require.Equal(t, tc.want, reasons(l.Attempts()), name)
			require.Equal(t, tc.left, budget.Tokens(), name)
		})
	}
	// What is first called a throttle and then none is an error all the same.
	synctest.Test(t, func(t *testing.T) {
		p := chatty
		p.Failed = nil
		c := over(t, clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"x","error":"insufficient_quota","was":"ratelimited"}`)), client.WithProfile(p))
		_, err := client.Get[thing](t.Context(), c, "/x")
		e := asError(t, err)
		require.Equal(t, "insufficient_quota", e.Code)
		require.Equal(t, []client.Reason{client.HintForbids}, reasons(e.Attempts))
		require.False(t, e.Throttled)
	})
}

// P5: what a response brings is its own: one without a body is not judged by the failure
// before it, which would repeat a write that has been made.
func TestP5_ASuccessWithoutABodyIsNotTheFailureBeforeIt(t *testing.T) {
	for name, second := range map[string]string{
		"no content": "204", "an empty body": "200", "redirected": "307 Location=/y, 204",
		"a failure in between": "503, 204", "a body that broke in between": "reset, 204",
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, `200 {"ok":false,"error":"try_again"}, `+second+`, 500`, client.WithProfile(chatty))
			var meta client.Meta
			body, err := client.Call[[]byte](t.Context(), c, client.Request{Method: "PUT", Path: "/x", Meta: &meta})
			require.NoError(t, err, name)
			require.Empty(t, body, name)
			require.Len(t, meta.Attempts, rt.Count(), name)
		})
	}
}

// Under an SDK a 200 is looked at where the profile asks for it: a throttle is then
// retried, and the last response is handed on as it came.
func TestAThrottleInsideA200UnderAnSDK(t *testing.T) {
	for _, looks := range []bool{false, true} {
		for way, do := range streamed {
			synctest.Test(t, func(t *testing.T) {
				p := chatty
				p.LookInSuccess = looks
				rt := clienttest.NewTransport(t, chat("ratelimited"), clienttest.JSON(200, `{"ok":true}`))
				c := over(t, rt, client.WithProfile(p))
				read := func() string {
					resp, err := do(t.Context(), c)
					require.NoError(t, err)
					require.Equal(t, 200, resp.StatusCode)
					body, err := io.ReadAll(resp.Body)
					require.NoError(t, err)
					require.NoError(t, resp.Body.Close())
					return string(body)
				}
				body := read()
				if !looks {
					require.Equal(t, `{"ok":false,"error":"ratelimited"}`, body, way)
					require.Equal(t, 1, rt.Count())
					return
				}
				require.Equal(t, `{"ok":true}`, body, way)
				require.Equal(t, 2, rt.Count())
				rt.Script(chat("ratelimited"))
				require.Equal(t, `{"ok":false,"error":"ratelimited"}`, read(), way)
				require.Equal(t, 5, rt.Count())
				rt.Script(chat("not_found"))
				require.Equal(t, `{"ok":false,"error":"not_found"}`, read(), way)
				require.Equal(t, 6, rt.Count())
			})
		}
	}
}

// noting is a pacer that keeps what it is told.
type noting struct{ told, returned []string }

func (*noting) Wait(context.Context, string) error { return nil }

func (p *noting) Observe(_ string, status int, _ http.Header, throttled bool) {
	p.told = append(p.told, fmt.Sprint(status, " ", throttled))
}

func (p *noting) Return(string) { p.returned = append(p.returned, "1") }

var _ ratelimit.Limiter = (*noting)(nil)

// A 429 that is no throttle slows nobody down: not the pacer, nor the next call.
func TestWhatIsNoThrottleSlowsNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quota := clienttest.JSON(429, `{"error":{"code":"insufficient_quota"}}`).Header("Retry-After", "50").Header("X-RateLimit-Remaining", "0").Header("X-RateLimit-Reset", "50")
		p := client.Profile{HintBody: func(_ int, _ http.Header, body []byte) client.Hint {
			if strings.Contains(string(body), "insufficient_quota") {
				return client.NotThrottled
			}
			return client.NoHint
		}}
		for way, do := range streamed {
			pacer := &noting{}
			c := over(t, clienttest.NewTransport(t, quota, clienttest.JSON(429, "{}"), clienttest.JSON(200, "{}")), client.WithProfile(p), client.WithPacing(pacer))
			resp, err := do(t.Context(), c)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, `{"error":{"code":"insufficient_quota"}}`, string(body), way)
			require.Equal(t, 429, resp.StatusCode, way)
			require.Len(t, append(pacer.told, pacer.returned...), 1, way)
			require.NotContains(t, pacer.told, "429 true", way)
			resp, err = do(t.Context(), c)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Contains(t, pacer.told, "429 true", "a true throttle is told, %s", way)
		}
		// The client's own pacer.
		c := plain(t, clienttest.NewTransport(t, quota, clienttest.JSON(200, `{"id":"a"}`)), client.WithProfile(p))
		began := time.Now()
		_, err := client.Get[thing](t.Context(), c, "/x")
		e := asError(t, err)
		require.NotErrorIs(t, err, client.ErrRateLimited)
		require.False(t, e.Throttled)
		require.Equal(t, "insufficient_quota", e.Code)
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.NoError(t, err)
		require.Zero(t, time.Since(began))
	})
}

// C5: a hint of the header's wins over one of the body's, which is asked where the header
// has none.
func TestC5_TheHeadersHintIsAskedFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		header, body string
		want         client.Reason
	}{
		"neither":          {"", "", client.NotRetryable},
		"the body's":       {"", "try_again", client.Retried},
		"the header's":     {"true", "", client.Retried},
		"header over body": {"false", "try_again", client.HintForbids},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := chatty
			p.Hint = client.HintHeader("Should-Retry")
			step := clienttest.JSON(400, fmt.Sprintf(`{"error":%q}`, tc.body))
			if tc.header != "" {
				step = step.Header("Should-Retry", tc.header)
			}
			c := over(t, clienttest.NewTransport(t, step), client.WithProfile(p))
			_, err := client.Get[thing](t.Context(), c, "/x")
			require.Equal(t, tc.want, reasons(asError(t, err).Attempts)[0], name)
		})
	}
}

// Profile.Failed is asked about successes alone.
func TestFailedSeesSuccessesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		profile := client.Profile{Failed: func(status int, _ http.Header, _ []byte) bool { seen = append(seen, status); return false }}
		for _, script := range []string{"200 {}", "299 {}", "404 {}", "503 {}, 200 {}"} {
			c, _ := scripted(t, script, client.WithProfile(profile))
			_, _ = client.Call[client.None](t.Context(), c, client.Request{Path: "/x"})
		}
		require.Equal(t, []int{200, 299, 200}, seen)
	})
}
