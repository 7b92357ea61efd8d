// Package clerk calls Clerk's Backend API: users, sessions, organizations, invitations
// and sign-in tokens.
//
// Make a [Client] with [New], and give its HTTP to an operation of this package:
//
//	c, err := clerk.New(secret.Env("CLERK_SECRET_KEY"))
//	user, err := clerk.GetUser.Do(ctx, c.HTTP, clerk.UserInput{ID: "user_1"})
//	for user, err := range clerk.ListUsers.All(ctx, c.HTTP, clerk.ListUsersInput{Limit: 500}) { … }
//
// For the rest of the API use HTTP with [client.Get], [client.Post] and so on, or write a
// [client.Op]; for clerk-sdk-go see [HTTPClient].
//
// Errors are a *client.Error, whose RequestID is Clerk's trace ID. Clerk takes no
// idempotency key: what creates something is not repeated once it may have been sent.
// What comes to the same when it is done twice, such as a ban, is repeated.
//
// Who is signed in is told by session.Clerk, and what happens at Clerk by webhook.Clerk.
package clerk
