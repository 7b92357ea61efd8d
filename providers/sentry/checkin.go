package sentry

import (
	"encoding/json"
	"time"
)

// CheckIn says how a job that runs by the clock is getting on ("Crons: Check-Ins", Sentry
// SDK docs).
type CheckIn struct {
	ID       string // 32 hexadecimal digits; "" begins one
	Monitor  string // its slug
	Status   string // CheckInOK, CheckInError or CheckInProgress
	Duration time.Duration

	// Config, if set, makes the monitor where there is none, and changes it.
	Config *MonitorConfig
}

// The statuses of a check-in.
const (
	CheckInProgress = "in_progress"
	CheckInOK       = "ok"
	CheckInError    = "error"
)

// MonitorConfig says when a job is expected: by a Crontab ("0 * * * *"), or Every so many
// Units.
type MonitorConfig struct {
	Crontab          string
	Every            int
	Unit             string // "minute", "hour", "day", "week", "month", "year"
	Timezone         string // "Europe/Vienna"; "" is UTC
	Margin           int    // in minutes; how late it may be
	MaxRuntime       int    // in minutes
	FailureThreshold int    // failures in a row before there is an issue
}

// MarshalJSON returns the form that Sentry takes.
func (c MonitorConfig) MarshalJSON() ([]byte, error) {
	type schedule struct {
		Type  string `json:"type"`
		Value any    `json:"value"`
		Unit  string `json:"unit,omitempty"`
	}
	s := schedule{"crontab", c.Crontab, ""}
	if c.Crontab == "" {
		s = schedule{"interval", c.Every, c.Unit}
	}
	return json.Marshal(struct {
		Schedule         schedule `json:"schedule"`
		Timezone         string   `json:"timezone,omitempty"`
		Margin           int      `json:"checkin_margin,omitempty"`
		MaxRuntime       int      `json:"max_runtime,omitempty"`
		FailureThreshold int      `json:"failure_issue_threshold,omitempty"`
	}{s, c.Timezone, c.Margin, c.MaxRuntime, c.FailureThreshold})
}

func (c CheckIn) encode(release, environment string) ([]byte, error) {
	return json.Marshal(struct {
		ID          string         `json:"check_in_id"`
		Monitor     string         `json:"monitor_slug"`
		Status      string         `json:"status"`
		Duration    float64        `json:"duration,omitempty"` // in seconds
		Release     string         `json:"release,omitempty"`
		Environment string         `json:"environment,omitempty"`
		Config      *MonitorConfig `json:"monitor_config,omitempty"`
	}{c.ID, c.Monitor, c.Status, c.Duration.Seconds(), release, environment, c.Config})
}
