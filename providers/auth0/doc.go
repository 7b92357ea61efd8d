// Package auth0 calls Auth0's Management API: users, roles, organizations, connections,
// tickets, jobs and logs of a tenant.
//
// Make a [Client] with [New] from a machine-to-machine application of the tenant that is
// authorized for the Management API, and give its HTTP to an operation of this package:
//
//	c, err := auth0.New(auth0.Config{
//		Domain:       "example.eu.auth0.com",
//		ClientID:     os.Getenv("AUTH0_CLIENT_ID"),
//		ClientSecret: secret.Env("AUTH0_CLIENT_SECRET"),
//	})
//	user, err := auth0.GetUser.Do(ctx, c.HTTP, auth0.UserInput{ID: "auth0|1"})
//
// The client obtains its access token itself, once for all who wait for it, keeps it
// until shortly before it ends, and obtains another after a 401. Make one Client and
// share it: a token per request is the usual way into Auth0's rate limits.
//
// For the rest of the API use HTTP with [client.Get], [client.Post] and so on, or write a
// [client.Op]; for go-auth0 see [HTTPClient].
//
// What [SearchUsers] finds lags behind what has been written, by seconds as a rule, and
// is at most the first 1,000 users. [GetUser] and [UsersByEmail] see each write at once.
//
// Errors are a *client.Error. Auth0 takes no idempotency key: what creates something is
// not repeated once it may have been sent.
//
// Who is signed in is told by session.Auth0.
package auth0
