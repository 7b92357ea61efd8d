package github

import (
	"net/http"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// The operations. Where an input has PerPage, GitHub's own is 30 and at most 100 are
// possible: a long list takes the fewest requests with 100.
var (
	// GetUser returns whom the token speaks for. An installation's speaks for no user:
	// GitHub responds with a 403.
	GetUser = client.Op[client.None, User]{Name: "users.getAuthenticated", Route: "/user"}

	// ListRepositories lists the repositories that the user may see.
	ListRepositories = client.List[ListRepositoriesInput, []Repository, Repository]{
		Op:    since(func(in *ListRepositoriesInput) *time.Time { return &in.Since }, client.Op[ListRepositoriesInput, []Repository]{Name: "repos.listForAuthenticatedUser", Route: "/user/repos"}),
		Items: all[Repository], Next: client.NextLink[[]Repository],
	}

	// GetRepository returns a repository. One that has moved is followed.
	GetRepository = client.Op[RepositoryInput, Repository]{Name: "repos.get", Route: "/repos/{owner}/{repo}"}

	// ListIssues lists issues, and pull requests among them, the newest first.
	ListIssues = client.List[ListIssuesInput, []Issue, Issue]{
		Op:    since(func(in *ListIssuesInput) *time.Time { return &in.Since }, client.Op[ListIssuesInput, []Issue]{Name: "issues.listForRepo", Route: "/repos/{owner}/{repo}/issues"}),
		Items: all[Issue], Next: client.NextLink[[]Issue],
	}

	// GetIssue returns an issue.
	GetIssue = client.Op[IssueInput, Issue]{Name: "issues.get", Route: "/repos/{owner}/{repo}/issues/{issue_number}"}

	// CreateIssue opens an issue.
	CreateIssue = client.Op[CreateIssueInput, Issue]{
		Name: "issues.create", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/issues",
	}

	// UpdateIssue changes what its input has of an issue, or a pull request. To close
	// one, its State is "closed".
	UpdateIssue = client.Op[UpdateIssueInput, Issue]{
		Name: "issues.update", Method: http.MethodPatch, Route: "/repos/{owner}/{repo}/issues/{issue_number}",
	}

	// CreateComment comments on an issue or a pull request.
	CreateComment = client.Op[CreateCommentInput, Comment]{
		Name: "issues.createComment", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/issues/{issue_number}/comments",
	}

	// ListPullRequests lists pull requests, the newest first.
	ListPullRequests = client.List[ListPullRequestsInput, []PullRequest, PullRequest]{
		Op:    client.Op[ListPullRequestsInput, []PullRequest]{Name: "pulls.list", Route: "/repos/{owner}/{repo}/pulls"},
		Items: all[PullRequest], Next: client.NextLink[[]PullRequest],
	}

	// CreatePullRequest opens a pull request.
	CreatePullRequest = client.Op[CreatePullRequestInput, PullRequest]{
		Name: "pulls.create", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/pulls",
	}

	// GetContent returns a file with what it holds, or a folder with its entries. Of a
	// file over 1 MB, download its request with the header "Accept:
	// application/vnd.github.raw+json", see client.Download.
	GetContent = client.Op[ContentInput, Content]{
		Name: "repos.getContent", Route: "/repos/{owner}/{repo}/contents/{path...}", Encode: encodeContent,
	}

	// PutContent writes a file, which makes a commit. Of a file that is there it wants
	// the SHA that [GetContent] had: another one is a [client.ErrConflict], and none a
	// [client.ErrBadRequest]. It is repeated as a PUT is; where the first had been
	// applied, the repeat's conflict is the outcome, and the error's Effect says so.
	PutContent = client.Op[PutContentInput, ContentChange]{
		Name: "repos.createOrUpdateFileContents", Method: http.MethodPut, Route: "/repos/{owner}/{repo}/contents/{path...}",
		Encode: encodePut,
	}

	// CreateRelease makes a release, and its tag where there is none yet.
	CreateRelease = client.Op[CreateReleaseInput, Release]{
		Name: "repos.createRelease", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/releases",
	}

	// UploadAsset adds a file to a release, at the release's own UploadURL: that is on
	// another host. GitHub wants to know the length beforehand. After an error with the
	// effect [client.MaybeApplied] the asset may be there, broken off; delete it before
	// uploading again.
	UploadAsset = client.Op[UploadAssetInput, Asset]{
		Name: "repos.uploadReleaseAsset", Method: http.MethodPost, Route: "/repos/{owner}/{repo}/releases/{release_id}/assets",
		Encode: encodeUpload,
	}

	// CreateInstallationToken makes a token for an installation of the app, as
	// [NewInstallation] does by itself. Make it with a client of [NewApp]. To make one
	// more does no harm, so it is repeated.
	CreateInstallationToken = client.Op[Installation, InstallationToken]{
		Name: "apps.createInstallationAccessToken", Method: http.MethodPost,
		Route: "/app/installations/{installation_id}/access_tokens", Repeatable: true,
	}
)

// all are the items of a list that is a page by itself.
func all[T any](page []T) []T { return page }

// RepositoryInput names a repository.
type RepositoryInput struct {
	Owner string `path:"owner"`
	Repo  string `path:"repo"`
}

// ListRepositoriesInput says which repositories to list. Zero fields are GitHub's
// defaults.
type ListRepositoriesInput struct {
	Visibility  string    `query:"visibility"`  // "all", "public", "private"
	Affiliation string    `query:"affiliation"` // of "owner", "collaborator", "organization_member", by commas
	Sort        string    `query:"sort"`        // "created", "updated", "pushed", "full_name"
	Direction   string    `query:"direction"`   // "asc", "desc"
	Since       time.Time `query:"since"`       // updated after
	PerPage     int       `query:"per_page"`
}

// ListIssuesInput says which issues to list. Zero fields are GitHub's defaults.
type ListIssuesInput struct {
	Owner     string    `path:"owner"`
	Repo      string    `path:"repo"`
	State     string    `query:"state"` // "open", "closed", "all"
	Labels    []string  `query:"labels,comma"`
	Assignee  string    `query:"assignee"`  // a login, "none" or "*"
	Creator   string    `query:"creator"`   // a login
	Milestone string    `query:"milestone"` // a number, "none" or "*"
	Sort      string    `query:"sort"`      // "created", "updated", "comments"
	Direction string    `query:"direction"` // "asc", "desc"
	Since     time.Time `query:"since"`     // updated after
	PerPage   int       `query:"per_page"`
}

// IssueInput names an issue.
type IssueInput struct {
	Owner  string `path:"owner"`
	Repo   string `path:"repo"`
	Number int    `path:"issue_number"`
}

// CreateIssueInput is a new issue. Only its Title is required.
type CreateIssueInput struct {
	Owner     string   `path:"owner"`
	Repo      string   `path:"repo"`
	Title     string   `json:"title"`
	Body      string   `json:"body,omitempty"`
	Labels    []string `json:"labels,omitempty"`
	Assignees []string `json:"assignees,omitempty"` // logins
	Milestone int      `json:"milestone,omitempty"` // its number
	Type      string   `json:"type,omitempty"`      // of the organization's types of issues
}

// UpdateIssueInput is what changes. What is nil or "" stays; an empty slice that is not
// nil removes all.
type UpdateIssueInput struct {
	Owner       string   `path:"owner"`
	Repo        string   `path:"repo"`
	Number      int      `path:"issue_number"`
	Title       string   `json:"title,omitempty"`
	Body        *string  `json:"body,omitempty"`
	State       string   `json:"state,omitempty"`        // "open", "closed"
	StateReason string   `json:"state_reason,omitempty"` // "completed", "not_planned", "duplicate", "reopened"
	Labels      []string `json:"labels,omitzero"`
	Assignees   []string `json:"assignees,omitzero"`
}

// CreateCommentInput is a new comment.
type CreateCommentInput struct {
	Owner  string `path:"owner"`
	Repo   string `path:"repo"`
	Number int    `path:"issue_number"`
	Body   string `json:"body"`
}

// ListPullRequestsInput says which pull requests to list. Zero fields are GitHub's
// defaults.
type ListPullRequestsInput struct {
	Owner     string `path:"owner"`
	Repo      string `path:"repo"`
	State     string `query:"state"`     // "open", "closed", "all"
	Head      string `query:"head"`      // "owner:branch"
	Base      string `query:"base"`      // a branch
	Sort      string `query:"sort"`      // "created", "updated", "popularity", "long-running"
	Direction string `query:"direction"` // "asc", "desc"
	PerPage   int    `query:"per_page"`
}

// CreatePullRequestInput is a new pull request: Head is to be merged into Base.
type CreatePullRequestInput struct {
	Owner               string `path:"owner"`
	Repo                string `path:"repo"`
	Title               string `json:"title"`
	Head                string `json:"head"` // a branch, "owner:branch" of another repository
	Base                string `json:"base"` // a branch
	Body                string `json:"body,omitempty"`
	Draft               bool   `json:"draft,omitempty"`
	MaintainerCanModify *bool  `json:"maintainer_can_modify,omitempty"`
}

// ContentInput names a file or folder.
type ContentInput struct {
	Owner string
	Repo  string
	Path  string // without a slash at its begin; "" is the root
	Ref   string // a branch, tag or commit; "" is the default branch
}

// PutContentInput is what to write. Content may be empty; SHA and Branch are optional.
type PutContentInput struct {
	Owner   string
	Repo    string
	Path    string // without a slash at its begin
	Message string // of the commit
	Content []byte // as it is: base64 is made of it here
	SHA     string // of what it replaces; "" where there is nothing yet
	Branch  string // "" is the default branch
}

// CreateReleaseInput is a new release. Only its TagName is required.
type CreateReleaseInput struct {
	Owner         string `path:"owner"`
	Repo          string `path:"repo"`
	TagName       string `json:"tag_name"`
	Target        string `json:"target_commitish,omitempty"` // a branch or commit, for a tag that is made; "" is the default branch
	Name          string `json:"name,omitempty"`
	Body          string `json:"body,omitempty"`
	Draft         bool   `json:"draft,omitempty"`
	Prerelease    bool   `json:"prerelease,omitempty"`
	GenerateNotes bool   `json:"generate_release_notes,omitempty"`
	MakeLatest    string `json:"make_latest,omitempty"` // "true", "false", "legacy"
}

// UploadAssetInput is a file for a release. All but Label is required.
type UploadAssetInput struct {
	UploadURL string // the Release's
	Name      string
	Label     string      // shown in place of the name
	Content   client.Body // such as client.Open("application/zip", open, size)
}

// Installation names an installation of a GitHub App. Repositories and Permissions, if
// given, narrow what its token may do.
type Installation struct {
	ID           ID                `path:"installation_id"`
	Repositories []string          `json:"repositories,omitempty"` // names without the owner, at most 500
	Permissions  map[string]string `json:"permissions,omitempty"`  // {"issues": "write"}
}
