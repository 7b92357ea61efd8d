// Package resendtest is a Resend in memory for tests: it keeps emails, domains, contacts
// and broadcasts, and answers as Resend does, to any client that speaks its API, the
// official SDKs included. No mail leaves it.
//
//	srv := resendtest.NewServer(t)
//	c, err := srv.Client()
//	…
//	require.Equal(t, "Welcome", srv.Sent()[0].Subject)
//
// It checks the key, keeps idempotency keys as Resend does, holds emails back until they
// are due, fails on demand ([Server.Inject]), and tells what has happened as signed
// events ([Server.Deliver]). Resend's addresses for tests, delivered@resend.dev,
// bounced@resend.dev and complained@resend.dev, do what they do there.
//
// It is a stand-in and no Resend: any sender is accepted but one of a domain that was
// added and not verified, verifying succeeds at once, and a broadcast goes to every
// contact that is subscribed.
//
// Everything is safe for concurrent use and under t.Parallel.
package resendtest
