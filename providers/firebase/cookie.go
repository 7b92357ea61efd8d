package firebase

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The bounds of a session cookie's life.
const (
	MinCookieLife = 5 * time.Minute
	MaxCookieLife = 14 * 24 * time.Hour
)

// SessionCookieInput is an ID token, and for how long its user stays signed in.
type SessionCookieInput struct {
	IDToken string        // that a client has just got
	Life    time.Duration // MinCookieLife to MaxCookieLife
}

// SessionCookie is the value of a cookie.
type SessionCookie struct {
	Value secret.Value `json:"sessionCookie"`
}

type cookieInput struct {
	Project string `path:"project"`
	newCookie
}

type tenantCookieInput struct {
	Project string `path:"project"`
	Tenant  string `path:"tenant"`
	newCookie
}

type newCookie struct {
	IDToken string `json:"idToken"`
	Seconds int64  `json:"validDuration"`
}

// The cookies are beside the accounts of a project or a tenant, and not below it.
var (
	createCookie = client.Op[cookieInput, SessionCookie]{
		Name: "cookies.create", Method: http.MethodPost, Route: "/projects/{project}:createSessionCookie", Repeatable: true,
	}
	createTenantCookie = client.Op[tenantCookieInput, SessionCookie]{
		Name: "cookies.create_for_tenant", Method: http.MethodPost, Route: "/projects/{project}/tenants/{tenant}:createSessionCookie", Repeatable: true,
	}
)

// CreateSessionCookie makes a session cookie of an ID token, which session.FirebaseCookie
// verifies. The client of a tenant makes one of the tenant's tokens.
func (c *Client) CreateSessionCookie(ctx context.Context, in SessionCookieInput, edit ...func(*client.Request)) (SessionCookie, error) {
	var wrong error
	switch {
	case in.IDToken == "":
		wrong = fmt.Errorf("%w: the ID token is missing", client.ErrRequest)
	case in.Life < MinCookieLife || in.Life > MaxCookieLife:
		wrong = fmt.Errorf("%w: a session cookie lives for %s to %s, and not for %s", client.ErrRequest, MinCookieLife, MaxCookieLife, in.Life)
	}
	if wrong != nil {
		return SessionCookie{}, fmt.Errorf("firebase: session cookie: %w", wrong)
	}
	made := newCookie{in.IDToken, int64(in.Life / time.Second)}
	if c.tenant != "" {
		return createTenantCookie.Do(ctx, c.root, tenantCookieInput{c.project, c.tenant, made}, edit...)
	}
	return createCookie.Do(ctx, c.root, cookieInput{c.project, made}, edit...)
}
