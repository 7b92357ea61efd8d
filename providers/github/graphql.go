package github

import (
	"context"
	"net/http"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/graphql"
)

// GraphQL executes an operation of GitHub's GraphQL API and decodes its data into a T.
// variables are encoded as a JSON object; nil is none. Its errors are those of
// graphql.Do: a "NOT_FOUND" inside a 200 matches [client.ErrNotFound], and a limit
// [client.ErrRateLimited], after it was waited for. An edit may give the request the
// points that it costs, as its Weight.
//
// A query is repeated as a GET is, a mutation as a POST. The API has limits of its own,
// by points ("Rate limits and query limits for the GraphQL API", GitHub docs).
func GraphQL[T any](ctx context.Context, c *client.Client, query string, variables any, edit ...func(*client.Request)) (T, error) {
	r := graphql.Request{Path: graphqlPath, Query: query, Variables: variables, Codes: graphqlCodes}
	// GitHub Enterprise Server has it beside the REST API, and not below that.
	if base, ok := strings.CutSuffix(strings.TrimSuffix(c.BaseURL(), "/"), "/api/v3"); ok {
		edit = append([]func(*client.Request){func(r *client.Request) {
			r.URL, r.Path = base+"/api/graphql", ""
		}}, edit...)
	}
	return graphql.Do[T](ctx, c, r, edit...)
}

const graphqlPath = "/graphql"

// graphqlCodes are those that are not everybody's. A query that is too large for the
// server is wrong, and no limit that would pass.
var graphqlCodes = graphql.Codes{
	"MAX_NODE_LIMIT_EXCEEDED":       http.StatusBadRequest,
	"RESOURCE_LIMITS_EXCEEDED":      http.StatusBadRequest,
	"MISSING_PAGINATION_BOUNDARIES": http.StatusBadRequest,
	"EXCESSIVE_PAGINATION":          http.StatusBadRequest,
	"undefinedField":                http.StatusBadRequest,
}

// inGraphQL are the functions of a profile that read GraphQL's errors.
var inGraphQL = graphqlCodes.Profile(client.Profile{})

// ofGraphQL reports whether a response is that API's.
func ofGraphQL(h http.Header) bool { return h.Get("X-Ratelimit-Resource") == "graphql" }
