package sendgrid

import (
	"encoding/json"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
)

// ID is the identifier of a group, as text: it is a number there.
type ID = json.Number

var (
	// ListGroups lists the groups of mails that can be unsubscribed from. There is one
	// page of them.
	ListGroups = client.List[client.None, []Group, Group]{
		Op:    client.Op[client.None, []Group]{Name: "groups.list", Route: "/v3/asm/groups"},
		Items: all[Group],
		Next:  single[[]Group],
	}

	// AddToGroup has no more mail of a group sent to some addresses. It changes nothing
	// to do it twice.
	AddToGroup = client.Op[GroupRecipients, Recipients]{
		Name: "groups.add", Method: http.MethodPost, Route: "/v3/asm/groups/{group_id}/suppressions", Repeatable: true,
	}

	// RemoveFromGroup takes an address off a group's list.
	RemoveFromGroup = client.Op[GroupRecipient, client.None]{
		Name: "groups.remove", Method: http.MethodDelete, Route: "/v3/asm/groups/{group_id}/suppressions/{email}",
	}
)

// Group is a group of mails that can be unsubscribed from.
type Group struct {
	ID           ID     `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	IsDefault    bool   `json:"is_default"`
	Unsubscribes int    `json:"unsubscribes"`
}

// GroupRecipients are addresses of a group.
type GroupRecipients struct {
	GroupID ID       `path:"group_id"`
	Emails  []string `json:"recipient_emails"`
}

// GroupRecipient is an address of a group.
type GroupRecipient struct {
	GroupID ID     `path:"group_id"`
	Email   string `path:"email"`
}
