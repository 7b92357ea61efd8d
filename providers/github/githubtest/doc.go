// Package githubtest is a GitHub in memory, for tests of what uses package github, or
// go-github:
//
//	srv := githubtest.New(t)
//	c, err := github.New(secret.Static(githubtest.Token), client.WithBaseURL(srv.URL))
//	srv.Inject(githubtest.Fault{Operation: "issues.create", Limit: githubtest.Secondary})
//
// It keeps what it is told: issues with comments, pull requests, files, releases with
// assets, deliveries of webhooks. It asks for a token, verifies the JWT of an app and
// makes tokens of its installation, counts each caller's requests, pages with Link
// headers, and answers a conditional GET with a 304. It knows the operations of package
// github; whatever else it is asked for is a 404, as at GitHub.
//
// A client over [Server.Transport] needs no network and keeps GitHub's own addresses. A
// Server is safe for concurrent use, so that tests can be parallel.
package githubtest
