package bench

import "net/http"

// ownClient returns the project's entries of the group Client: GET with bearer
// auth and JSON decode.
func ownClient(hc *http.Client, base string) []clientPeer { return nil }

// ownRetry returns the project's entries of the group Retry: 503, 503, 200.
func ownRetry(rt http.RoundTripper) []entry { return nil }

// ownInject returns the project's entries of the group Token/inject: a bearer
// header added under an http.Client.
func ownInject(hc func(http.RoundTripper) *http.Client, rt http.RoundTripper) []entry { return nil }
