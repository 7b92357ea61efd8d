package datadog

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListDowntimes lists downtimes, those that have ended lately too.
	ListDowntimes = client.List[ListDowntimesInput, DowntimePage, Downtime]{
		Op:    client.Op[ListDowntimesInput, DowntimePage]{Name: "downtimes.list", Route: "/api/v2/downtime"},
		Items: func(p DowntimePage) []Downtime { return p.Data },
		Next:  client.NextOffset("page[offset]", func(p DowntimePage) int { return len(p.Data) }),
	}

	// CreateDowntime mutes monitors within a scope for a time.
	CreateDowntime = client.Op[DowntimeInput, DowntimeResult]{
		Name: "downtimes.create", Method: http.MethodPost, Route: "/api/v2/downtime", Encode: encodeDowntime,
	}

	// CancelDowntime ends a downtime.
	CancelDowntime = client.Op[DowntimeID, client.None]{
		Name: "downtimes.cancel", Method: http.MethodDelete, Route: "/api/v2/downtime/{downtime_id}",
	}
)

// ListDowntimesInput says which downtimes.
type ListDowntimesInput struct {
	CurrentOnly bool `query:"current_only"`
	Limit       int  `query:"page[limit]"` // of a page; 0 is Datadog's own, 30
}

// DowntimePage is a page of downtimes.
type DowntimePage struct {
	Data []Downtime `json:"data"`
}

// DowntimeInput says what to mute: one monitor, or those that have all of some tags.
type DowntimeInput struct {
	MonitorID   ID       // of one monitor
	MonitorTags []string // in place of MonitorID; "*" is all monitors
	Scope       string   // "env:prod"; "*" is all of it
	Message     string
	Start       time.Time // the zero Time is now
	End         time.Time // the zero Time is never
	MuteFirst   bool      // mutes the first recovery after the downtime as well
}

func encodeDowntime(in DowntimeInput, r *client.Request) error {
	switch {
	case (in.MonitorID == "") == (len(in.MonitorTags) == 0):
		return unfit("a downtime is of a monitor, or of those with some tags: one of them, and not both")
	case in.Scope == "":
		return unfit(`a downtime has a scope, "*" where it is everything`)
	}
	type monitors struct {
		ID   ID       `json:"monitor_id,omitempty"`
		Tags []string `json:"monitor_tags,omitempty"`
	}
	type schedule struct {
		Start *time.Time `json:"start,omitempty"`
		End   *time.Time `json:"end,omitempty"`
	}
	attributes := struct {
		Monitors  monitors  `json:"monitor_identifier"`
		Scope     string    `json:"scope"`
		Message   string    `json:"message,omitempty"`
		MuteFirst bool      `json:"mute_first_recovery_notification,omitempty"`
		Schedule  *schedule `json:"schedule,omitempty"`
	}{monitors{in.MonitorID, in.MonitorTags}, in.Scope, in.Message, in.MuteFirst, nil}
	if s := (schedule{inUTC(in.Start), inUTC(in.End)}); s != (schedule{}) {
		attributes.Schedule = &s
	}
	r.Body = resourceOf("downtime", attributes)
	return nil
}

// inUTC is t as Datadog wants it, without an offset; nil for the zero Time.
func inUTC(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// DowntimeID names a downtime.
type DowntimeID struct {
	ID string `path:"downtime_id"`
}

// DowntimeResult is a downtime.
type DowntimeResult struct {
	Data Downtime `json:"data"`
}

// Downtime is a time in which monitors are muted.
type Downtime struct {
	ID         string `json:"id"`
	Attributes struct {
		Status   string `json:"status"` // "active", "scheduled", "canceled", "ended"
		Scope    string `json:"scope"`
		Message  string `json:"message"`
		Created  Moment `json:"created"`
		Modified Moment `json:"modified"`
		Monitors struct {
			ID   ID       `json:"monitor_id"`
			Tags []string `json:"monitor_tags"`
		} `json:"monitor_identifier"`
		Schedule json.RawMessage `json:"schedule"` // of one time, or recurring
	} `json:"attributes"`
}
