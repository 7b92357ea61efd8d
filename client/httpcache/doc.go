// Package httpcache keeps a service's responses by RFC 9111 and saves the calls that
// they answer: a private cache in memory, as middleware of a client.
//
//	cache := httpcache.New(httpcache.Config{})
//	c, err := client.New(base, client.WithAuth(auth), client.WithCallMiddleware(cache.Middleware))
//
// A response is used again for as long as the service's Cache-Control or Expires says,
// without a request, an attempt or a token of any limit. After that the service is asked
// whether it still holds, by its ETag or Last-Modified: a 304, which many services do not
// count against their limits, makes it good for another while. Nothing is taken to be
// fresh that the service has not called so. Only GET is kept; a HEAD can be answered by
// what a GET has brought.
//
// The middleware belongs into the per-call slot, outside of the retries. Which of the
// three a call met stands in the ledger, [client.Meta] for one, and in the Cache-Status
// field (RFC 9211) of the response: no attempt for "hit"; an attempt with status 304 for
// "fwd=stale; fwd-status=304"; another one for everything else.
//
// # Whose responses
//
// A response is kept for the one credential with which it was asked for, see
// [client.CallerFrom], and for the request's own fields other than those that are known
// to hold none. Where it cannot be told who calls, nothing is kept and nothing is
// answered. A write by anybody drops what is kept of its URL for all (RFC 9111 section
// 4.4).
package httpcache
