package github

import (
	"encoding/json"
	"time"

	"github.com/standpipe-go/standpipe/internal/jsonscan"
	"github.com/standpipe-go/standpipe/secret"
)

// ID is an identifier of GitHub's, as text: it is a number of up to 64 bits there.
type ID = json.Number

// User is a person, an organization or a bot.
type User struct {
	ID      ID     `json:"id"`
	Login   string `json:"login"`
	Type    string `json:"type"` // "User", "Organization", "Bot"
	Name    string `json:"name"` // "" in lists
	Email   string `json:"email"`
	HTMLURL string `json:"html_url"`
}

// Repository is a repository.
type Repository struct {
	ID            ID        `json:"id"`
	Name          string    `json:"name"`
	FullName      string    `json:"full_name"` // "owner/name"
	Owner         User      `json:"owner"`
	Description   string    `json:"description"`
	DefaultBranch string    `json:"default_branch"`
	HTMLURL       string    `json:"html_url"`
	Private       bool      `json:"private"`
	Archived      bool      `json:"archived"`
	Fork          bool      `json:"fork"`
	PushedAt      time.Time `json:"pushed_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// Issue is an issue. A list of issues has the pull requests too, see PullRequest.
type Issue struct {
	ID          ID        `json:"id"`
	Number      int       `json:"number"`
	State       string    `json:"state"`        // "open", "closed"
	StateReason string    `json:"state_reason"` // "completed", "not_planned", …; "" is none
	Title       string    `json:"title"`
	Body        string    `json:"body"`
	User        User      `json:"user"`
	Labels      []Label   `json:"labels"`
	Assignees   []User    `json:"assignees"`
	Comments    int       `json:"comments"`
	Locked      bool      `json:"locked"`
	HTMLURL     string    `json:"html_url"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	ClosedAt    time.Time `json:"closed_at"` // zero while it is open

	// PullRequest is nil unless the issue is a pull request.
	PullRequest *PullRequestLink `json:"pull_request"`
}

// PullRequestLink says where the pull request of an issue is.
type PullRequestLink struct {
	HTMLURL string `json:"html_url"`
}

// Label is a label of an issue.
type Label struct {
	Name  string `json:"name"`
	Color string `json:"color"` // six hexadecimal digits
}

// UnmarshalJSON takes the name alone as well, which GitHub's description permits. It is
// called for each label of a list, so it looks for two members, and decodes no more.
func (l *Label) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*l = Label{}
		return json.Unmarshal(text, &l.Name)
	}
	var wrong error
	err := jsonscan.Tolerant.Object(text, func(m jsonscan.Member) {
		var into *string
		switch string(m.Name) {
		case "name":
			into = &l.Name
		case "color":
			into = &l.Color
		default:
			return
		}
		if s, ok := jsonscan.String(m.Value); ok {
			*into = s
		} else if string(m.Value) != "null" {
			wrong = json.Unmarshal(m.Value, into) // says what it is
		}
	})
	if err != nil && string(text) != "null" {
		return err
	}
	return wrong
}

// Comment is a comment on an issue or a pull request.
type Comment struct {
	ID        ID        `json:"id"`
	Body      string    `json:"body"`
	User      User      `json:"user"`
	HTMLURL   string    `json:"html_url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// PullRequest is a pull request.
type PullRequest struct {
	ID        ID        `json:"id"`
	Number    int       `json:"number"`
	State     string    `json:"state"` // "open", "closed"
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	User      User      `json:"user"`
	Draft     bool      `json:"draft"`
	Head      Branch    `json:"head"`
	Base      Branch    `json:"base"`
	HTMLURL   string    `json:"html_url"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	ClosedAt  time.Time `json:"closed_at"` // zero while it is open
	MergedAt  time.Time `json:"merged_at"` // zero unless it was merged
}

// Branch is an end of a pull request.
type Branch struct {
	Ref string `json:"ref"`
	SHA string `json:"sha"`
}

// Content is a file of a repository, or a folder.
type Content struct {
	Type string `json:"type"` // "file", "dir", "symlink", "submodule"
	Name string `json:"name"`
	Path string `json:"path"`
	SHA  string `json:"sha"` // of the blob, which [PutContent] wants of a file that is there
	Size int64  `json:"size"`

	// Content is what a file holds. It is empty, and Encoding "none", for one over 1 MB,
	// and in Entries: see [GetContent].
	Content  []byte `json:"content"`
	Encoding string `json:"encoding"`

	// Entries are what a folder holds, 1,000 at most.
	Entries []Content `json:"entries"`
}

// Commit is what a change of content has made.
type Commit struct {
	SHA     string `json:"sha"`
	Message string `json:"message"`
	HTMLURL string `json:"html_url"`
}

// ContentChange is a file as it was written, and its commit.
type ContentChange struct {
	Content Content `json:"content"`
	Commit  Commit  `json:"commit"`
}

// Release is a release of a repository.
type Release struct {
	ID          ID        `json:"id"`
	TagName     string    `json:"tag_name"`
	Name        string    `json:"name"`
	Body        string    `json:"body"`
	Draft       bool      `json:"draft"`
	Prerelease  bool      `json:"prerelease"`
	HTMLURL     string    `json:"html_url"`
	UploadURL   string    `json:"upload_url"` // for [UploadAsset]
	Assets      []Asset   `json:"assets"`
	CreatedAt   time.Time `json:"created_at"`
	PublishedAt time.Time `json:"published_at"` // zero for a draft
}

// Asset is a file of a release.
type Asset struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Label       string `json:"label"`
	State       string `json:"state"` // "uploaded", or "open" after an upload that failed
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	DownloadURL string `json:"browser_download_url"`
}

// Delivery is one attempt to deliver an event to a webhook.
type Delivery struct {
	ID          ID        `json:"id"`
	GUID        string    `json:"guid"` // of the event: X-GitHub-Delivery, shared by its redeliveries
	DeliveredAt time.Time `json:"delivered_at"`
	Redelivery  bool      `json:"redelivery"`
	Status      string    `json:"status"`      // "OK", or what went wrong
	StatusCode  int       `json:"status_code"` // 0 where there was no response
	Event       string    `json:"event"`
	Action      string    `json:"action"`
}

// Failed reports whether the webhook's receiver did not take the delivery.
func (d *Delivery) Failed() bool {
	return d.Status != "OK" && (d.StatusCode < 200 || d.StatusCode > 399)
}

// InstallationToken is a token that speaks for an installation, for an hour. It is
// opaque: about 520 characters, of a form that changes.
type InstallationToken struct {
	Token       secret.Value      `json:"token"`
	ExpiresAt   time.Time         `json:"expires_at"`
	Permissions map[string]string `json:"permissions"`
}
