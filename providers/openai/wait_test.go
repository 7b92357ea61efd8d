package openai_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/providers/openai"
)

// A response in the background is waited for until it is whole, through polls that fail
// in a way that may pass; how it ended otherwise is in the error, with OpenAI's code.
func TestAResponseInTheBackground(t *testing.T) {
	state := func(status, more string) clienttest.Step {
		return clienttest.JSON(200, `{"id":"resp_1","object":"response","background":true,"status":"`+status+`"`+more+`}`)
	}
	for name, tc := range map[string]struct {
		steps []clienttest.Step
		want  error // nil is a whole response
		code  string
	}{
		"whole":                        {[]clienttest.Step{state("queued", ""), state("in_progress", ""), clienttest.Status(503), state("tomorrows_status", ""), state("completed", "")}, nil, ""},
		"failed":                       {[]clienttest.Step{state("queued", ""), state("failed", `,"error":{"code":"server_error","message":"Oops."}`)}, client.ErrUnavailable, "server_error"},
		"failed, limited":              {[]clienttest.Step{state("failed", `,"error":{"code":"rate_limit_exceeded","message":"Slow down."}`)}, client.ErrRateLimited, "rate_limit_exceeded"},
		"cancelled":                    {[]clienttest.Step{state("in_progress", ""), state("cancelled", "")}, poll.ErrFailed, "cancelled"},
		"incomplete":                   {[]clienttest.Step{state("incomplete", `,"incomplete_details":{"reason":"max_output_tokens"}`)}, poll.ErrFailed, "max_output_tokens"},
		"incomplete, without a reason": {[]clienttest.Step{state("incomplete", "")}, poll.ErrFailed, "incomplete"},
		"failed, with details":         {[]clienttest.Step{state("failed", `,"incomplete_details":{"reason":"x"},"error":{"code":"server_error"}`)}, client.ErrUnavailable, "server_error"},
		"gone":                         {[]clienttest.Step{state("in_progress", ""), clienttest.JSON(404, `{"error":{"code":"not_found","message":"No such response."}}`)}, client.ErrNotFound, "not_found"},
		"for ever":                     {[]clienttest.Step{state("in_progress", "")}, client.ErrTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, rt := over(t, nil, tc.steps...)
				begin := time.Now()
				got, err := openai.WaitResponse(t.Context(), c.HTTP, "resp_1", poll.Options{})
				require.Equal(t, "/v1/responses/resp_1", rt.Last().URL)
				require.LessOrEqual(t, time.Since(begin), poll.DefaultTimeout)
				require.Equal(t, "resp_1", got.ID)
				if tc.want == nil {
					require.NoError(t, err)
					require.Equal(t, "completed", got.Status)
					return
				}
				require.ErrorIs(t, err, tc.want)
				ended, ok := errors.AsType[*poll.Error[openai.Response]](err)
				require.True(t, ok)
				require.Equal(t, "resp_1", ended.Last.ID)
				if e, ok := errors.AsType[*client.Error](err); tc.code != "" {
					require.True(t, ok)
					require.Equal(t, []string{"openai", tc.code}, []string{e.Provider, e.Code})
				}
			})
		})
	}
	c, rt := over(t, nil, state("completed", ""))
	_, err := openai.WaitResponse(t.Context(), c.HTTP, "", poll.Options{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())
}
