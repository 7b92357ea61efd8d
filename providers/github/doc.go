// Package github calls GitHub's REST API, and its GraphQL API, on the stack of package
// client.
//
// Most callers make a [Client] with [New] and call its operations, which are values:
//
//	c, err := github.New(secret.Env("GITHUB_TOKEN"))
//	issue, err := github.CreateIssue.Do(ctx, c.HTTP, github.CreateIssueInput{
//		Owner: "octo", Repo: "hello", Title: "It is broken",
//	})
//	for issue, err := range github.ListIssues.All(ctx, c.HTTP, github.ListIssuesInput{
//		Owner: "octo", Repo: "hello", PerPage: 100,
//	}) {
//
// [Operations] lists them; [GraphQL] is for the API of that name. Everything else is
// called through HTTP, or by an SDK over [HTTPClient]. What the types here leave out of a
// response is decoded into a type of your own:
//
//	r, err := github.GetIssue.Request(in)
//	issue, err := client.Call[MyIssue](ctx, c.HTTP, r)
//
// # GitHub Apps
//
// [NewApp] speaks as the app itself, [NewInstallation] as one of its installations, whose
// token is asked for when it is needed, kept, and renewed before it expires: once for all
// goroutines that wait for it.
//
// # Limits
//
// GitHub refuses with a 403 or a 429, with and without a header. Both are a
// [client.ErrRateLimited], and no [client.ErrForbidden]. What GitHub says of its limits
// paces the calls of each resource (core, search, code_search, graphql) by itself. A
// refusal that names no time holds back everybody for a minute, and for longer each time.
// Of the requests of one client at most 100 are under way, as GitHub permits;
// client.WithRateLimit replaces that.
//
// A POST is not repeated once it may have been applied: GitHub takes no idempotency key.
// The error then says so in its Effect; look for what it was to make before making it
// again.
//
// # GitHub Enterprise
//
// For GitHub Enterprise Server give client.WithBaseURL("https://HOST/api/v3"); its
// uploads (https://HOST/api/uploads) and GraphQL (https://HOST/api/graphql) are on the
// same host. For GHE.com give client.WithBaseURL("https://api.SUBDOMAIN.ghe.com") and
// client.WithOrigins("https://uploads.SUBDOMAIN.ghe.com").
//
// Webhooks are package webhook's: webhook.GitHub. GitHub sends each delivery once;
// [Redeliver] has those that failed sent again, and [ExpectedDeliveries] is for
// inbox.Inbox.Reconcile.
package github
