package githubtest

import (
	"io"
	"net/http"
	"strconv"

	"github.com/standpipe-go/standpipe/providers/github"
)

// routes are those of github.Operations, each with what it does.
func (s *Server) routes() *http.ServeMux {
	does := map[string]func(*call) *answer{
		"users.getAuthenticated":             s.getUser,
		"repos.listForAuthenticatedUser":     s.listRepositories,
		"repos.get":                          s.inRepository(s.getRepository),
		"issues.listForRepo":                 s.inRepository(s.listIssues),
		"issues.get":                         s.inRepository(s.withIssue(s.getIssue)),
		"issues.create":                      s.inRepository(s.createIssue),
		"issues.update":                      s.inRepository(s.withIssue(s.updateIssue)),
		"issues.createComment":               s.inRepository(s.withIssue(s.createComment)),
		"pulls.list":                         s.inRepository(s.listPulls),
		"pulls.create":                       s.inRepository(s.createPull),
		"repos.getContent":                   s.inRepository(s.getContent),
		"repos.createOrUpdateFileContents":   s.inRepository(s.putContent),
		"repos.createRelease":                s.inRepository(s.createRelease),
		"repos.uploadReleaseAsset":           s.inRepository(s.uploadAsset),
		"repos.listWebhooks":                 s.inRepository(s.listHooks),
		"repos.createWebhook":                s.inRepository(s.createHook),
		"repos.deleteWebhook":                s.inRepository(s.deleteHook),
		"repos.listWebhookDeliveries":        s.inRepository(s.listDeliveries),
		"repos.redeliverWebhookDelivery":     s.inRepository(s.redeliver),
		"orgs.listWebhookDeliveries":         func(c *call) *answer { return s.listDeliveries(c, nil) },
		"orgs.redeliverWebhookDelivery":      func(c *call) *answer { return s.redeliver(c, nil) },
		"apps.listWebhookDeliveries":         func(c *call) *answer { return s.listDeliveries(c, nil) },
		"apps.redeliverWebhookDelivery":      func(c *call) *answer { return s.redeliver(c, nil) },
		"apps.createInstallationAccessToken": s.createToken,
	}
	mux := http.NewServeMux()
	for _, op := range github.Operations {
		info := op.Info()
		mux.Handle(info.Method+" "+info.Route, s.handler(info.Name, does[info.Name]))
	}
	mux.Handle("GET /repos/{owner}/{repo}/contents", s.handler("repos.getContent", does["repos.getContent"]))
	mux.Handle("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", s.handler("issues.listComments", s.inRepository(s.withIssue(s.listComments))))
	mux.Handle("POST /graphql", s.handler("graphql", s.graphql))
	mux.Handle("POST /api/graphql", s.handler("graphql", s.graphql))
	mux.Handle("/", s.handler("", func(*call) *answer { return notFound() }))
	return mux
}

// handler is what every request meets before and after what it asks for.
func (s *Server) handler(operation string, do func(*call) *answer) http.Handler {
	s.operations = append(s.operations, operation)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		s.mu.Lock()
		f := s.fault(operation)
		if f != nil && f.Reset {
			s.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		a := s.answer(operation, f, do, r, body)
		a.header.Set("X-GitHub-Request-Id", "TEST:"+strconv.FormatInt(s.next(), 10))
		a.header.Set("Date", s.now().Format(http.TimeFormat))
		s.mu.Unlock()
		if f != nil && f.Lost {
			panic(http.ErrAbortHandler)
		}
		a.write(w, f)
	})
}

func (s *Server) answer(operation string, f *Fault, do func(*call) *answer, r *http.Request, body []byte) *answer {
	if r.Header.Get("User-Agent") == "" {
		return refuse(http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.")
	}
	switch v := r.Header.Get("X-GitHub-Api-Version"); v {
	case "", "2022-11-28", "2026-03-10":
	default:
		return refuse(http.StatusBadRequest, "Unsupported 'X-GitHub-Api-Version' header: "+v)
	}
	c := &call{Request: r, base: s.baseOf(r), body: body}
	var refused *answer
	if c.caller, refused = s.authenticate(r); refused != nil {
		return refused
	}
	if isApp(operation) != c.app {
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	q := s.quota(c.key, github.Profile.LimitKey(r))
	a := f.answer(operation, s.now())
	if a == nil {
		if a = q.refusal(); a == nil {
			a = do(c).conditional(r)
		}
	}
	q.count(a)
	return a
}

func (a *answer) write(w http.ResponseWriter, f *Fault) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if f != nil && f.CutAfter > 0 {
		_, _ = w.Write(a.body[:min(f.CutAfter, len(a.body))])
		if flush, ok := w.(http.Flusher); ok {
			flush.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}
