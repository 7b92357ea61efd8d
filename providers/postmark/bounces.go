package postmark

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

var (
	// ListBounces lists bounces, the newest first.
	ListBounces = listing("bounces.list", "/bounces", func(in *ListBouncesInput) *int { return &in.Count },
		func(p BouncePage) []Bounce { return p.Bounces }, func(p BouncePage) int { return p.TotalCount })

	// ActivateBounce makes the address of a bounce active again, where its CanActivate is
	// true. It changes nothing to do it twice.
	ActivateBounce = client.Op[BounceInput, Activation]{
		Name: "bounces.activate", Method: http.MethodPut, Route: "/bounces/{bounceid}/activate",
	}
)

// ListBouncesInput says which bounces to list. Zero fields do not narrow the list.
type ListBouncesInput struct {
	Count         int    `query:"count"` // a page; 0 is 500, the most
	Type          string `query:"type"`  // "HardBounce", "SpamComplaint", …
	Inactive      *bool  `query:"inactive"`
	Email         string `query:"emailFilter"`
	MessageID     string `query:"messageID"`
	Tag           string `query:"tag"`
	FromDate      string `query:"fromdate"` // "2026-11-26", or with a time: "2026-11-26T12:00:00"
	ToDate        string `query:"todate"`
	MessageStream string `query:"messagestream"`
}

// BouncePage is a page of bounces.
type BouncePage struct {
	TotalCount int      `json:"TotalCount"`
	Bounces    []Bounce `json:"Bounces"`
}

// Bounce is an email that came back, or a complaint.
type Bounce struct {
	ID            ID        `json:"ID"`
	Type          string    `json:"Type"` // "HardBounce", "SpamComplaint", …
	TypeCode      int       `json:"TypeCode"`
	Name          string    `json:"Name"`
	Description   string    `json:"Description"`
	Details       string    `json:"Details"`
	Email         string    `json:"Email"`
	From          string    `json:"From"`
	Subject       string    `json:"Subject"`
	Tag           string    `json:"Tag"`
	MessageID     string    `json:"MessageID"`
	MessageStream string    `json:"MessageStream"`
	BouncedAt     time.Time `json:"BouncedAt"`
	Inactive      bool      `json:"Inactive"`    // Postmark sends to the address no more
	CanActivate   bool      `json:"CanActivate"` // false after a complaint
}

// BounceInput names a bounce.
type BounceInput struct {
	ID ID `path:"bounceid"`
}

// Activation is the outcome of ActivateBounce.
type Activation struct {
	Message string `json:"Message"`
	Bounce  Bounce `json:"Bounce"`
}
