package google

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/googleaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// Scopes of the operations of this package ("Choose Google Calendar API scopes", Google
// Calendar docs). Ask for the fewest that will do.
const (
	ScopeCalendar         = "https://www.googleapis.com/auth/calendar"
	ScopeCalendarReadOnly = "https://www.googleapis.com/auth/calendar.readonly"
	ScopeEvents           = "https://www.googleapis.com/auth/calendar.events"
	ScopeEventsReadOnly   = "https://www.googleapis.com/auth/calendar.events.readonly"
	ScopeFreeBusy         = "https://www.googleapis.com/auth/calendar.freebusy"
	ScopeCalendarList     = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
	ScopeEmail            = "https://www.googleapis.com/auth/userinfo.email"
	ScopeProfile          = "https://www.googleapis.com/auth/userinfo.profile"
)

// ServiceAccount says as which service account to call, and for what. It is good for all
// of Google's services, and not for this package alone.
//
// As a rule its key signs an assertion that Google exchanges for an access token, once an
// hour (RFC 7523; "Using OAuth 2.0 for Server to Server Applications", Google Identity
// docs). With SelfSigned or Audience it signs the access token itself, and nothing is
// exchanged (AIP-4111).
type ServiceAccount struct {
	// Key yields the account's JSON key file. A key that is rotated within the file is
	// picked up. Required.
	Key secret.Source

	// Scopes are what the tokens are for. Required, unless there is an Audience.
	Scopes []string

	// Subject is the user for whom the account acts, by primary email address: a user of
	// a Workspace domain whose administrator has allowed the account's client ID exactly
	// these scopes (domain-wide delegation). "" is nobody: the account is then a user by
	// itself, who has its own calendars and those that are shared with it, and who cannot
	// invite attendees.
	Subject string

	// SelfSigned has the account sign its access tokens for the Scopes itself. It cannot
	// act for a user then.
	SelfSigned bool

	// Audience is the service that the tokens are for, where one takes no scopes:
	// "https://pubsub.googleapis.com/". The tokens are then self-signed.
	Audience string

	// HTTPClient obtains the tokens. Nil is one over http.DefaultTransport.
	HTTPClient *http.Client
}

// Auth is the account as a credential for [New], or for any client of Google's. One
// request for a token is made for all calls that wait for it; give one Auth to all
// clients of the account. What is wrong with sa is an error that matches
// client.ErrConfig. No request is made yet.
func (sa ServiceAccount) Auth() (client.Auth, error) {
	if err := sa.check(); err != nil {
		return nil, fmt.Errorf("google: %w: %w", client.ErrConfig, err)
	}
	if sa.SelfSigned || sa.Audience != "" {
		return client.GoogleServiceAccount(sa.Key, sa.Audience, sa.Scopes...), nil
	}
	source, err := googleaccount.Source(googleaccount.Config{
		Key: sa.Key, Scopes: sa.Scopes, Subject: sa.Subject, HTTPClient: sa.HTTPClient,
	})
	if err != nil {
		return nil, fmt.Errorf("google: %w: %w", client.ErrConfig, err)
	}
	return client.OAuth2(source), nil
}

func (sa *ServiceAccount) check() error {
	for _, scope := range sa.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			return errors.New("a scope is empty or holds white space")
		}
	}
	switch {
	case sa.Audience != "" && len(sa.Scopes) > 0:
		return errors.New("give an audience or scopes, and not both")
	case sa.Audience == "" && len(sa.Scopes) == 0:
		return errors.New("the scopes are missing")
	case sa.Subject != "" && (sa.SelfSigned || sa.Audience != ""):
		return errors.New("a self-signed token cannot act for a user: leave out the subject, or have the token exchanged")
	case strings.ContainsAny(sa.Subject, " \t\r\n"):
		return errors.New("the subject holds white space")
	}
	return googleaccount.Check(sa.Key)
}
