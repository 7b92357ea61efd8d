// Package client runs the call stack against servers that no one here wrote:
// stripe-mock, Resend's API description under Prism, go-httpbin, and toxiproxy
// between client and server.
package client
