package sentry

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// The statuses of an issue. Others come.
const (
	Resolved   = "resolved"
	Unresolved = "unresolved"
	Ignored    = "ignored" // archived
)

// ListIssuesInput says which issues to list. Zero fields are Sentry's defaults.
type ListIssuesInput struct {
	Organization string    `path:"organization"`
	Query        *string   `query:"query"` // nil is "is:unresolved", "" all
	Project      []string  `query:"project"`
	Environment  []string  `query:"environment"`
	StatsPeriod  string    `query:"statsPeriod"` // "24h", "14d"
	Start        time.Time `query:"start"`
	End          time.Time `query:"end"`
	Sort         string    `query:"sort"` // "date", "new", "freq", "user", "trends"
	Limit        int       `query:"limit"`
}

func (in *ListIssuesInput) period() (start, end *time.Time) { return &in.Start, &in.End }

// IssueInput names an issue.
type IssueInput struct {
	Organization string `path:"organization"`
	Issue        string `path:"issue"` // its ID
}

// UpdateIssueInput is what changes of an issue. Zero fields stay.
type UpdateIssueInput struct {
	Organization string `path:"organization"`
	Issue        string `path:"issue"` // its ID
	IssueChange
}

// UpdateIssuesInput is what changes of several issues: those of the IDs or, where only
// the status changes, those that a Query finds. One of the two is required: Sentry would
// take every unresolved issue.
type UpdateIssuesInput struct {
	Organization string   `path:"organization"`
	IDs          []string `query:"id"`
	Query        *string  `query:"query"` // "is:unresolved"; "" finds all
	Project      []string `query:"project"`
	IssueChange
}

func (in UpdateIssuesInput) check() error {
	switch {
	case len(in.IDs) == 0 && in.Query == nil:
		return errors.New("the issues to change are named by their IDs or a query")
	case slices.Contains(in.IDs, ""):
		return errors.New("the ID of an issue is empty")
	}
	return nil
}

// IssueChange is what changes of an issue. Zero fields stay.
type IssueChange struct {
	Status        string         `json:"status,omitempty"`
	StatusDetails *StatusDetails `json:"statusDetails,omitempty"`
	Substatus     string         `json:"substatus,omitempty"`  // "archived_until_escalating"
	AssignedTo    *string        `json:"assignedTo,omitempty"` // "user:7", "team:5", a user's name or email; "" is nobody
	Priority      string         `json:"priority,omitempty"`   // "low", "medium", "high"
	HasSeen       *bool          `json:"hasSeen,omitempty"`
	IsBookmarked  *bool          `json:"isBookmarked,omitempty"`
	IsSubscribed  *bool          `json:"isSubscribed,omitempty"`
}

// StatusDetails says more about a status: what an issue is resolved in, or how long it is
// ignored.
type StatusDetails struct {
	InRelease      string `json:"inRelease,omitempty"` // a version, or "latest"
	InNextRelease  bool   `json:"inNextRelease,omitempty"`
	IgnoreDuration int    `json:"ignoreDuration,omitempty"` // in minutes
	IgnoreCount    int    `json:"ignoreCount,omitempty"`
	IgnoreWindow   int    `json:"ignoreWindow,omitempty"` // in minutes
}

// Issue is a group of events.
type Issue struct {
	ID         string          `json:"id"`
	ShortID    string          `json:"shortId"` // "SHOP-7"
	Title      string          `json:"title"`
	Culprit    string          `json:"culprit"`
	Permalink  string          `json:"permalink"`
	Level      Level           `json:"level"`
	Status     string          `json:"status"`
	Substatus  string          `json:"substatus"`
	Priority   string          `json:"priority"`
	Platform   string          `json:"platform"`
	Type       string          `json:"type"` // "error", "default"
	Project    IssueProject    `json:"project"`
	Count      string          `json:"count"` // of events, as Sentry has it: a text
	UserCount  int             `json:"userCount"`
	FirstSeen  time.Time       `json:"firstSeen"`
	LastSeen   time.Time       `json:"lastSeen"`
	AssignedTo *Actor          `json:"assignedTo"` // nil is nobody
	Metadata   json.RawMessage `json:"metadata"`   // by type
}

// IssueProject is the project of an issue.
type IssueProject struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// Actor is a user or a team.
type Actor struct {
	Type  string `json:"type"` // "user", "team"
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"` // of a user
}

// ListIssueEventsInput says which events of an issue to list. Zero fields are Sentry's
// defaults.
type ListIssueEventsInput struct {
	Organization string    `path:"organization"`
	Issue        string    `path:"issue"` // its ID
	Query        string    `query:"query"`
	Environment  []string  `query:"environment"`
	StatsPeriod  string    `query:"statsPeriod"` // "24h", "14d"
	Start        time.Time `query:"start"`
	End          time.Time `query:"end"`
	Full         bool      `query:"full"` // with what the event held: client.Call of a type of your own
	PerPage      int       `query:"per_page"`
}

func (in *ListIssueEventsInput) period() (start, end *time.Time) { return &in.Start, &in.End }

// IssueEvent is an event of an issue as a list has it.
type IssueEvent struct {
	EventID     string          `json:"eventID"` // as [Reporter.Capture] returned it
	IssueID     string          `json:"groupID"`
	ProjectID   string          `json:"projectID"`
	Type        string          `json:"event.type"`
	Title       string          `json:"title"`
	Message     string          `json:"message"`
	Culprit     string          `json:"culprit"`
	Platform    string          `json:"platform"`
	DateCreated time.Time       `json:"dateCreated"`
	Tags        []Tag           `json:"tags"`
	Metadata    json.RawMessage `json:"metadata"` // by type
}

// Tag is a tag of an event.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}
