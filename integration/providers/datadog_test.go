package providers

import (
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/stretchr/testify/require"
)

// P1: every operation makes a request that Datadog's description allows, and reads each
// response that it documents.
func TestP1_DatadogUnderItsOwnDescription(t *testing.T) {
	prism := servers.PrismForgiving(t, "datadog.yaml")
	c, err := datadog.New(datadog.Config{APIKey: secret.Static("api-key"), ApplicationKey: secret.Static("app-key")},
		append(at(t, prism.URL), client.WithPacing(nil))...) // its 429s are asked for
	require.NoError(t, err)
	ctx := t.Context()
	now := datadog.Time{Time: time.Now()}
	critical := 90.5
	options := datadog.MonitorOptions{Thresholds: &datadog.Thresholds{Critical: &critical}, NotifyNoData: true, NoDataTimeframe: 20,
		RenotifyInterval: 60, EvaluationDelay: 60, NewGroupDelay: 60, TimeoutH: 1, RequireFullWindow: new(bool), IncludeTags: new(bool), NotifyAudit: true, EscalationMessage: "m"}
	monitor := datadog.MonitorInput{Name: "CPU", Type: "query alert", Query: "avg(last_5m):avg:system.cpu.user{*} > 90", Message: "m", Tags: []string{"a"}, Priority: 2, Options: options}
	page := datadog.PageOf{Limit: 25, Cursor: "eyJzdGFydEF0IjoiQVFBQUFYS2tMS3pPbm40NGV3QUFBQUJCV0V0clRFdDZVbG8zY3pCRmNsbHJiVmxDWlEifQ=="}
	// A text/json, which Prism does not read: recipes/sdks/telemetry holds it to the SDK.
	asJSON := func(r *client.Request) { r.Header.Set("Content-Type", "application/json") }
	type call struct {
		name, success string
		fails         map[string]error
		do            func(edit ...func(*client.Request)) error
	}
	refusals := func(more map[string]error) map[string]error {
		all := map[string]error{"400": client.ErrBadRequest, "429": client.ErrRateLimited}
		for code, want := range more {
			all[code] = want
		}
		return all
	}
	intake := refusals(map[string]error{"403": nil, "413": nil, "408": nil})
	for _, tc := range []call{
		{"keys.validate", "200", map[string]error{"403": nil, "429": client.ErrRateLimited}, func(edit ...func(*client.Request)) error {
			_, err := datadog.Validate.Do(ctx, c.HTTP, client.None{}, edit...)
			return err
		}},
		{"logs.submit", "202", refusals(map[string]error{"401": client.ErrUnauthorized, "403": nil, "408": nil, "413": nil, "500": client.ErrUnavailable, "503": client.ErrUnavailable}), func(edit ...func(*client.Request)) error {
			_, err := datadog.SubmitLogs.Do(ctx, c.HTTP, []datadog.Log{{Message: "Hé", Status: "error", Time: now.Time, Service: "s", Source: "go", Hostname: "h", Tags: []string{"a", "b"},
				Attributes: map[string]any{"n": "1"}}, {Message: "2"}}, edit...)
			return err
		}},
		{"logs.search", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			in := datadog.SearchLogsInput{Filter: datadog.LogFilter{Query: "q", From: "now-1d", To: "now", Indexes: []string{"main"}, StorageTier: "flex"}, Sort: "-timestamp", Page: page}
			for _, err := range datadog.SearchLogs.Pages(ctx, c.HTTP, in, edit...) {
				return err
			}
			return nil
		}},
		{"metrics.submit", "202", intake, func(edit ...func(*client.Request)) error {
			_, err := datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: []datadog.Series{{Metric: "m", Type: datadog.Rate, Interval: 10, Points: []datadog.Point{{Time: now, Value: 0.5}},
				Tags: []string{"a"}, Resources: []datadog.Resource{{Type: "host", Name: "h"}}, Unit: "second", Source: "go"}}}, edit...)
			return err
		}},
		{"distributions.submit", "202", intake, func(edit ...func(*client.Request)) error {
			_, err := datadog.SubmitDistributions.Do(ctx, c.HTTP, datadog.Distributions{Series: []datadog.Distribution{{Metric: "m", Host: "h", Tags: []string{"a"},
				Points: []datadog.Sample{{Time: now, Values: []float64{1, 2.5}}}}}}, append(edit, asJSON)...)
			return err
		}},
		{"metrics.query", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			_, err := datadog.QueryMetrics.Do(ctx, c.HTTP, datadog.QueryInput{Query: "avg:system.cpu.idle{*}", From: now, To: now}, edit...)
			return err
		}},
		{"timeseries.query", "200", refusals(map[string]error{"401": client.ErrUnauthorized, "403": nil}), func(edit ...func(*client.Request)) error {
			_, err := datadog.QueryTimeseries.Do(ctx, c.HTTP, datadog.TimeseriesInput{From: now.Time, To: now.Time, Interval: time.Second, Formulas: []string{"a"},
				Queries: []datadog.TimeseriesQuery{{Name: "a", Query: "avg:m{*}"}}}, edit...)
			return err
		}},
		{"events.post", "202", refusals(nil), func(edit ...func(*client.Request)) error {
			_, err := datadog.PostEvent.Do(ctx, c.HTTP, datadog.Event{Title: "t", Text: "x", Time: now, AlertType: "success", Priority: "low", Host: "h", Tags: []string{"a"}, AggregationKey: "k", Source: "s"}, edit...)
			return err
		}},
		{"events.submit", "202", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			_, err := datadog.SubmitEvent.Do(ctx, c.HTTP, datadog.EventInput{Title: "t", Category: "alert", Message: "m", Time: now.Time, Host: "h", Tags: []string{"a"}, AggregationKey: "k",
				Attributes: map[string]any{"status": "error", "priority": "1"}}, edit...)
			return err
		}},
		{"events.search", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			in := datadog.SearchEventsInput{Filter: datadog.EventFilter{Query: "q", From: "now-1d", To: "now"}, Sort: "timestamp", Page: page}
			for _, err := range datadog.SearchEvents.Pages(ctx, c.HTTP, in, edit...) {
				return err
			}
			return nil
		}},
		{"checks.submit", "202", intake, func(edit ...func(*client.Request)) error {
			_, err := datadog.SubmitChecks.Do(ctx, c.HTTP, []datadog.Check{{Check: "app.ok", Host: "h", Status: datadog.Unknown, Message: "m", Time: now}}, edit...)
			return err
		}},
		{"monitors.list", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			in := datadog.ListMonitorsInput{Name: "n", Tags: []string{"a", "b"}, MonitorTags: []string{"c"}, GroupStates: []string{"alert"}, WithDowntimes: true, PageSize: 20, AfterID: "7"}
			for _, err := range datadog.ListMonitors.Pages(ctx, c.HTTP, in, edit...) {
				return err
			}
			return nil
		}},
		{"monitors.search", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			for _, err := range datadog.SearchMonitors.Pages(ctx, c.HTTP, datadog.SearchMonitorsInput{Query: "q", Page: 1, PerPage: 2, Sort: "name,asc"}, edit...) {
				return err
			}
			return nil
		}},
		{"monitors.get", "200", refusals(map[string]error{"403": nil, "404": client.ErrNotFound}), func(edit ...func(*client.Request)) error {
			_, err := datadog.GetMonitor.Do(ctx, c.HTTP, datadog.GetMonitorInput{ID: "7", GroupStates: []string{"all"}, WithDowntimes: true}, edit...)
			return err
		}},
		{"monitors.create", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			_, err := datadog.CreateMonitor.Do(ctx, c.HTTP, monitor, edit...)
			return err
		}},
		{"monitors.update", "200", refusals(map[string]error{"401": client.ErrUnauthorized, "403": nil, "404": client.ErrNotFound}), func(edit ...func(*client.Request)) error {
			_, err := datadog.UpdateMonitor.Do(ctx, c.HTTP, datadog.UpdateMonitorInput{ID: "7", MonitorInput: monitor}, edit...)
			return err
		}},
		{"monitors.delete", "200", refusals(map[string]error{"401": client.ErrUnauthorized, "403": nil, "404": client.ErrNotFound}), func(edit ...func(*client.Request)) error {
			_, err := datadog.DeleteMonitor.Do(ctx, c.HTTP, datadog.DeleteMonitorInput{ID: "7", Force: true}, edit...)
			return err
		}},
		{"downtimes.list", "200", map[string]error{"403": nil, "429": client.ErrRateLimited}, func(edit ...func(*client.Request)) error {
			for _, err := range datadog.ListDowntimes.Pages(ctx, c.HTTP, datadog.ListDowntimesInput{CurrentOnly: true, Limit: 2}, edit...) {
				return err
			}
			return nil
		}},
		{"downtimes.create", "200", refusals(map[string]error{"403": nil}), func(edit ...func(*client.Request)) error {
			_, err := datadog.CreateDowntime.Do(ctx, c.HTTP, datadog.DowntimeInput{MonitorID: "7", Scope: "env:prod", Message: "m", Start: now.Time, End: now.Add(time.Hour), MuteFirst: true}, edit...)
			return err
		}},
		{"downtimes.cancel", "204", map[string]error{"403": nil, "404": client.ErrNotFound, "429": client.ErrRateLimited}, func(edit ...func(*client.Request)) error {
			_, err := datadog.CancelDowntime.Do(ctx, c.HTTP, datadog.DowntimeID{ID: "00000000-0000-1234-0000-000000000000"}, edit...)
			return err
		}},
		{"dashboards.list", "200", map[string]error{"403": nil, "429": client.ErrRateLimited}, func(edit ...func(*client.Request)) error {
			for _, err := range datadog.ListDashboards.Pages(ctx, c.HTTP, datadog.ListDashboardsInput{Shared: true, Count: 2}, edit...) {
				return err
			}
			return nil
		}},
		{"dashboards.get", "200", map[string]error{"403": nil, "404": client.ErrNotFound, "429": client.ErrRateLimited}, func(edit ...func(*client.Request)) error {
			_, err := datadog.GetDashboard.Do(ctx, c.HTTP, datadog.DashboardID{ID: "abc-def-ghi"}, edit...)
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.NoError(t, tc.do(prefer("code="+tc.success)))
			for code, want := range tc.fails {
				err := tc.do(prefer("code=" + code))
				require.Error(t, err, code)
				if want != nil {
					require.ErrorIs(t, err, want, code)
				}
			}
		})
	}
	t.Run("what the description forbids", func(t *testing.T) {
		_, err := datadog.CreateMonitor.Do(ctx, c.HTTP, datadog.MonitorInput{Name: "n", Type: "a wish", Query: "q"})
		require.ErrorIs(t, err, client.ErrBadRequest)
		_, err = datadog.SubmitMetrics.Do(ctx, c.HTTP, datadog.Metrics{Series: []datadog.Series{{Metric: "m", Type: 9, Points: []datadog.Point{{Time: now}}}}})
		require.ErrorIs(t, err, client.ErrBadRequest)
		_, err = datadog.QueryMetrics.Do(ctx, c.HTTP, datadog.QueryInput{Query: "q", From: now})
		require.ErrorIs(t, err, client.ErrBadRequest)
		_, err = datadog.SubmitEvent.Do(ctx, c.HTTP, datadog.EventInput{Title: "t", Category: "other", Attributes: map[string]any{}})
		require.ErrorIs(t, err, client.ErrBadRequest)
	})
	t.Run("without a key", func(t *testing.T) {
		c, err := datadog.New(datadog.Config{APIKey: secret.Static("api-key")}, at(t, prism.URL)...)
		require.NoError(t, err)
		_, err = datadog.SubmitChecks.Do(ctx, c.HTTP, []datadog.Check{{Check: "app.ok", Host: "h"}})
		require.NoError(t, err, "what is submitted needs the API key alone")
		_, err = datadog.GetMonitor.Do(ctx, c.HTTP, datadog.GetMonitorInput{ID: "7"})
		require.ErrorIs(t, err, client.ErrUnauthorized)
	})
}
