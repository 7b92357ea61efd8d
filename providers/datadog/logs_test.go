package datadog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/datadog"
)

// plain is a body as it was before compression.
func plain(t *testing.T, r clienttest.Recorded) []byte {
	t.Helper()
	if r.Header.Get("Content-Encoding") == "" {
		return r.Body
	}
	require.Equal(t, "gzip", r.Header.Get("Content-Encoding"))
	zr, err := gzip.NewReader(bytes.NewReader(r.Body))
	require.NoError(t, err)
	raw, err := io.ReadAll(zr)
	require.NoError(t, err)
	return raw
}

// A log's attributes stand beside its fields, and what is not set is not sent.
func TestALogAsItIsSent(t *testing.T) {
	c, rt := scripted(t, `202 {}`)
	at := time.Now().Add(-time.Hour)
	_, err := datadog.SubmitLogs.Do(t.Context(), c.HTTP, []datadog.Log{
		{Message: "a <b> & c", Status: "error", Time: at, Service: "shop", Source: "go", Hostname: "web-1", Tags: []string{"env:prod", "version:5"},
			Attributes: map[string]any{"order": "1042", "http": map[string]int{"status_code": 503}}},
		{Message: "m"},
	})
	require.NoError(t, err)
	require.Equal(t, "application/json", rt.Last().Header.Get("Content-Type"))
	require.Empty(t, rt.Last().Header.Get("Content-Encoding"), "a small one is not worth it")
	require.JSONEq(t, `[{"message":"a <b> & c","status":"error","timestamp":"`+at.UTC().Format("2006-01-02T15:04:05.000Z")+`","service":"shop","ddsource":"go",
		"hostname":"web-1","ddtags":"env:prod,version:5","order":"1042","http":{"status_code":503}},{"message":"m"}]`, string(rt.Last().Body))
	require.Contains(t, string(rt.Last().Body), `"a <b> & c"`, "in as few bytes as it needs")
	raw, err := json.Marshal(datadog.Log{Message: "m", Tags: []string{"a"}, Attributes: map[string]any{"message": "not twice"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"message":"m","ddtags":"a"}`, string(raw))
	_, err = json.Marshal(datadog.Log{Message: "m", Attributes: map[string]any{"f": func() {}}})
	require.Error(t, err)
}

func TestALargeSubmissionIsCompressed(t *testing.T) {
	c, rt := scripted(t, `503, 202 {}`, quick)
	log := datadog.Log{Message: strings.Repeat("x", 2000)}
	_, err := datadog.SubmitLogs.Do(t.Context(), c.HTTP, []datadog.Log{log, log})
	require.NoError(t, err)
	require.Equal(t, 2, rt.Count())
	require.Equal(t, rt.Requests()[0].Body, rt.Last().Body, "and sent again as it was")
	require.Less(t, len(rt.Last().Body), 200)
	var got []map[string]any
	require.NoError(t, json.Unmarshal(plain(t, rt.Last()), &got))
	require.Len(t, got, 2)
	require.Equal(t, log.Message, got[1]["message"])
}

// Datadog cuts what is too long and drops what is too old, with a 202. None of it is
// sent.
func TestWhatDatadogWouldCutIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rt := scripted(t, `202 {}`)
		fine := datadog.Log{Message: "m"}
		long := func(n int) datadog.Log { return datadog.Log{Message: strings.Repeat("x", n-len(`{"message":""}`))} }
		for name, tc := range map[string]struct {
			logs []datadog.Log
			want string
		}{
			"none":                  {nil, "a submission has 1 to 1000 logs, and this one has 0"},
			"too many":              {make([]datadog.Log, 1001), "a submission has 1 to 1000 logs, and this one has 1001"},
			"no message":            {[]datadog.Log{fine, {Status: "error"}}, "the log at index 1 has no message"},
			"too long":              {[]datadog.Log{fine, long(1_000_001)}, "the log at index 1 has 1000001 bytes, and Datadog would cut it at 1000000"},
			"too long altogether":   {[]datadog.Log{long(1e6), long(1e6), long(1e6), long(1e6), long(1e6)}, "the logs to the one at index 4 are longer than the 5000000 bytes that a submission may have"},
			"a byte too long":       {[]datadog.Log{long(1e6), long(1e6), long(1e6), long(1e6), long(1e6 - 5)}, "the logs to the one at index 4 are longer than the 5000000 bytes"},
			"too old":               {[]datadog.Log{{Message: "m", Time: time.Now().Add(-18*time.Hour - time.Second)}}, "the log at index 0 is older than 18 hours, and Datadog would drop it"},
			"two tags in one":       {[]datadog.Log{{Message: "m", Tags: []string{"a", "b,c"}}}, "the log at index 0 has a tag that is empty or has a comma in it"},
			"an empty tag":          {[]datadog.Log{{Message: "m", Tags: []string{""}}}, "the log at index 0 has a tag that is empty or has a comma in it"},
			"a field as attribute":  {[]datadog.Log{{Message: "m", Attributes: map[string]any{"status": "x"}}}, "the log at index 0 has the attribute status, which is a field of it"},
			"a number that is none": {[]datadog.Log{{Message: "m", Attributes: map[string]any{"f": math.NaN()}}}, "the log at index 0 holds a number for which JSON has no form"},
			"what is no JSON":       {[]datadog.Log{{Message: "m", Attributes: map[string]any{"f": make(chan int)}}}, "the log at index 0 cannot be encoded as JSON"},
		} {
			_, err := datadog.SubmitLogs.Do(t.Context(), c.HTTP, tc.logs)
			require.ErrorIs(t, err, client.ErrRequest, name)
			require.ErrorContains(t, err, tc.want, name)
			require.Zero(t, rt.Count(), name)
		}
		for name, logs := range map[string][]datadog.Log{
			"as long as may be":     {long(1_000_000)},
			"all as long as may be": {long(1e6), long(1e6), long(1e6), long(1e6), long(1e6 - 6)}, // and six more
			"as old as may be":      {{Message: "m", Time: time.Now().Add(-18 * time.Hour)}},
			"ahead":                 {{Message: "m", Time: time.Now().Add(time.Hour)}},
		} {
			_, err := datadog.SubmitLogs.Do(t.Context(), c.HTTP, logs)
			require.NoError(t, err, name)
		}
		require.Equal(t, 4, rt.Count())
		for _, r := range rt.Requests() {
			require.LessOrEqual(t, len(plain(t, r)), 5_000_000)
		}
		most := make([]datadog.Log, 1000)
		for i := range most {
			most[i] = fine
		}
		_, err := datadog.SubmitLogs.Do(t.Context(), c.HTTP, most)
		require.NoError(t, err)
	})
}

// P4: a search goes on by its cursor, which stands in the body, to the page without one.
func TestP4_Searches(t *testing.T) {
	c, rt := scripted(t, `200 {"data":[{"id":"a","attributes":{"message":"m","timestamp":"2026-11-26T10:00:00.123Z","attributes":{"order":1},"new":true}}],"meta":{"page":{"after":"c1"},"status":"done"}}, 200 {"data":[],"meta":{"page":{"after":"c2"}}}, 200 {"data":[{"id":"b"}],"meta":{"request_id":"r","warnings":[{"code":"x"}]}}`)
	var ids []string
	in := datadog.SearchLogsInput{Filter: datadog.LogFilter{Query: "service:shop", From: "now-1d"}, Sort: "timestamp", Page: datadog.PageOf{Limit: 2}}
	for l, err := range datadog.SearchLogs.All(t.Context(), c.HTTP, in) {
		require.NoError(t, err)
		ids = append(ids, l.ID)
		if l.ID == "a" {
			require.Equal(t, time.Date(2026, 11, 26, 10, 0, 0, 123e6, time.UTC), l.Attributes.Timestamp.Time)
			require.JSONEq(t, `{"order":1}`, string(l.Attributes.Attributes))
		}
	}
	require.Equal(t, []string{"a", "b"}, ids)
	require.Equal(t, 3, rt.Count())
	for i, cursor := range []string{``, `,"cursor":"c1"`, `,"cursor":"c2"`} {
		r := rt.Requests()[i]
		require.Equal(t, "POST /api/v2/logs/events/search", r.Method+" "+r.URL)
		require.JSONEq(t, `{"filter":{"query":"service:shop","from":"now-1d"},"sort":"timestamp","page":{"limit":2`+cursor+`}}`, string(r.Body))
	}
	require.Empty(t, in.Page.Cursor, "the caller's own is left alone")

	c, rt = scripted(t, `200 {"data":[{"id":"e"}],"meta":{"page":{"after":"c1"}}}, 200 {"data":[{"id":"f"}]}`)
	n := 0
	for _, err := range datadog.SearchEvents.All(t.Context(), c.HTTP, datadog.SearchEventsInput{}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 2, n)
	require.Equal(t, "/api/v2/events/search", rt.Last().URL)
	require.JSONEq(t, `{"filter":{},"page":{"cursor":"c1"}}`, string(rt.Last().Body))

	c, rt = scripted(t, `200 {"data":[{"id":"a"}],"meta":{"page":{"after":"c1"}}}`)
	for range datadog.SearchLogs.All(t.Context(), c.HTTP, in) {
		break
	}
	require.Equal(t, 1, rt.Count(), "what the loop does not read is not fetched")
	var wrong error
	for _, err := range datadog.SearchLogs.All(t.Context(), c.HTTP, in) {
		wrong = err
	}
	require.ErrorIs(t, wrong, client.ErrDecode, "a cursor that comes round is an error")
	other := func(r *client.Request) { r.Body = map[string]any{"sort": "timestamp"} }
	for _, err := range datadog.SearchLogs.All(t.Context(), c.HTTP, in, other) {
		wrong = err
	}
	require.ErrorIs(t, wrong, client.ErrDecode, "a body of the user's own has no next page, which is not the end of the list")
}
