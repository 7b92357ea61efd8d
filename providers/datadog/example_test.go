package datadog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/secret"
)

func Example() {
	srv := clienttest.Start(
		clienttest.JSON(202, `{"errors":[]}`),
		clienttest.JSON(200, `[{"id":7,"name":"CPU","overall_state":"Alert"}]`), clienttest.JSON(200, `[]`),
		clienttest.JSON(403, `{"errors":["Forbidden"]}`))
	defer srv.Close()
	// In an application: Site: datadog.EU1, APIKey: secret.Env("DD_API_KEY"), …
	c, err := datadog.New(datadog.Config{APIKey: secret.Static("api-key"), ApplicationKey: secret.Static("app-key")}, client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, err = datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: []datadog.Series{{
		Metric: "shop.orders", Type: datadog.Count, Interval: 10, Tags: []string{"env:prod"},
		Points: []datadog.Point{{Time: datadog.Time{Time: time.Now()}, Value: 12}},
	}}})
	fmt.Println("submitted:", err == nil)
	for m, err := range datadog.ListMonitors.All(ctx, c.HTTP, datadog.ListMonitorsInput{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.ID, m.Name, m.OverallState)
	}
	if _, err = datadog.DeleteMonitor.Do(ctx, c.HTTP, datadog.DeleteMonitorInput{ID: "7"}); errors.Is(err, client.ErrUnauthorized) {
		fmt.Println("a key is not valid")
	}
	// Output:
	// submitted: true
	// 7 CPU Alert
	// a key is not valid
}

// A program without an agent reports what it logs, and never waits for Datadog.
func ExampleReporter() {
	srv := clienttest.Start(clienttest.JSON(202, `{}`))
	defer srv.Close()
	reporter, err := datadog.NewReporter(datadog.Config{APIKey: secret.Static("api-key")},
		datadog.ReporterConfig{Service: "shop", Tags: []string{"env:prod"}}, client.WithBaseURL(srv.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	log := slog.New(reporter.SlogHandler(datadog.LogConfig{Level: slog.LevelWarn}))
	log.Warn("a coupon is used up", "coupon", "AUTUMN")
	log.Info("this one stays here")

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := reporter.Close(ctx); err != nil {
		fmt.Println(err) // and Stats says why
	}
	fmt.Println("sent:", reporter.Stats().Logs.Sent)
	// Output:
	// sent: 1
}
