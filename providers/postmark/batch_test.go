package postmark_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/postmark"
)

const mixed = `[{"To":"a@example.com","MessageID":"m_1","ErrorCode":0,"Message":"OK"},` +
	inactive + `,{"To":"c@example.com","MessageID":"m_3","ErrorCode":0},{"ErrorCode":1101,"Message":"No such template."}]`

// P5: a batch that failed in part is told message by message.
func TestP5_ABatchIsToldItemByItem(t *testing.T) {
	for name, send := range map[string]func(context.Context, *postmark.Client) (postmark.Results, error){
		"/email/batch": func(ctx context.Context, c *postmark.Client) (postmark.Results, error) {
			return c.SendBatch(ctx, []postmark.Email{email, email, email, email})
		},
		"/email/batchWithTemplates": func(ctx context.Context, c *postmark.Client) (postmark.Results, error) {
			return c.SendTemplateBatch(ctx, make([]postmark.TemplateEmail, 4))
		},
	} {
		c, rt := scripted(t, `200 `+mixed)
		results, err := send(t.Context(), c)
		require.Equal(t, "POST "+name, rt.Last().Method+" "+rt.Last().URL)
		require.Len(t, results, 4)
		require.Equal(t, "m_3", results[2].MessageID)
		batch, ok := errors.AsType[*postmark.BatchError](err)
		require.True(t, ok)
		require.Equal(t, 4, batch.Messages)
		require.Len(t, batch.Refused, 2)
		require.Equal(t, []int{1, 3}, []int{batch.Refused[0].Index, batch.Refused[1].Index})
		for i, sentinel := range []error{client.ErrBadRequest, client.ErrNotFound} {
			require.ErrorIs(t, batch.Refused[i].Err, sentinel)
			require.ErrorIs(t, err, sentinel)
			require.Equal(t, client.Rejected, batch.Refused[i].Err.Effect)
			require.Equal(t, name, batch.Refused[i].Err.Path)
		}
		require.Equal(t, postmark.CodeInactiveRecipient, batch.Refused[0].Err.Code)
		require.EqualError(t, err, `postmark: 2 of 4 messages of the batch were refused, the first of them at index 1 with the code 406: "You tried to send to a recipient that has been marked as inactive."`)
	}
}

// The operation returns the results alone, which say the same.
func TestResultsOfTheOperation(t *testing.T) {
	c, _ := scripted(t, `200 `+mixed)
	results, err := postmark.SendBatch.Do(t.Context(), c.HTTP, []postmark.Email{email, email, email, email})
	require.NoError(t, err)
	require.ErrorIs(t, results.Err(), client.ErrNotFound)
	require.NoError(t, results[:1].Err())
	require.NoError(t, postmark.Results(nil).Err())
}

func TestABatchThatWasAccepted(t *testing.T) {
	c, rt := scripted(t, `200 [{"MessageID":"m_1","ErrorCode":0,"Message":"OK"}]`)
	results, err := c.SendBatch(t.Context(), []postmark.Email{email})
	require.NoError(t, err)
	require.Equal(t, "m_1", results[0].MessageID)
	require.JSONEq(t, `[{"From":"a@example.com","To":"b@example.com","Subject":"s","TextBody":"t"}]`, string(rt.Last().Body))
}

// Results that are not those of the messages are no success: nobody knows who got what.
func TestABatchWithResultsOfOthers(t *testing.T) {
	var meta client.Meta
	c, _ := scripted(t, `200 X-Request-Id=req_1 [{"MessageID":"m_1","ErrorCode":0}]`)
	results, err := c.SendBatch(t.Context(), []postmark.Email{email, email})
	require.ErrorIs(t, err, client.ErrDecode)
	e, ok := errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.Contains(t, err.Error(), "1 results for 2 messages")
	require.Len(t, results, 1)

	// A Meta of the caller's is filled in all the same.
	c, _ = scripted(t, `200 [{"MessageID":"m_1","ErrorCode":0}]`)
	_, err = c.SendBatch(t.Context(), []postmark.Email{email}, func(r *client.Request) { r.Meta = &meta })
	require.NoError(t, err)
	require.Equal(t, 200, meta.Status)

	// Nor does it take from the error what became of the call.
	meta = client.Meta{}
	c, _ = scripted(t, `200 [{"MessageID":"m_1","ErrorCode":0}]`)
	_, err = c.SendBatch(t.Context(), []postmark.Email{email, email}, func(r *client.Request) { r.Meta = &meta })
	e, ok = errors.AsType[*client.Error](err)
	require.True(t, ok)
	require.Equal(t, client.MaybeApplied, e.Effect)
	require.Equal(t, 200, e.Status)
	require.Len(t, e.Attempts, 1)
}

// What Postmark would not take is not sent.
func TestABatchOfTooMany(t *testing.T) {
	for _, n := range []int{0, postmark.MaxBatch + 1} {
		c, rt := scripted(t, `200 []`)
		_, err := c.SendBatch(t.Context(), make([]postmark.Email, n))
		require.ErrorIs(t, err, client.ErrRequest)
		require.EqualError(t, err, fmt.Sprintf("postmark: POST /email/batch: bad request value: a batch of %d messages, and Postmark takes 1 to 500 (never sent)", n))
		_, err = c.SendTemplateBatch(t.Context(), make([]postmark.TemplateEmail, n))
		require.ErrorIs(t, err, client.ErrRequest)
		require.Zero(t, rt.Count())
	}
	c, rt := scripted(t, `200 [`+strings.Repeat(`{"ErrorCode":0},`, postmark.MaxBatch-1)+`{"ErrorCode":0}]`)
	_, err := c.SendBatch(t.Context(), make([]postmark.Email, postmark.MaxBatch))
	require.NoError(t, err)
	require.Equal(t, 1, rt.Count())
}

// A whole batch that is refused has no results.
func TestABatchThatWasRefused(t *testing.T) {
	c, _ := scripted(t, `422 {"ErrorCode":410,"Message":"Too many batch messages."}`)
	results, err := c.SendBatch(t.Context(), []postmark.Email{email})
	require.Nil(t, results)
	require.ErrorIs(t, err, client.ErrBadRequest)
	_, ok := errors.AsType[*postmark.BatchError](err)
	require.False(t, ok)
}
