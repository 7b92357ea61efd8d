package client

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/stretchr/testify/require"
)

// sent is what a service sees of a request: two that are equal ask for the same.
type sent struct {
	Method, Path string
	Query        url.Values
	Auth         string
	Body         string
}

// sameRequests holds each of our requests to the one that an official SDK sends for the
// same, over the same server. What an SDK sends for "nothing" (null, {}) is nothing.
func sameRequests(t *testing.T, srv *clienttest.Server, pairs map[string][2]func() error) {
	t.Helper()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			before := srv.Count()
			require.NoError(t, pair[0]())
			require.Equal(t, before+1, srv.Count())
			ours := asSent(t, srv.Last())
			require.NoError(t, pair[1]())
			require.Greater(t, srv.Count(), before+1)
			theirs := asSent(t, srv.Requests()[before+1])
			require.Equal(t, theirs, ours)
		})
	}
}

func asSent(t *testing.T, r clienttest.Recorded) sent {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	s := sent{Method: r.Method, Path: u.EscapedPath(), Query: u.Query(), Auth: r.Header.Get("Authorization")}
	var body any
	if len(r.Body) > 0 {
		require.NoError(t, json.Unmarshal(r.Body, &body))
	}
	if m, ok := body.(map[string]any); ok && len(m) == 0 {
		body = nil
	}
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		s.Body = string(raw)
	}
	return s
}

// described makes every operation's call at a server that holds it to the service's own
// description, and fails where one is left out.
func described(t *testing.T, ops client.Operations, calls map[string]func(*testing.T) error) {
	t.Helper()
	for _, op := range ops {
		name := op.Info().Name
		t.Run(name, func(t *testing.T) {
			require.Contains(t, calls, name)
			require.NoError(t, calls[name](t))
		})
	}
}

// ignoring drops a result.
func ignoring[T any](_ T, err error) error { return err }
