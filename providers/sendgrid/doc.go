// Package sendgrid calls Twilio SendGrid's v3 API on the stack of package client.
//
// Most callers make a [Client] with [New] and call its operations, which are values:
//
//	c, err := sendgrid.New(secret.Env("SENDGRID_API_KEY"))
//	sent, err := sendgrid.SendMail.Do(ctx, c.HTTP, sendgrid.Mail{
//		From:             sendgrid.Address{Email: "a@example.com"},
//		Personalizations: []sendgrid.Personalization{{To: []sendgrid.Address{{Email: "b@example.com"}}}},
//		Subject:          "Welcome",
//		Content:          []sendgrid.Content{{Type: "text/plain", Value: "Hello"}},
//	})
//
// [Operations] lists them; HTTP is for the rest of the API, and [HTTPClient] for an SDK.
// A subuser of the European region is served by another host:
//
//	c, err := sendgrid.New(key, client.WithBaseURL(sendgrid.EU))
//
// To act for a subuser with the parent's key, give client.WithHeader("on-behalf-of",
// name).
//
// # Errors
//
// An error is a [*client.Error]. SendGrid has no codes: its Message is what SendGrid says
// of each field, and errors.Is tells what it is. An account that has used up its credits,
// which SendGrid says with a 401, is [client.ErrForbidden].
//
// # After a timeout
//
// SendGrid takes no idempotency key, so a mail is not sent again once it may have been
// accepted. The error's Effect is then [client.MaybeApplied]. To find out, give each mail
// a custom argument of its own (Personalization.CustomArgs): every event that the Event
// Webhook sends has it, and so has the Email Activity Feed. If neither has seen it after
// some minutes, send the mail again. A mail that was to be sent later can be called back:
// give it a BatchID, see [CreateBatchID] and [CancelScheduledSend].
//
// Webhooks are package webhook's: webhook.SendGrid and webhook.SendGridInbound.
package sendgrid
