package google

import "github.com/standpipe-go/standpipe/client"

// GetUserInfo says who the user is, as far as the scopes ScopeEmail and ScopeProfile
// permit. A sign-in has the same in its ID token, without a call.
var GetUserInfo = client.Op[client.None, UserInfo]{Name: "userinfo.get", Route: "/oauth2/v2/userinfo"}

// UserInfo is a user.
type UserInfo struct {
	ID            string `json:"id"` // the "sub" of ID tokens; it never changes, as the address may
	Email         string `json:"email"`
	EmailVerified bool   `json:"verified_email"`
	Name          string `json:"name"`
	GivenName     string `json:"given_name"`
	FamilyName    string `json:"family_name"`
	Picture       string `json:"picture"` // a URL
	Locale        string `json:"locale"`
	Domain        string `json:"hd"` // of a Workspace; "" is a private account
}
