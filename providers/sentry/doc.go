// Package sentry calls Sentry's API on the stack of package client, and reports events of
// a program that has no agent.
//
//	c, err := sentry.New(secret.Env("SENTRY_AUTH_TOKEN"))
//	for issue, err := range sentry.ListIssues.All(ctx, c.HTTP, sentry.ListIssuesInput{Organization: "acme"}) { … }
//	release, err := sentry.CreateRelease.Do(ctx, c.HTTP, sentry.CreateReleaseInput{
//		Organization: "acme", Version: "shop@1.4.2", Projects: []string{"shop"}})
//
//	reporter, err := sentry.NewReporter(secret.Env("SENTRY_DSN"), sentry.ReporterConfig{Release: "shop@1.4.2"})
//	defer reporter.Close(shutdownContext)
//	reporter.CaptureError(ctx, err)
//	log := slog.New(reporter.SlogHandler(sentry.LogConfig{Next: slog.Default().Handler()}))
//	handler := reporter.Middleware(mux)                      // panics
//	observe := client.WithObserver(reporter.Observer(nil))   // calls that fail
//	refused := webhook.WithLogger(slog.New(reporter.SlogHandler(sentry.LogConfig{Level: slog.LevelWarn})))
//
// A [Reporter] never holds its caller up: it has a queue that is bounded in items and
// bytes, one sender, and [Reporter.Stats] for what was lost and why. Sentry's rate limits
// are kept by category, and Sentry is told what was dropped. Nothing secret is reported
// by itself: of requests the method, the path and harmless headers, of URLs no query, of
// logs no attribute that is named like a credential, of panics their type.
//
// Traces, profiles, sessions, logs and breadcrumbs are sentry-go's: with it, the stack is
// its transport (recipes/sdks/telemetry). Webhooks are package webhook's: webhook.Sentry.
package sentry
