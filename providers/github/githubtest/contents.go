package githubtest

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// AddFile writes a file into a repository, "owner/name".
func (s *Server) AddFile(repository, path string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if repo := s.repos[repository]; repo != nil {
		repo.files[path] = slices.Clone(content)
	}
}

// blob is the name that git gives a content.
func blob(content []byte) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

func file(path string, content []byte) object {
	return object{
		"type": "file", "name": path[strings.LastIndexByte(path, '/')+1:], "path": path,
		"sha": blob(content), "size": len(content),
	}
}

// wrapped is base64 in lines of 60, as GitHub has it.
func wrapped(content []byte) string {
	text := base64.StdEncoding.EncodeToString(content)
	var b strings.Builder
	for len(text) > 60 {
		b.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	return b.String() + text + "\n"
}

func (s *Server) getContent(c *call, repo *repository) *answer {
	path := strings.Trim(c.PathValue("path"), "/")
	accept := c.Header.Get("Accept")
	if content, ok := repo.files[path]; ok {
		if strings.Contains(accept, ".raw") {
			a := respond(http.StatusOK, nil)
			a.header.Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
			a.body = content
			return a
		}
		f := file(path, content)
		f["encoding"], f["content"] = "base64", wrapped(content)
		return respond(http.StatusOK, f)
	}
	entries := repo.folder(path)
	switch {
	case len(entries) == 0 && path != "":
		return notFound()
	case !strings.Contains(accept, ".object"):
		return respond(http.StatusOK, entries)
	}
	return respond(http.StatusOK, object{
		"type": "dir", "name": path[strings.LastIndexByte(path, '/')+1:], "path": path,
		"sha": blob([]byte(repo.full + path)), "size": 0, "entries": entries,
	})
}

// folder is what is directly below a path.
func (r *repository) folder(path string) []object {
	entries, seen := []object{}, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		rest := name
		if path != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(name, path+"/"); !ok {
				continue
			}
		}
		first, _, deeper := strings.Cut(rest, "/")
		if !deeper {
			entries = append(entries, file(name, r.files[name]))
			continue
		}
		if !seen[first] {
			seen[first] = true
			full := strings.TrimSuffix(name, rest) + first
			entries = append(entries, object{"type": "dir", "name": first, "path": full, "sha": blob([]byte(full)), "size": 0})
		}
	}
	return entries
}

func (s *Server) putContent(c *call, repo *repository) *answer {
	var in struct {
		Message string
		Content *[]byte
		SHA     string
	}
	path := c.PathValue("path")
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Message == "" || in.Content == nil:
		return refuse(http.StatusUnprocessableEntity, `Invalid request. "message" and "content" weren't supplied.`)
	}
	old, there := repo.files[path]
	switch {
	case there && in.SHA == "":
		return refuse(http.StatusUnprocessableEntity, `Invalid request. "sha" wasn't supplied.`)
	case in.SHA != "" && in.SHA != blob(old):
		return refuse(http.StatusConflict, path+" does not match "+in.SHA)
	}
	repo.files[path] = *in.Content
	status := http.StatusCreated
	if there {
		status = http.StatusOK
	}
	return respond(status, object{
		"content": file(path, *in.Content),
		"commit":  object{"sha": blob([]byte(in.Message + path)), "message": in.Message, "html_url": "https://github.com/" + repo.full + "/commit/1"},
	})
}
