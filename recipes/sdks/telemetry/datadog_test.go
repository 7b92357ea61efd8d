package main

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	sdk "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV1"
	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/secret"
)

// sides are the adapter and the SDK by itself, over one transport.
type sides struct {
	ours *datadog.Client
	sdks *sdk.APIClient
	rt   *clienttest.Transport
	ctx  context.Context // with what the SDK takes from one
}

func bothSides(t *testing.T, steps ...clienttest.Step) sides {
	t.Helper()
	s := sides{rt: clienttest.NewTransport(t, steps...)}
	var err error
	s.ours, err = datadog.New(datadog.Config{Site: datadog.EU1, APIKey: secret.Static("api-key"), ApplicationKey: secret.Static("app-key")}, client.WithTransport(s.rt))
	require.NoError(t, err)
	conf := sdk.NewConfiguration()
	conf.HTTPClient = &http.Client{Transport: s.rt}
	conf.Compress = false
	s.sdks = sdk.NewAPIClient(conf)
	s.ctx = context.WithValue(t.Context(), sdk.ContextAPIKeys, map[string]sdk.APIKey{"apiKeyAuth": {Key: "api-key"}, "appKeyAuth": {Key: "app-key"}})
	s.ctx = context.WithValue(s.ctx, sdk.ContextServerVariables, map[string]string{"site": "datadoghq.eu"})
	return s
}

// requireSame holds a request of ours to that of the SDK: method, host, path, query,
// keys, content type and body.
func (s sides) requireSame(t *testing.T, ours, sdks error) {
	t.Helper()
	require.NoError(t, ours)
	require.NoError(t, sdks)
	made := s.rt.Requests()
	require.Len(t, made, 2)
	seen := func(r clienttest.Recorded) []any {
		u, err := url.Parse(r.URL)
		require.NoError(t, err)
		return []any{r.Method, r.Host, u.EscapedPath(), u.Query(), r.Header.Get("Dd-Api-Key"), r.Header.Get("Content-Type")}
	}
	require.Equal(t, seen(made[1]), seen(made[0]))
	if key := made[1].Header.Get("Dd-Application-Key"); key != "" { // the SDK sends it where it is needed
		require.Equal(t, key, made[0].Header.Get("Dd-Application-Key"))
	}
	if len(made[1].Body) == 0 {
		require.Empty(t, made[0].Body)
		return
	}
	require.JSONEq(t, string(made[1].Body), string(made[0].Body))
}

// P1: the operations of the API's first version send what the SDK sends.
func TestP1_DatadogV1SendsWhatTheSDKSends(t *testing.T) {
	at := time.Now().Truncate(time.Second) // Datadog takes nothing that is older than 18 hours
	when := datadog.Time{Time: at}
	critical := 90.5
	ok := clienttest.JSON(200, `{"valid":true,"status":"ok","type":"query alert","query":"q","layout_type":"ordered","title":"t","widgets":[]}`)
	for name, tc := range map[string]struct {
		step clienttest.Step
		call func(sides) (ours, sdks error)
	}{
		"keys.validate": {ok, func(s sides) (error, error) {
			_, ours := datadog.Validate.Do(s.ctx, s.ours.HTTP, client.None{})
			_, _, sdks := datadogV1.NewAuthenticationApi(s.sdks).Validate(s.ctx)
			return ours, sdks
		}},
		"events.post": {ok, func(s sides) (error, error) {
			_, ours := datadog.PostEvent.Do(s.ctx, s.ours.HTTP, datadog.Event{Title: "t", Text: "x <y>", Time: when, AlertType: "success", Priority: "low", Host: "h",
				Tags: []string{"a"}, AggregationKey: "k", Source: "s"})
			in := datadogV1.NewEventCreateRequest("x <y>", "t")
			in.SetDateHappened(at.Unix())
			in.SetAlertType(datadogV1.EVENTALERTTYPE_SUCCESS)
			in.SetPriority(datadogV1.EVENTPRIORITY_LOW)
			in.SetHost("h")
			in.SetTags([]string{"a"})
			in.SetAggregationKey("k")
			in.SetSourceTypeName("s")
			_, _, sdks := datadogV1.NewEventsApi(s.sdks).CreateEvent(s.ctx, *in)
			return ours, sdks
		}},
		"distributions.submit": {ok, func(s sides) (error, error) {
			_, ours := datadog.SubmitDistributions.Do(s.ctx, s.ours.HTTP, datadog.Distributions{Series: []datadog.Distribution{{Metric: "m", Host: "h", Tags: []string{"a"},
				Points: []datadog.Sample{{Time: when, Values: []float64{1, 2.5}}}}}})
			ts, values := float64(at.Unix()), []float64{1, 2.5}
			series := datadogV1.NewDistributionPointsSeries("m", [][]datadogV1.DistributionPointItem{{
				datadogV1.DistributionPointTimestampAsDistributionPointItem(&ts), datadogV1.DistributionPointDataAsDistributionPointItem(&values)}})
			series.Type = nil // the one that there is
			series.SetHost("h")
			series.SetTags([]string{"a"})
			_, _, sdks := datadogV1.NewMetricsApi(s.sdks).SubmitDistributionPoints(s.ctx, *datadogV1.NewDistributionPointsPayload([]datadogV1.DistributionPointsSeries{*series}))
			return ours, sdks
		}},
		"checks.submit": {ok, func(s sides) (error, error) {
			_, ours := datadog.SubmitChecks.Do(s.ctx, s.ours.HTTP, []datadog.Check{{Check: "app.ok", Host: "h", Status: datadog.Critical, Message: "m", Time: when}})
			in := datadogV1.NewServiceCheck("app.ok", "h", datadogV1.SERVICECHECKSTATUS_CRITICAL, []string{})
			in.SetMessage("m")
			in.SetTimestamp(at.Unix())
			_, _, sdks := datadogV1.NewServiceChecksApi(s.sdks).SubmitServiceCheck(s.ctx, []datadogV1.ServiceCheck{*in})
			return ours, sdks
		}},
		"metrics.query": {ok, func(s sides) (error, error) {
			_, ours := datadog.QueryMetrics.Do(s.ctx, s.ours.HTTP, datadog.QueryInput{Query: "avg:m{*} by {host}", From: when, To: when})
			_, _, sdks := datadogV1.NewMetricsApi(s.sdks).QueryMetrics(s.ctx, at.Unix(), at.Unix(), "avg:m{*} by {host}")
			return ours, sdks
		}},
		"monitors.list": {clienttest.JSON(200, `[]`), func(s sides) (error, error) {
			var ours error
			in := datadog.ListMonitorsInput{Name: "n", Tags: []string{"a", "b"}, MonitorTags: []string{"c", "d"}, GroupStates: []string{"alert"}, WithDowntimes: true, PageSize: 20, AfterID: "7"}
			for _, err := range datadog.ListMonitors.Pages(s.ctx, s.ours.HTTP, in) {
				ours = err
			}
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).ListMonitors(s.ctx, *datadogV1.NewListMonitorsOptionalParameters().WithName("n").WithTags("a,b").WithMonitorTags("c,d").
				WithGroupStates("alert").WithWithDowntimes(true).WithPageSize(20).WithIdOffset(7))
			return ours, sdks
		}},
		"monitors.search": {clienttest.JSON(200, `{}`), func(s sides) (error, error) {
			var ours error
			for _, err := range datadog.SearchMonitors.Pages(s.ctx, s.ours.HTTP, datadog.SearchMonitorsInput{Query: "q:*", Page: 1, PerPage: 2, Sort: "name,asc"}) {
				ours = err
			}
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).SearchMonitors(s.ctx, *datadogV1.NewSearchMonitorsOptionalParameters().WithQuery("q:*").WithPage(1).WithPerPage(2).WithSort("name,asc"))
			return ours, sdks
		}},
		"monitors.get": {ok, func(s sides) (error, error) {
			_, ours := datadog.GetMonitor.Do(s.ctx, s.ours.HTTP, datadog.GetMonitorInput{ID: "9007199254740993", GroupStates: []string{"all"}, WithDowntimes: true})
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).GetMonitor(s.ctx, 9007199254740993, *datadogV1.NewGetMonitorOptionalParameters().WithGroupStates("all").WithWithDowntimes(true))
			return ours, sdks
		}},
		"monitors.create": {ok, func(s sides) (error, error) {
			_, ours := datadog.CreateMonitor.Do(s.ctx, s.ours.HTTP, datadog.MonitorInput{Name: "n", Type: "query alert", Query: "q > 90", Message: "m", Tags: []string{"a"}, Priority: 2,
				Options: datadog.MonitorOptions{Thresholds: &datadog.Thresholds{Critical: &critical}, NotifyNoData: true, NoDataTimeframe: 20, RenotifyInterval: 60,
					EvaluationDelay: 60, NewGroupDelay: 60, TimeoutH: 1, RequireFullWindow: new(bool), IncludeTags: new(bool), NotifyAudit: true, EscalationMessage: "e"}})
			in := datadogV1.Monitor{Query: "q > 90", Type: datadogV1.MONITORTYPE_QUERY_ALERT, Tags: []string{"a"}}
			in.SetName("n")
			in.SetMessage("m")
			in.SetPriority(2)
			var options datadogV1.MonitorOptions
			options.SetThresholds(datadogV1.MonitorThresholds{Critical: &critical})
			options.SetNotifyNoData(true)
			options.SetNoDataTimeframe(20)
			options.SetRenotifyInterval(60)
			options.SetEvaluationDelay(60)
			options.SetNewGroupDelay(60)
			options.SetTimeoutH(1)
			options.SetRequireFullWindow(false)
			options.SetIncludeTags(false)
			options.SetNotifyAudit(true)
			options.SetEscalationMessage("e")
			in.SetOptions(options)
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).CreateMonitor(s.ctx, in)
			return ours, sdks
		}},
		"monitors.update": {ok, func(s sides) (error, error) {
			_, ours := datadog.UpdateMonitor.Do(s.ctx, s.ours.HTTP, datadog.UpdateMonitorInput{ID: "7", MonitorInput: datadog.MonitorInput{Message: "m", Query: "q"}})
			var in datadogV1.MonitorUpdateRequest
			in.SetMessage("m")
			in.SetQuery("q")
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).UpdateMonitor(s.ctx, 7, in)
			return ours, sdks
		}},
		"monitors.delete": {ok, func(s sides) (error, error) {
			_, ours := datadog.DeleteMonitor.Do(s.ctx, s.ours.HTTP, datadog.DeleteMonitorInput{ID: "7", Force: true})
			_, _, sdks := datadogV1.NewMonitorsApi(s.sdks).DeleteMonitor(s.ctx, 7, *datadogV1.NewDeleteMonitorOptionalParameters().WithForce("true"))
			return ours, sdks
		}},
		"dashboards.list": {clienttest.JSON(200, `{}`), func(s sides) (error, error) {
			var ours error
			for _, err := range datadog.ListDashboards.Pages(s.ctx, s.ours.HTTP, datadog.ListDashboardsInput{Shared: true, Deleted: true, Count: 2}) {
				ours = err
			}
			_, _, sdks := datadogV1.NewDashboardsApi(s.sdks).ListDashboards(s.ctx, *datadogV1.NewListDashboardsOptionalParameters().WithFilterShared(true).WithFilterDeleted(true).WithCount(2))
			return ours, sdks
		}},
		"dashboards.get": {ok, func(s sides) (error, error) {
			_, ours := datadog.GetDashboard.Do(s.ctx, s.ours.HTTP, datadog.DashboardID{ID: "abc-def-ghi"})
			_, _, sdks := datadogV1.NewDashboardsApi(s.sdks).GetDashboard(s.ctx, "abc-def-ghi")
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
