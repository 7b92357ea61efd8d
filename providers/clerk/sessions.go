package clerk

import (
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// The operations on sessions.
var (
	// ListSessions yields the sessions of a user or a client, newest first. Clerk does
	// not keep old ones.
	ListSessions = client.List[ListSessionsInput, Page[Session], Session]{
		Op:    client.Op[ListSessionsInput, Page[Session]]{Name: "sessions.list", Route: "/sessions?paginated=true"},
		Items: itemsOf[Session], Next: nextPage[Session],
	}

	// GetSession fetches a session. That a request belongs to one is told by package
	// session, without a call.
	GetSession = client.Op[SessionInput, Session]{Name: "sessions.get", Route: "/sessions/{session_id}"}

	// RevokeSession ends a session. A token that it has handed out stays valid until it
	// expires, a minute at most.
	RevokeSession = client.Op[SessionInput, Session]{
		Name: "sessions.revoke", Method: http.MethodPost, Route: "/sessions/{session_id}/revoke", Repeatable: true,
	}
)

// SessionInput names a session.
type SessionInput struct {
	ID string `path:"session_id"`
}

// ListSessionsInput selects sessions: give a user or a client.
type ListSessionsInput struct {
	UserID   string `query:"user_id"`
	ClientID string `query:"client_id"`
	Status   string `query:"status"` // "active", "revoked", "ended", "expired" and others
	Limit    int    `query:"limit"`  // to a page, 500 at most; 0 is Clerk's 10
	Offset   int    `query:"offset"`
}

// Session is a sign-in of a user in one browser or device.
type Session struct {
	ID                   string `json:"id"`
	UserID               string `json:"user_id"`
	ClientID             string `json:"client_id"`
	Status               string `json:"status"`
	ActiveOrganizationID string `json:"last_active_organization_id"`
	LastActiveAt         Time   `json:"last_active_at"`
	ExpireAt             Time   `json:"expire_at"`
	AbandonAt            Time   `json:"abandon_at"`
	CreatedAt            Time   `json:"created_at"`
	UpdatedAt            Time   `json:"updated_at"`
}
