package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

// C30: an answer that a request with the same key is still running is waited for,
// and asked again under that key; a key that was used with other content is not.
func TestC30_ARequestThatIsStillRunningIsWaitedFor(t *testing.T) {
	own := keyed
	own.InProgress = func(status int, h http.Header, body []byte) bool {
		return status == http.StatusLocked && h.Get("X-State") == "busy" && strings.Contains(string(body), "running")
	}
	hinting := keyed
	hinting.Hint = client.HintHeader("X-Should-Retry")
	permits := hinting
	permits.HintPermits = true
	const (
		outstanding = `{"type":"https://developer.example.com/idempotency","title":"A request is outstanding for this Idempotency-Key","detail":"A request with the same Idempotency-Key for the same operation is being processed or is outstanding."}`
		reused      = `{"type":"https://developer.example.com/idempotency","title":"Idempotency-Key is already used","detail":"Idempotency Key MUST not be reused across different payloads of this operation."}`
		byType      = `{"type":"urn:example:idempotency-key-in-use","title":"Conflict"}`
		byCode      = `{"type":"about:blank","code":"IDEMPOTENT_REQUEST_IN_PROGRESS"}`
		otherwise   = `{"type":"about:blank","title":"The order is being processed"}`
	)
	as := func(mediaType string, status int, body string, fields ...string) clienttest.Step {
		s := clienttest.Status(status).Body(body).Header("Content-Type", mediaType)
		for i := 0; i+1 < len(fields); i += 2 {
			s = s.Header(fields[i], fields[i+1])
		}
		return s
	}
	const draft = "application/problem+json"
	for _, tc := range []struct {
		name    string
		profile client.Profile
		first   clienttest.Step
		again   bool
		waits   bool
	}{
		{"the draft's", keyed, as(draft, 409, outstanding), true, true},
		{"the draft's, with a charset", keyed, as(draft+"; charset=utf-8", 409, outstanding), true, true},
		{"by its type", keyed, as(draft, 409, byType), true, true},
		{"by its code", keyed, as(draft, 409, byCode), true, true},
		{"the draft's for a reused key", keyed, as(draft, 422, reused), false, false},
		{"the same as a conflict", keyed, as(draft, 409, reused), false, false},
		{"another conflict", keyed, as(draft, 409, otherwise), false, false},
		{"not in the draft's form", keyed, as("application/json", 409, outstanding), false, false},
		{"not with the draft's status", keyed, as(draft, 400, outstanding), false, false},
		{"no body", keyed, as(draft, 409, ""), false, false},
		{"the profile's", own, as("text/plain", 423, "running", "X-State", "busy"), true, true},
		{"not by header", own, as("text/plain", 423, "running"), false, false},
		{"not by body", own, as("text/plain", 423, "done", "X-State", "busy"), false, false},
		{"the profile's own replaces the draft's", own, as(draft, 409, outstanding), false, false},
		{"a hint forbids", hinting, as(draft, 409, outstanding, "X-Should-Retry", "false"), false, false},
		{"a hint advises", hinting, as(draft, 409, outstanding, "X-Should-Retry", "true"), true, true},
		{"a hint does not cure a reused key", hinting, as(draft, 422, reused, "X-Should-Retry", "true"), false, false},
		{"nor a conflict over it", hinting, as("application/json", 409, `{"error":{"type":"idempotency_error"}}`, "X-Should-Retry", "true"), false, false},
		{"nor a bad one", permits, as("application/json", 400, `{"name":"invalid_idempotency_key"}`, "X-Should-Retry", "true"), false, false},
		{"it may cure another conflict", hinting, as("application/json", 409, `{"error":{"code":"lock_timeout"}}`, "X-Should-Retry", "true"), true, false},
		{"no key, no waiting", client.Profile{}, as(draft, 409, outstanding), false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, tc.first, clienttest.JSON(200, `{"id":"a"}`))
				c := over(t, rt, client.WithProfile(tc.profile),
					client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(3 * time.Second)}))
				start := time.Now()
				got, err := client.Post[thing](t.Context(), c, "/x", thing{N: 1})
				seen := rt.Requests()
				if !tc.again {
					require.Error(t, err)
					require.NotErrorIs(t, err, client.ErrRateLimited)
					require.Len(t, seen, 1)
					return
				}
				require.NoError(t, err)
				require.Equal(t, "a", got.ID)
				require.Len(t, seen, 2)
				require.NotEmpty(t, seen[0].Header.Get("Idempotency-Key"))
				require.Equal(t, seen[0].Header, seen[1].Header, "under the same key")
				require.Equal(t, seen[0].Body, seen[1].Body)
				if tc.waits {
					require.Equal(t, 3*time.Second, time.Since(start), "not as if it had failed")
				}
			})
		})
	}
}

// C30: the running request may take longer than the policy waits. Then the call ends
// with the answer, and with the key, under which it can be asked again.
func TestC30_TheKeyCanBeReadFromTheErrorAndGivenAgain(t *testing.T) {
	running := clienttest.Status(409).Header("Content-Type", "application/problem+json").
		Body(`{"title":"A request is outstanding for this Idempotency-Key"}`)
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, clienttest.Reset(), running, running, clienttest.JSON(200, `{"id":"a"}`))
		c := over(t, rt, client.WithProfile(keyed))
		_, err := client.Post[thing](t.Context(), c, "/x", thing{N: 1})
		e := asError(t, err)
		require.ErrorIs(t, err, client.ErrConflict)
		require.Equal(t, []client.Reason{client.Retried, client.Retried, client.LastAttempt}, reasons(e.Attempts))
		require.Equal(t, client.MaybeApplied, e.Effect)
		require.Equal(t, rt.Last().Header.Get("Idempotency-Key"), e.IdempotencyKey)
		require.NotContains(t, err.Error(), e.IdempotencyKey)

		got, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: thing{N: 1}, IdempotencyKey: e.IdempotencyKey})
		require.NoError(t, err)
		require.Equal(t, "a", got.ID)
		for _, r := range rt.Requests() {
			require.Equal(t, []string{e.IdempotencyKey}, r.Header["Idempotency-Key"])
		}

		// Told by the first attempt already: it is somebody's earlier request that runs.
		rt.Script(running)
		once, err := c.With(client.WithRetry(retry.Never))
		require.NoError(t, err)
		_, err = client.Call[thing](t.Context(), once, client.Request{Method: "POST", Path: "/x", IdempotencyKey: "mine"})
		require.Equal(t, "mine", asError(t, err).IdempotencyKey)
		require.Equal(t, client.MaybeApplied, asError(t, err).Effect)

		// Without a response too, and through Do and an SDK.
		rt.Script(clienttest.Reset())
		_, err = once.Do(t.Context(), client.Request{Method: "POST", Path: "/x"}) //nolint:bodyclose // there is none
		require.Len(t, asError(t, err).IdempotencyKey, len(rt.Last().Header.Get("Idempotency-Key")))
		req, err := http.NewRequestWithContext(t.Context(), "POST", base+"/x", nil)
		require.NoError(t, err)
		_, err = once.HTTPClient().Do(req) //nolint:bodyclose // there is none
		require.Equal(t, rt.Last().Header.Get("Idempotency-Key"), asError(t, err).IdempotencyKey)

		// What the service does not honour is no key.
		none := over(t, rt, client.WithRetry(retry.Never))
		_, err = client.Call[thing](t.Context(), none, client.Request{Method: "POST", Path: "/x", Header: http.Header{"Idempotency-Key": {"k"}}})
		require.Empty(t, asError(t, err).IdempotencyKey)
		_, err = client.Get[thing](t.Context(), once, "/x")
		require.Empty(t, asError(t, err).IdempotencyKey)
	})
}

// C30: a key in a request of a method for which the service honours none permits
// nothing.
func TestC30_AKeyThatIsNotHonouredPermitsNothing(t *testing.T) {
	posts := keyed
	posts.IdempotencyMethods = []string{http.MethodPost}
	running := clienttest.Status(409).Header("Content-Type", "application/problem+json").
		Body(`{"title":"A request is outstanding for this Idempotency-Key"}`)
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, running)
		c := over(t, rt, client.WithProfile(posts))
		_, err := client.Call[thing](t.Context(), c, client.Request{Method: "PATCH", Path: "/x", Header: http.Header{"Idempotency-Key": {"k"}}})
		require.Equal(t, []client.Reason{client.NotRetryable}, reasons(asError(t, err).Attempts))
		require.Equal(t, 1, rt.Count())

		// Without a key it cannot be meant.
		_, err = client.Get[thing](t.Context(), c, "/x")
		require.Equal(t, []client.Reason{client.NotRetryable}, reasons(asError(t, err).Attempts))
		none := over(t, rt)
		_, err = client.Post[thing](t.Context(), none, "/x", thing{})
		require.Equal(t, client.Rejected, asError(t, err).Effect)
		require.Equal(t, 3, rt.Count())
	})
}

// C30: under an SDK the stack waits too, and what it hands on last is as it came.
func TestC30_UnderAnSDK(t *testing.T) {
	const body = `{"title":"A request is outstanding for this Idempotency-Key"}`
	running := clienttest.Status(409).Header("Content-Type", "application/problem+json").Body(body)
	synctest.Test(t, func(t *testing.T) {
		rt := clienttest.NewTransport(t, running, running, clienttest.JSON(200, `{}`))
		c := over(t, rt, client.WithProfile(keyed))
		resp, err := c.HTTPClient().Post(base+"/x", "text/plain", strings.NewReader("x"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)

		rt.Script(running)
		resp, err = c.HTTPClient().Post(base+"/x", "text/plain", strings.NewReader("x"))
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 409, resp.StatusCode)
		require.Equal(t, body, string(got))
	})
}

// C30: what a profile says of a 400 counts, and without a key nothing is said of one.
func TestC30_WhichAnswersAreAskedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := keyed
		own.InProgress = func(status int, _ http.Header, _ []byte) bool { return status < 410 }
		for status, attempts := range map[int]int{400: 2, 399: 1, 410: 1} {
			rt := clienttest.NewTransport(t, clienttest.JSON(status, `{}`), clienttest.JSON(200, `{}`))
			var meta client.Meta
			_, _ = client.Call[thing](t.Context(), over(t, rt, client.WithProfile(own)), client.Request{Method: "POST", Path: "/x", Body: thing{}, Meta: &meta})
			require.Len(t, meta.Attempts, attempts, status)
		}
		hinting := keyed
		hinting.Hint = client.HintHeader("X-Should-Retry")
		for method, attempts := range map[string]int{"GET": 2, "POST": 1} {
			rt := clienttest.NewTransport(t, clienttest.JSON(409, `{"code":"idempotency_error"}`).Header("X-Should-Retry", "true"), clienttest.JSON(200, `{}`))
			var meta client.Meta
			_, _ = client.Call[thing](t.Context(), over(t, rt, client.WithProfile(hinting)), client.Request{Method: method, Path: "/x", Meta: &meta})
			require.Len(t, meta.Attempts, attempts, method)
		}
	})
}

// C30: a key may stand in the body, and its being in use may be said inside a 200. Only
// the profile knows of either, and only a request that is said to be repeatable has one.
func TestC30_AKeyInTheBody(t *testing.T) {
	busy := func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), "in flight") }
	failed := func(_ int, _ http.Header, body []byte) bool { return strings.Contains(string(body), "error") }
	for _, tc := range []struct {
		name       string
		profile    client.Profile
		first      clienttest.Step
		repeatable bool
		again      bool
	}{
		{"inside a 200", client.Profile{InProgress: busy, Failed: failed}, clienttest.JSON(200, `{"error":"in flight"}`), true, true},
		{"by a status", client.Profile{InProgress: busy}, clienttest.JSON(422, `{"error":"in flight"}`), true, true},
		{"another error inside a 200", client.Profile{InProgress: busy, Failed: failed}, clienttest.JSON(200, `{"error":"other content"}`), true, false},
		{"a request that says nothing", client.Profile{InProgress: busy, Failed: failed}, clienttest.JSON(200, `{"error":"in flight"}`), false, false},
		{"nor by a status", client.Profile{InProgress: busy}, clienttest.JSON(422, `{"error":"in flight"}`), false, false},
		{"the draft's form, of which nothing is known", client.Profile{}, clienttest.Status(409).Header("Content-Type", "application/problem+json").Body(`{"title":"A request is outstanding for this Idempotency-Key"}`), true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rt := clienttest.NewTransport(t, tc.first, clienttest.JSON(200, `{"id":"a"}`))
				c := over(t, rt, client.WithProfile(tc.profile),
					client.WithRetry(retry.Policy{Backoff: retry.Constant(0), Throttled: retry.Constant(3 * time.Second)}))
				start := time.Now()
				_, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Body: thing{N: 1}, Repeatable: tc.repeatable})
				if !tc.again {
					require.Error(t, err)
					require.Equal(t, 1, rt.Count())
					return
				}
				require.NoError(t, err)
				require.Equal(t, 2, rt.Count())
				require.Equal(t, rt.Requests()[0].Body, rt.Last().Body)
				require.Equal(t, 3*time.Second, time.Since(start))

				rt.Script(tc.first)
				once, err := c.With(client.WithRetry(retry.Never))
				require.NoError(t, err)
				_, err = client.Call[thing](t.Context(), once, client.Request{Method: "POST", Path: "/x", Repeatable: true})
				require.Equal(t, client.MaybeApplied, asError(t, err).Effect, "by the one that is running")
			})
		})
	}
	// A success is no request that runs.
	rt := clienttest.NewTransport(t, clienttest.JSON(200, `{"id":"in flight"}`))
	c := over(t, rt, client.WithProfile(client.Profile{InProgress: busy, Failed: failed}))
	_, err := client.Call[thing](t.Context(), c, client.Request{Method: "POST", Path: "/x", Repeatable: true})
	require.NoError(t, err)
}
