package githubtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/standpipe-go/standpipe/providers/github"
)

// AddDelivery adds a delivery of a webhook, as its newest, and returns it. What d leaves
// out is made up: a delivery that went well, now, of an event of its own.
func (s *Server) AddDelivery(hook github.Hook, d github.Delivery) github.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliver(pathOf(hook), d)
}

func (s *Server) deliver(path string, d github.Delivery) github.Delivery {
	n := s.next()
	d.ID = github.ID(strconv.FormatInt(n, 10))
	d.GUID = cmp.Or(d.GUID, "guid-"+string(d.ID))
	if d.Status == "" && d.StatusCode == 0 {
		d.Status, d.StatusCode = "OK", http.StatusOK
	}
	if d.DeliveredAt.IsZero() {
		d.DeliveredAt = s.now()
	}
	d.Event = cmp.Or(d.Event, "issues")
	s.hooks[path] = slices.Insert(s.hooks[path], 0, d)
	return d
}

// Deliveries are those of a webhook, the newest first: what was asked for again is among
// them, as delivered well.
func (s *Server) Deliveries(hook github.Hook) []github.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hooks[pathOf(hook)])
}

// pathOf is where a webhook is.
func pathOf(hook github.Hook) string {
	switch {
	case hook == github.Hook{}:
		return "app"
	case hook.Repo == "":
		return "orgs/" + hook.Owner + "/" + string(hook.ID)
	}
	return "repos/" + hook.Owner + "/" + hook.Repo + "/" + string(hook.ID)
}

func hookOf(c *call) string {
	return pathOf(github.Hook{
		Owner: cmp.Or(c.PathValue("org"), c.PathValue("owner")), Repo: c.PathValue("repo"), ID: github.ID(c.PathValue("hook_id")),
	})
}

// listDeliveries pages by a cursor, the ID of the first that is shown, so that what comes
// meanwhile moves nothing.
func (s *Server) listDeliveries(c *call, _ *repository) *answer {
	all, there := s.hooks[hookOf(c)]
	if !there {
		return notFound()
	}
	from := 0
	if cursor := c.URL.Query().Get("cursor"); cursor != "" {
		if from = slices.IndexFunc(all, func(d github.Delivery) bool { return string(d.ID) == cursor }); from < 0 {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{"resource": "HookDelivery", "field": "cursor", "code": "invalid"})
		}
	}
	size, _ := bounds(c.Request)
	to := min(from+size, len(all))
	list := []object{}
	for _, d := range all[from:to] {
		list = append(list, delivery(d))
	}
	a := respond(http.StatusOK, list)
	if to < len(all) {
		a.header.Set("Link", "<"+linkTo(c.Request, c.base, "cursor", string(all[to].ID))+`>; rel="next"`)
	}
	return a
}

func delivery(d github.Delivery) object {
	return object{
		"id": d.ID, "guid": d.GUID, "delivered_at": d.DeliveredAt.Format(time.RFC3339Nano), "redelivery": d.Redelivery, "duration": 0.27,
		"status": d.Status, "status_code": d.StatusCode, "event": d.Event, "action": orNull(d.Action),
		"installation_id": nil, "repository_id": nil,
	}
}

func (s *Server) redeliver(c *call, _ *repository) *answer {
	path := hookOf(c)
	for _, d := range s.hooks[path] {
		if string(d.ID) == c.PathValue("delivery_id") {
			s.deliver(path, github.Delivery{GUID: d.GUID, Redelivery: true, Event: d.Event, Action: d.Action})
			return respond(http.StatusAccepted, object{})
		}
	}
	return notFound()
}

// hook is a webhook of a repository.
type hook struct {
	id       int64
	url, typ string
	secret   string
	events   []string
	active   bool
	created  time.Time
}

func (h *hook) object() object {
	config := object{"url": h.url, "content_type": h.typ, "insecure_ssl": "0"}
	if h.secret != "" {
		config["secret"] = "********"
	}
	return object{
		"type": "Repository", "id": h.id, "name": "web", "active": h.active, "events": h.events, "config": config,
		"created_at": h.created, "updated_at": h.created, "last_response": object{"code": nil, "status": "unused", "message": nil},
	}
}

func (s *Server) listHooks(c *call, repo *repository) *answer {
	return page(c.Request, c.base, repo.hooks, (*hook).object)
}

// createHook makes a webhook, to which GitHub delivers a ping at once.
func (s *Server) createHook(c *call, repo *repository) *answer {
	in := struct {
		Active bool
		Events []string
		Config struct {
			URL         string
			ContentType string `json:"content_type"`
			Secret      string
		}
	}{Active: true, Events: []string{"push"}}
	switch {
	case !c.into(&in):
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	case in.Config.URL == "":
		return invalid("Hook", "url")
	}
	for _, have := range repo.hooks {
		if have.url == in.Config.URL && slices.Equal(have.events, in.Events) {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", object{
				"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository",
			})
		}
	}
	made := &hook{s.next(), in.Config.URL, cmp.Or(in.Config.ContentType, "form"), in.Config.Secret, in.Events, in.Active, s.now()}
	repo.hooks = append(repo.hooks, made)
	s.deliver(repo.pathOf(made), github.Delivery{Event: "ping"})
	return respond(http.StatusCreated, made.object())
}

func (s *Server) deleteHook(c *call, repo *repository) *answer {
	i := slices.IndexFunc(repo.hooks, func(h *hook) bool { return strconv.FormatInt(h.id, 10) == c.PathValue("hook_id") })
	if i < 0 {
		return notFound()
	}
	delete(s.hooks, repo.pathOf(repo.hooks[i]))
	repo.hooks = slices.Delete(repo.hooks, i, i+1)
	return respond(http.StatusNoContent, nil)
}

func (r *repository) pathOf(h *hook) string {
	return "repos/" + r.full + "/" + strconv.FormatInt(h.id, 10)
}
