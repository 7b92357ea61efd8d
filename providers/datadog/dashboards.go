package datadog

import (
	"encoding/json"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListDashboards lists dashboards, without their widgets.
	ListDashboards = client.List[ListDashboardsInput, DashboardPage, DashboardSummary]{
		Op:    client.Op[ListDashboardsInput, DashboardPage]{Name: "dashboards.list", Route: "/api/v1/dashboard"},
		Items: func(p DashboardPage) []DashboardSummary { return p.Dashboards },
		Next:  client.NextOffset("start", func(p DashboardPage) int { return len(p.Dashboards) }),
	}

	// GetDashboard returns a dashboard.
	GetDashboard = client.Op[DashboardID, Dashboard]{Name: "dashboards.get", Route: "/api/v1/dashboard/{dashboard_id}"}
)

// ListDashboardsInput says which dashboards. Zero fields do not narrow the list.
type ListDashboardsInput struct {
	Shared  bool `query:"filter[shared]"`  // those that are shared publicly
	Deleted bool `query:"filter[deleted]"` // those that have been deleted
	Count   int  `query:"count"`           // a page; 0 is Datadog's own, 100
}

// DashboardPage is a page of dashboards.
type DashboardPage struct {
	Dashboards []DashboardSummary `json:"dashboards"`
}

// DashboardSummary is what a list shows of a dashboard.
type DashboardSummary struct {
	ID           string `json:"id"`
	Title        string `json:"title"`
	Description  string `json:"description"`
	LayoutType   string `json:"layout_type"` // "ordered", "free"
	URL          string `json:"url"`         // below the site
	AuthorHandle string `json:"author_handle"`
	CreatedAt    Moment `json:"created_at"`
	ModifiedAt   Moment `json:"modified_at"`
}

// DashboardID names a dashboard.
type DashboardID struct {
	ID string `path:"dashboard_id"`
}

// Dashboard is a dashboard. What it is made of is JSON, to be kept as it is.
type Dashboard struct {
	DashboardSummary
	Tags              []string        `json:"tags"`
	Widgets           json.RawMessage `json:"widgets"`
	TemplateVariables json.RawMessage `json:"template_variables"`
}
