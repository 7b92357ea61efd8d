package sendgrid_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/sendgrid"
	"github.com/standpipe-go/standpipe/retry"
)

// P5: the same failure is the same sentinel as elsewhere, and no other.
func TestP5_FailuresAndTheirSentinels(t *testing.T) {
	sentinels := []error{
		client.ErrBadRequest, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound,
		client.ErrConflict, client.ErrRateLimited, client.ErrUnavailable,
	}
	for script, want := range map[string]error{
		`401 {"errors":[{"field":null,"message":"The provided authorization grant is invalid, expired, or revoked"}]}`:          client.ErrUnauthorized,
		`401 {"errors":[{"message":"Maximum credits exceeded","field":null,"help":null}]}`:                                      client.ErrForbidden,
		`403 {"errors":[{"message":"The from address does not match a verified Sender Identity.","field":"from","help":null}]}`: client.ErrForbidden,
		`404 {"errors":[{"field":"batch_id","message":"Batch ID not found"}]}`:                                                  client.ErrNotFound,
		`400 {"errors":[{"message":"Maximum credits exceeded","field":"subject"}]}`:                                             client.ErrBadRequest,
		`429 {"errors":[{"field":null,"message":"too many requests"}]}`:                                                         client.ErrRateLimited,
		`500 {"errors":[]}`: client.ErrUnavailable,
		`503`:               client.ErrUnavailable,
	} {
		c, _ := scripted(t, script, client.WithRetry(retry.Never))
		_, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
		for _, sentinel := range sentinels {
			require.Equal(t, sentinel == want, errors.Is(err, sentinel), "%s, %v: %v", script, sentinel, err)
		}
	}
}

// All that is wrong with a mail is told, with its place, and SendGrid's own ID of the
// error.
func TestAnErrorTellsEveryField(t *testing.T) {
	for script, want := range map[string]string{
		`400 {"errors":[{"message":"Does not contain a valid address.","field":"personalizations.0.to.0.email","help":null},{"message":"Required.","field":""}],"id":"err_1"}`: `sendgrid: POST /v3/mail/send: 400 Bad Request "personalizations.0.to.0.email: Does not contain a valid address.; Required." (request err_1)`,
		`400 X-Request-Id=req_1 {"errors":[{"message":"No.","help":{"a":1},"error_id":"x"}]}`:                                                                                  `sendgrid: POST /v3/mail/send: 400 Bad Request "No." (request req_1)`,
		`400 {"message":"Bad."}`: `sendgrid: POST /v3/mail/send: 400 Bad Request "Bad."`,
		`400 {"errors":[1]}`:     `sendgrid: POST /v3/mail/send: 400 Bad Request`,
	} {
		c, _ := scripted(t, script)
		_, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
		require.EqualError(t, err, want)
	}
}

// C5: SendGrid takes no idempotency key, so that a mail that may have been accepted is
// sent once. Its effect says so.
func TestC5_AMailIsNotRepeated(t *testing.T) {
	for script, want := range map[string]struct {
		sent   int
		effect client.Effect
	}{
		`reset`: {1, client.MaybeApplied}, `500`: {1, client.MaybeApplied}, `503`: {1, client.MaybeApplied},
		`429, 429, 429`: {3, client.Rejected}, `413`: {1, client.Rejected},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, rt := scripted(t, script)
			_, err := sendgrid.SendMail.Do(t.Context(), c.HTTP, mail)
			e, ok := errors.AsType[*client.Error](err)
			require.True(t, ok, script)
			require.Equal(t, want.effect, e.Effect, script)
			require.Equal(t, want.sent, rt.Count(), script)
			require.Empty(t, rt.Last().Header.Get("Idempotency-Key"))
		})
	}
}

// What may be done twice is.
func TestWhatMayBeDoneTwiceIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `reset, 201 {"batch_id":"b_1"}`)
		batch, err := sendgrid.CreateBatchID.Do(t.Context(), c.HTTP, client.None{})
		require.NoError(t, err)
		require.Equal(t, "b_1", batch.ID)
		require.Equal(t, 2, rt.Count())

		c, rt = scripted(t, `reset, 201 {"recipient_emails":["b@example.com"]}`)
		added, err := sendgrid.AddUnsubscribes.Do(t.Context(), c.HTTP, sendgrid.Recipients{Emails: []string{"b@example.com"}})
		require.NoError(t, err)
		require.Equal(t, []string{"b@example.com"}, added.Emails)
		require.Equal(t, 2, rt.Count())

		c, rt = scripted(t, `reset, 201 {"recipient_emails":["b@example.com"]}`)
		_, err = sendgrid.AddToGroup.Do(t.Context(), c.HTTP, sendgrid.GroupRecipients{GroupID: "7", Emails: []string{"b@example.com"}})
		require.NoError(t, err)
		require.Equal(t, "/v3/asm/groups/7/suppressions", rt.Last().URL)
		require.JSONEq(t, `{"recipient_emails":["b@example.com"]}`, string(rt.Last().Body))
		require.Equal(t, 2, rt.Count())
	})
}
