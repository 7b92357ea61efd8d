// Package resend puts the official resend-go on the stack of package client.
//
// Most callers should make a [Client] with [New] and use [Client.Send]; the SDK
// field is the rest of resend-go, whose documentation applies:
//
//	c, err := resend.New(secret.Env("RESEND_API_KEY"))
//	sent, err := c.Send(ctx, &sdk.SendEmailRequest{From: …, To: …, Subject: …, Html: …}, "welcome/"+userID)
//
// Every request passes through the stack. A send is retried under one
// idempotency key, made if you give none, and Resend drops the copies for 24
// hours; give your own key, such as "welcome/" and the user's ID, where your own
// program may ask twice. Requests are paced by Resend's RateLimit headers.
//
// Errors of Resend are resend-go's, which keep little: the SDK turns a status
// into a text, but for *resend.RateLimitError. Use HTTP, the client below it,
// where you need the whole *client.Error.
//
// Webhooks are package webhook's: webhook.Resend.
package resend
