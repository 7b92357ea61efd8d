package datadog

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/epoch"
)

var (
	// QueryMetrics returns the points of a query that is one text, as a dashboard shows
	// it: "avg:system.cpu.user{env:prod} by {host}".
	QueryMetrics = client.Op[QueryInput, QueryResult]{Name: "metrics.query", Route: "/api/v1/query"}

	// QueryTimeseries returns the points of formulas over queries, of metrics and of
	// other sources. Datadog recommends it over QueryMetrics.
	QueryTimeseries = client.Op[TimeseriesInput, Timeseries]{
		Name: "timeseries.query", Method: http.MethodPost, Route: "/api/v2/query/timeseries", Repeatable: true, Encode: encodeTimeseries,
	}
)

// QueryInput is a query. All of it is required.
type QueryInput struct {
	Query string `query:"query"`
	From  Time   `query:"from"`
	To    Time   `query:"to"`
}

// QueryResult is what a query has found.
type QueryResult struct {
	Query  string          `json:"query"`
	Series []QueriedPoints `json:"series"`
}

// QueriedPoints are the points of one scope.
type QueriedPoints struct {
	Metric      string         `json:"metric"`
	DisplayName string         `json:"display_name"`
	Scope       string         `json:"scope"` // "env:prod,host:web-1"
	Tags        []string       `json:"tag_set"`
	Expression  string         `json:"expression"`
	Points      []QueriedPoint `json:"pointlist"`
}

// QueriedPoint is a value at a time, nil where there is none.
type QueriedPoint struct {
	Time  time.Time
	Value *float64
}

// UnmarshalJSON reads [milliseconds, value].
func (p *QueriedPoint) UnmarshalJSON(text []byte) error {
	var pair [2]*float64
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	*p = QueriedPoint{Value: pair[1]}
	if pair[0] != nil {
		p.Time = time.UnixMilli(int64(*pair[0])).UTC()
	}
	return nil
}

// TimeseriesInput says which points. From, To and Queries are required.
type TimeseriesInput struct {
	From     time.Time
	To       time.Time
	Interval time.Duration // between points; 0 is Datadog's choice
	Queries  []TimeseriesQuery
	Formulas []string // "a/b"; none is the queries themselves
}

// TimeseriesQuery is a query of metrics, by its name in the formulas. For another source
// set JSON to the whole query.
type TimeseriesQuery struct {
	Name  string
	Query string // "sum:shop.orders{*}.as_count()"
	JSON  json.RawMessage
}

// MarshalJSON writes the query.
func (q TimeseriesQuery) MarshalJSON() ([]byte, error) {
	if q.JSON != nil {
		return q.JSON, nil
	}
	return json.Marshal(struct {
		Source string `json:"data_source"`
		Name   string `json:"name,omitempty"`
		Query  string `json:"query"`
	}{"metrics", q.Name, q.Query})
}

func encodeTimeseries(in TimeseriesInput, r *client.Request) error {
	type formula struct {
		Formula string `json:"formula"`
	}
	attributes := struct {
		From     epoch.Millis      `json:"from"`
		To       epoch.Millis      `json:"to"`
		Interval int64             `json:"interval,omitempty"`
		Queries  []TimeseriesQuery `json:"queries"`
		Formulas []formula         `json:"formulas,omitempty"`
	}{epoch.Millis{Time: in.From}, epoch.Millis{Time: in.To}, in.Interval.Milliseconds(), in.Queries, nil}
	if in.From.IsZero() || in.To.IsZero() || len(in.Queries) == 0 {
		return unfit("From, To or a query is missing")
	}
	for _, f := range in.Formulas {
		attributes.Formulas = append(attributes.Formulas, formula{f})
	}
	r.Body = resourceOf("timeseries_request", attributes)
	return nil
}

// Timeseries is what they are: Values[i][j] is that of Series[i] at Times[j], nil where
// there is none.
type Timeseries struct {
	Data struct {
		Attributes struct {
			Series []struct {
				GroupTags  []string `json:"group_tags"`
				QueryIndex int      `json:"query_index"` // in Formulas, else in Queries
			} `json:"series"`
			Times  []epoch.Millis `json:"times"`
			Values [][]*float64   `json:"values"`
		} `json:"attributes"`
	} `json:"data"`
}

// resource is a thing as JSON:API has it.
type resource struct {
	Data struct {
		Type       string `json:"type"`
		Attributes any    `json:"attributes"`
	} `json:"data"`
}

func resourceOf(kind string, attributes any) (r resource) {
	r.Data.Type, r.Data.Attributes = kind, attributes
	return r
}
