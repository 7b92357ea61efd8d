package datadog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/retry"
)

// ReporterConfig says what every log has, and how much is kept. The zero value is fine.
type ReporterConfig struct {
	Service  string   // of every log that has none
	Source   string   // the same; "" is "go"
	Hostname string   // the same; "" is the host's name
	Tags     []string // of every log, and of every series, before its own: "env:prod", without a comma

	MaxItems int // logs, and series, that wait to be sent; 0 is 10,000 of each
	MaxBytes int // that they take together, as JSON; 0 is 16 MiB for each
}

// Reporter sends logs and metrics to Datadog, for a program that has no agent. It is safe
// for concurrent use. What it is given it takes at once, whatever the state of Datadog or
// the network; what it cannot take or deliver it drops, and counts.
//
// A batch that Datadog did not take for reasons that pass is sent again for ten minutes,
// and at no time before Datadog asks for it. After a failure of which it is not known
// whether Datadog took the batch, its logs can come twice.
type Reporter struct {
	config  ReporterConfig
	http    *client.Client
	logs    lane
	metrics lane
}

// NewReporter returns a Reporter for an account, which needs no application key. The
// options are those of package client, of which retries do not apply: a Reporter has its
// own.
//
// It has nothing to be stopped while it has nothing to send. A program ends with
// [Reporter.Close].
func NewReporter(cfg Config, c ReporterConfig, opts ...client.Option) (*Reporter, error) {
	cfg.ApplicationKey = nil // what is submitted needs none
	opts = append(slices.Clip(opts), client.WithRetry(retry.Never))
	d, err := New(cfg, opts...)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.Tags, misread) {
		return nil, fmt.Errorf("datadog: %w: a tag of every log is empty or has a comma in it", client.ErrConfig)
	}
	if c.Hostname == "" {
		c.Hostname, _ = os.Hostname()
	}
	c.Source = cmp.Or(c.Source, "go")
	c.Tags = slices.Clone(c.Tags)
	r := &Reporter{config: c, http: d.HTTP}
	r.logs.begin(r, "datadog logs", logsForm)
	r.metrics.begin(r, "datadog metrics", metricsForm)
	return r, nil
}

// Log takes a log, and returns false where it is dropped at once. It waits for nothing.
// What the log points to is the caller's again when Log returns. One that is longer than
// Datadog keeps, older than it takes, or wrong in another way that [SubmitLogs] names, is
// dropped and counted.
func (r *Reporter) Log(l Log) bool {
	if l.Time.IsZero() {
		l.Time = time.Now() // it may be sent later
	}
	l.Service = cmp.Or(l.Service, r.config.Service)
	l.Source = cmp.Or(l.Source, r.config.Source)
	l.Hostname = cmp.Or(l.Hostname, r.config.Hostname)
	l.Tags = slices.Concat(r.config.Tags, l.Tags)
	entry, err := l.entry(0)
	if err != nil {
		return r.logs.refuse(err)
	}
	return r.logs.offer(entry)
}

// Metric takes points of a metric, and returns false where they are dropped at once. It
// waits for nothing. Of points of one metric with the same tags and second Datadog keeps
// the last: what is counted is to be added up before, over some seconds.
func (r *Reporter) Metric(s Series) bool {
	s.Tags = slices.Concat(r.config.Tags, s.Tags)
	if r.config.Hostname != "" && !slices.ContainsFunc(s.Resources, func(r Resource) bool { return r.Type == "host" }) {
		s.Resources = append(slices.Clip(s.Resources), Resource{Type: "host", Name: r.config.Hostname})
	}
	err := s.check(0)
	if err != nil {
		return r.metrics.refuse(err)
	}
	entry, err := encoded(s, "the series")
	if err != nil {
		return r.metrics.refuse(err)
	}
	return r.metrics.offer(entry)
}

// Flush waits until what was taken before is sent or dropped. The error says how much is
// left when ctx ends; that stays in the queue.
func (r *Reporter) Flush(ctx context.Context) error {
	return both(func(l *lane) error { return l.queue.Flush(ctx) }, &r.logs, &r.metrics)
}

// Close takes nothing more and sends what there is, until ctx ends. The error says how
// much was not sent.
func (r *Reporter) Close(ctx context.Context) error {
	err := both(func(l *lane) error { return l.queue.Close(ctx) }, &r.logs, &r.metrics)
	r.http.CloseIdleConnections()
	return err
}

// Stats returns what has been counted so far.
func (r *Reporter) Stats() Stats { return Stats{Logs: r.logs.counts(), Metrics: r.metrics.counts()} }

// both does the same for two lanes at once: one does not wait for the other's time.
func both(do func(*lane) error, one, other *lane) error {
	done := make(chan error, 1)
	go func() { done <- do(other) }()
	return errors.Join(do(one), <-done)
}
