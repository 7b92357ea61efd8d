package auth0_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/providers/auth0"
	"github.com/standpipe-go/standpipe/secret"
)

func waiting(t *testing.T, script string) (*client.Client, *clienttest.Transport) {
	t.Helper()
	rt := clienttest.NewTransport(t, clienttest.MustParse(script)...)
	c, err := auth0.New(auth0.Config{Domain: domain, Token: secret.Static("t")}, client.WithTransport(rt))
	require.NoError(t, err)
	return c.HTTP, rt
}

// A job is asked for until it is over, through a status that is not known.
func TestWaitForJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := waiting(t, `200 {"id":"job_1","status":"pending"}, 200 {"id":"job_1","status":"a_new_one","percentage_done":50},
			200 {"id":"job_1","status":"completed","location":"https://example.com/x","summary":{"total":2,"inserted":1,"failed":1}}`)
		job, err := auth0.WaitForJob(t.Context(), c, "job_1", poll.Options{})
		require.NoError(t, err)
		require.Equal(t, 3, rt.Count())
		require.Equal(t, "/api/v2/jobs/job_1", rt.Requests()[0].URL)
		require.Equal(t, &auth0.JobSummary{Total: 2, Inserted: 1, Failed: 1}, job.Summary)
		require.Equal(t, "https://example.com/x", job.Location.Reveal())
	})
}

// What ends in another way is an error with the job as it was last seen.
func TestWaitForJobFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := waiting(t, `200 {"id":"job_1","status":"processing"}, 200 {"id":"job_1","status":"failed","status_details":"x"}`)
		job, err := auth0.WaitForJob(t.Context(), c, "job_1", poll.Options{})
		require.ErrorIs(t, err, poll.ErrFailed)
		require.Equal(t, "x", job.StatusDetails)
		require.Equal(t, 2, rt.Count())

		c, _ = waiting(t, `200 {"id":"job_1","status":"pending","percentage_done":7}`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		job, err = auth0.WaitForJob(ctx, c, "job_1", poll.Options{})
		require.ErrorIs(t, err, client.ErrTimeout)
		require.Equal(t, 7, job.PercentageDone)

		c, rt = waiting(t, `404 {"statusCode":404,"errorCode":"inexistent_job"}`)
		_, err = auth0.WaitForJob(t.Context(), c, "job_1", poll.Options{})
		require.ErrorIs(t, err, client.ErrNotFound)
		_, err = auth0.WaitForJob(t.Context(), c, "", poll.Options{})
		require.ErrorIs(t, err, client.ErrRequest)
		require.Equal(t, 1, rt.Count())
	})
}
