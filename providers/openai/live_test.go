package openai_test

import (
	"cmp"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/openai"
)

// It costs a few tokens. OPENAI_MODEL names another model.
func TestLive(t *testing.T) {
	c, err := openai.New(providertest.Live(t, "OPENAI_API_KEY"))
	require.NoError(t, err)
	ctx := t.Context()
	model := cmp.Or(os.Getenv("OPENAI_MODEL"), "gpt-5-nano")
	got, err := openai.GetModel.Do(ctx, c.HTTP, openai.ModelID{Model: model})
	require.NoError(t, err)
	require.Equal(t, model, got.ID)
	in := openai.ResponseInput{Model: model, Input: "Say hello.", MaxOutputTokens: 1024}
	r, err := openai.CreateResponse.Do(ctx, c.HTTP, in)
	require.NoError(t, err)
	require.NotEmpty(t, r.Text())
	last := ""
	for ev, err := range openai.StreamResponse(ctx, c.HTTP, in) {
		require.NoError(t, err)
		last = ev.Type
	}
	require.Equal(t, "response.completed", last)
	_, err = openai.DeleteResponse.Do(ctx, c.HTTP, openai.ResponseID{ResponseID: r.ID})
	require.NoError(t, err)
	_, err = openai.CreateModeration.Do(ctx, c.HTTP, openai.ModerationInput{Input: "Hello"})
	require.NoError(t, err)
	_, err = openai.GetResponse.Do(ctx, c.HTTP, openai.GetResponseInput{ResponseID: r.ID})
	require.ErrorIs(t, err, client.ErrNotFound)
}
