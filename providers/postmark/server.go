package postmark

import "github.com/standpipe-go/standpipe/client"

var (
	// GetStats returns how many emails were sent, bounced, opened and clicked.
	GetStats = client.Op[StatsInput, Stats]{Name: "stats.get", Route: "/stats/outbound"}

	// GetServer returns the server that the token is of.
	GetServer = client.Op[client.None, Server]{Name: "server.get", Route: "/server"}

	// ListServers lists the account's servers, with a client of [NewAccount].
	ListServers = listing("servers.list", "/servers", func(in *ListServersInput) *int { return &in.Count },
		func(p ServerPage) []Server { return p.Servers }, func(p ServerPage) int { return p.TotalCount })
)

// StatsInput says of what to count. Zero fields do not narrow it.
type StatsInput struct {
	Tag           string `query:"tag"`
	FromDate      string `query:"fromdate"` // "2026-11-26"
	ToDate        string `query:"todate"`
	MessageStream string `query:"messagestream"`
}

// Stats are counts, and rates in per cent.
type Stats struct {
	Sent               int     `json:"Sent"`
	Bounced            int     `json:"Bounced"`
	SMTPAPIErrors      int     `json:"SMTPAPIErrors"`
	BounceRate         float64 `json:"BounceRate"`
	SpamComplaints     int     `json:"SpamComplaints"`
	SpamComplaintsRate float64 `json:"SpamComplaintsRate"`
	Tracked            int     `json:"Tracked"`
	Opens              int     `json:"Opens"`
	UniqueOpens        int     `json:"UniqueOpens"`
	TotalClicks        int     `json:"TotalClicks"`
	UniqueLinksClicked int     `json:"UniqueLinksClicked"`
}

// ListServersInput says which servers to list.
type ListServersInput struct {
	Count int    `query:"count"` // a page; 0 is 500, the most
	Name  string `query:"name"`
}

// ServerPage is a page of servers.
type ServerPage struct {
	TotalCount int      `json:"TotalCount"`
	Servers    []Server `json:"Servers"`
}

// Server is a server of an account: what its emails have in common. Postmark's answer
// has its tokens too, which are left out here.
type Server struct {
	ID               ID     `json:"ID"`
	Name             string `json:"Name"`
	Color            string `json:"Color"`
	ServerLink       string `json:"ServerLink"`
	DeliveryType     string `json:"DeliveryType"` // "Live", "Sandbox"
	SMTPAPIActivated bool   `json:"SmtpApiActivated"`
	InboundAddress   string `json:"InboundAddress"`
	TrackOpens       bool   `json:"TrackOpens"`
	TrackLinks       string `json:"TrackLinks"`
}
