//go:build datadogv2

package main

import (
	"testing"
	"time"

	sdk "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/secret"
)

// P1: the operations of the API's second version send what the SDK sends, the intakes'
// hosts included. `make nightly` runs this: the SDK's types take minutes to compile.
func TestP1_DatadogV2SendsWhatTheSDKSends(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	ok := clienttest.JSON(200, `{"data":{"type":"downtime","id":"a"}}`)
	const cursor = "c1"
	for name, tc := range map[string]struct {
		step clienttest.Step
		call func(sides) (ours, sdks error)
	}{
		"logs.submit": {clienttest.JSON(202, `{}`), func(s sides) (error, error) {
			_, ours := datadog.SubmitLogs.Do(s.ctx, s.ours.HTTP, []datadog.Log{{Message: "a <b>", Service: "s", Source: "go", Hostname: "h", Tags: []string{"a", "b"}, Status: "error",
				Attributes: map[string]any{"n": "1"}}, {Message: "2"}})
			one := datadogV2.NewHTTPLogItem("a <b>")
			one.SetService("s")
			one.SetDdsource("go")
			one.SetHostname("h")
			one.SetDdtags("a,b")
			one.AdditionalProperties = map[string]any{"n": "1", "status": "error"}
			_, _, sdks := datadogV2.NewLogsApi(s.sdks).SubmitLog(s.ctx, []datadogV2.HTTPLogItem{*one, *datadogV2.NewHTTPLogItem("2")})
			return ours, sdks
		}},
		"logs.search": {clienttest.JSON(200, `{"data":[]}`), func(s sides) (error, error) {
			var ours error
			in := datadog.SearchLogsInput{Filter: datadog.LogFilter{Query: "q", From: "now-1d", To: "now", Indexes: []string{"main"}, StorageTier: "flex"}, Sort: "-timestamp",
				Page: datadog.PageOf{Limit: 25, Cursor: cursor}}
			for _, err := range datadog.SearchLogs.Pages(s.ctx, s.ours.HTTP, in) {
				ours = err
			}
			filter := datadogV2.LogsQueryFilter{Query: sdk.PtrString("q"), From: sdk.PtrString("now-1d"), To: sdk.PtrString("now"), Indexes: []string{"main"},
				StorageTier: datadogV2.LOGSSTORAGETIER_FLEX.Ptr()}
			body := datadogV2.LogsListRequest{Filter: &filter, Sort: datadogV2.LOGSSORT_TIMESTAMP_DESCENDING.Ptr(), Page: &datadogV2.LogsListRequestPage{Limit: sdk.PtrInt32(25), Cursor: sdk.PtrString(cursor)}}
			_, _, sdks := datadogV2.NewLogsApi(s.sdks).ListLogs(s.ctx, *datadogV2.NewListLogsOptionalParameters().WithBody(body))
			return ours, sdks
		}},
		"metrics.submit": {clienttest.JSON(202, `{"errors":[]}`), func(s sides) (error, error) {
			_, ours := datadog.SubmitMetrics.Do(s.ctx, s.ours.HTTP, datadog.Metrics{Series: []datadog.Series{{Metric: "m", Type: datadog.Rate, Interval: 10, Points: []datadog.Point{{Time: datadog.Time{Time: at}, Value: 0.5}},
				Tags: []string{"a"}, Resources: []datadog.Resource{{Type: "host", Name: "h"}}, Unit: "second", Source: "go"}}})
			series := datadogV2.NewMetricSeries("m", []datadogV2.MetricPoint{{Timestamp: sdk.PtrInt64(at.Unix()), Value: sdk.PtrFloat64(0.5)}})
			series.SetType(datadogV2.METRICINTAKETYPE_RATE)
			series.SetInterval(10)
			series.SetTags([]string{"a"})
			series.SetResources([]datadogV2.MetricResource{{Type: sdk.PtrString("host"), Name: sdk.PtrString("h")}})
			series.SetUnit("second")
			series.SetSourceTypeName("go")
			_, _, sdks := datadogV2.NewMetricsApi(s.sdks).SubmitMetrics(s.ctx, *datadogV2.NewMetricPayload([]datadogV2.MetricSeries{*series}))
			return ours, sdks
		}},
		"timeseries.query": {clienttest.JSON(200, `{"data":{}}`), func(s sides) (error, error) {
			_, ours := datadog.QueryTimeseries.Do(s.ctx, s.ours.HTTP, datadog.TimeseriesInput{From: at, To: at.Add(time.Hour), Interval: time.Second, Formulas: []string{"a"},
				Queries: []datadog.TimeseriesQuery{{Name: "a", Query: "avg:m{*}"}}})
			query := datadogV2.NewMetricsTimeseriesQuery(datadogV2.METRICSDATASOURCE_METRICS, "avg:m{*}")
			query.SetName("a")
			attributes := datadogV2.NewTimeseriesFormulaRequestAttributes(at.UnixMilli(), []datadogV2.TimeseriesQuery{datadogV2.MetricsTimeseriesQueryAsTimeseriesQuery(query)}, at.Add(time.Hour).UnixMilli())
			attributes.SetInterval(1000)
			attributes.SetFormulas([]datadogV2.QueryFormula{*datadogV2.NewQueryFormula("a")})
			_, _, sdks := datadogV2.NewMetricsApi(s.sdks).QueryTimeseriesData(s.ctx, *datadogV2.NewTimeseriesFormulaQueryRequest(
				*datadogV2.NewTimeseriesFormulaRequest(*attributes, datadogV2.TIMESERIESFORMULAREQUESTTYPE_TIMESERIES_REQUEST)))
			return ours, sdks
		}},
		"events.submit": {clienttest.JSON(202, `{}`), func(s sides) (error, error) {
			_, ours := datadog.SubmitEvent.Do(s.ctx, s.ours.HTTP, datadog.EventInput{Title: "t", Category: "alert", Message: "m", Host: "h", Tags: []string{"a"}, AggregationKey: "k",
				Attributes: map[string]any{"status": "error", "priority": "5"}}) // the SDK says the default
			alert := datadogV2.NewAlertEventCustomAttributes(datadogV2.ALERTEVENTCUSTOMATTRIBUTESSTATUS_ERROR)
			payload := datadogV2.NewEventPayload(datadogV2.AlertEventCustomAttributesAsEventPayloadAttributes(alert), datadogV2.EVENTCATEGORY_ALERT, "t")
			payload.SetMessage("m")
			payload.SetHost("h")
			payload.SetTags([]string{"a"})
			payload.SetAggregationKey("k")
			_, _, sdks := datadogV2.NewEventsApi(s.sdks).CreateEvent(s.ctx, *datadogV2.NewEventCreateRequestPayload(*datadogV2.NewEventCreateRequest(*payload, datadogV2.EVENTCREATEREQUESTTYPE_EVENT)))
			return ours, sdks
		}},
		"events.search": {clienttest.JSON(200, `{}`), func(s sides) (error, error) {
			var ours error
			in := datadog.SearchEventsInput{Filter: datadog.EventFilter{Query: "q", From: "now-1d", To: "now"}, Sort: "timestamp", Page: datadog.PageOf{Limit: 25, Cursor: cursor}}
			for _, err := range datadog.SearchEvents.Pages(s.ctx, s.ours.HTTP, in) {
				ours = err
			}
			body := datadogV2.EventsListRequest{Filter: &datadogV2.EventsQueryFilter{Query: sdk.PtrString("q"), From: sdk.PtrString("now-1d"), To: sdk.PtrString("now")},
				Sort: datadogV2.EVENTSSORT_TIMESTAMP_ASCENDING.Ptr(), Page: &datadogV2.EventsRequestPage{Limit: sdk.PtrInt32(25), Cursor: sdk.PtrString(cursor)}}
			_, _, sdks := datadogV2.NewEventsApi(s.sdks).SearchEvents(s.ctx, *datadogV2.NewSearchEventsOptionalParameters().WithBody(body))
			return ours, sdks
		}},
		"downtimes.create": {ok, func(s sides) (error, error) {
			_, ours := datadog.CreateDowntime.Do(s.ctx, s.ours.HTTP, datadog.DowntimeInput{MonitorID: "7", Scope: "env:prod", Message: "m", Start: at, End: at.Add(time.Hour), MuteFirst: true})
			attributes := datadogV2.NewDowntimeCreateRequestAttributes(datadogV2.DowntimeMonitorIdentifierIdAsDowntimeMonitorIdentifier(datadogV2.NewDowntimeMonitorIdentifierId(7)), "env:prod")
			attributes.UnsetDisplayTimezone()
			attributes.SetMessage("m")
			attributes.SetMuteFirstRecoveryNotification(true)
			var once datadogV2.DowntimeScheduleOneTimeCreateUpdateRequest
			once.SetStart(at)
			once.SetEnd(at.Add(time.Hour))
			attributes.SetSchedule(datadogV2.DowntimeScheduleOneTimeCreateUpdateRequestAsDowntimeScheduleCreateRequest(&once))
			_, _, sdks := datadogV2.NewDowntimesApi(s.sdks).CreateDowntime(s.ctx, *datadogV2.NewDowntimeCreateRequest(
				*datadogV2.NewDowntimeCreateRequestData(*attributes, datadogV2.DOWNTIMERESOURCETYPE_DOWNTIME)))
			return ours, sdks
		}},
		"downtimes.list": {clienttest.JSON(200, `{"data":[]}`), func(s sides) (error, error) {
			var ours error
			for _, err := range datadog.ListDowntimes.Pages(s.ctx, s.ours.HTTP, datadog.ListDowntimesInput{CurrentOnly: true, Limit: 2}) {
				ours = err
			}
			_, _, sdks := datadogV2.NewDowntimesApi(s.sdks).ListDowntimes(s.ctx, *datadogV2.NewListDowntimesOptionalParameters().WithCurrentOnly(true).WithPageLimit(2))
			return ours, sdks
		}},
		"downtimes.cancel": {clienttest.Status(204), func(s sides) (error, error) {
			_, ours := datadog.CancelDowntime.Do(s.ctx, s.ours.HTTP, datadog.DowntimeID{ID: "a-1"})
			_, sdks := datadogV2.NewDowntimesApi(s.sdks).CancelDowntime(s.ctx, "a-1")
			return ours, sdks
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := bothSides(t, tc.step)
			ours, sdks := tc.call(s)
			s.requireSame(t, ours, sdks)
		})
	}
}

// C14, P6: an SDK on the stack reaches the intakes, as an operation does.
func TestP6_DatadogsSDKReachesTheIntakes(t *testing.T) {
	rt := clienttest.NewTransport(t, clienttest.JSON(202, `{}`))
	c, err := newDatadog(datadog.Config{Site: datadog.US5, APIKey: secret.Static("api-key")}, client.WithTransport(rt))
	require.NoError(t, err)
	_, _, err = datadogV2.NewLogsApi(c).SubmitLog(t.Context(), []datadogV2.HTTPLogItem{*datadogV2.NewHTTPLogItem("m")})
	require.NoError(t, err)
	require.Equal(t, "http-intake.logs.us5.datadoghq.com", rt.Last().Host)
	require.Equal(t, []string{"api-key"}, rt.Last().Header.Values("Dd-Api-Key"))
}
