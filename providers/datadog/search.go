package datadog

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// SearchLogs lists the logs that a query finds, the newest first unless Sort says
// otherwise. What has been submitted can be found some seconds later.
var SearchLogs = client.List[SearchLogsInput, LogPage, FoundLog]{
	Op: client.Op[SearchLogsInput, LogPage]{
		Name: "logs.search", Method: http.MethodPost, Route: "/api/v2/logs/events/search", Repeatable: true,
	},
	Items: func(p LogPage) []FoundLog { return p.Data },
	Next: nextCursor(func(p LogPage) string { return p.Meta.Page.After },
		func(in SearchLogsInput, at string) SearchLogsInput { in.Page.Cursor = at; return in }),
}

// SearchLogsInput says which logs.
type SearchLogsInput struct {
	Filter LogFilter `json:"filter"`
	Sort   string    `json:"sort,omitempty"` // "timestamp", the oldest first; "-timestamp"
	Page   PageOf    `json:"page"`
}

// LogFilter selects logs.
type LogFilter struct {
	Query       string   `json:"query,omitempty"`        // "service:shop status:error"; "" is all
	From        string   `json:"from,omitempty"`         // "now-1d", milliseconds or RFC 3339; "" is now-15m
	To          string   `json:"to,omitempty"`           // "" is now
	Indexes     []string `json:"indexes,omitempty"`      // none is all
	StorageTier string   `json:"storage_tier,omitempty"` // "indexes", "online-archives", "flex"
}

// LogPage is a page of logs.
type LogPage struct {
	Data []FoundLog `json:"data"`
	Meta Cursor     `json:"meta"`
}

// FoundLog is a log as Datadog has stored it.
type FoundLog struct {
	ID         string `json:"id"`
	Attributes struct {
		Message   string   `json:"message"`
		Status    string   `json:"status"`
		Service   string   `json:"service"`
		Host      string   `json:"host"`
		Tags      []string `json:"tags"`
		Timestamp Moment   `json:"timestamp"`

		// Attributes are the others, as JSON.
		Attributes json.RawMessage `json:"attributes"`
	} `json:"attributes"`
}
