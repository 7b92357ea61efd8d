package github

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// The webhooks of a repository ("Repository webhooks", GitHub docs). Those of an
// organization are called through Client.HTTP.
var (
	// ListHooks lists the webhooks. What they are signed with is not told.
	ListHooks = client.List[ListHooksInput, []Webhook, Webhook]{
		Op:    client.Op[ListHooksInput, []Webhook]{Name: "repos.listWebhooks", Route: "/repos/{owner}/{repo}/hooks"},
		Items: all[Webhook], Next: client.NextLink[[]Webhook],
	}

	// CreateHook makes a webhook. It is not repeated once it may have been made: look
	// with [ListHooks]. One with the same URL and events is a [client.ErrBadRequest].
	CreateHook = client.Op[CreateHookInput, Webhook]{
		Name: "repos.createWebhook", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/hooks", Encode: encodeHook,
	}

	// DeleteHook deletes a webhook, with what [Deliveries] lists of it.
	DeleteHook = client.Op[HookInput, client.None]{
		Name: "repos.deleteWebhook", Method: http.MethodDelete, Route: "/repos/{owner}/{repo}/hooks/{hook_id}",
	}
)

// ListHooksInput names a repository.
type ListHooksInput struct {
	Owner   string `path:"owner"`
	Repo    string `path:"repo"`
	PerPage int    `query:"per_page"`
}

// HookInput names a webhook.
type HookInput struct {
	Owner string `path:"owner"`
	Repo  string `path:"repo"`
	ID    ID     `path:"hook_id"`
}

// CreateHookInput is a new webhook. All but Events, ContentType and Inactive is required.
type CreateHookInput struct {
	Owner string
	Repo  string
	URL   string // where GitHub delivers: https

	// Secret signs the deliveries, and is what webhook.GitHub verifies with. Without one
	// nobody can tell GitHub's from anybody's.
	Secret secret.Value

	Events      []string // nil is "push" alone; "*" is all
	ContentType string   // "" is "json"; "form"
	Inactive    bool     // has GitHub deliver nothing yet
}

func encodeHook(in CreateHookInput, r *client.Request) error {
	switch {
	case !strings.HasPrefix(in.URL, "https://"):
		return fmt.Errorf("%w: the URL of a webhook begins with https://", client.ErrRequest)
	case in.Secret.IsBlank():
		return fmt.Errorf("%w: a webhook has a secret, by which its deliveries are verified", client.ErrRequest)
	}
	type config struct {
		URL         string `json:"url"`
		ContentType string `json:"content_type"`
		Secret      string `json:"secret"`
	}
	r.SetPath(in.Owner, in.Repo)
	r.Body = struct {
		Name   string   `json:"name"`
		Active bool     `json:"active"`
		Events []string `json:"events,omitempty"`
		Config config   `json:"config"`
	}{"web", !in.Inactive, in.Events, config{in.URL, cmp.Or(in.ContentType, "json"), in.Secret.Reveal()}}
	return nil
}

// Webhook is a place that GitHub delivers events to.
type Webhook struct {
	ID     ID       `json:"id"`
	Active bool     `json:"active"`
	Events []string `json:"events"`
	Config struct {
		URL         string `json:"url"`
		ContentType string `json:"content_type"` // "json", "form"
	} `json:"config"`
	LastResponse struct {
		Code    int    `json:"code"`   // 0 where there was none
		Status  string `json:"status"` // "unused", "ok", …
		Message string `json:"message"`
	} `json:"last_response"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
