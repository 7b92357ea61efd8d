package datadog_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/providers/internal/providertest"
)

// DD_SITE is the account's site; without it, US1. It submits a log and a point, and
// changes nothing else.
func TestLive(t *testing.T) {
	c, err := datadog.New(datadog.Config{
		Site: datadog.Site(os.Getenv("DD_SITE")), APIKey: providertest.Live(t, "DD_API_KEY"), ApplicationKey: providertest.Live(t, "DD_APP_KEY"),
	})
	require.NoError(t, err)
	ctx := t.Context()
	key, err := datadog.Validate.Do(ctx, c.HTTP, client.None{})
	require.NoError(t, err)
	require.True(t, key.Valid)
	_, err = datadog.SubmitLogs.Do(ctx, c.HTTP, []datadog.Log{{Message: "a live test", Status: "debug", Service: "standpipe", Source: "go"}})
	require.NoError(t, err)
	_, err = datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: []datadog.Series{
		{Metric: "standpipe.live", Type: datadog.Gauge, Points: []datadog.Point{{Time: datadog.Time{Time: time.Now()}, Value: 1}}}}})
	require.NoError(t, err)
	for _, err := range datadog.ListMonitors.All(ctx, c.HTTP, datadog.ListMonitorsInput{PageSize: 1}) {
		require.NoError(t, err)
		break
	}
	for _, err := range datadog.SearchLogs.All(ctx, c.HTTP, datadog.SearchLogsInput{Page: datadog.PageOf{Limit: 1}}) {
		require.NoError(t, err)
		break
	}
}
