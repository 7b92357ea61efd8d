package events

import "strings"

// GitHubPush is GitHub's push. Source: "Webhook events and payloads", GitHub
// docs.
type GitHubPush struct {
	Ref          string             `json:"ref"`    // "refs/heads/main", "refs/tags/v1"
	Before       string             `json:"before"` // 40 zeros when the ref was created
	After        string             `json:"after"`  // 40 zeros when the ref was deleted
	BaseRef      string             `json:"base_ref"`
	Created      bool               `json:"created"`
	Deleted      bool               `json:"deleted"`
	Forced       bool               `json:"forced"`
	Compare      string             `json:"compare"`
	Commits      []GitHubCommit     `json:"commits"`     // at most 2,048
	HeadCommit   *GitHubCommit      `json:"head_commit"` // nil when the ref was deleted
	Pusher       GitHubPerson       `json:"pusher"`
	Repository   GitHubRepository   `json:"repository"`
	Sender       GitHubUser         `json:"sender"`
	Organization *GitHubUser        `json:"organization"`
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
	TreeID    string       `json:"tree_id"`
	Distinct  bool         `json:"distinct"`
	Message   string       `json:"message"`
	Timestamp Time         `json:"timestamp"`
	URL       string       `json:"url"`
	Author    GitHubPerson `json:"author"`
	Committer GitHubPerson `json:"committer"`
	Added     []string     `json:"added"`
	Removed   []string     `json:"removed"`
	Modified  []string     `json:"modified"`
}

// GitHubPerson is who Git says it was, which nobody verified; see Sender for
// the account.
type GitHubPerson struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Username string `json:"username"`
}

// GitHubUser is an account: a user, an organization or a bot.
type GitHubUser struct {
	ID        int64  `json:"id"`
	Login     string `json:"login"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	AvatarURL string `json:"avatar_url"`
	HTMLURL   string `json:"html_url"`
}

// GitHubRepository is a repository. CreatedAt and PushedAt come as Unix seconds
// in a push and as RFC 3339 elsewhere.
type GitHubRepository struct {
	ID            int64      `json:"id"`
	Name          string     `json:"name"`
	FullName      string     `json:"full_name"`
	Private       bool       `json:"private"`
	Fork          bool       `json:"fork"`
	Archived      bool       `json:"archived"`
	Owner         GitHubUser `json:"owner"`
	DefaultBranch string     `json:"default_branch"`
	HTMLURL       string     `json:"html_url"`
	CloneURL      string     `json:"clone_url"`
	CreatedAt     Time       `json:"created_at"`
	PushedAt      Time       `json:"pushed_at"`
}

// GitHubInstallation is the GitHub App installation that the delivery is for;
// the ID is 0 if there is none.
type GitHubInstallation struct {
	ID int64 `json:"id"`
}

// GitHubPullRequest is GitHub's pull_request.
type GitHubPullRequest struct {
	Action            string             `json:"action"` // "opened", "synchronize", "closed", …
	Number            int                `json:"number"`
	PullRequest       PullRequest        `json:"pull_request"`
	Before            string             `json:"before"` // synchronize only, like After
	After             string             `json:"after"`
	Label             *GitHubLabel       `json:"label"`              // labeled and unlabeled only
	RequestedReviewer *GitHubUser        `json:"requested_reviewer"` // review_requested and its removal only
	Repository        GitHubRepository   `json:"repository"`
	Sender            GitHubUser         `json:"sender"`
	Organization      *GitHubUser        `json:"organization"`
	Installation      GitHubInstallation `json:"installation"`
}

// PullRequest is GitHub's pull request.
type PullRequest struct {
	ID             int64         `json:"id"`
	Number         int           `json:"number"`
	State          string        `json:"state"` // "open" or "closed"; see Merged
	Title          string        `json:"title"`
	Body           string        `json:"body"`
	Draft          bool          `json:"draft"`
	Locked         bool          `json:"locked"`
	Merged         bool          `json:"merged"`
	MergedAt       Time          `json:"merged_at"`
	MergedBy       *GitHubUser   `json:"merged_by"`
	MergeCommitSHA string        `json:"merge_commit_sha"`
	User           GitHubUser    `json:"user"`
	Labels         []GitHubLabel `json:"labels"`
	Head           GitHubBranch  `json:"head"`
	Base           GitHubBranch  `json:"base"`
	HTMLURL        string        `json:"html_url"`
	Commits        int           `json:"commits"`
	Additions      int           `json:"additions"`
	Deletions      int           `json:"deletions"`
	ChangedFiles   int           `json:"changed_files"`
	CreatedAt      Time          `json:"created_at"`
	UpdatedAt      Time          `json:"updated_at"`
	ClosedAt       Time          `json:"closed_at"`
}

// GitHubLabel is a label.
type GitHubLabel struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

// GitHubBranch is one end of a pull request.
type GitHubBranch struct {
	Label string            `json:"label"`
	Ref   string            `json:"ref"`
	SHA   string            `json:"sha"`
	User  GitHubUser        `json:"user"`
	Repo  *GitHubRepository `json:"repo"` // nil when the fork was deleted
}
