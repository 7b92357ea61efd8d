package datadog

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/client"
)

// ID is the identifier of a monitor, as text. In Datadog's JSON it is a number.
type ID = json.Number

var (
	// ListMonitors lists monitors in the order of their identifiers. What is made or
	// deleted meanwhile moves no page.
	ListMonitors = client.List[ListMonitorsInput, []Monitor, Monitor]{
		Op:    client.Op[ListMonitorsInput, []Monitor]{Name: "monitors.list", Route: "/api/v1/monitor", Encode: encodeListMonitors},
		Items: all[Monitor],
		Next:  client.NextCursor("id_offset", lastID),
	}

	// SearchMonitors lists the monitors that a query finds, with what a list shows of
	// them. [GetMonitor] has the rest.
	SearchMonitors = client.List[SearchMonitorsInput, MonitorPage, FoundMonitor]{
		Op:    client.Op[SearchMonitorsInput, MonitorPage]{Name: "monitors.search", Route: "/api/v1/monitor/search"},
		Items: func(p MonitorPage) []FoundMonitor { return p.Monitors },
		Next:  nextPage,
	}

	// GetMonitor returns a monitor.
	GetMonitor = client.Op[GetMonitorInput, Monitor]{Name: "monitors.get", Route: "/api/v1/monitor/{monitor_id}"}

	// CreateMonitor makes a monitor. To mute one, see [CreateDowntime].
	CreateMonitor = client.Op[MonitorInput, Monitor]{
		Name: "monitors.create", Method: http.MethodPost, Route: "/api/v1/monitor", Encode: encodeMonitor,
	}

	// UpdateMonitor changes what is set of a monitor.
	UpdateMonitor = client.Op[UpdateMonitorInput, Monitor]{
		Name: "monitors.update", Method: http.MethodPut, Route: "/api/v1/monitor/{monitor_id}",
	}

	// DeleteMonitor deletes a monitor.
	DeleteMonitor = client.Op[DeleteMonitorInput, DeletedMonitor]{
		Name: "monitors.delete", Method: http.MethodDelete, Route: "/api/v1/monitor/{monitor_id}",
	}
)

// ListMonitorsInput says which monitors. Zero fields do not narrow the list.
type ListMonitorsInput struct {
	Name          string
	Tags          []string // of the scope: "host:web-1"
	MonitorTags   []string // of the monitor itself
	GroupStates   []string // "all", "alert", "warn", "no data": shows them in State
	WithDowntimes bool
	PageSize      int // 1,000 at most; 0 is Datadog's own, 100
	AfterID       ID  // "" begins with the first monitor
}

// encodeListMonitors always says after which monitor: otherwise the first page would be
// all of them.
func encodeListMonitors(in ListMonitorsInput, r *client.Request) error {
	r.Query = url.Values{"id_offset": {cmp.Or(in.AfterID.String(), "0")}}
	set := func(name, value string) {
		if value != "" {
			r.Query.Set(name, value)
		}
	}
	set("name", in.Name)
	set("tags", strings.Join(in.Tags, ","))
	set("monitor_tags", strings.Join(in.MonitorTags, ","))
	set("group_states", strings.Join(in.GroupStates, ","))
	if in.WithDowntimes {
		set("with_downtimes", "true")
	}
	if in.PageSize != 0 {
		set("page_size", strconv.Itoa(in.PageSize))
	}
	return nil
}

func lastID(page []Monitor) string {
	if len(page) == 0 {
		return ""
	}
	return page[len(page)-1].ID.String()
}

// Monitor is a monitor.
type Monitor struct {
	ID           ID              `json:"id"`
	Name         string          `json:"name"`
	Type         string          `json:"type"`
	Query        string          `json:"query"`
	Message      string          `json:"message"`
	Tags         []string        `json:"tags"`
	Priority     int             `json:"priority"`      // 1 is the highest, 5 the lowest, 0 none
	OverallState string          `json:"overall_state"` // "OK", "Alert", "No Data" and others
	Options      json.RawMessage `json:"options"`       // see [MonitorOptions]
	State        json.RawMessage `json:"state"`         // of its groups, where they were asked for
	Created      Moment          `json:"created"`
	Modified     Moment          `json:"modified"`
	Creator      struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"creator"`
}

// GetMonitorInput names a monitor.
type GetMonitorInput struct {
	ID            ID       `path:"monitor_id"`
	GroupStates   []string `query:"group_states,comma"`
	WithDowntimes bool     `query:"with_downtimes"`
}

// MonitorInput is what a monitor is made of. Type and Query are required of a new one.
type MonitorInput struct {
	Name     string   `json:"name,omitempty"`
	Type     string   `json:"type,omitempty"`  // "metric alert", "query alert", "log alert" and others
	Query    string   `json:"query,omitempty"` // "avg(last_5m):avg:system.cpu.user{env:prod} > 90"
	Message  string   `json:"message,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Priority int      `json:"priority,omitempty"`

	// Options are a [MonitorOptions], what another monitor's Options are, or anything
	// else that is an object in JSON.
	Options any `json:"options,omitempty"`
}

func encodeMonitor(in MonitorInput, r *client.Request) error {
	if in.Type == "" || in.Query == "" {
		return unfit("a monitor has a type and a query")
	}
	r.Body = in
	return nil
}

// MonitorOptions are those that most monitors have.
type MonitorOptions struct {
	Thresholds        *Thresholds `json:"thresholds,omitempty"`
	NotifyNoData      bool        `json:"notify_no_data,omitempty"`
	NoDataTimeframe   int         `json:"no_data_timeframe,omitempty"`   // minutes
	RenotifyInterval  int         `json:"renotify_interval,omitempty"`   // minutes
	EvaluationDelay   int         `json:"evaluation_delay,omitempty"`    // seconds
	NewGroupDelay     int         `json:"new_group_delay,omitempty"`     // seconds
	TimeoutH          int         `json:"timeout_h,omitempty"`           // hours until it resolves by itself
	RequireFullWindow *bool       `json:"require_full_window,omitempty"` // nil is Datadog's choice
	IncludeTags       *bool       `json:"include_tags,omitempty"`        // in the notification's title
	NotifyAudit       bool        `json:"notify_audit,omitempty"`
	EscalationMessage string      `json:"escalation_message,omitempty"`
}

// Thresholds are those of a monitor; nil is none.
type Thresholds struct {
	Critical         *float64 `json:"critical,omitempty"`
	CriticalRecovery *float64 `json:"critical_recovery,omitempty"`
	Warning          *float64 `json:"warning,omitempty"`
	WarningRecovery  *float64 `json:"warning_recovery,omitempty"`
	OK               *float64 `json:"ok,omitempty"`
}

// UpdateMonitorInput is what is changed of a monitor: what is not zero.
type UpdateMonitorInput struct {
	ID ID `path:"monitor_id"`
	MonitorInput
}

// DeleteMonitorInput names a monitor. Force deletes one that others refer to.
type DeleteMonitorInput struct {
	ID    ID   `path:"monitor_id"`
	Force bool `query:"force"`
}

// DeletedMonitor names the monitor that has been deleted.
type DeletedMonitor struct {
	ID ID `json:"deleted_monitor_id"`
}

// SearchMonitorsInput says which monitors.
type SearchMonitorsInput struct {
	Query   string `query:"query"` // "type:metric status:alert"; "" is all
	Page    int    `query:"page"`
	PerPage int    `query:"per_page"` // 0 is Datadog's own, 30
	Sort    string `query:"sort"`     // "name,asc"; fields: name, status, tags
}

// MonitorPage is a page of monitors.
type MonitorPage struct {
	Monitors []FoundMonitor `json:"monitors"`
	Metadata struct {
		Page       int `json:"page"`
		PageCount  int `json:"page_count"`
		PerPage    int `json:"per_page"`
		TotalCount int `json:"total_count"`
	} `json:"metadata"`
}

// FoundMonitor is what a search shows of a monitor.
type FoundMonitor struct {
	ID             ID       `json:"id"`
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	Query          string   `json:"query"`
	Status         string   `json:"status"`
	Tags           []string `json:"tags"`
	Scopes         []string `json:"scopes"`
	Classification string   `json:"classification"`
	LastTriggered  Time     `json:"last_triggered_ts"`
}

// nextPage counts pages from 0. A search that says how many monitors there are, all of
// which have been seen, needs no page that is empty.
func nextPage(p client.Page[MonitorPage]) (client.Request, bool) {
	meta := p.Value.Metadata
	if len(p.Value.Monitors) == 0 || meta.TotalCount > 0 && meta.PerPage > 0 && (meta.Page+1)*meta.PerPage >= meta.TotalCount {
		return client.Request{}, false
	}
	return p.With("page", strconv.Itoa(meta.Page+1)), true
}
