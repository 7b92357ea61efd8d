package datadog

import "github.com/standpipe-go/standpipe/client"

// Operations is the table of the operations. Treat it as a constant.
var Operations = client.Operations{
	Validate,
	SubmitLogs, SearchLogs,
	SubmitMetrics, SubmitDistributions, QueryMetrics, QueryTimeseries,
	PostEvent, SubmitEvent, SearchEvents,
	SubmitChecks,
	ListMonitors, SearchMonitors, GetMonitor, CreateMonitor, UpdateMonitor, DeleteMonitor,
	ListDowntimes, CreateDowntime, CancelDowntime,
	ListDashboards, GetDashboard,
}

// Validate says whether the API key is valid: Datadog refuses one that is not. It does
// not look at the application key.
var Validate = client.Op[client.None, Validation]{Name: "keys.validate", Route: "/api/v1/validate"}

// Validation says that a key is valid.
type Validation struct {
	Valid bool `json:"valid"`
}

// all are the items of a list that is a page by itself.
func all[T any](page []T) []T { return page }

// nextCursor puts a page's cursor into the body of the search that follows it.
func nextCursor[In, Out any](cursor func(Out) string, with func(In, string) In) func(client.Page[Out]) (client.Request, bool) {
	return func(p client.Page[Out]) (client.Request, bool) {
		r, at := p.Request, cursor(p.Value)
		in, ok := r.Body.(In)
		if at == "" {
			return client.Request{}, false
		}
		// Where an edit has put another body there, the page is the same again, which
		// Pages says.
		if ok {
			r.Body = with(in, at)
		}
		return r, true
	}
}

// Cursor is where a page ends.
type Cursor struct {
	Page struct {
		After string `json:"after"` // "" of the last page
	} `json:"page"`
	RequestID string   `json:"request_id"`
	Status    string   `json:"status"` // "done", "timeout"
	Warnings  Warnings `json:"warnings"`
}

// Warnings say why a page may not be whole.
type Warnings []struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// PageOf says how many items a page of a search has, and after which it begins.
type PageOf struct {
	Limit  int    `json:"limit,omitempty"`  // 1,000 at most; 0 is Datadog's own, 10
	Cursor string `json:"cursor,omitempty"` // "" is the first page
}
