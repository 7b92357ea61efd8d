// Package client runs the call stack against servers that no one here wrote:
// stripe-mock, the API descriptions of Resend, SendGrid and Postmark under Prism,
// go-httpbin, and toxiproxy between client and server.
package client
