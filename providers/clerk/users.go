package clerk

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on users. Clerk takes 1,000 requests in 10 seconds of a production
// instance, and 100 of a development one.
var (
	// ListUsers yields users, the newest first. In the order of creation it goes on after
	// the last user seen, else by an offset, which skips users when others are deleted
	// meanwhile. The response has no total: see CountUsers.
	ListUsers = client.List[ListUsersInput, []User, User]{
		Op:    client.Op[ListUsersInput, []User]{Name: "users.list", Route: "/users"},
		Items: func(page []User) []User { return page },
		Next:  nextUsers,
	}

	// CountUsers says how many users there are that fit.
	CountUsers = client.Op[UserFilter, Count]{Name: "users.count", Route: "/users/count"}

	// GetUser fetches a user.
	GetUser = client.Op[UserInput, User]{Name: "users.get", Route: "/users/{user_id}"}

	// CreateUser makes a user. It is not repeated once it may have been sent; an
	// external ID, which Clerk takes once, tells afterwards whether there is one.
	CreateUser = client.Op[CreateUserInput, User]{Name: "users.create", Method: http.MethodPost, Route: "/users"}

	// UpdateUser changes what is set in its input, metadata aside.
	UpdateUser = client.Op[UpdateUserInput, User]{
		Name: "users.update", Method: http.MethodPatch, Route: "/users/{user_id}", Repeatable: true,
	}

	// UpdateUserMetadata merges metadata into what the user has, at every depth. A nil
	// value removes a key.
	UpdateUserMetadata = client.Op[UserMetadataInput, User]{
		Name: "users.metadata", Method: http.MethodPatch, Route: "/users/{user_id}/metadata", Repeatable: true,
	}

	// BanUser ends a user's sessions and lets none begin.
	BanUser = client.Op[UserInput, User]{
		Name: "users.ban", Method: http.MethodPost, Route: "/users/{user_id}/ban", Repeatable: true,
	}

	// UnbanUser lets a user sign in again.
	UnbanUser = client.Op[UserInput, User]{
		Name: "users.unban", Method: http.MethodPost, Route: "/users/{user_id}/unban", Repeatable: true,
	}

	// DeleteUser deletes a user. A second time Clerk says that there is none, which
	// matches client.ErrNotFound.
	DeleteUser = client.Op[UserInput, Deleted]{Name: "users.delete", Method: http.MethodDelete, Route: "/users/{user_id}"}
)

// UserInput names a user.
type UserInput struct {
	ID string `path:"user_id"`
}

// UserFilter selects users. Those that fit one value of each list fit; the zero
// UserFilter selects all.
type UserFilter struct {
	IDs             []string `query:"user_id"`
	EmailAddresses  []string `query:"email_address"`
	PhoneNumbers    []string `query:"phone_number"`
	Usernames       []string `query:"username"`
	ExternalIDs     []string `query:"external_id"`
	OrganizationIDs []string `query:"organization_id"`
	Query           string   `query:"query"` // in any of a user's names and addresses
	Banned          *bool    `query:"banned"`
	CreatedAfter    Time     `query:"created_at_after"`
	CreatedBefore   Time     `query:"created_at_before"`
	ActiveSince     Time     `query:"last_active_at_since"` // to the day
}

// ListUsersInput selects and orders users.
type ListUsersInput struct {
	UserFilter

	OrderBy string `query:"order_by"` // "-created_at" is Clerk's; a field, after + or -
	Limit   int    `query:"limit"`    // to a page, 500 at most; 0 is Clerk's 10
	Offset  int    `query:"offset"`
}

// CreateUserInput is what a new user has. The instance's settings say what it must have.
type CreateUserInput struct {
	EmailAddresses  []string       `json:"email_address,omitempty"`
	PhoneNumbers    []string       `json:"phone_number,omitempty"` // in E.164, "+15551234567"
	Username        string         `json:"username,omitempty"`
	Password        string         `json:"password,omitempty"`
	PasswordDigest  string         `json:"password_digest,omitempty"` // in place of Password
	PasswordHasher  string         `json:"password_hasher,omitempty"` // which made it, "bcrypt"
	NoPassword      bool           `json:"skip_password_requirement,omitempty"`
	FirstName       string         `json:"first_name,omitempty"`
	LastName        string         `json:"last_name,omitempty"`
	Locale          string         `json:"locale,omitempty"`      // BCP 47
	ExternalID      string         `json:"external_id,omitempty"` // yours, unique in the instance
	PublicMetadata  map[string]any `json:"public_metadata,omitempty"`
	PrivateMetadata map[string]any `json:"private_metadata,omitempty"`
	UnsafeMetadata  map[string]any `json:"unsafe_metadata,omitempty"`
}

// UpdateUserInput is what is changed. A nil pointer leaves a field as it is.
type UpdateUserInput struct {
	ID                    string  `path:"user_id"`
	Username              *string `json:"username,omitempty"`
	FirstName             *string `json:"first_name,omitempty"`
	LastName              *string `json:"last_name,omitempty"`
	Locale                *string `json:"locale,omitempty"`
	ExternalID            *string `json:"external_id,omitempty"`
	PrimaryEmailAddressID *string `json:"primary_email_address_id,omitempty"`
	PrimaryPhoneNumberID  *string `json:"primary_phone_number_id,omitempty"`
	Password              *string `json:"password,omitempty"`
	SignOutElsewhere      *bool   `json:"sign_out_of_other_sessions,omitempty"` // with a new password
}

// UserMetadataInput is what is merged into a user's metadata.
type UserMetadataInput struct {
	ID      string         `path:"user_id"`
	Public  map[string]any `json:"public_metadata,omitempty"`  // its owner may read it
	Private map[string]any `json:"private_metadata,omitempty"` // this API alone
	Unsafe  map[string]any `json:"unsafe_metadata,omitempty"`  // its owner may write it
}

// User is a user of the instance. A pointer is nil where Clerk has no value.
type User struct {
	ID                    string          `json:"id"`
	ExternalID            string          `json:"external_id"`
	Username              string          `json:"username"`
	FirstName             string          `json:"first_name"`
	LastName              string          `json:"last_name"`
	Locale                string          `json:"locale"`
	ImageURL              string          `json:"image_url"`
	PrimaryEmailAddressID string          `json:"primary_email_address_id"`
	PrimaryPhoneNumberID  string          `json:"primary_phone_number_id"`
	EmailAddresses        []EmailAddress  `json:"email_addresses"`
	PhoneNumbers          []PhoneNumber   `json:"phone_numbers"`
	PasswordEnabled       bool            `json:"password_enabled"`
	TwoFactorEnabled      bool            `json:"two_factor_enabled"`
	Banned                bool            `json:"banned"`
	Locked                bool            `json:"locked"`
	PublicMetadata        json.RawMessage `json:"public_metadata"`
	PrivateMetadata       json.RawMessage `json:"private_metadata"`
	UnsafeMetadata        json.RawMessage `json:"unsafe_metadata"`
	CreatedAt             Time            `json:"created_at"`
	UpdatedAt             Time            `json:"updated_at"`
	LastSignInAt          Time            `json:"last_sign_in_at"`
	LastActiveAt          Time            `json:"last_active_at"` // to the day
}

// PrimaryEmail is the user's primary address, "" without one.
func (u *User) PrimaryEmail() string {
	for _, a := range u.EmailAddresses {
		if a.ID == u.PrimaryEmailAddressID {
			return a.EmailAddress
		}
	}
	return ""
}

// EmailAddress is one of a user's.
type EmailAddress struct {
	ID           string        `json:"id"`
	EmailAddress string        `json:"email_address"`
	Verification *Verification `json:"verification"` // nil: not begun
}

// PhoneNumber is one of a user's.
type PhoneNumber struct {
	ID           string        `json:"id"`
	PhoneNumber  string        `json:"phone_number"`
	Verification *Verification `json:"verification"` // nil: not begun
}

// Verification says how far an address has been verified.
type Verification struct {
	Status   string `json:"status"` // "verified", "unverified", "failed", "expired" and others
	Strategy string `json:"strategy"`
}

// Deleted names what has been deleted.
type Deleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// Count is a number of users.
type Count struct {
	Total int64 `json:"total_count"`
}
