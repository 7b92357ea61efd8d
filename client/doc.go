// Package client calls services that you did not build, through one stack that
// authenticates, retries, limits, bounds and records every call: your own, and
// those that an official SDK makes.
//
// Most callers should make one [Client] per service and credential with [New],
// and use [Call]:
//
//	c, err := client.New("https://api.example.com",
//		client.WithAuth(client.Bearer(secret.Env("EXAMPLE_API_KEY"))))
//	customer, err := client.Call[Customer](ctx, c, client.Request{
//		Method: "POST", Path: "/v1/customers", Body: in})
//
// Where the service has an official SDK, give it [Client.HTTPClient] and switch
// its own retries off. Use [Pages] for lists, [Events] for server-sent events,
// [Download] and [DownloadFile] for files, and [Client.Do] for everything else that is
// streamed. To retry what is not HTTP, use package retry.
//
// # The stack
//
// A call passes through these, outermost first. The order is behaviour and does
// not change:
//
//	call      per-call middleware → call deadline → idempotency key → retry
//	attempt   per-attempt middleware → circuit breaker → rate limit and pacing →
//	          auth → attempt timer → transport
//
// So a retry takes a new token of the rate limit and signs anew; a wait for the
// limit, or for a token, takes nothing of an attempt's time; an open breaker
// takes no token; and no middleware ever sees a credential.
//
// # What is retried
//
// What was never sent, and what was refused with 425 or 429 (or what the profile
// calls a throttle), is retried whatever the method. Everything else that may
// be cured by trying again (408, 500, 502, 503, 504, a broken connection, an
// attempt's timeout) is retried only where repeating cannot do harm: with an
// idempotent method (RFC 9110 §9.2.2), or with an idempotency key in the header
// that the service is known to support ([Profile], [WithIdempotencyHeader]), which
// is then made once per call and stays the same on every attempt. A POST without a
// key is therefore not repeated after a 503 or a timeout: the error says, in
// [Error.Effect], that it may have been applied.
//
// The policy ([WithRetry]) narrows this: three attempts by default, full jitter,
// a Retry-After obeyed up to a minute and never shortened; what asks for longer,
// or would pass the deadline, is returned at once. A budget for each origin keeps
// an outage from being met with a multiple of the usual traffic: a retry gets
// its cost back when it succeeds, and what failures have used up comes back within
// an hour. The body
// must be one that can be sent again: anything in memory, [Open] and [Multipart]
// can, and so can one that can seek, such as a file. Of any other [Stream], or an SDK's
// body without GetBody, up to 1 MiB is kept if it ends within 200 ms; else it is sent as
// it comes, once.
//
// A response that is to be tried again is kept until the next attempt has been let
// through: if its wait, the rate limit's or an open breaker's would pass the deadline, it
// is returned at once, and as it came.
//
// Nothing else repeats a request: net/http, which does so by itself when a kept
// connection breaks, is given each in a form that it does not repeat. What it sends
// again because HTTP/2 refused it is in the ledger like any other attempt.
//
// # For many users
//
// Make one client and, for each user, a copy with the user's credential
// ([Client.With]). The copies share connections and what an origin has taught: its
// budget and breaker. Limits and pacing count each caller alone, see [WithIdentity].
//
// # Where the credential goes
//
// To the base URL's origin (scheme, host, port) and those of the profile or of
// [WithOrigins], and nowhere else: it is told by what is sent, whatever middleware
// has made of a request. On a redirect away from them every credential
// is stripped, an SDK's own included, and once a chain of redirects has left,
// nothing is attached again; a chain that began elsewhere gets none. Over plain http
// it goes to this machine only (a loopback address or exactly localhost), never after
// an https hop, and never through a proxy.
//
// A redirect of anything but a POST keeps method and body (RFC 9110 §15.4), but for a
// 303, and with them the fields that narrow the request, If-Match and Range among them.
// Where a 301 or 302 would take a change off the client's origins it is refused with
// [ErrRedirect], as is one whose Location repeats the credential.
//
// # What can be seen
//
// The ledger of a call is in its error, in [Meta], and in a [Ledger] of its context:
// every attempt, its waits, and why it was tried again or not. [WithLogger] writes it
// down; [WithObserver] hands it on as values, for metrics, traces or a page. Neither
// holds a credential, a query or a body. [Client.BreakerState] tells whether the breaker
// is open.
//
// # Errors
//
// What [Call] returns is an [*Error] with the status, the service's code, message
// and request ID, when it may be tried again, whether a write may have happened,
// and the ledger of attempts. Branch with errors.Is on [ErrRateLimited],
// [ErrNotFound] and so on. Under an SDK the response is returned as it came.
//
// A [Client] is safe for concurrent use. The zero value of every option is its
// documented default.
package client
