package sendgrid

import "github.com/standpipe-go/standpipe/client"

// GetStats returns what became of the mails of each day.
var GetStats = client.Op[StatsInput, []DayStats]{Name: "stats.get", Route: "/v3/stats"}

// StatsInput says of when. StartDate is required.
type StatsInput struct {
	StartDate    string `query:"start_date"`    // "2026-11-26"
	EndDate      string `query:"end_date"`      // "" is today
	AggregatedBy string `query:"aggregated_by"` // "day", "week", "month"
}

// DayStats are those of a day, or of the week or month that begins with it.
type DayStats struct {
	Date  string `json:"date"`
	Stats []struct {
		Metrics Metrics `json:"metrics"`
	} `json:"stats"`
}

// Metrics are counts.
type Metrics struct {
	Requests         int `json:"requests"`
	Processed        int `json:"processed"`
	Delivered        int `json:"delivered"`
	Deferred         int `json:"deferred"`
	Blocks           int `json:"blocks"`
	Bounces          int `json:"bounces"`
	BounceDrops      int `json:"bounce_drops"`
	InvalidEmails    int `json:"invalid_emails"`
	Opens            int `json:"opens"`
	UniqueOpens      int `json:"unique_opens"`
	Clicks           int `json:"clicks"`
	UniqueClicks     int `json:"unique_clicks"`
	SpamReports      int `json:"spam_reports"`
	SpamReportDrops  int `json:"spam_report_drops"`
	Unsubscribes     int `json:"unsubscribes"`
	UnsubscribeDrops int `json:"unsubscribe_drops"`
}
