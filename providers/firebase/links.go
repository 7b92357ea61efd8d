package firebase

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// CreateActionLink makes the link of a mail that the application sends itself. Firebase
// makes few of them in a time: what is over that is a client.ErrRateLimited, for about a
// minute.
var CreateActionLink = client.Op[ActionLinkInput, ActionLink]{
	Name: "links.create", Method: http.MethodPost, Route: "/accounts:sendOobCode", Encode: encodeLink,
}

// Action is what a link is for.
type Action string

// The actions.
const (
	ResetPassword Action = "PASSWORD_RESET"
	VerifyEmail   Action = "VERIFY_EMAIL"
	SignIn        Action = "EMAIL_SIGNIN" // needs ContinueURL and HandleInApp
	ChangeEmail   Action = "VERIFY_AND_CHANGE_EMAIL"
)

// ActionLinkInput says what the link does, and for whom.
type ActionLinkInput struct {
	Action      Action
	Email       string // the user's
	NewEmail    string // of ChangeEmail alone
	ContinueURL string // where the user goes on; its domain must be an authorized one
	HandleInApp bool   // whether an app opens the link
	LinkDomain  string // of the link; "" is the project's own
}

func encodeLink(in ActionLinkInput, r *client.Request) error {
	r.Body = struct {
		Action      Action `json:"requestType"`
		Email       string `json:"email,omitempty"`
		NewEmail    string `json:"newEmail,omitempty"`
		ContinueURL string `json:"continueUrl,omitempty"`
		HandleInApp bool   `json:"canHandleCodeInApp,omitempty"`
		LinkDomain  string `json:"linkDomain,omitempty"`
		ReturnLink  bool   `json:"returnOobLink"` // in place of a mail of Firebase's
	}{in.Action, in.Email, in.NewEmail, in.ContinueURL, in.HandleInApp, in.LinkDomain, true}
	return nil
}

// ActionLink is a link for one user.
type ActionLink struct {
	URL secret.Value `json:"oobLink"` // whoever has it can do what it is for
}
