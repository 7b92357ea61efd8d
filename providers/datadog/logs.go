package datadog

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The bounds of a submission of logs, in bytes before compression ("Send logs", Datadog
// docs). Datadog counts in MB; these are the smaller of what that can mean.
const (
	MaxLogs      = 1000      // in one submission
	MaxLogBytes  = 1_000_000 // of one log as JSON: Datadog cuts off what is more
	MaxLogsBytes = 5_000_000 // of them all
)

// SubmitLogs submits logs. Where one is longer than Datadog keeps, older than it takes,
// or has no message, none is sent, and the error names it by its index. A submission is
// compressed, and sent again after a failure that may pass: a log can come twice, and
// is not lost.
var SubmitLogs = client.Op[[]Log, client.None]{
	Name: "logs.submit", Method: http.MethodPost, Route: "/api/v2/logs", Repeatable: true, Encode: encodeLogs,
}

// Log is a log entry ("Attributes and Aliasing", Datadog docs).
type Log struct {
	Message  string    // required
	Status   string    // "error", "warn", "info", "debug" and others; "" is info
	Time     time.Time // at most 18 hours ago; the zero Time is that of the submission
	Service  string
	Source   string // the technology that it came from, by which a pipeline is chosen: "go"
	Hostname string
	Tags     []string // "env:prod", without a comma

	// Attributes are what else there is to know. None may have the name of a field of
	// the entry: message, status, timestamp, service, ddsource, hostname, ddtags.
	Attributes map[string]any
}

// reserved are the attributes that the fields of a Log are.
var reserved = [...]string{"message", "status", "timestamp", "service", "ddsource", "hostname", "ddtags"}

// MarshalJSON writes the entry, with its attributes beside its fields.
func (l Log) MarshalJSON() ([]byte, error) {
	var o object
	o.begin()
	o.member("message", l.Message)
	o.text("status", l.Status)
	if !l.Time.IsZero() {
		o.member("timestamp", l.Time.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	o.text("service", l.Service)
	o.text("ddsource", l.Source)
	o.text("hostname", l.Hostname)
	o.text("ddtags", strings.Join(l.Tags, ","))
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		if !slices.Contains(reserved[:], name) {
			o.member(name, l.Attributes[name])
		}
	}
	return o.end()
}

func encodeLogs(in []Log, r *client.Request) error {
	if n := len(in); n == 0 || n > MaxLogs {
		return unfit("a submission has 1 to %d logs, and this one has %d", MaxLogs, n)
	}
	body := []byte{'['}
	for i := range in {
		entry, err := in[i].entry(i)
		if err != nil {
			return err
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, entry...)
		if len(body) >= MaxLogsBytes {
			return unfit("the logs to the one at index %d are longer than the %d bytes that a submission may have", i, MaxLogsBytes)
		}
	}
	squeeze(r, "application/json", append(body, ']'))
	return nil
}

// misread reports whether Datadog would take a log's tag for another number of tags.
func misread(tag string) bool { return tag == "" || strings.Contains(tag, ",") }

// entry is the log as it is sent, or says what Datadog would make of it in silence.
func (l *Log) entry(i int) ([]byte, error) {
	switch {
	case l.Message == "":
		return nil, unfit("the log at index %d has no message", i)
	case tooOld(l.Time):
		return nil, unfitFor(DropTooOld, "the log at index %d is older than 18 hours, and Datadog would drop it", i)
	}
	if slices.ContainsFunc(l.Tags, misread) {
		return nil, unfit("the log at index %d has a tag that is empty or has a comma in it", i)
	}
	for _, name := range reserved {
		if _, taken := l.Attributes[name]; taken {
			return nil, unfit("the log at index %d has the attribute %s, which is a field of it", i, name)
		}
	}
	entry, err := l.MarshalJSON()
	err = unencodable(err, "the log at index %d", i)
	if err == nil && len(entry) > MaxLogBytes {
		err = unfitFor(DropTooLarge, "the log at index %d has %d bytes, and Datadog would cut it at %d", i, len(entry), MaxLogBytes)
	}
	return entry, err
}
