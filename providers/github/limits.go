package github

import (
	"encoding/json"
	"net/http"
	"strings"
)

// throttled tells a limit from what is not permitted: both are a 403, and a 429 is always
// a limit. What GitHub says in words decides where it can be read, since the last request
// of an hour may be one that is not permitted: X-RateLimit-Remaining is 0 then as well.
// The limit of the GraphQL API is an error inside a 200.
func throttled(status int, h http.Header, body []byte) bool {
	if status != http.StatusForbidden {
		return status < 300 && ofGraphQL(h) && inGraphQL.Throttled(status, h, body)
	}
	if h.Get("Retry-After") != "" {
		return true
	}
	var said struct {
		Message string `json:"message"`
		Page    string `json:"documentation_url"`
	}
	if json.Unmarshal(body, &said) != nil || said.Message == "" {
		return h.Get("X-Ratelimit-Remaining") == "0"
	}
	text := strings.ToLower(said.Message)
	return strings.Contains(text, "rate limit") || strings.Contains(text, "abuse detection") || strings.Contains(said.Page, "rate-limit")
}

// limitKey names the limit that a request counts against, as X-RateLimit-Resource does
// ("REST API endpoints for rate limits", GitHub docs). To ask for the limits is free, so
// it has a name of its own and is never held up.
func limitKey(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, "/api/v3") // of GitHub Enterprise Server
	switch {
	case strings.HasPrefix(path, "/search/code"):
		return "code_search"
	case strings.HasPrefix(path, "/search/"):
		return "search"
	case path == "/graphql", path == "/api/graphql":
		return "graphql"
	case path == "/rate_limit":
		return "rate_limit"
	case strings.HasPrefix(path, "/app-manifests/"):
		return "integration_manifest"
	case strings.HasPrefix(path, "/scim/"):
		return "scim"
	case strings.HasSuffix(path, "/audit-log"):
		return "audit_log"
	case strings.HasSuffix(path, "/dependency-graph/snapshots"):
		return "dependency_snapshots"
	case strings.HasSuffix(path, "/dependency-graph/sbom"):
		return "dependency_sbom"
	case strings.HasSuffix(path, "/code-scanning/sarifs"):
		return "code_scanning_upload"
	case strings.HasSuffix(path, "/actions/runners/registration-token"):
		return "actions_runner_registration"
	}
	return "core"
}
