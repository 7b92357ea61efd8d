// Package datadog calls Datadog's API on the stack of package client, and is the intake
// of a program that has no agent.
//
// Most callers make a [Client] with [New] and call its operations, which are values:
//
//	c, err := datadog.New(datadog.Config{
//		Site:           datadog.EU1,
//		APIKey:         secret.Env("DD_API_KEY"),
//		ApplicationKey: secret.Env("DD_APP_KEY"),
//	})
//	_, err = datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: series})
//	for m, err := range datadog.ListMonitors.All(ctx, c.HTTP, datadog.ListMonitorsInput{}) { … }
//
// [Operations] lists them; HTTP is for the rest of the API, and [HTTPClient] for
// datadog-api-client-go. What is submitted needs the API key alone; what reads or
// changes the account needs the application key too.
//
// # Hosts
//
// Each [Site] has three: one for the API, one that takes logs, and one that takes the
// events of [SubmitEvent]. All operations are called with HTTP, which knows what goes to
// which of them. A base URL of your own (client.WithBaseURL) gets everything.
//
// # Limits
//
// Datadog takes a log that is too long and cuts it, and drops what is too old, with the
// status of a success. Such an entry is refused here, before anything is sent, with the
// place at which it stands: see [SubmitLogs] and [SubmitMetrics].
//
// # Errors
//
// An error is a [*client.Error]. Datadog has no codes: its Message is what Datadog says,
// and errors.Is tells what it is. Datadog says "Forbidden" of a key that is not valid,
// and nothing else: that is client.ErrUnauthorized, and has both keys read again. What a
// valid key may not do is client.ErrForbidden, as is a 403 in any other words. Errors
// inside a 202 are errors.
//
// # What is sent again
//
// Logs, points of a metric and service checks are sent again after a failure that may
// pass, as Datadog asks for: a point counts once, and a log may be there twice.
// Distributions and events would count twice, so they are not; the error's Effect says
// what may have happened.
//
// Webhooks are package webhook's: webhook.Datadog.
package datadog
