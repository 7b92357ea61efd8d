package firebase

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/epoch"
)

// The operations on users. But for the listing they are POSTs, so that a client that is
// read only (client.WithReadOnly) finds nobody.
var (
	// GetUser fetches a user. Nobody is an error that matches client.ErrNotFound.
	GetUser = client.Op[GetUserInput, FoundUser]{
		Name: "users.get", Method: http.MethodPost, Route: "/accounts:lookup", Repeatable: true, Encode: encodeGet,
	}

	// LookupUsers fetches users, in no order: those that there are. It is an error that
	// matches client.ErrNotFound where there is none at all.
	LookupUsers = client.Op[LookupUsersInput, Users]{
		Name: "users.lookup", Method: http.MethodPost, Route: "/accounts:lookup", Repeatable: true, Encode: encodeLookup,
	}

	// CreateUser makes a user. It is not repeated once it may have been sent; a UID of
	// one's own makes a second attempt a client.ErrConflict.
	CreateUser = client.Op[CreateUserInput, CreatedUser]{Name: "users.create", Method: http.MethodPost, Route: "/accounts"}

	// UpdateUser changes what is set in its input.
	UpdateUser = client.Op[UpdateUserInput, UpdatedUser]{
		Name: "users.update", Method: http.MethodPost, Route: "/accounts:update", Repeatable: true, Encode: encodeUpdate,
	}

	// DeleteUser deletes a user.
	DeleteUser = client.Op[UserInput, client.None]{
		Name: "users.delete", Method: http.MethodPost, Route: "/accounts:delete", Repeatable: true, Encode: encodeUser,
	}

	// ListUsers yields all users.
	ListUsers = client.List[ListUsersInput, Users, User]{
		Op:    client.Op[ListUsersInput, Users]{Name: "users.list", Route: "/accounts:batchGet"},
		Items: func(p Users) []User { return p.Users },
		Next:  client.NextCursor("nextPageToken", func(p Users) string { return p.NextPageToken }),
	}
)

// MaxLookup is how many users one LookupUsers may name.
const MaxLookup = 100

// UserInput names a user.
type UserInput struct {
	UID string `json:"localId"`
}

func encodeUser(in UserInput, r *client.Request) error {
	if in.UID == "" {
		return errNoUID
	}
	r.Body = in
	return nil
}

var errNoUID = fmt.Errorf("%w: the UID is missing", client.ErrRequest)

// GetUserInput names a user in one of three ways.
type GetUserInput struct {
	UID         string
	Email       string
	PhoneNumber string // in E.164, "+15551234567"
}

// LookupUsersInput names users, MaxLookup at most.
type LookupUsersInput struct {
	UIDs         []string `json:"localId,omitempty"`
	Emails       []string `json:"email,omitempty"`
	PhoneNumbers []string `json:"phoneNumber,omitempty"`
}

func encodeGet(in GetUserInput, r *client.Request) error {
	var look LookupUsersInput
	given := 0
	for _, by := range []struct {
		value string
		list  *[]string
	}{{in.UID, &look.UIDs}, {in.Email, &look.Emails}, {in.PhoneNumber, &look.PhoneNumbers}} {
		if by.value != "" {
			given++
			*by.list = []string{by.value}
		}
	}
	if given != 1 {
		return fmt.Errorf("%w: name a user by one of UID, Email and PhoneNumber", client.ErrRequest)
	}
	r.Body = look
	return nil
}

func encodeLookup(in LookupUsersInput, r *client.Request) error {
	if n := len(in.UIDs) + len(in.Emails) + len(in.PhoneNumbers); n == 0 || n > MaxLookup {
		return fmt.Errorf("%w: a look-up names 1 to %d users, and this one names %d", client.ErrRequest, MaxLookup, n)
	}
	r.Body = in
	return nil
}

// CreateUserInput is what a new user has.
type CreateUserInput struct {
	UID           string `json:"localId,omitempty"` // 128 characters at most; "" lets Firebase make one
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"emailVerified,omitempty"`
	PhoneNumber   string `json:"phoneNumber,omitempty"` // in E.164
	Password      string `json:"password,omitempty"`
	DisplayName   string `json:"displayName,omitempty"`
	PhotoURL      string `json:"photoUrl,omitempty"`
	Disabled      bool   `json:"disabled,omitempty"`
}

// CreatedUser is what Firebase says of a new user: less than GetUser does.
type CreatedUser struct {
	UID   string `json:"localId"`
	Email string `json:"email"`
}

// UpdateUserInput is what is changed. A nil pointer leaves a field as it is.
type UpdateUserInput struct {
	UID           string   `json:"localId"`
	Email         *string  `json:"email,omitempty"`
	EmailVerified *bool    `json:"emailVerified,omitempty"`
	PhoneNumber   *string  `json:"phoneNumber,omitempty"`
	Password      *string  `json:"password,omitempty"`
	DisplayName   *string  `json:"displayName,omitempty"`
	PhotoURL      *string  `json:"photoUrl,omitempty"`
	Disabled      *bool    `json:"disableUser,omitempty"`
	Delete        []string `json:"deleteAttribute,omitempty"` // "DISPLAY_NAME", "PHOTO_URL"
	Unlink        []string `json:"deleteProvider,omitempty"`  // "phone", "google.com"
}

func encodeUpdate(in UpdateUserInput, r *client.Request) error {
	if in.UID == "" {
		return errNoUID
	}
	r.Body = in
	return nil
}

// UpdatedUser names a user who has been changed.
type UpdatedUser struct {
	UID string `json:"localId"`
}

// ListUsersInput says how to list.
type ListUsersInput struct {
	MaxResults int    `query:"maxResults"`    // to a page, 1,000 at most; 0 is Firebase's 20
	PageToken  string `query:"nextPageToken"` // where to go on, Users.NextPageToken; "" is the beginning
}

// Users are those of a page or of a look-up.
type Users struct {
	Users         []User `json:"users"`
	NextPageToken string `json:"nextPageToken"` // "" on the last page, and of a look-up
}

// FoundUser is the user of a response.
type FoundUser struct{ User }

// UnmarshalJSON reads the first of a response's users.
func (u *FoundUser) UnmarshalJSON(b []byte) error {
	var found Users
	if err := json.Unmarshal(b, &found); err != nil {
		return err
	}
	if len(found.Users) == 0 {
		return errNobody
	}
	u.User = found.Users[0]
	return nil
}

// Millis is a time.Time that Firebase writes as milliseconds since 1970, Seconds one that
// it writes as seconds. Their zero value is no time.
type (
	Millis  = epoch.Millis
	Seconds = epoch.Seconds
)

// User is a user of the project or tenant.
type User struct {
	UID           string     `json:"localId"`
	Email         string     `json:"email"`
	EmailVerified bool       `json:"emailVerified"`
	PhoneNumber   string     `json:"phoneNumber"`
	DisplayName   string     `json:"displayName"`
	PhotoURL      string     `json:"photoUrl"`
	Disabled      bool       `json:"disabled"`
	TenantID      string     `json:"tenantId"`
	Providers     []Provider `json:"providerUserInfo"`
	ClaimsJSON    string     `json:"customAttributes"` // see Claims
	CreatedAt     Millis     `json:"createdAt"`
	LastLoginAt   Millis     `json:"lastLoginAt"`
	LastRefreshAt time.Time  `json:"lastRefreshAt"`
	ValidSince    Seconds    `json:"validSince"` // tokens from before are revoked
}

// Claims decodes the user's custom claims into v, which stays as it is where there are
// none.
func (u *User) Claims(v any) error {
	if u.ClaimsJSON == "" {
		return nil
	}
	return json.Unmarshal([]byte(u.ClaimsJSON), v)
}

// Provider is a way in which a user signs in.
type Provider struct {
	ID          string `json:"providerId"` // "password", "phone", "google.com"
	RawID       string `json:"rawId"`      // the user's ID there
	Email       string `json:"email"`
	DisplayName string `json:"displayName"`
	PhoneNumber string `json:"phoneNumber"`
}
