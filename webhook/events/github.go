package events

import "strings"

// GitHubPush is GitHub's push. Source: "Webhook events and payloads", GitHub
// docs.
type GitHubPush struct {
	Ref          string             `json:"ref"`         // "refs/heads/main", "refs/tags/v1"
	Before       string             `json:"before"`      // 40 zeros when the ref was created
	After        string             `json:"after"`       // 40 zeros when the ref was deleted
	Commits      []GitHubCommit     `json:"commits"`     // at most 2,048
	HeadCommit   *GitHubCommit      `json:"head_commit"` // nil when the ref was deleted
	Pusher       GitHubPerson       `json:"pusher"`
	Repository   GitHubRepository   `json:"repository"`
	Sender       GitHubUser         `json:"sender"`
	Installation GitHubInstallation `json:"installation"`
}

// Branch returns the branch that was pushed to, "" for anything else.
func (p *GitHubPush) Branch() string {
	branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	if !ok {
		return ""
	}
	return branch
}

// GitHubCommit is one commit of a push.
type GitHubCommit struct {
	ID        string       `json:"id"`
	Message   string       `json:"message"`
	Timestamp Time         `json:"timestamp"`
	URL       string       `json:"url"`
	Author    GitHubPerson `json:"author"`
}

// GitHubPerson is who Git says it was, which nobody verified; see
// [GitHubPush].Sender for the account.
type GitHubPerson struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username"`
}

// GitHubUser is an account: a user, an organization or a bot. Most events have one
// as their sender.
type GitHubUser struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"`
}

// GitHubRepository is the repository of most events. CreatedAt and PushedAt come as
// Unix seconds in a push and as RFC 3339 elsewhere.
type GitHubRepository struct {
	ID            int64      `json:"id"`
	FullName      string     `json:"full_name"`
	Private       bool       `json:"private"`
	Owner         GitHubUser `json:"owner"`
	DefaultBranch string     `json:"default_branch"`
	CreatedAt     Time       `json:"created_at"`
	PushedAt      Time       `json:"pushed_at"`
}

// GitHubInstallation is the GitHub App installation that a delivery is for; the ID
// is 0 if there is none.
type GitHubInstallation struct {
	ID int64 `json:"id"`
}
