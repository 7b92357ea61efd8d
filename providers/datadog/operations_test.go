package datadog_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
	"github.com/standpipe-go/standpipe/retry"
)

// quick retries at once.
var quick = client.WithRetry(retry.Policy{Backoff: retry.Constant(0)})

func place(rt *clienttest.Transport) string { return rt.Last().Method + " " + rt.Last().URL }

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `202 {"status":"ok","event":{"id":9007199254740993,"id_str":"9007199254740993","url":"/event/event?id=1","new":1}}`)
		posted, err := datadog.PostEvent.Do(t.Context(), c.HTTP, datadog.Event{Title: "Deployed", Text: "Version 5", Time: now(), AlertType: "success", AggregationKey: "k"})
		require.NoError(t, err)
		require.Equal(t, "9007199254740993", posted.Event.ID)
		require.Equal(t, "POST /api/v1/events", place(rt))
		require.JSONEq(t, `{"title":"Deployed","text":"Version 5","date_happened":946684800,"alert_type":"success","aggregation_key":"k"}`, string(rt.Last().Body))

		c, rt = scripted(t, `202 {"data":{"type":"event","attributes":{"attributes":{"evt":{"uid":"abc-123"}}}}}`)
		change := map[string]any{"changed_resource": map[string]string{"name": "checkout", "type": "feature_flag"}}
		in := datadog.EventInput{Title: "checkout on", Category: "change", Message: "m", Time: time.Now().UTC(), Tags: []string{"a"}, Attributes: change}
		sent, err := datadog.SubmitEvent.Do(t.Context(), c.HTTP, in)
		require.NoError(t, err)
		require.Equal(t, "abc-123", sent.Data.Attributes.Attributes.Event.UID)
		require.Equal(t, "POST /api/v2/events", place(rt))
		require.JSONEq(t, `{"data":{"type":"event","attributes":{"title":"checkout on","category":"change","message":"m","timestamp":"2000-01-01T00:00:00Z","tags":["a"],
			"attributes":{"changed_resource":{"name":"checkout","type":"feature_flag"}}}}}`, string(rt.Last().Body))

		count := rt.Count()
		old := time.Now().Add(-18*time.Hour - time.Second)
		for want, bad := range map[string]datadog.Event{
			"has a title and a text":      {Title: "t"},
			"a title and":                 {Text: "t"},
			"longer than 4000 characters": {Title: "t", Text: strings.Repeat("é", 4001)},
			"older than 18 hours":         {Title: "t", Text: "t", Time: datadog.Time{Time: old}},
		} {
			_, err = datadog.PostEvent.Do(t.Context(), c.HTTP, bad)
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, want)
		}
		for want, bad := range map[string]datadog.EventInput{
			"a title, a category and":     {Title: "t", Category: "alert"},
			"a category and attributes":   {Title: "t", Attributes: change},
			"an event has a title":        {Category: "alert", Attributes: change},
			"longer than 4000 characters": {Title: "t", Category: "alert", Attributes: change, Message: strings.Repeat("x", 4001)},
			"older than 18 hours":         {Title: "t", Category: "alert", Attributes: change, Time: old},
		} {
			_, err = datadog.SubmitEvent.Do(t.Context(), c.HTTP, bad)
			require.ErrorIs(t, err, client.ErrRequest)
			require.ErrorContains(t, err, want)
		}
		require.Equal(t, count, rt.Count())
		_, err = datadog.PostEvent.Do(t.Context(), c.HTTP, datadog.Event{Title: "t", Text: strings.Repeat("é", 4000), Time: datadog.Time{Time: old.Add(time.Second)}})
		require.NoError(t, err)
	})
}

func TestChecks(t *testing.T) {
	c, rt := scripted(t, `202 {"status":"ok"}`)
	at := datadog.Time{Time: time.Unix(1795701845, 0)}
	in := []datadog.Check{{Check: "app.ok", Host: "web-1"}, {Check: "app.db", Status: datadog.Critical, Tags: []string{"env:prod"}, Message: "down", Time: at}}
	_, err := datadog.SubmitChecks.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.Equal(t, "POST /api/v1/check_run", place(rt))
	require.JSONEq(t, `[{"check":"app.ok","host_name":"web-1","status":0,"tags":[]},{"check":"app.db","host_name":"","status":2,"tags":["env:prod"],"message":"down","timestamp":1795701845}]`, string(rt.Last().Body))
	require.Nil(t, in[0].Tags, "the caller's own are left alone")
	for _, bad := range [][]datadog.Check{nil, {{Check: "a"}, {Host: "h"}}} {
		_, err = datadog.SubmitChecks.Do(t.Context(), c.HTTP, bad)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, 1, rt.Count())
}

func TestMonitors(t *testing.T) {
	const said = `{"id":9007199254740993,"name":"CPU","type":"query alert","query":"q","priority":null,"overall_state":"A new one","options":{"thresholds":{"critical":90},"new":1},"created":"2026-11-26T10:00:00.5+00:00","deleted":null,"creator":{"email":"a@example.com"}}`
	c, rt := scripted(t, `200 `+said)
	ctx := t.Context()
	critical := 90.0
	m, err := datadog.CreateMonitor.Do(ctx, c.HTTP, datadog.MonitorInput{Name: "CPU", Type: "query alert", Query: "q", Priority: 2,
		Options: datadog.MonitorOptions{Thresholds: &datadog.Thresholds{Critical: &critical}, NotifyNoData: true, RequireFullWindow: new(bool)}})
	require.NoError(t, err)
	require.Equal(t, datadog.ID("9007199254740993"), m.ID)
	require.Equal(t, "A new one", m.OverallState)
	require.JSONEq(t, `{"thresholds":{"critical":90},"new":1}`, string(m.Options), "what it has beside is kept")
	require.Equal(t, "POST /api/v1/monitor", place(rt))
	require.JSONEq(t, `{"name":"CPU","type":"query alert","query":"q","priority":2,"options":{"thresholds":{"critical":90},"notify_no_data":true,"require_full_window":false}}`, string(rt.Last().Body))

	_, err = datadog.UpdateMonitor.Do(ctx, c.HTTP, datadog.UpdateMonitorInput{ID: m.ID, MonitorInput: datadog.MonitorInput{Message: "new", Options: m.Options}})
	require.NoError(t, err)
	require.Equal(t, "PUT /api/v1/monitor/9007199254740993", place(rt))
	require.JSONEq(t, `{"message":"new","options":{"thresholds":{"critical":90},"new":1}}`, string(rt.Last().Body))
	_, err = datadog.GetMonitor.Do(ctx, c.HTTP, datadog.GetMonitorInput{ID: m.ID, GroupStates: []string{"alert", "no data"}, WithDowntimes: true})
	require.NoError(t, err)
	require.Equal(t, "GET /api/v1/monitor/9007199254740993?group_states=alert%2Cno+data&with_downtimes=true", place(rt))
	sent := rt.Count()
	_, err = datadog.GetMonitor.Do(ctx, c.HTTP, datadog.GetMonitorInput{}) // C39
	require.ErrorIs(t, err, client.ErrRequest)
	require.Equal(t, sent, rt.Count())

	c, rt = scripted(t, `200 {"deleted_monitor_id":7}`)
	gone, err := datadog.DeleteMonitor.Do(ctx, c.HTTP, datadog.DeleteMonitorInput{ID: "7", Force: true})
	require.NoError(t, err)
	require.Equal(t, datadog.ID("7"), gone.ID)
	require.Equal(t, "DELETE /api/v1/monitor/7?force=true", place(rt))
}

// P4: monitors are listed after the last one that was seen, to a page that is empty.
func TestP4_ListsOfMonitors(t *testing.T) {
	c, rt := scripted(t, `200 [{"id":3},{"id":9007199254740993}], 200 [{"id":9007199254740994}], 200 []`)
	var ids []string
	for m, err := range datadog.ListMonitors.All(t.Context(), c.HTTP, datadog.ListMonitorsInput{MonitorTags: []string{"a", "b"}, PageSize: 2}) {
		require.NoError(t, err)
		ids = append(ids, m.ID.String())
	}
	require.Equal(t, []string{"3", "9007199254740993", "9007199254740994"}, ids)
	require.Equal(t, []string{
		"/api/v1/monitor?id_offset=0&monitor_tags=a%2Cb&page_size=2",
		"/api/v1/monitor?id_offset=9007199254740993&monitor_tags=a%2Cb&page_size=2",
		"/api/v1/monitor?id_offset=9007199254740994&monitor_tags=a%2Cb&page_size=2",
	}, urls(rt))

	c, rt = scripted(t, `200 {"monitors":[{"id":1,"status":"Alert"}],"metadata":{"page":0,"per_page":1,"total_count":3}}, 200 {"monitors":[{"id":2}],"metadata":{"page":1,"per_page":1,"total_count":3}}, 200 {"monitors":[{"id":3,"last_triggered_ts":null}],"metadata":{"page":2,"per_page":1,"total_count":3}}`)
	n := 0
	for m, err := range datadog.SearchMonitors.All(t.Context(), c.HTTP, datadog.SearchMonitorsInput{Query: "status:alert", PerPage: 1}) {
		require.NoError(t, err)
		require.NotEmpty(t, m.ID)
		n++
	}
	require.Equal(t, 3, n)
	require.Equal(t, []string{
		"/api/v1/monitor/search?per_page=1&query=status%3Aalert", "/api/v1/monitor/search?page=1&per_page=1&query=status%3Aalert",
		"/api/v1/monitor/search?page=2&per_page=1&query=status%3Aalert",
	}, urls(rt))
	c, rt = scripted(t, `200 {"monitors":[{"id":1}],"metadata":{"page":4,"per_page":1}}, 200 {"monitors":[]}`)
	for _, err := range datadog.SearchMonitors.All(t.Context(), c.HTTP, datadog.SearchMonitorsInput{Page: 4}) {
		require.NoError(t, err)
	}
	require.Equal(t, []string{"/api/v1/monitor/search?page=4", "/api/v1/monitor/search?page=5"}, urls(rt), "where no total is told")
}

func urls(rt *clienttest.Transport) (all []string) {
	for _, r := range rt.Requests() {
		all = append(all, r.URL)
	}
	return all
}

func TestDowntimes(t *testing.T) {
	c, rt := scripted(t, `200 {"data":{"id":"00e0","type":"downtime","attributes":{"status":"active","created":"2020-01-02T03:04:05.282979+0000","modified":null,"monitor_identifier":{"monitor_id":7},"schedule":{"end":null},"run_as":1}}}`)
	ctx := t.Context()
	end := time.Date(2026, 11, 27, 1, 0, 0, 0, time.FixedZone("", 3600))
	made, err := datadog.CreateDowntime.Do(ctx, c.HTTP, datadog.DowntimeInput{MonitorID: "7", Scope: "env:prod", Message: "m", End: end, MuteFirst: true})
	require.NoError(t, err)
	require.Equal(t, "00e0", made.Data.ID)
	require.Equal(t, datadog.ID("7"), made.Data.Attributes.Monitors.ID)
	require.Equal(t, time.Date(2020, 1, 2, 3, 4, 5, 282979000, time.UTC), made.Data.Attributes.Created.Time, "an offset without a colon")
	require.Equal(t, "POST /api/v2/downtime", place(rt))
	require.JSONEq(t, `{"data":{"type":"downtime","attributes":{"monitor_identifier":{"monitor_id":7},"scope":"env:prod","message":"m",
		"mute_first_recovery_notification":true,"schedule":{"end":"2026-11-27T00:00:00Z"}}}}`, string(rt.Last().Body))
	_, err = datadog.CreateDowntime.Do(ctx, c.HTTP, datadog.DowntimeInput{MonitorTags: []string{"*"}, Scope: "*"})
	require.NoError(t, err)
	require.JSONEq(t, `{"data":{"type":"downtime","attributes":{"monitor_identifier":{"monitor_tags":["*"]},"scope":"*"}}}`, string(rt.Last().Body))
	for _, bad := range []datadog.DowntimeInput{{Scope: "*"}, {MonitorID: "7"}, {MonitorID: "7", MonitorTags: []string{"a"}, Scope: "*"}} {
		_, err = datadog.CreateDowntime.Do(ctx, c.HTTP, bad)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, 2, rt.Count())

	c, rt = scripted(t, `200 {"data":[{"id":"a"},{"id":"b"}]}, 200 {"data":[{"id":"c"}]}, 200 {"data":[]}`)
	n := 0
	for _, err := range datadog.ListDowntimes.All(ctx, c.HTTP, datadog.ListDowntimesInput{CurrentOnly: true, Limit: 2}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 3, n)
	require.Equal(t, "/api/v2/downtime?current_only=true&page%5Blimit%5D=2&page%5Boffset%5D=3", rt.Last().URL)
	c, rt = scripted(t, `204`)
	_, err = datadog.CancelDowntime.Do(ctx, c.HTTP, datadog.DowntimeID{ID: "a"})
	require.NoError(t, err)
	require.Equal(t, "DELETE /api/v2/downtime/a", place(rt))
}

func TestDashboards(t *testing.T) {
	c, rt := scripted(t, `200 {"id":"abc-def-ghi","title":"Shop","description":null,"layout_type":"ordered","url":"/dashboard/abc","created_at":"2026-11-26T10:00:00+00:00","tags":null,"widgets":[{"id":1,"definition":{"type":"new"}}],"template_variables":null}`)
	d, err := datadog.GetDashboard.Do(t.Context(), c.HTTP, datadog.DashboardID{ID: "abc-def-ghi"})
	require.NoError(t, err)
	require.Equal(t, "Shop", d.Title)
	require.JSONEq(t, `[{"id":1,"definition":{"type":"new"}}]`, string(d.Widgets))
	require.Equal(t, "GET /api/v1/dashboard/abc-def-ghi", place(rt))

	c, rt = scripted(t, `200 {"dashboards":[{"id":"a"}]}, 200 {"dashboards":[]}`)
	for d, err := range datadog.ListDashboards.All(t.Context(), c.HTTP, datadog.ListDashboardsInput{Count: 1, Shared: true}) {
		require.NoError(t, err)
		require.Equal(t, "a", d.ID)
	}
	require.Equal(t, "/api/v1/dashboard?count=1&filter%5Bshared%5D=true&start=1", rt.Last().URL)
}

func TestMoments(t *testing.T) {
	want := time.Date(2020, 1, 2, 3, 4, 5, 282979000, time.UTC)
	for text, want := range map[string]time.Time{
		`"2020-01-02T03:04:05.282979+0000"`: want, `"2020-01-02T04:04:05.282979+01:00"`: want, `"2020-01-02T03:04:05.282979Z"`: want, `null`: {}, `""`: {},
	} {
		got := datadog.Moment{Time: time.Now()}
		require.NoError(t, json.Unmarshal([]byte(text), &got), text)
		require.Equal(t, want, got.Time, text)
	}
	for _, text := range []string{`"soon"`, `1`, `"2020-01-02"`, `{}`} {
		require.Error(t, json.Unmarshal([]byte(text), new(datadog.Moment)), text)
	}
}
