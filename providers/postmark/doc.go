// Package postmark calls Postmark on the stack of package client.
//
// Most callers make a [Client] with [New], which takes the token of a server, and call
// its operations, which are values:
//
//	c, err := postmark.New(secret.Env("POSTMARK_SERVER_TOKEN"))
//	sent, err := postmark.SendEmail.Do(ctx, c.HTTP, postmark.Email{
//		From: "a@example.com", To: "b@example.com", Subject: "Welcome", TextBody: "Hello",
//		Metadata: map[string]string{"order": "1042"},
//	})
//
// [Operations] lists them; HTTP is for the rest of the API, and [HTTPClient] for an SDK.
// The token [TestToken] has Postmark check what is sent and deliver nothing.
//
// # A batch
//
// Postmark accepts or refuses each message of a batch by itself, in a response that has
// the status of a success. [Client.SendBatch] and [Client.SendTemplateBatch] return what
// became of each, in the order of the messages, and a [*BatchError] where one was
// refused. The operations below them return the results alone: see [Results.Err].
//
// # Errors
//
// An error is a [*client.Error] whose Code is Postmark's ErrorCode as text, such as
// [CodeInactiveRecipient]. Most come with the status 422; errors.Is tells them apart by
// what they are: [client.ErrNotFound] where the bounce, message, template or stream is
// not there, [client.ErrForbidden] where the account may not send or not from that
// address, else [client.ErrBadRequest].
//
// # After a timeout
//
// Postmark takes no idempotency key, so a send is not repeated once it may have been
// applied. The error's Effect is then [client.MaybeApplied]. To find out, give each
// message Metadata of its own and look for it a minute later with [ListMessages]:
//
//	for m, err := range postmark.ListMessages.All(ctx, c.HTTP, postmark.ListMessagesInput{
//		Metadata: map[string]string{"order": "1042"},
//	}) {
//
// If nothing comes, send the message again.
//
// Webhooks are package webhook's: webhook.Postmark, webhook.PostmarkHeader and
// webhook.PostmarkInbound.
package postmark
