package clerk

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on organizations.
var (
	// ListOrganizations yields organizations, the newest first.
	ListOrganizations = client.List[ListOrganizationsInput, Page[Organization], Organization]{
		Op:    client.Op[ListOrganizationsInput, Page[Organization]]{Name: "organizations.list", Route: "/organizations"},
		Items: itemsOf[Organization], Next: nextPage[Organization],
	}

	// GetOrganization fetches an organization, by its ID or its slug.
	GetOrganization = client.Op[OrganizationInput, Organization]{
		Name: "organizations.get", Route: "/organizations/{organization_id}",
	}

	// CreateOrganization makes an organization. It is not repeated once it may have been
	// sent; a slug, which Clerk takes once, tells afterwards whether there is one.
	CreateOrganization = client.Op[CreateOrganizationInput, Organization]{
		Name: "organizations.create", Method: http.MethodPost, Route: "/organizations",
	}

	// UpdateOrganization changes what is set in its input.
	UpdateOrganization = client.Op[UpdateOrganizationInput, Organization]{
		Name: "organizations.update", Method: http.MethodPatch, Route: "/organizations/{organization_id}", Repeatable: true,
	}

	// DeleteOrganization deletes an organization with its memberships.
	DeleteOrganization = client.Op[OrganizationInput, Deleted]{
		Name: "organizations.delete", Method: http.MethodDelete, Route: "/organizations/{organization_id}",
	}
)

// OrganizationInput names an organization.
type OrganizationInput struct {
	ID string `path:"organization_id"`
}

// ListOrganizationsInput selects and orders organizations.
type ListOrganizationsInput struct {
	Query        string   `query:"query"`   // in ID, name and slug
	UserIDs      []string `query:"user_id"` // of their members
	CountMembers bool     `query:"include_members_count"`
	OrderBy      string   `query:"order_by"` // "-created_at" is Clerk's; a field, after + or -
	Limit        int      `query:"limit"`    // to a page, 500 at most; 0 is Clerk's 10
	Offset       int      `query:"offset"`
}

// CreateOrganizationInput is what a new organization has.
type CreateOrganizationInput struct {
	Name            string         `json:"name"`
	Slug            string         `json:"slug,omitempty"`
	CreatedBy       string         `json:"created_by,omitempty"` // a user's ID, who becomes its administrator
	MaxMemberships  int            `json:"max_allowed_memberships,omitempty"`
	PublicMetadata  map[string]any `json:"public_metadata,omitempty"`
	PrivateMetadata map[string]any `json:"private_metadata,omitempty"`
}

// UpdateOrganizationInput is what is changed. A nil pointer leaves a field as it is.
type UpdateOrganizationInput struct {
	ID             string  `path:"organization_id"`
	Name           *string `json:"name,omitempty"`
	Slug           *string `json:"slug,omitempty"`
	MaxMemberships *int    `json:"max_allowed_memberships,omitempty"` // 0 is any number
}

// Organization is a group of users.
type Organization struct {
	ID              string          `json:"id"`
	Name            string          `json:"name"`
	Slug            string          `json:"slug"`
	ImageURL        string          `json:"image_url"`
	CreatedBy       string          `json:"created_by"`
	MembersCount    *int64          `json:"members_count"`           // nil where it was not asked for
	MaxMemberships  int64           `json:"max_allowed_memberships"` // 0 is any number
	PublicMetadata  json.RawMessage `json:"public_metadata"`
	PrivateMetadata json.RawMessage `json:"private_metadata"`
	CreatedAt       Time            `json:"created_at"`
	UpdatedAt       Time            `json:"updated_at"`
}
