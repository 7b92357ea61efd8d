package githubtest

import "net/http"

// graphql answers as Options say, always with a 200.
func (s *Server) graphql(c *call) *answer {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if !c.into(&in) || in.Query == "" {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	body := object{"data": object{"viewer": object{"login": c.by()}}}
	if s.opts.GraphQL != nil {
		data, errors := s.opts.GraphQL(in.Query, in.Variables)
		body = object{"data": data}
		if len(errors) > 0 {
			body["errors"] = errors
		}
	}
	return respond(http.StatusOK, body)
}
