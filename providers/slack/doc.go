// Package slack calls Slack's Web API on the stack of package client.
//
//	c, err := slack.New(secret.Env("SLACK_BOT_TOKEN"))
//	sent, err := slack.PostMessage.Do(ctx, c.HTTP, slack.MessageInput{Channel: "C1", Text: "Hello"})
//	for u, err := range slack.ListUsers.All(ctx, c.HTTP, slack.ListUsersInput{}) { … }
//	file, err := c.UploadFile(ctx, slack.FileInput{Name: "a.pdf", Open: open, Size: n, ChannelID: "C1"})
//
// Slack says "ok": false inside a 200. Such a response is a [*client.Error] with Slack's
// code, and errors.Is matches what it means: "invalid_auth" is client.ErrUnauthorized,
// "channel_not_found" client.ErrNotFound, "ratelimited" client.ErrRateLimited. An
// "invalid_auth" has a changed token read from its source, as a 401 has elsewhere.
//
// Each method has limits of its own, so a throttle holds up the calls of its method
// alone, for as long as its Retry-After says. A message is posted once: Slack has no
// idempotency key, and a call whose outcome is not known is not repeated.
//
// The timestamp of a message, ts, is its identifier: a string. For slack-go, which sends
// the token in the form itself, see [HTTPClient]. Events, commands and interactions are
// package webhook's: webhook.Slack.
package slack
