package githubtest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
)

// repository is what is kept of one. Its full name is "owner/name".
type repository struct {
	id       int64
	full     string
	created  time.Time
	numbers  int // of issues and pull requests, which share them
	issues   []*issue
	files    map[string][]byte
	releases []*release
	hooks    []*hook
}

func (s *Server) newRepository(full string) *repository {
	_, name, _ := strings.Cut(full, "/")
	return &repository{
		id: s.next(), full: full, created: s.now(),
		files: map[string][]byte{"README.md": []byte("# " + name + "\n")},
	}
}

func (r *repository) owner() string { owner, _, _ := strings.Cut(r.full, "/"); return owner }

func (r *repository) object() object {
	_, name, _ := strings.Cut(r.full, "/")
	return object{
		"id": r.id, "name": name, "full_name": r.full, "owner": user(r.owner()), "private": false, "fork": false,
		"archived": false, "default_branch": "main", "html_url": "https://github.com/" + r.full, "description": nil,
		"pushed_at": r.created, "created_at": r.created, "updated_at": r.created,
		"url": github.Profile.BaseURL + "/repos/" + r.full,
	}
}

// user is an account. Its ID is made of its name, so that it is always the same.
func user(login string) object {
	id := 1
	for _, c := range login {
		id = id*31%1_000_003 + int(c)
	}
	return object{
		"login": login, "id": id, "type": "User", "html_url": "https://github.com/" + login,
		"url": github.Profile.BaseURL + "/users/" + login, "site_admin": false,
	}
}

func (s *Server) getUser(c *call) *answer {
	if c.login == "" {
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	u := user(c.login)
	u["name"], u["email"] = strings.ToUpper(c.login[:1])+c.login[1:], nil
	return respond(http.StatusOK, u)
}

func (s *Server) listRepositories(c *call) *answer {
	if c.login == "" {
		return refuse(http.StatusForbidden, "Resource not accessible by integration")
	}
	var list []*repository
	for _, r := range s.repos {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *repository) int { return strings.Compare(a.full, b.full) })
	return page(c.Request, c.base, list, (*repository).object)
}

// inRepository finds the repository of a path.
func (s *Server) inRepository(do func(*call, *repository) *answer) func(*call) *answer {
	return func(c *call) *answer {
		repo := s.repos[c.PathValue("owner")+"/"+c.PathValue("repo")]
		if repo == nil {
			return notFound()
		}
		return do(c, repo)
	}
}

func (s *Server) getRepository(_ *call, repo *repository) *answer {
	return respond(http.StatusOK, repo.object())
}
