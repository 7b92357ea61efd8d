package clerk

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The operations on invitations and sign-in tokens.
var (
	// ListInvitations yields the invitations to the application, the newest first.
	ListInvitations = client.List[ListInvitationsInput, Page[Invitation], Invitation]{
		Op:    client.Op[ListInvitationsInput, Page[Invitation]]{Name: "invitations.list", Route: "/invitations?paginated=true"},
		Items: itemsOf[Invitation], Next: nextPage[Invitation],
	}

	// CreateInvitation invites somebody to the application by mail. It is not repeated
	// once it may have been sent.
	CreateInvitation = client.Op[CreateInvitationInput, Invitation]{
		Name: "invitations.create", Method: http.MethodPost, Route: "/invitations",
	}

	// RevokeInvitation makes an invitation's link worthless.
	RevokeInvitation = client.Op[InvitationInput, Invitation]{
		Name: "invitations.revoke", Method: http.MethodPost, Route: "/invitations/{invitation_id}/revoke",
	}

	// CreateSignInToken makes a token that signs a user in, once, without a password.
	CreateSignInToken = client.Op[CreateSignInTokenInput, SignInToken]{
		Name: "sign_in_tokens.create", Method: http.MethodPost, Route: "/sign_in_tokens",
	}

	// RevokeSignInToken makes a sign-in token worthless.
	RevokeSignInToken = client.Op[SignInTokenInput, SignInToken]{
		Name: "sign_in_tokens.revoke", Method: http.MethodPost, Route: "/sign_in_tokens/{sign_in_token_id}/revoke",
	}
)

// InvitationInput names an invitation.
type InvitationInput struct {
	ID string `path:"invitation_id"`
}

// ListInvitationsInput selects invitations.
type ListInvitationsInput struct {
	Status  string `query:"status"` // "pending", "accepted", "revoked", "expired"
	Query   string `query:"query"`  // in addresses and IDs
	OrderBy string `query:"order_by"`
	Limit   int    `query:"limit"` // to a page, 500 at most; 0 is Clerk's 10
	Offset  int    `query:"offset"`
}

// CreateInvitationInput is an invitation to the application.
type CreateInvitationInput struct {
	EmailAddress   string         `json:"email_address"`
	RedirectURL    string         `json:"redirect_url,omitempty"` // where the link leads
	Notify         *bool          `json:"notify,omitempty"`       // nil and true send the mail
	IgnoreExisting bool           `json:"ignore_existing,omitempty"`
	ExpiresInDays  int            `json:"expires_in_days,omitempty"` // 0 is Clerk's 30
	PublicMetadata map[string]any `json:"public_metadata,omitempty"` // of the user who accepts
}

// Invitation is an invitation to the application.
type Invitation struct {
	ID             string          `json:"id"`
	EmailAddress   string          `json:"email_address"`
	Status         string          `json:"status"`
	Revoked        bool            `json:"revoked"`
	URL            secret.Value    `json:"url"` // whoever has it can accept
	PublicMetadata json.RawMessage `json:"public_metadata"`
	ExpiresAt      Time            `json:"expires_at"`
	CreatedAt      Time            `json:"created_at"`
	UpdatedAt      Time            `json:"updated_at"`
}

// OrganizationInvitation is an invitation into an organization.
type OrganizationInvitation struct {
	ID             string          `json:"id"`
	OrganizationID string          `json:"organization_id"`
	EmailAddress   string          `json:"email_address"`
	Role           string          `json:"role"`
	Status         string          `json:"status"`
	URL            secret.Value    `json:"url"` // whoever has it can accept
	PublicMetadata json.RawMessage `json:"public_metadata"`
	ExpiresAt      Time            `json:"expires_at"`
	CreatedAt      Time            `json:"created_at"`
	UpdatedAt      Time            `json:"updated_at"`
}

// SignInTokenInput names a sign-in token.
type SignInTokenInput struct {
	ID string `path:"sign_in_token_id"`
}

// CreateSignInTokenInput says whom the token signs in.
type CreateSignInTokenInput struct {
	UserID           string `json:"user_id"`
	ExpiresInSeconds int    `json:"expires_in_seconds,omitempty"` // 0 is Clerk's 30 days
}

// SignInToken signs a user in.
type SignInToken struct {
	ID        string       `json:"id"`
	UserID    string       `json:"user_id"`
	Status    string       `json:"status"`
	Token     secret.Value `json:"token"`
	URL       secret.Value `json:"url"` // a page of Clerk's that takes the token
	CreatedAt Time         `json:"created_at"`
	UpdatedAt Time         `json:"updated_at"`
}
