package auth0

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on users.
var (
	// SearchUsers yields the users that a query finds, at most the first 1,000: the page
	// after them is an error, so that none is missed in silence. To see all users of a
	// large tenant use ExportUsers.
	SearchUsers = client.List[SearchUsersInput, UserPage, User]{
		Op:    client.Op[SearchUsersInput, UserPage]{Name: "users.search", Route: "/users?search_engine=v3&include_totals=true"},
		Items: func(p UserPage) []User { return p.Users },
		Next:  nextPage(func(p UserPage) (Totals, int) { return p.Totals, len(p.Users) }),
	}

	// UsersByEmail fetches the users with an address, in whatever case the connection
	// keeps it: the databases of Auth0 in lower case.
	UsersByEmail = client.Op[EmailInput, []User]{Name: "users.by_email", Route: "/users-by-email"}

	// GetUser fetches a user.
	GetUser = client.Op[UserInput, User]{Name: "users.get", Route: "/users/{id}"}

	// CreateUser makes a user in a database or passwordless connection. It is not
	// repeated once it may have been sent; a user ID of one's own makes a second attempt
	// a client.ErrConflict.
	CreateUser = client.Op[CreateUserInput, User]{Name: "users.create", Method: http.MethodPost, Route: "/users"}

	// UpdateUser changes what is set in its input. Metadata are merged at their top
	// level: a key that is given replaces what stood there, at every depth below it.
	UpdateUser = client.Op[UpdateUserInput, User]{
		Name: "users.update", Method: http.MethodPatch, Route: "/users/{id}", Repeatable: true,
	}

	// DeleteUser deletes a user.
	DeleteUser = client.Op[UserInput, client.None]{Name: "users.delete", Method: http.MethodDelete, Route: "/users/{id}"}

	// LinkIdentity makes another account one of a user's identities. That account is gone
	// as a user of its own.
	LinkIdentity = client.Op[LinkIdentityInput, []Identity]{
		Name: "users.link", Method: http.MethodPost, Route: "/users/{id}/identities",
	}

	// UnlinkIdentity makes an identity a user of its own again.
	UnlinkIdentity = client.Op[UnlinkIdentityInput, []Identity]{
		Name: "users.unlink", Method: http.MethodDelete, Route: "/users/{id}/identities/{provider}/{user_id}",
	}

	// ResetMFA deletes a user's authentication methods, so that the next sign-in enrols
	// anew.
	ResetMFA = client.Op[UserInput, client.None]{
		Name: "users.reset_mfa", Method: http.MethodDelete, Route: "/users/{id}/authentication-methods",
	}
)

// UserInput names a user.
type UserInput struct {
	ID string `path:"id"` // "auth0|507f1f77bcf86cd799439020"
}

// EmailInput is an address.
type EmailInput struct {
	Email string `query:"email"`
}

// SearchUsersInput is a query for users.
type SearchUsersInput struct {
	Query   string `query:"q"`        // in Auth0's query string syntax, `email:"a@example.com"`; "" is all
	Sort    string `query:"sort"`     // a field and 1 or -1, "created_at:1"
	Page    int    `query:"page"`     // 0 is the first
	PerPage int    `query:"per_page"` // 100 at most; 0 is Auth0's 50
}

// UserPage is a page of users.
type UserPage struct {
	Totals

	Users []User `json:"users"`
}

// CreateUserInput is what a new user has.
type CreateUserInput struct {
	Connection    string         `json:"connection"`        // the name, "Username-Password-Authentication"
	ID            string         `json:"user_id,omitempty"` // after "auth0|"; "" lets Auth0 make one
	Email         string         `json:"email,omitempty"`
	PhoneNumber   string         `json:"phone_number,omitempty"` // in E.164, of an SMS connection
	Username      string         `json:"username,omitempty"`
	Password      string         `json:"password,omitempty"`
	EmailVerified *bool          `json:"email_verified,omitempty"`
	VerifyEmail   *bool          `json:"verify_email,omitempty"` // nil is the tenant's way
	Blocked       bool           `json:"blocked,omitempty"`
	Name          string         `json:"name,omitempty"`
	GivenName     string         `json:"given_name,omitempty"`
	FamilyName    string         `json:"family_name,omitempty"`
	Nickname      string         `json:"nickname,omitempty"`
	Picture       string         `json:"picture,omitempty"`
	UserMetadata  map[string]any `json:"user_metadata,omitempty"`
	AppMetadata   map[string]any `json:"app_metadata,omitempty"`
}

// UpdateUserInput is what is changed. A nil pointer leaves a field as it is.
type UpdateUserInput struct {
	ID            string         `path:"id"`
	Connection    string         `json:"connection,omitempty"` // required with an address, a user name or a password
	Email         *string        `json:"email,omitempty"`
	PhoneNumber   *string        `json:"phone_number,omitempty"`
	Username      *string        `json:"username,omitempty"`
	Password      *string        `json:"password,omitempty"`
	EmailVerified *bool          `json:"email_verified,omitempty"`
	VerifyEmail   *bool          `json:"verify_email,omitempty"`
	Blocked       *bool          `json:"blocked,omitempty"`
	Name          *string        `json:"name,omitempty"`
	GivenName     *string        `json:"given_name,omitempty"`
	FamilyName    *string        `json:"family_name,omitempty"`
	Nickname      *string        `json:"nickname,omitempty"`
	Picture       *string        `json:"picture,omitempty"`
	UserMetadata  map[string]any `json:"user_metadata,omitempty"`
	AppMetadata   map[string]any `json:"app_metadata,omitempty"`
}

// LinkIdentityInput says which account becomes an identity of the user. Give Provider and
// UserID, or LinkWith.
type LinkIdentityInput struct {
	ID           string `path:"id"`                      // the user who keeps the profile
	Provider     string `json:"provider,omitempty"`      // "google-oauth2"
	UserID       string `json:"user_id,omitempty"`       // of the other account, without its provider
	ConnectionID string `json:"connection_id,omitempty"` // where several have the provider
	LinkWith     string `json:"link_with,omitempty"`     // the other account's ID token
}

// UnlinkIdentityInput names an identity of a user.
type UnlinkIdentityInput struct {
	ID       string `path:"id"`
	Provider string `path:"provider"`
	UserID   string `path:"user_id"`
}

// User is a user of the tenant.
type User struct {
	ID            string          `json:"user_id"`
	Email         string          `json:"email"`
	EmailVerified bool            `json:"-"` // which a SAML connection sends as a string
	PhoneNumber   string          `json:"phone_number"`
	Username      string          `json:"username"`
	Name          string          `json:"name"`
	GivenName     string          `json:"given_name"`
	FamilyName    string          `json:"family_name"`
	Nickname      string          `json:"nickname"`
	Picture       string          `json:"picture"`
	Blocked       bool            `json:"blocked"`
	Identities    []Identity      `json:"identities"`
	UserMetadata  json.RawMessage `json:"user_metadata"`
	AppMetadata   json.RawMessage `json:"app_metadata"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
	LastLogin     time.Time       `json:"last_login"`
	LoginsCount   int64           `json:"logins_count"`
}

// UnmarshalJSON reads a user, an address that is verified as a string too.
func (u *User) UnmarshalJSON(b []byte) error {
	type plain User
	var read struct {
		plain
		Verified json.RawMessage `json:"email_verified"`
	}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	*u = User(read.plain)
	u.EmailVerified = string(bytes.Trim(read.Verified, `"`)) == "true"
	return nil
}

// Identity is an account by which a user signs in.
type Identity struct {
	Connection string `json:"connection"`
	Provider   string `json:"provider"`
	UserID     string `json:"-"` // without its provider; some providers send it as a number
	IsSocial   bool   `json:"isSocial"`
}

// UnmarshalJSON reads an identity, an ID that is a number too.
func (i *Identity) UnmarshalJSON(b []byte) error {
	type plain Identity
	var read struct {
		plain
		ID json.RawMessage `json:"user_id"`
	}
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	*i = Identity(read.plain)
	if json.Unmarshal(read.ID, &i.UserID) != nil {
		i.UserID = string(read.ID) // the digits as they came, however many
	}
	return nil
}
