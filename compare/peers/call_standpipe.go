package peers

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/standpipe-go/standpipe/secret"
)

const standpipe = "github.com/standpipe-go/standpipe"

func standpipeCaller() compare.Caller {
	return compare.Caller{
		Subject: compare.Subject{Name: "Standpipe", Module: standpipe,
			Settings: "`client.New` with the credential, and `client.Call`; the defaults, but for the wait that backoff begins with, " +
				"and `WithTimeout` and `WithMaxBody` where the row names them."},
		Open: func(svc compare.Service) (compare.Do, error) {
			c, err := client.New(svc.URL, client.WithAuth(standpipeAuth(svc.Credential)),
				client.WithRetry(retry.Policy{Backoff: retry.FullJitter(svc.Wait, 0)}),
				client.WithTimeout(svc.Timeout), client.WithMaxBody(svc.MaxBody))
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, r compare.Request) (compare.Reply, error) {
				var meta client.Meta
				in := client.Request{Method: r.Method, Path: r.Path, Meta: &meta}
				if r.Body != nil {
					in.Body = client.Raw("application/json", r.Body)
				}
				body, err := client.Call[json.RawMessage](ctx, c, in)
				if e, ok := errors.AsType[*client.Error](err); ok {
					return compare.Reply{Status: e.Status}, err
				}
				return compare.Reply{Status: meta.Status, Body: body}, err
			}, nil
		},
	}
}

func standpipeAuth(c compare.Credential) client.Auth {
	key := secret.Static(c.Key)
	switch {
	case c.Query != "":
		return client.APIKeyQuery(c.Query, key)
	case c.Header != "":
		return client.APIKeyHeader(c.Header, key)
	}
	return client.Bearer(key)
}
