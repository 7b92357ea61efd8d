package auth0

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on organizations and connections. Their listings go by checkpoint: they
// may be of any length.
var (
	// ListOrganizations yields the organizations of the tenant.
	ListOrganizations = client.List[ListOrganizationsInput, OrganizationPage, Organization]{
		Op:    client.Op[ListOrganizationsInput, OrganizationPage]{Name: "organizations.list", Route: "/organizations?take=50"},
		Items: func(p OrganizationPage) []Organization { return p.Organizations },
		Next:  client.NextCursor("from", func(p OrganizationPage) string { return p.Next }),
	}

	// GetOrganization fetches an organization.
	GetOrganization = client.Op[OrganizationInput, Organization]{Name: "organizations.get", Route: "/organizations/{id}"}

	// CreateOrganization makes an organization. Its name, which is unique, tells after an
	// attempt without a response whether there is one.
	CreateOrganization = client.Op[CreateOrganizationInput, Organization]{
		Name: "organizations.create", Method: http.MethodPost, Route: "/organizations",
	}

	// DeleteOrganization deletes an organization; its members stay users.
	DeleteOrganization = client.Op[OrganizationInput, client.None]{
		Name: "organizations.delete", Method: http.MethodDelete, Route: "/organizations/{id}",
	}

	// ListMembers yields the members of an organization.
	ListMembers = client.List[ListMembersInput, MemberPage, Member]{
		Op:    client.Op[ListMembersInput, MemberPage]{Name: "organizations.members", Route: "/organizations/{id}/members?take=50"},
		Items: func(p MemberPage) []Member { return p.Members },
		Next:  client.NextCursor("from", func(p MemberPage) string { return p.Next }),
	}

	// AddMembers makes users members of an organization.
	AddMembers = client.Op[MembersInput, client.None]{
		Name: "organizations.add_members", Method: http.MethodPost, Route: "/organizations/{id}/members", Repeatable: true,
	}

	// RemoveMembers ends memberships.
	RemoveMembers = client.Op[MembersInput, client.None]{
		Name: "organizations.remove_members", Method: http.MethodDelete, Route: "/organizations/{id}/members",
	}

	// ListConnections yields the tenant's connections, SSO among them.
	ListConnections = client.List[ListConnectionsInput, ConnectionPage, Connection]{
		Op:    client.Op[ListConnectionsInput, ConnectionPage]{Name: "connections.list", Route: "/connections?take=50"},
		Items: func(p ConnectionPage) []Connection { return p.Connections },
		Next:  client.NextCursor("from", func(p ConnectionPage) string { return p.Next }),
	}

	// GetConnection fetches a connection.
	GetConnection = client.Op[ConnectionInput, Connection]{Name: "connections.get", Route: "/connections/{id}"}
)

// OrganizationInput names an organization.
type OrganizationInput struct {
	ID string `path:"id"`
}

// ListOrganizationsInput says how to list.
type ListOrganizationsInput struct {
	From string `query:"from"` // where to go on, OrganizationPage.Next; "" is the beginning
	Take int    `query:"take"` // to a page, 100 at most; 0 is 50
	Sort string `query:"sort"` // a field and 1 or -1, "name:1"
}

// CreateOrganizationInput is a new organization.
type CreateOrganizationInput struct {
	Name        string            `json:"name"` // in lower case, without spaces
	DisplayName string            `json:"display_name,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// OrganizationPage is a page of organizations.
type OrganizationPage struct {
	Organizations []Organization `json:"organizations"`
	Next          string         `json:"next"` // "" on the last page
}

// Organization is a group of users.
type Organization struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name"`
	Metadata    map[string]string `json:"metadata"`
}

// ListMembersInput says whose members to list, and how.
type ListMembersInput struct {
	ID   string `path:"id"`
	From string `query:"from"` // where to go on, MemberPage.Next; "" is the beginning
	Take int    `query:"take"` // to a page, 100 at most; 0 is 50
}

// MembersInput names users of an organization.
type MembersInput struct {
	ID      string   `path:"id"`
	Members []string `json:"members"` // the users' IDs
}

// MemberPage is a page of members.
type MemberPage struct {
	Members []Member `json:"members"`
	Next    string   `json:"next"` // "" on the last page
}

// Member is a user in an organization.
type Member struct {
	UserID  string `json:"user_id"`
	Email   string `json:"email"`
	Name    string `json:"name"`
	Picture string `json:"picture"`
}

// ConnectionInput names a connection.
type ConnectionInput struct {
	ID string `path:"id"`
}

// ListConnectionsInput selects connections.
type ListConnectionsInput struct {
	Strategies []string `query:"strategy"` // "auth0", "samlp", "oidc", "google-oauth2" and others
	Name       string   `query:"name"`
	From       string   `query:"from"` // where to go on, ConnectionPage.Next; "" is the beginning
	Take       int      `query:"take"` // to a page, 100 at most; 0 is 50
}

// ConnectionPage is a page of connections.
type ConnectionPage struct {
	Connections []Connection `json:"connections"`
	Next        string       `json:"next"` // "" on the last page
}

// Connection is where users come from: a database, a social or an SSO provider.
type Connection struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	DisplayName string          `json:"display_name"`
	Strategy    string          `json:"strategy"`
	Options     json.RawMessage `json:"options"` // as the strategy has them; they may hold secrets
}
