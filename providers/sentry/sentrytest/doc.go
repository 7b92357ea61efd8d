// Package sentrytest is a Sentry in memory that takes envelopes, for the tests of an
// application that reports:
//
//	srv := sentrytest.NewServer(t)
//	reporter, err := srv.Reporter(sentry.ReporterConfig{})
//	reporter.CaptureError(ctx, errors.New("out of stock"))
//	err = reporter.Flush(ctx)
//	srv.Events() // with "out of stock" in it
//
// It checks the key and the project of a request, and the format and the sizes of an
// envelope; it keeps an event that comes twice once, and tells rate limits as Sentry
// does. sentry-go can be given [Server.DSN] too. It has nothing of Sentry's API, and
// none of a project's rules.
package sentrytest
