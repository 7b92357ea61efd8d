package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
)

// issue is an issue, or the pull request whose ends are set.
type issue struct {
	id                       int64
	number                   int
	title, body, by          string
	state, reason            string
	labels, assignees        []string
	comments                 []*comment
	created, updated, closed time.Time

	head, base string
	draft      bool
}

type comment struct {
	id       int64
	body, by string
	created  time.Time
}

func (s *Server) newIssue(repo *repository, by, title string) *issue {
	repo.numbers++
	i := &issue{id: s.next(), number: repo.numbers, title: title, by: by, state: "open", created: s.now(), updated: s.now()}
	repo.issues = append(repo.issues, i)
	return i
}

// AddIssues opens n issues in a repository, "owner/name", titled "Issue 1" and so on.
func (s *Server) AddIssues(repository string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if repo := s.repos[repository]; repo != nil {
		for range n {
			s.newIssue(repo, repo.owner(), fmt.Sprintf("Issue %d", repo.numbers+1))
		}
	}
}

func (i *issue) object(repo *repository) object {
	url := "https://github.com/" + repo.full + "/issues/" + strconv.Itoa(i.number)
	o := object{
		"id": i.id, "number": i.number, "title": i.title, "body": orNull(i.body), "user": user(i.by), "state": i.state,
		"state_reason": orNull(i.reason), "labels": labels(i.labels), "assignees": users(i.assignees), "assignee": nil,
		"milestone": nil, "comments": len(i.comments), "locked": false, "html_url": url,
		"url":        github.Profile.BaseURL + "/repos/" + repo.full + "/issues/" + strconv.Itoa(i.number),
		"created_at": i.created, "updated_at": i.updated, "closed_at": orNone(i.closed),
	}
	if i.head != "" {
		o["pull_request"] = object{"html_url": strings.Replace(url, "/issues/", "/pull/", 1)}
	}
	return o
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orNone(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func labels(names []string) []object {
	list := []object{}
	for _, name := range names {
		list = append(list, object{"name": name, "color": "ededed"})
	}
	return list
}

func users(logins []string) []object {
	list := []object{}
	for _, login := range logins {
		list = append(list, user(login))
	}
	return list
}

// withIssue finds the issue of a path.
func (s *Server) withIssue(do func(*call, *repository, *issue) *answer) func(*call, *repository) *answer {
	return func(c *call, repo *repository) *answer {
		for _, i := range repo.issues {
			if strconv.Itoa(i.number) == c.PathValue("issue_number") {
				return do(c, repo, i)
			}
		}
		return notFound()
	}
}

func (s *Server) listIssues(c *call, repo *repository) *answer {
	q := c.URL.Query()
	var since time.Time
	if text := q.Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "Issue", "field": "since", "code": "invalid"})
		}
	}
	list := repo.listed(q, func(i *issue) bool {
		for label := range strings.SplitSeq(q.Get("labels"), ",") {
			if label != "" && !slices.Contains(i.labels, label) {
				return false
			}
		}
		// There are no milestones here.
		return is(q.Get("assignee"), i.assignees...) && is(q.Get("milestone")) && is(q.Get("creator"), i.by) && !i.updated.Before(since)
	})
	return page(c.Request, c.base, list, func(i *issue) object { return i.object(repo) })
}

// is reports whether a filter fits what there is: a name, "none", "*" for any, or "" for
// no filter.
func is(filter string, there ...string) bool {
	switch filter {
	case "":
		return true
	case "none":
		return len(there) == 0
	case "*":
		return len(there) > 0
	}
	return slices.Contains(there, filter)
}

// listed are the issues of a state that keep has, in the order that is asked for: the
// newest first where none is.
func (r *repository) listed(q url.Values, keep func(*issue) bool) []*issue {
	var list []*issue
	for _, i := range r.issues {
		if state := q.Get("state"); (state == "all" || i.state == state || state == "" && i.state == "open") && keep(i) {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b *issue) int {
		switch q.Get("sort") {
		case "updated":
			return a.updated.Compare(b.updated)
		case "comments":
			return cmp.Compare(len(a.comments), len(b.comments))
		}
		return cmp.Compare(a.number, b.number)
	})
	if q.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	return list
}

func (s *Server) getIssue(_ *call, repo *repository, i *issue) *answer {
	return respond(http.StatusOK, i.object(repo))
}

func (s *Server) createIssue(c *call, repo *repository) *answer {
	var in struct {
		Title, Body       string
		Labels, Assignees []string
	}
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Title == "":
		return invalid("Issue", "title")
	}
	i := s.newIssue(repo, c.by(), in.Title)
	i.body, i.labels, i.assignees = in.Body, in.Labels, in.Assignees
	return respond(http.StatusCreated, i.object(repo))
}

// by is the login of whoever makes something: that of an app ends in [bot].
func (c *call) by() string {
	if c.login == "" {
		return "githubtest[bot]"
	}
	return c.login
}

func (s *Server) updateIssue(c *call, repo *repository, i *issue) *answer {
	var in struct {
		Title, Body       *string
		State             string
		StateReason       string `json:"state_reason"`
		Labels, Assignees *[]string
	}
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Title != nil && *in.Title == "":
		return invalid("Issue", "title")
	case in.State != "" && in.State != "open" && in.State != "closed":
		return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "Issue", "field": "state", "code": "invalid"})
	}
	set(&i.title, in.Title)
	set(&i.body, in.Body)
	set(&i.labels, in.Labels)
	set(&i.assignees, in.Assignees)
	switch {
	case in.State == "closed" && i.state == "open":
		i.state, i.reason, i.closed = "closed", "completed", s.now()
		if in.StateReason != "" {
			i.reason = in.StateReason
		}
	case in.State == "open" && i.state == "closed":
		i.state, i.reason, i.closed = "open", "reopened", time.Time{}
	}
	i.updated = s.now()
	return respond(http.StatusOK, i.object(repo))
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (s *Server) createComment(c *call, repo *repository, i *issue) *answer {
	var in struct{ Body string }
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Body == "":
		return invalid("IssueComment", "body")
	}
	made := &comment{s.next(), in.Body, c.by(), s.now()}
	i.comments = append(i.comments, made)
	i.updated = s.now()
	return respond(http.StatusCreated, made.object(repo, i))
}

func (s *Server) listComments(c *call, repo *repository, i *issue) *answer {
	return page(c.Request, c.base, i.comments, func(m *comment) object { return m.object(repo, i) })
}

func (m *comment) object(repo *repository, i *issue) object {
	return object{
		"id": m.id, "body": m.body, "user": user(m.by), "created_at": m.created, "updated_at": m.created,
		"html_url": fmt.Sprintf("https://github.com/%s/issues/%d#issuecomment-%d", repo.full, i.number, m.id),
	}
}

func (s *Server) listPulls(c *call, repo *repository) *answer {
	q := c.URL.Query()
	if by := q.Get("sort"); by != "" && by != "created" && q.Get("direction") == "" {
		q.Set("direction", "asc") // which is the default of these alone
	}
	list := repo.listed(q, func(i *issue) bool {
		return i.head != "" && (q.Get("head") == "" || q.Get("head") == repo.owner()+":"+i.head) && (q.Get("base") == "" || q.Get("base") == i.base)
	})
	return page(c.Request, c.base, list, func(i *issue) object { return i.pull(repo) })
}

func (s *Server) createPull(c *call, repo *repository) *answer {
	var in struct {
		Title, Body, Head, Base string
		Draft                   bool
	}
	if !c.into(&in) {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	var missing []string
	for _, field := range [][2]string{{"title", in.Title}, {"head", in.Head}, {"base", in.Base}} {
		if field[1] == "" {
			missing = append(missing, field[0])
		}
	}
	if missing != nil {
		return invalid("PullRequest", missing...)
	}
	for _, i := range repo.issues {
		if i.head == in.Head && i.base == in.Base && i.state == "open" {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{
				"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for " + repo.owner() + ":" + in.Head + ".",
			})
		}
	}
	i := s.newIssue(repo, c.by(), in.Title)
	i.body, i.head, i.base, i.draft = in.Body, in.Head, in.Base, in.Draft
	return respond(http.StatusCreated, i.pull(repo))
}

func (i *issue) pull(repo *repository) object {
	o := i.object(repo)
	o["html_url"] = o["pull_request"].(object)["html_url"]
	delete(o, "pull_request")
	o["draft"], o["merged_at"] = i.draft, nil
	o["head"] = object{"ref": i.head, "sha": blob([]byte(repo.full + i.head))}
	o["base"] = object{"ref": i.base, "sha": blob([]byte(repo.full + i.base))}
	return o
}
