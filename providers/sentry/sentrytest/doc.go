// Package sentrytest is a Sentry in memory that takes envelopes, for the tests of an
// application that reports:
//
//	srv := sentrytest.NewServer(t)
//	reporter, err := srv.Reporter(sentry.ReporterConfig{})
//	reporter.CaptureError(ctx, errors.New("out of stock"))
//	err = reporter.Flush(ctx)
//	srv.Events() // with "out of stock" in it
//
// It holds a request to the key and the project of its DSN and an envelope to its format
// and Sentry's sizes, keeps an event that comes twice once, and says rate limits as
// Sentry does. sentry-go can be given [Server.DSN] too. What it does not have is Sentry's
// API, and any rule of a project.
package sentrytest
