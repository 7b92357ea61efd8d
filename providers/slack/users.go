package slack

// The people of a workspace, and its bots (users.*, Slack docs).
var (
	ListUsers = pages[ListUsersInput]("users.list",
		func(p UserPage) []User { return p.Members }, func(p UserPage) string { return p.Cursor.Next })
	GetUser           = get[UserInput, UserResult]("users.info")
	LookupUserByEmail = get[EmailInput, UserResult]("users.lookupByEmail")
)

// ListUsersInput says how the list is read. Without a Limit Slack may refuse a large one
// (limit_required).
type ListUsersInput struct {
	IncludeLocale bool   `query:"include_locale"`
	TeamID        string `query:"team_id"`
	Limit         int    `query:"limit"` // of a page; Slack recommends 200
	Cursor        string `query:"cursor"`
}

// UserPage is a page of users.
type UserPage struct {
	Members []User `json:"members"`
	Cursor  Cursor `json:"response_metadata"`
}

// UserInput names a user.
type UserInput struct {
	User          string `query:"user"`
	IncludeLocale bool   `query:"include_locale"`
}

// EmailInput is the address of a user.
type EmailInput struct {
	Email string `query:"email"`
}

// UserResult is a user.
type UserResult struct {
	User User `json:"user"`
}

// User is a person or a bot.
type User struct {
	ID       string      `json:"id"`
	TeamID   string      `json:"team_id"`
	Name     string      `json:"name"`
	RealName string      `json:"real_name"`
	TZ       string      `json:"tz"`
	Deleted  bool        `json:"deleted"`
	IsBot    bool        `json:"is_bot"`
	IsAdmin  bool        `json:"is_admin"`
	IsOwner  bool        `json:"is_owner"`
	Locale   string      `json:"locale"`
	Profile  UserProfile `json:"profile"`
}

// UserProfile is what a user says of themselves. Email is there with the scope
// users:read.email.
type UserProfile struct {
	DisplayName string `json:"display_name"`
	RealName    string `json:"real_name"`
	Email       string `json:"email"`
	Phone       string `json:"phone"`
	Title       string `json:"title"`
	StatusText  string `json:"status_text"`
	StatusEmoji string `json:"status_emoji"`
	Image72     string `json:"image_72"`
}
