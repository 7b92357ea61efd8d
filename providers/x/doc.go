// Package x calls X (Twitter) on the stack of package client: posts, users, timelines,
// mentions, search, and media in chunks.
//
//	c, err := x.New(secret.Env("X_BEARER_TOKEN")) // an app, which reads
//	for p, err := range x.SearchRecent.All(ctx, c.HTTP, x.SearchInput{Query: "from:golang"}) { … }
//
//	c, err := x.NewUser(manager.Source("user:42/x")) // for a user, who posts
//	made, err := x.CreatePost.Do(ctx, c.HTTP, x.PostInput{Text: "Hello"})
//
// A user signs in by PKCE with oauthflow.X; the scope offline.access gives a refresh
// token.
//
// Each endpoint has limits of its own, by X's x-rate-limit-* headers, which slow down the
// calls of that endpoint alone. A 429 that says that the usage is capped is no throttle:
// it is returned at once, with the code "usage-capped". A post is made once.
//
// An error is a [*client.Error], also where X says with a 200 that nothing is there. What
// is missing beside the data is a [Problem] in the result's Errors. Identifiers are
// strings. Webhooks are package webhook's: webhook.X.
package x
