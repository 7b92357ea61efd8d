package slack_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
	"github.com/standpipe-go/standpipe/providers/slack"
)

// It posts into SLACK_CHANNEL, of which the bot is a member, and deletes what it posted.
// Scopes: chat:write, channels:read, channels:history.
func TestLive(t *testing.T) {
	c, err := slack.New(providertest.Live(t, "SLACK_BOT_TOKEN"))
	require.NoError(t, err)
	channel, ctx := providertest.LiveValue(t, "SLACK_CHANNEL"), t.Context()
	sent, err := slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: channel, Text: "A live test"})
	require.NoError(t, err)
	_, err = slack.UpdateMessage.Do(ctx, c.HTTP, slack.UpdateInput{Channel: channel, TS: sent.TS, Text: "A live test, changed"})
	require.NoError(t, err)
	for m, err := range slack.ConversationHistory.All(ctx, c.HTTP, slack.HistoryInput{Channel: channel, Limit: 1}) {
		require.NoError(t, err)
		require.NotEmpty(t, m.TS)
		break
	}
	_, err = slack.DeleteMessage.Do(ctx, c.HTTP, slack.MessageRef{Channel: channel, TS: sent.TS})
	require.NoError(t, err)
	_, err = slack.GetConversation.Do(ctx, c.HTTP, slack.ConversationInput{Channel: "C00000000"})
	require.ErrorIs(t, err, client.ErrNotFound)
}
