package auth0

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on roles.
var (
	// ListRoles yields the roles of the tenant.
	ListRoles = client.List[ListRolesInput, RolePage, Role]{
		Op:    client.Op[ListRolesInput, RolePage]{Name: "roles.list", Route: "/roles?include_totals=true"},
		Items: func(p RolePage) []Role { return p.Roles },
		Next:  nextPage(func(p RolePage) (Totals, int) { return p.Totals, len(p.Roles) }),
	}

	// CreateRole makes a role.
	CreateRole = client.Op[CreateRoleInput, Role]{Name: "roles.create", Method: http.MethodPost, Route: "/roles"}

	// ListRolesOfUser yields the roles of a user.
	ListRolesOfUser = client.List[ListRolesOfUserInput, RolePage, Role]{
		Op:    client.Op[ListRolesOfUserInput, RolePage]{Name: "users.roles", Route: "/users/{id}/roles?include_totals=true"},
		Items: func(p RolePage) []Role { return p.Roles },
		Next:  nextPage(func(p RolePage) (Totals, int) { return p.Totals, len(p.Roles) }),
	}

	// AssignRoles gives a user roles, beside those that they have.
	AssignRoles = client.Op[UserRolesInput, client.None]{
		Name: "users.assign_roles", Method: http.MethodPost, Route: "/users/{id}/roles", Repeatable: true,
	}

	// RemoveRoles takes roles from a user.
	RemoveRoles = client.Op[UserRolesInput, client.None]{
		Name: "users.remove_roles", Method: http.MethodDelete, Route: "/users/{id}/roles",
	}
)

// ListRolesInput selects roles.
type ListRolesInput struct {
	Name    string `query:"name_filter"` // in any part of the name
	Page    int    `query:"page"`        // 0 is the first
	PerPage int    `query:"per_page"`    // 100 at most; 0 is Auth0's 50
}

// ListRolesOfUserInput names the user.
type ListRolesOfUserInput struct {
	ID      string `path:"id"`
	Page    int    `query:"page"`     // 0 is the first
	PerPage int    `query:"per_page"` // 100 at most; 0 is Auth0's 50
}

// CreateRoleInput is a new role.
type CreateRoleInput struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// UserRolesInput names a user, and roles by their IDs.
type UserRolesInput struct {
	ID    string   `path:"id"`
	Roles []string `json:"roles"`
}

// RolePage is a page of roles.
type RolePage struct {
	Totals

	Roles []Role `json:"roles"`
}

// Role is a role of the tenant.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}
