// Package resend calls Resend on the stack of package client, with the types of the
// official resend-go.
//
// Most callers should make a [Client] with [New] and use [Client.Send]:
//
//	c, err := resend.New(secret.Env("RESEND_API_KEY"))
//	sent, err := c.Send(ctx, &sdk.SendEmailRequest{From: …, To: …, Subject: …, Html: …}, "welcome/"+userID)
//
// A send is retried under one idempotency key, made if you give none, and Resend drops
// the copies for 24 hours; give your own key, such as "welcome/" and the user's ID, where
// your own program may ask twice. Requests are paced by Resend's RateLimit headers.
//
// An error of these methods is a [*client.Error], also where Resend has responded:
//
//   - errors.Is matches [client.ErrBadRequest] where the email is wrong,
//     [client.ErrForbidden] where the account may not send it, as from a domain that is
//     not verified, and so on. Code is Resend's name of the error.
//   - Effect is [client.MaybeApplied] after a 503, a reset or a timeout: the mail may
//     have been sent. Send it again under the same key.
//   - [client.ErrRateLimited] is a throttle. A quota that is used up is none: that 429,
//     with the Code "daily_quota_exceeded" or "monthly_quota_exceeded", is returned at
//     once and slows nothing down.
//
// examples/mail tells them apart. The SDK field is the rest of resend-go over the same
// stack; its errors keep no more than a text. HTTP is the client below both, for what
// the SDK does not have.
//
// Webhooks are package webhook's: webhook.Resend. What never arrived is found by
// inbox.Inbox.Reconcile and [ExpectedEvents].
package resend
