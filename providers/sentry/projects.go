package sentry

import (
	"encoding/json"
	"time"
)

// ListProjectsInput says which projects to list.
type ListProjectsInput struct {
	Organization string `path:"organization"`
	Query        string `query:"query"`
	PerPage      int    `query:"per_page"`
}

// Project is a project.
type Project struct {
	ID           string    `json:"id"`
	Slug         string    `json:"slug"`
	Name         string    `json:"name"`
	Platform     string    `json:"platform"`
	DateCreated  time.Time `json:"dateCreated"`
	FirstEvent   time.Time `json:"firstEvent"` // zero until there is one
	Environments []string  `json:"environments"`
}

// ListAlertsInput says which alert rules to list.
type ListAlertsInput struct {
	Organization string   `path:"organization"`
	Query        string   `query:"query"`
	Project      []string `query:"project"`
}

// Alert is an alert rule: who is told of what.
type Alert struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Enabled       bool            `json:"enabled"`
	Environment   string          `json:"environment"` // "" is all
	Owner         string          `json:"owner"`
	DateCreated   time.Time       `json:"dateCreated"`
	DateUpdated   time.Time       `json:"dateUpdated"`
	LastTriggered time.Time       `json:"lastTriggered"`
	DetectorIDs   []string        `json:"detectorIds"`
	Triggers      json.RawMessage `json:"triggers"`
	ActionFilters json.RawMessage `json:"actionFilters"`
}
