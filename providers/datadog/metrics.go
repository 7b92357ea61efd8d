package datadog

import (
	"math"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The bounds of a submission of metrics, in bytes ("Submit metrics", Datadog docs).
const (
	MaxMetricsBytes      = 5_242_880 // before compression
	MaxMetricsCompressed = 512_000   // on the wire
)

var (
	// SubmitMetrics submits points of metrics. It is compressed; where it is too large
	// for one submission, or a point is no number, nothing is sent. A point is told by
	// its metric, tags and time, and the last one counts, so a submission is sent again
	// after a failure that may pass.
	SubmitMetrics = client.Op[Metrics, client.None]{
		Name: "metrics.submit", Method: http.MethodPost, Route: "/api/v2/series", Repeatable: true, Encode: encodeMetrics,
	}

	// SubmitDistributions submits values of which Datadog keeps the distribution. Each
	// counts, so that a submission which may have been taken is not sent again.
	SubmitDistributions = client.Op[Distributions, client.None]{
		Name: "distributions.submit", Method: http.MethodPost, Route: "/api/v1/distribution_points", Encode: encodeDistributions,
	}
)

// MetricType is what the points of a metric are.
type MetricType int

// The types.
const (
	Unspecified MetricType = iota // the metric's own, once Datadog knows it
	Count
	Rate
	Gauge
)

// Metrics are series of points.
type Metrics struct {
	Series []Series `json:"series"`
}

// Series are the points of one metric under one set of tags.
type Series struct {
	Metric    string     `json:"metric"` // "shop.orders"
	Type      MetricType `json:"type,omitempty"`
	Interval  int64      `json:"interval,omitempty"` // in seconds, of a Count or a Rate
	Points    []Point    `json:"points"`
	Tags      []string   `json:"tags,omitempty"`      // "env:prod"
	Resources []Resource `json:"resources,omitempty"` // the host is one
	Unit      string     `json:"unit,omitempty"`      // "second"
	Source    string     `json:"source_type_name,omitempty"`
}

// Point is a value at a time: at most ten minutes ahead and, unless the account takes
// older ones ("Historical Metrics Ingestion", Datadog docs), an hour ago.
type Point struct {
	Time  Time    `json:"timestamp"`
	Value float64 `json:"value"`
}

// Resource is what a series is about.
type Resource struct {
	Type string `json:"type"` // "host"
	Name string `json:"name"`
}

// Distributions are series of values.
type Distributions struct {
	Series []Distribution `json:"series"`
}

// Distribution are the values of one metric under one set of tags.
type Distribution struct {
	Metric string   `json:"metric"`
	Points []Sample `json:"points"`
	Host   string   `json:"host,omitempty"`
	Tags   []string `json:"tags,omitempty"`
}

// Sample are the values of a second.
type Sample struct {
	Time   Time
	Values []float64
}

// MarshalJSON writes [seconds, [values]].
func (s Sample) MarshalJSON() ([]byte, error) {
	return marshal([]any{s.Time, s.Values})
}

func encodeMetrics(in Metrics, r *client.Request) error {
	for i := range in.Series {
		if err := in.Series[i].check(i); err != nil {
			return err
		}
	}
	return submit(r, "application/json", len(in.Series), in)
}

// check says what is wrong with the series.
func (s *Series) check(i int) error {
	if s.Metric == "" || len(s.Points) == 0 {
		return unfit("the series at index %d has no metric or no points", i)
	}
	for j, p := range s.Points {
		if p.Time.IsZero() || !finite(p.Value) {
			return unfit("point %d of the series at index %d has no time, or its value is no number", j, i)
		}
	}
	return nil
}

func encodeDistributions(in Distributions, r *client.Request) error {
	for i := range in.Series {
		s := &in.Series[i]
		if s.Metric == "" || len(s.Points) == 0 {
			return unfit("the series at index %d has no metric or no points", i)
		}
		for j, p := range s.Points {
			ok := !p.Time.IsZero() && len(p.Values) > 0
			for _, v := range p.Values {
				ok = ok && finite(v)
			}
			if !ok {
				return unfit("point %d of the series at index %d has no time, no values, or one that is no number", j, i)
			}
		}
	}
	return submit(r, "text/json", len(in.Series), in) // the one type of this endpoint
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// submit makes series the body of r, if they fit into one.
func submit(r *client.Request, contentType string, series int, in any) error {
	if series == 0 {
		return unfit("there are no series to submit")
	}
	data, err := encoded(in, "the series")
	if err != nil {
		return err
	}
	if len(data) >= MaxMetricsBytes {
		return unfit("the series have %d bytes, and a submission has fewer than %d", len(data), MaxMetricsBytes)
	}
	if n := squeeze(r, contentType, data); n > MaxMetricsCompressed {
		return unfit("the series have %d bytes when they are compressed, and a submission has %d at most", n, MaxMetricsCompressed)
	}
	return nil
}
