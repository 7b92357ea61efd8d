package githubtest

import (
	"encoding/json"
	"net/http"
)

// caller is who asks.
type caller struct {
	login string // "" is an app, or an installation
	app   bool   // the app itself
	key   string // for whom requests are counted
}

// call is a request that has been let in.
type call struct {
	*http.Request
	caller
	base string
	body []byte
}

// into decodes the request's body.
func (c *call) into(v any) bool { return json.Unmarshal(c.body, v) == nil }
