package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
)

type release struct {
	id                int64
	tag, name, body   string
	draft, prerelease bool
	created           time.Time
	assets            []*asset
}

type asset struct {
	id                int64
	name, label, kind string
	content           []byte
}

func (s *Server) createRelease(c *call, repo *repository) *answer {
	var in struct {
		Tag        string `json:"tag_name"`
		Name, Body string
		Draft      bool
		Prerelease bool
	}
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Tag == "":
		return invalid("Release", "tag_name")
	}
	for _, r := range repo.releases {
		if r.tag == in.Tag {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "Release", "field": "tag_name", "code": "already_exists"})
		}
	}
	r := &release{id: s.next(), tag: in.Tag, name: in.Name, body: in.Body, draft: in.Draft, prerelease: in.Prerelease, created: s.now()}
	repo.releases = append(repo.releases, r)
	o := object{
		"id": r.id, "tag_name": r.tag, "name": orNull(r.name), "body": orNull(r.body), "draft": r.draft, "prerelease": r.prerelease,
		"html_url": "https://github.com/" + repo.full + "/releases/tag/" + r.tag, "assets": []object{},
		"created_at": r.created, "published_at": r.created,
		"upload_url": fmt.Sprintf("%s/repos/%s/releases/%d/assets{?name,label}", s.uploads(c), repo.full, r.id),
	}
	if r.draft {
		o["published_at"] = nil
	}
	return respond(http.StatusCreated, o)
}

// uploads is where assets go: to a host of its own at GitHub, to this one where there is
// no other.
func (s *Server) uploads(c *call) string {
	switch {
	case s.URL == github.Profile.BaseURL:
		return github.Profile.Origins[0]
	case c.base != s.URL:
		return s.URL + "/api/uploads"
	}
	return s.URL
}

func (s *Server) uploadAsset(c *call, repo *repository) *answer {
	var r *release
	for _, candidate := range repo.releases {
		if strconv.FormatInt(candidate.id, 10) == c.PathValue("release_id") {
			r = candidate
		}
	}
	name := c.URL.Query().Get("name")
	switch {
	case r == nil:
		return notFound()
	case name == "":
		return invalid("ReleaseAsset", "name")
	case c.ContentLength < 0:
		return refuse(http.StatusLengthRequired, "Content-Length is required")
	}
	for _, a := range r.assets {
		if a.name == name {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "ReleaseAsset", "field": "name", "code": "already_exists"})
		}
	}
	a := &asset{s.next(), name, c.URL.Query().Get("label"), c.Header.Get("Content-Type"), c.body}
	r.assets = append(r.assets, a)
	return respond(http.StatusCreated, object{
		"id": a.id, "name": a.name, "label": a.label, "content_type": a.kind, "state": "uploaded", "size": len(a.content),
		"browser_download_url": "https://github.com/" + repo.full + "/releases/download/" + r.tag + "/" + a.name,
	})
}

// Asset returns what was uploaded to a release of a repository, "owner/name".
func (s *Server) Asset(repository, tag, name string) (content []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if repo := s.repos[repository]; repo != nil {
		for _, r := range repo.releases {
			for _, a := range r.assets {
				if r.tag == tag && a.name == name {
					return a.content, true
				}
			}
		}
	}
	return nil, false
}
