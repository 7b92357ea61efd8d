package githubtest

import (
	"net/http"
	"strconv"
	"time"
)

func (s *Server) quota(caller, resource string) *quota {
	key := caller + "#" + resource
	q := s.used[key]
	if now := s.now(); q == nil || !now.Before(q.reset) {
		q = &quota{resource: resource, limit: s.opts.Limit, reset: now.Add(time.Hour)}
		s.used[key] = q
	}
	return q
}

// refusal is that of a quota that is used up.
func (q *quota) refusal() *answer {
	if q.used < q.limit {
		return nil
	}
	return refuse(http.StatusForbidden, "API rate limit exceeded for user ID 1.")
}

// count counts an answer and says so. A 304 is free.
func (q *quota) count(a *answer) {
	if a.status != http.StatusNotModified && q.used < q.limit {
		q.used++
	}
	for name, value := range map[string]string{
		"X-RateLimit-Limit": strconv.Itoa(q.limit), "X-RateLimit-Used": strconv.Itoa(q.used),
		"X-RateLimit-Remaining": strconv.Itoa(q.limit - q.used), "X-RateLimit-Reset": strconv.FormatInt(q.reset.Unix(), 10),
		"X-RateLimit-Resource": q.resource,
	} {
		if a.header.Get(name) == "" {
			a.header.Set(name, value)
		}
	}
}
