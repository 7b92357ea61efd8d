package sentry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/providers/sentry/sentrytest"
	"github.com/standpipe-go/standpipe/secret"
)

func ExampleNew() {
	srv := clienttest.Start(
		clienttest.JSON(200, `[{"id":"7","shortId":"SHOP-1","title":"out of stock","count":"12"}]`).Header("Link", `</>; rel="next"; results="false"`),
		clienttest.JSON(404, `{"detail":"The requested resource does not exist"}`),
	)
	defer srv.Close()
	// In an application: sentry.New(secret.Env("SENTRY_AUTH_TOKEN"))
	c, err := sentry.New(secret.Static("sntrys_example"), client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for issue, err := range sentry.ListIssues.All(ctx, c.HTTP, sentry.ListIssuesInput{Organization: "acme", StatsPeriod: "24h"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(issue.ShortID, issue.Title, issue.Count)
	}
	_, err = sentry.UpdateIssue.Do(ctx, c.HTTP, sentry.UpdateIssueInput{
		Organization: "acme", Issue: "8", IssueChange: sentry.IssueChange{Status: sentry.Resolved},
	})
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// SHOP-1 out of stock 12
	// true
}

func ExampleNewReporter() {
	srv := sentrytest.Start()
	defer srv.Close()
	// In an application: sentry.NewReporter(secret.Env("SENTRY_DSN"), …)
	reporter, err := sentry.NewReporter(secret.Static(srv.DSN()), sentry.ReporterConfig{Release: "shop@1.4.2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	log := slog.New(reporter.SlogHandler(sentry.LogConfig{}))
	log.Error("charge failed", "err", errors.New("card declined"), "api_key", "sk_live_1")

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := reporter.Close(ctx); err != nil {
		fmt.Println(err)
	}
	e := srv.Events()[0]
	fmt.Println(e.Release, e.Message, e.Exceptions[0].Value)
	fmt.Println(string(e.Contexts["log"]))
	fmt.Println(reporter.Stats().Sent, reporter.Stats().Dropped)
	// Output:
	// shop@1.4.2 charge failed card declined
	// {"api_key":"[redacted]","err":"card declined"}
	// 1 map[]
}
