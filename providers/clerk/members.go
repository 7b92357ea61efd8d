package clerk

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on the members of organizations.
var (
	// ListMembers yields the memberships of an organization.
	ListMembers = client.List[ListMembersInput, Page[Membership], Membership]{
		Op: client.Op[ListMembersInput, Page[Membership]]{
			Name: "members.list", Route: "/organizations/{organization_id}/memberships",
		},
		Items: itemsOf[Membership], Next: nextPage[Membership],
	}

	// ListMembershipsOfUser yields the memberships of a user.
	ListMembershipsOfUser = client.List[ListMembershipsOfUserInput, Page[Membership], Membership]{
		Op: client.Op[ListMembershipsOfUserInput, Page[Membership]]{
			Name: "users.memberships", Route: "/users/{user_id}/organization_memberships",
		},
		Items: itemsOf[Membership], Next: nextPage[Membership],
	}

	// AddMember makes a user a member, without asking them; see InviteMember.
	AddMember = client.Op[AddMemberInput, Membership]{
		Name: "members.add", Method: http.MethodPost, Route: "/organizations/{organization_id}/memberships",
	}

	// UpdateMember gives a member another role.
	UpdateMember = client.Op[UpdateMemberInput, Membership]{
		Name: "members.update", Method: http.MethodPatch, Route: "/organizations/{organization_id}/memberships/{user_id}", Repeatable: true,
	}

	// RemoveMember ends a membership.
	RemoveMember = client.Op[MemberInput, Membership]{
		Name: "members.remove", Method: http.MethodDelete, Route: "/organizations/{organization_id}/memberships/{user_id}",
	}

	// InviteMember sends an invitation into an organization by mail.
	InviteMember = client.Op[InviteMemberInput, OrganizationInvitation]{
		Name: "members.invite", Method: http.MethodPost, Route: "/organizations/{organization_id}/invitations",
	}
)

// MemberInput names a member of an organization.
type MemberInput struct {
	OrganizationID string `path:"organization_id"`
	UserID         string `path:"user_id"`
}

// ListMembersInput selects and orders the members of an organization.
type ListMembersInput struct {
	OrganizationID string   `path:"organization_id"`
	Query          string   `query:"query"` // in any of a user's names and addresses
	UserIDs        []string `query:"user_id"`
	Roles          []string `query:"role"`     // "org:admin"
	OrderBy        string   `query:"order_by"` // a field, after + or -
	Limit          int      `query:"limit"`    // to a page, 500 at most; 0 is Clerk's 10
	Offset         int      `query:"offset"`
}

// ListMembershipsOfUserInput names the user.
type ListMembershipsOfUserInput struct {
	UserID string `path:"user_id"`
	Limit  int    `query:"limit"` // to a page, 500 at most; 0 is Clerk's 10
	Offset int    `query:"offset"`
}

// AddMemberInput is a new membership.
type AddMemberInput struct {
	OrganizationID string `path:"organization_id"`
	UserID         string `json:"user_id"`
	Role           string `json:"role"` // "org:member"
}

// UpdateMemberInput is a member's new role.
type UpdateMemberInput struct {
	MemberInput

	Role string `json:"role"` // "org:admin"
}

// InviteMemberInput is an invitation into an organization.
type InviteMemberInput struct {
	OrganizationID string         `path:"organization_id"`
	EmailAddress   string         `json:"email_address"`
	Role           string         `json:"role"`                      // "org:member"
	InviterID      string         `json:"inviter_user_id,omitempty"` // a user's ID
	RedirectURL    string         `json:"redirect_url,omitempty"`    // where the link leads
	ExpiresInDays  int            `json:"expires_in_days,omitempty"`
	PublicMetadata map[string]any `json:"public_metadata,omitempty"` // of the membership
}

// Membership is a user in an organization.
type Membership struct {
	ID             string          `json:"id"`
	Role           string          `json:"role"`
	Permissions    []string        `json:"permissions"`
	Organization   Organization    `json:"organization"`
	User           PublicUser      `json:"public_user_data"`
	PublicMetadata json.RawMessage `json:"public_metadata"`
	CreatedAt      Time            `json:"created_at"`
	UpdatedAt      Time            `json:"updated_at"`
}

// PublicUser is what other members see of a user.
type PublicUser struct {
	ID         string `json:"user_id"`
	Identifier string `json:"identifier"` // an address or the user name
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	ImageURL   string `json:"image_url"`
}
