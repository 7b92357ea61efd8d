// Package google calls Google Calendar on the stack of package client: events and their
// instances, sync, free and busy times, the list of calendars, and notification channels
// that are renewed. It also asks Google who a user is.
//
// A user's token comes from their sign-in with oauthflow.GoogleOffline, renewed by a
// manager of oauthflow/tokens:
//
//	c, err := google.New(client.OAuth2(manager.Source("user:42/google")))
//	event, err := c.CreateEvent(ctx, google.InsertEventInput{
//		CalendarID: google.Primary,
//		Event:      google.NewEvent{Summary: "Call", Start: google.At(begin), End: google.At(begin.Add(time.Hour))},
//	})
//	for e, err := range google.ListEvents.All(ctx, c.HTTP, google.ListEventsInput{CalendarID: google.Primary}) { … }
//
// A service account has a key file, and may act for the users of a Workspace domain that
// allows it to:
//
//	auth, err := google.ServiceAccount{Key: secret.File(path), Scopes: []string{google.ScopeEvents}, Subject: "ada@example.com"}.Auth()
//	c, err := google.New(auth)
//
// Its Auth is the credential of any other service of Google's as well: give it to
// client.New with that service's URL.
//
// # Writes
//
// [Client.CreateEvent] makes an event once, however often it has to be tried: it gives
// it an ID of its own, by which Google knows a repeat. With [EventIDFor] that holds
// after a crash too.
//
// # Keeping a copy
//
// [Client.SyncEvents] yields what has changed since the last time, and everything where
// Google has forgotten when that was. A [Watcher] has Google tell when there is something
// to sync; webhook.GoogleCalendar verifies what it tells.
//
// # Errors
//
// An error is a [*client.Error], whose Code is Google's reason: "notFound", "duplicate".
// A limit is client.ErrRateLimited, whether it comes as a 429 or as a 403; any other 403
// is client.ErrForbidden, a quota that lasts for hours among them. A sync token that has
// expired matches [ErrFullSyncRequired] too.
package google
