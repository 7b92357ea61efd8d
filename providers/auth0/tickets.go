package auth0

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The operations on tickets: links for a user that the application sends itself.
var (
	// CreatePasswordTicket makes a link by which a user sets a password.
	CreatePasswordTicket = client.Op[PasswordTicketInput, Ticket]{
		Name: "tickets.password", Method: http.MethodPost, Route: "/tickets/password-change",
	}

	// CreateVerificationTicket makes a link by which a user verifies an address.
	CreateVerificationTicket = client.Op[VerificationTicketInput, Ticket]{
		Name: "tickets.verification", Method: http.MethodPost, Route: "/tickets/email-verification",
	}
)

// PasswordTicketInput names a user by UserID, or by Email and ConnectionID.
type PasswordTicketInput struct {
	UserID       string `json:"user_id,omitempty"`
	Email        string `json:"email,omitempty"`
	ConnectionID string `json:"connection_id,omitempty"`
	ResultURL    string `json:"result_url,omitempty"` // where the link ends
	ClientID     string `json:"client_id,omitempty"`  // in place of ResultURL
	Organization string `json:"organization_id,omitempty"`
	Seconds      int    `json:"ttl_sec,omitempty"` // for which it is valid; 0 is Auth0's 5 days
	MarkVerified bool   `json:"mark_email_as_verified,omitempty"`
}

// VerificationTicketInput names a user.
type VerificationTicketInput struct {
	UserID       string `json:"user_id"`
	ResultURL    string `json:"result_url,omitempty"` // where the link ends
	ClientID     string `json:"client_id,omitempty"`  // in place of ResultURL
	Organization string `json:"organization_id,omitempty"`
	Seconds      int    `json:"ttl_sec,omitempty"` // for which it is valid; 0 is Auth0's 5 days
}

// Ticket is a link for one user: whoever has it is that user to Auth0.
type Ticket struct {
	URL secret.Value `json:"ticket"`
}
