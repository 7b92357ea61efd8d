package sentry

import (
	"bytes"
	"encoding/json"
	"time"
)

// StatsInput says what to count. GroupBy, Field and a period are required.
type StatsInput struct {
	Organization string    `path:"organization"`
	GroupBy      []string  `query:"groupBy"`     // "outcome", "category", "reason", "project"
	Field        string    `query:"field"`       // "sum(quantity)", "sum(times_seen)"
	StatsPeriod  string    `query:"statsPeriod"` // "24h", or Start and End
	Start        time.Time `query:"start"`
	End          time.Time `query:"end"`
	Interval     string    `query:"interval"` // "1h"
	Project      []string  `query:"project"`
	Category     string    `query:"category"` // "error", "monitor", "attachment"
	Outcome      string    `query:"outcome"`  // "accepted", "rate_limited", "client_discard"
	Reason       string    `query:"reason"`
}

func (in *StatsInput) period() (start, end *time.Time) { return &in.Start, &in.End }

// OrganizationStats are counts: of each group the total of each field, and one value for
// each of the Intervals.
type OrganizationStats struct {
	Start     time.Time    `json:"start"`
	End       time.Time    `json:"end"`
	Intervals []time.Time  `json:"intervals"`
	Groups    []StatsGroup `json:"groups"`
}

// StatsGroup is what was counted of a group.
type StatsGroup struct {
	By     map[string]GroupName `json:"by"`
	Totals map[string]int64     `json:"totals"`
	Series map[string][]int64   `json:"series"`
}

// GroupName is what a group has in common. The ID of a project, a number to Sentry, is a
// text as elsewhere.
type GroupName string

// UnmarshalJSON reads a text or a number.
func (g *GroupName) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		return json.Unmarshal(raw, (*string)(g))
	}
	var n *json.Number
	if err := json.Unmarshal(raw, &n); err != nil || n == nil {
		return err
	}
	*g = GroupName(*n)
	return nil
}
