package postmark_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/postmark"
	"github.com/standpipe-go/standpipe/retry"
)

// said is how Postmark refuses.
func said(status, code int) string {
	return fmt.Sprintf(`%d {"ErrorCode":%d,"Message":"No."}`, status, code)
}

// P5: the same failure is the same sentinel as elsewhere, and no other, whether Postmark
// says so by a status of its own, by a code under 422, or by a code inside a 200.
func TestP5_CodesAndTheirSentinels(t *testing.T) {
	sentinels := []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
	}
	for script, want := range map[string]error{
		said(401, 10):   client.ErrUnauthorized, // a wrong or deleted token
		said(200, 10):   client.ErrUnauthorized,
		said(422, 100):  client.ErrUnavailable, // maintenance
		said(503, 100):  client.ErrUnavailable,
		said(422, 300):  client.ErrBadRequest,
		said(422, 400):  client.ErrForbidden,
		said(422, 401):  client.ErrForbidden,
		said(422, 402):  client.ErrBadRequest,
		said(422, 405):  client.ErrForbidden,
		said(422, 406):  client.ErrBadRequest,
		said(200, 406):  client.ErrBadRequest,
		said(422, 407):  client.ErrNotFound,
		said(422, 412):  client.ErrForbidden,
		said(422, 413):  client.ErrForbidden,
		said(422, 701):  client.ErrNotFound,
		said(404, 701):  client.ErrNotFound,
		said(422, 1101): client.ErrNotFound,
		said(200, 1226): client.ErrNotFound,
		said(422, 9999): client.ErrBadRequest, // a code that is not known
		said(500, 406):  client.ErrUnavailable,
		`404`:           client.ErrNotFound,
		`429`:           client.ErrRateLimited,
	} {
		c, _ := scripted(t, script, client.WithRetry(retry.Never))
		_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, email)
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %v: %v", script, sentinel, err)
		}
	}
}

func TestAnErrorHasPostmarksCode(t *testing.T) {
	c, _ := scripted(t, `422 X-Request-Id=req_1 `+inactive)
	_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, email)
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, postmark.CodeInactiveRecipient, e.Code)
	require.Equal(t, client.Rejected, e.Effect)
	require.EqualError(t, err, `postmark: POST /email: 422 Unprocessable Entity 406 "You tried to send to a recipient that has been marked as inactive." (request req_1)`)
}

// A code of 0 is none, and what is not Postmark's own form is read as any error is.
func TestAnErrorWithoutACode(t *testing.T) {
	for script, want := range map[string]string{
		`400 {"ErrorCode":0,"Message":"Odd."}`: `postmark: POST /email: 400 Bad Request "Odd."`,
		`400 {"ErrorCode":"406"}`:              `postmark: POST /email: 400 Bad Request 406`,
		`400 {"error":"odd"}`:                  `postmark: POST /email: 400 Bad Request odd`,
	} {
		c, _ := scripted(t, script)
		_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, email)
		require.EqualError(t, err, want)
	}
}

// A success that speaks of an ErrorCode of 0, or only in what it holds, is one.
func TestASuccessIsNoRefusal(t *testing.T) {
	for _, body := range []string{
		`{"ErrorCode":0,"Message":"OK","MessageID":"m_1"}`, `{"Message":"\"ErrorCode\":406"}`, `{"ErrorCode":null}`,
	} {
		c, _ := scripted(t, `200 `+body)
		_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, email)
		require.NoError(t, err, body)
	}
}

// C5: Postmark takes no idempotency key, so that a send that may have been applied is
// sent once. Its effect says so. A refusal by a 429, which has no header, is sent again
// after the policy's own wait.
func TestC5_ASendIsNotRepeated(t *testing.T) {
	for script, want := range map[string]struct {
		sent   int
		effect client.Effect
	}{
		`reset`:           {1, client.MaybeApplied},
		`500`:             {1, client.MaybeApplied},
		`503`:             {1, client.MaybeApplied},
		`429, 429, 429`:   {3, client.Rejected},
		`422 ` + inactive: {1, client.Rejected},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, script)
			begin := time.Now()
			_, err := postmark.SendEmail.Do(t.Context(), c.HTTP, email)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, script)
			require.Equal(t, want.effect, e.Effect, script)
			require.Equal(t, want.sent, rt.Count(), script)
			require.Equal(t, want.sent > 1, time.Since(begin) > 0, script)
			require.Empty(t, rt.Last().Header.Get("Idempotency-Key"))
		})
	}
}

// What may be done twice is: suppressions are a set, and activating is a PUT.
func TestWhatMayBeDoneTwiceIsRepeated(t *testing.T) {
	in := postmark.SuppressionsInput{Stream: "outbound", Suppressions: []postmark.Address{{Email: "b@example.com"}}}
	outcome := clienttest.JSON(200, `{"Suppressions":[{"EmailAddress":"b@example.com","Status":"Failed","Message":"Not yours."}]}`)
	for name, op := range map[string]client.Op[postmark.SuppressionsInput, postmark.SuppressionOutcomes]{
		"/message-streams/outbound/suppressions": postmark.CreateSuppressions, "/message-streams/outbound/suppressions/delete": postmark.DeleteSuppressions,
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, `reset`)
			rt.Script(clienttest.Reset(), outcome)
			got, err := op.Do(t.Context(), c.HTTP, in)
			require.NoError(t, err)
			require.Equal(t, []postmark.SuppressionOutcome{{Email: "b@example.com", Status: "Failed", Message: "Not yours."}}, got.Suppressions)
			require.Equal(t, "POST "+name, rt.Last().Method+" "+rt.Last().URL)
			require.JSONEq(t, `{"Suppressions":[{"EmailAddress":"b@example.com"}]}`, string(rt.Last().Body))
		})
	}
}
