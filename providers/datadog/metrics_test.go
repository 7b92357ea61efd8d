package datadog_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

func series(n int, metric func(int) string) datadog.Metrics {
	var m datadog.Metrics
	for i := range n {
		m.Series = append(m.Series, datadog.Series{Metric: metric(i), Points: []datadog.Point{{Time: now(), Value: 1}}})
	}
	return m
}

func TestMetricsAsTheyAreSent(t *testing.T) {
	c, rt := scripted(t, `202 {"errors":[]}`)
	at := datadog.Time{Time: time.Unix(1795701845, 0)}
	_, err := datadog.SubmitMetrics.Do(t.Context(), c.HTTP, datadog.Metrics{Series: []datadog.Series{
		{Metric: "shop.orders", Type: datadog.Count, Interval: 10, Points: []datadog.Point{{at, 5}, {at, 0.25}}, Tags: []string{"env:prod"},
			Resources: []datadog.Resource{{Type: "host", Name: "web-1"}}, Unit: "order", Source: "go"},
		{Metric: "m", Points: []datadog.Point{{at, -1e300}}},
	}})
	require.NoError(t, err)
	require.Equal(t, "POST /api/v2/series", rt.Last().Method+" "+rt.Last().URL)
	require.JSONEq(t, `{"series":[{"metric":"shop.orders","type":1,"interval":10,"points":[{"timestamp":1795701845,"value":5},{"timestamp":1795701845,"value":0.25}],
		"tags":["env:prod"],"resources":[{"type":"host","name":"web-1"}],"unit":"order","source_type_name":"go"},
		{"metric":"m","points":[{"timestamp":1795701845,"value":-1e300}]}]}`, string(rt.Last().Body))

	_, err = datadog.SubmitDistributions.Do(t.Context(), c.HTTP, datadog.Distributions{Series: []datadog.Distribution{
		{Metric: "shop.latency", Points: []datadog.Sample{{at, []float64{1, 2.5}}}, Host: "web-1", Tags: []string{"env:prod"}}}})
	require.NoError(t, err)
	require.Equal(t, "POST /api/v1/distribution_points", rt.Last().Method+" "+rt.Last().URL)
	require.Equal(t, "text/json", rt.Last().Header.Get("Content-Type"))
	require.JSONEq(t, `{"series":[{"metric":"shop.latency","points":[[1795701845,[1,2.5]]],"host":"web-1","tags":["env:prod"]}]}`, string(rt.Last().Body))
}

// A submission that Datadog refuses as a whole, or a point that it would drop, is not
// sent.
func TestMetricsThatAreRefused(t *testing.T) {
	c, rt := scripted(t, `202 {"errors":[]}`)
	at := now()
	one := func(points ...datadog.Point) datadog.Metrics {
		return datadog.Metrics{Series: []datadog.Series{{Metric: "m", Points: []datadog.Point{{at, 1}}}, {Metric: "n", Points: points}}}
	}
	random := func(int) string { return fmt.Sprintf("m.%x.%x.%x", rand.Uint64(), rand.Uint64(), rand.Uint64()) }
	for want, in := range map[string]datadog.Metrics{
		"there are no series to submit":                      {},
		"the series at index 1 has no metric or no points":   one(),
		"the series at index 0 has no metric or no points":   {Series: []datadog.Series{{Points: []datadog.Point{{at, 1}}}}},
		"point 0 of the series at index 1 has no time":       one(datadog.Point{Value: 1}),
		"point 1 of the series at index 1 has no time, or":   one(datadog.Point{at, 1}, datadog.Point{at, math.NaN()}),
		"or its value is no number":                          one(datadog.Point{at, math.Inf(-1)}),
		"bytes, and a submission has fewer than 5242880":     series(100_000, func(int) string { return "metric.of.some.name" }),
		"when they are compressed, and a submission has 512": series(22_000, random),
	} {
		_, err := datadog.SubmitMetrics.Do(t.Context(), c.HTTP, in)
		require.ErrorIs(t, err, client.ErrRequest, want)
		require.ErrorContains(t, err, want)
	}
	for want, in := range map[string]datadog.Distribution{
		"the series at index 0 has no metric or no points": {Metric: "m"},
		"the series at index 0 has no metric":              {Points: []datadog.Sample{{at, []float64{1}}}},
		"point 0 of the series at index 0 has no time":     {Metric: "m", Points: []datadog.Sample{{Values: []float64{1}}}},
		"no values":             {Metric: "m", Points: []datadog.Sample{{Time: at}}},
		"one that is no number": {Metric: "m", Points: []datadog.Sample{{at, []float64{1, math.Inf(1), 2}}}},
	} {
		_, err := datadog.SubmitDistributions.Do(t.Context(), c.HTTP, datadog.Distributions{Series: []datadog.Distribution{in}})
		require.ErrorIs(t, err, client.ErrRequest, want)
		require.ErrorContains(t, err, want)
	}
	_, err := datadog.SubmitDistributions.Do(t.Context(), c.HTTP, datadog.Distributions{})
	require.ErrorIs(t, err, client.ErrRequest)
	require.Zero(t, rt.Count())

	_, err = datadog.SubmitMetrics.Do(t.Context(), c.HTTP, series(50_000, func(int) string { return "metric.of.some.name" }))
	require.NoError(t, err, "what compresses well may be large")
	require.Equal(t, "gzip", rt.Last().Header.Get("Content-Encoding"))
	require.Less(t, len(rt.Last().Body), 512_000)
	require.Greater(t, len(plain(t, rt.Last())), 2_000_000)
}

func TestQueries(t *testing.T) {
	from, to := time.Unix(1795700000, 0), time.Unix(1795701000, 0)
	c, rt := scripted(t, `200 {"status":"ok","query":"q","series":[{"metric":"system.cpu.idle","scope":"host:a","tag_set":["host:a"],"unit":[{"name":"percent"},null],"pointlist":[[1681683300000.0,77.6],[1681683310000,null],[null,1]]}]}`)
	found, err := datadog.QueryMetrics.Do(t.Context(), c.HTTP, datadog.QueryInput{Query: "avg:system.cpu.idle{*}", From: datadog.Time{Time: from}, To: datadog.Time{Time: to}})
	require.NoError(t, err)
	require.Equal(t, "GET /api/v1/query?from=1795700000&query=avg%3Asystem.cpu.idle%7B%2A%7D&to=1795701000", rt.Last().Method+" "+rt.Last().URL)
	points := found.Series[0].Points
	require.Equal(t, time.UnixMilli(1681683300000).UTC(), points[0].Time)
	require.Equal(t, 77.6, *points[0].Value)
	require.Nil(t, points[1].Value)
	require.True(t, points[2].Time.IsZero())
	for _, bad := range []string{`{}`, `["x",1]`, `1`} {
		c, _ = scripted(t, `200 {"series":[{"pointlist":[`+bad+`]}]}`)
		_, err = datadog.QueryMetrics.Do(t.Context(), c.HTTP, datadog.QueryInput{Query: "q"})
		require.ErrorIs(t, err, client.ErrDecode, bad)
	}

	c, rt = scripted(t, `200 {"data":{"type":"timeseries_response","attributes":{"series":[{"group_tags":["env:prod"],"query_index":0,"unit":null}],"times":[1795700000000,1795700010000],"values":[[1.5,null]]}}}`)
	in := datadog.TimeseriesInput{From: from, To: to, Interval: 10 * time.Second, Formulas: []string{"a*2"},
		Queries: []datadog.TimeseriesQuery{{Name: "a", Query: "sum:m{*}"}, {JSON: []byte(`{"data_source":"logs","name":"b","compute":{"aggregation":"count"}}`)}}}
	ts, err := datadog.QueryTimeseries.Do(t.Context(), c.HTTP, in)
	require.NoError(t, err)
	require.JSONEq(t, `{"data":{"type":"timeseries_request","attributes":{"from":1795700000000,"to":1795701000000,"interval":10000,"formulas":[{"formula":"a*2"}],
		"queries":[{"data_source":"metrics","name":"a","query":"sum:m{*}"},{"data_source":"logs","name":"b","compute":{"aggregation":"count"}}]}}}`, string(rt.Last().Body))
	got := ts.Data.Attributes
	require.Equal(t, from.UTC(), got.Times[0].Time)
	require.Equal(t, 1.5, *got.Values[0][0])
	require.Nil(t, got.Values[0][1])
	for _, none := range []datadog.TimeseriesInput{{To: to, Queries: in.Queries}, {From: from, Queries: in.Queries}, {From: from, To: to}} {
		_, err = datadog.QueryTimeseries.Do(t.Context(), c.HTTP, none)
		require.ErrorIs(t, err, client.ErrRequest)
	}
	require.Equal(t, 1, rt.Count())
}
