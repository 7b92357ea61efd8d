package auth0

import (
	"encoding/json"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on logs.
var (
	// ListLogs yields the log events after one, in the order in which Auth0 keeps them,
	// without gaps and without an end but the present: keep the ID of the last one, and
	// go on from it later. The first ID is that of any event, from the dashboard or
	// from GET /logs, which HTTP calls.
	ListLogs = client.List[ListLogsInput, []LogEvent, LogEvent]{
		Op:    client.Op[ListLogsInput, []LogEvent]{Name: "logs.list", Route: "/logs?from&take=100"},
		Items: func(page []LogEvent) []LogEvent { return page },
		Next:  nextLogs,
	}

	// GetLog fetches a log event.
	GetLog = client.Op[LogInput, LogEvent]{Name: "logs.get", Route: "/logs/{id}"}
)

// nextLogs goes on after the last event. On the page that has none Auth0 links to that
// page itself, for later.
func nextLogs(p client.Page[[]LogEvent]) (client.Request, bool) {
	if len(p.Value) == 0 {
		return client.Request{}, false
	}
	return p.With("from", p.Value[len(p.Value)-1].ID), true
}

// ListLogsInput says after which event to begin.
type ListLogsInput struct {
	From string `query:"from"` // the ID of the last event that has been seen; required
	Take int    `query:"take"` // to a page, 100 at most; 0 is 100
}

// LogInput names a log event.
type LogInput struct {
	ID string `path:"id"`
}

// LogEvent is something that happened in the tenant.
type LogEvent struct {
	ID           string          `json:"log_id"`
	Type         string          `json:"type"` // "s", "fp" and so on: "Log Event Type Codes" in the Auth0 docs
	Date         time.Time       `json:"date"`
	Description  string          `json:"description"`
	Connection   string          `json:"connection"`
	ConnectionID string          `json:"connection_id"`
	ClientID     string          `json:"client_id"`
	ClientName   string          `json:"client_name"`
	IP           string          `json:"ip"`
	UserAgent    string          `json:"user_agent"`
	UserID       string          `json:"user_id"`
	UserName     string          `json:"user_name"`
	Details      json.RawMessage `json:"details"`
}
