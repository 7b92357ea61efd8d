// Package firebase calls the accounts of Firebase Authentication and Identity Platform:
// it creates, finds, changes, lists and deletes users, sets their claims, signs custom
// tokens, makes session cookies and the links of mails.
//
// Make a [Client] with [New], and give its HTTP to an operation of this package:
//
//	c, err := firebase.New(firebase.Config{
//		ProjectID:      "my-project",
//		ServiceAccount: secret.File(os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")),
//	})
//	user, err := firebase.GetUser.Do(ctx, c.HTTP, firebase.GetUserInput{Email: "a@example.com"})
//
// On the emulator set Config.Emulator in place of a service account. The users of a
// tenant are those of another client, [Client.Tenant]. For the rest of the API use HTTP
// with [client.Get], [client.Post] and so on, or write a [client.Op].
//
// Errors are a *client.Error, whose Code is Firebase's: "EMAIL_EXISTS". They match the
// sentinels of package client by what they say rather than by their status, which is 400
// for nearly all of them: a user who is not there matches client.ErrNotFound, an address
// that is taken client.ErrConflict, and what is over a quota client.ErrRateLimited.
//
// Who is signed in is told by session.Firebase and session.FirebaseCookie.
package firebase
