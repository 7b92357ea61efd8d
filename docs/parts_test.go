package docs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/client/graphql"
	"github.com/standpipe-go/standpipe/client/httpcache"
	"github.com/standpipe-go/standpipe/client/ndjson"
	"github.com/standpipe-go/standpipe/client/poll"
	"github.com/standpipe-go/standpipe/secret"
)

type Shop struct {
	Shop struct {
		Name string `json:"name"`
	} `json:"shop"`
}

func shopName(ctx context.Context, api *client.Client, id string) (string, error) {
	got, err := graphql.Do[Shop](ctx, api, graphql.Request{
		Path: "/graphql", Query: `query($id: ID!) { shop(id: $id) { name } }`, Variables: map[string]string{"id": id},
	})
	if errors.Is(err, client.ErrNotFound) { // NOT_FOUND, inside a 200
		return "(none)", nil
	}
	return got.Shop.Name, err
}

func export(ctx context.Context, api *client.Client, w io.Writer) error {
	for order, err := range ndjson.Lines[Order](ctx, api, client.Request{Path: "/v1/export"}) {
		if err != nil {
			return err // also where the last line is cut off
		}
		fmt.Fprintln(w, order.ID)
	}
	return nil
}

type Job struct {
	Status string `json:"status"`
	URL    string `json:"url"`
}

func report(ctx context.Context, api *client.Client) (string, error) {
	job, err := client.Post[struct{ ID string }](ctx, api, "/v1/reports", nil)
	if err != nil {
		return "", err
	}
	done, err := poll.Until(ctx, api, client.Request{Path: "/v1/reports/" + client.PathEscape(job.ID)}, poll.Options{},
		func(j Job) poll.State {
			switch j.Status {
			case "succeeded":
				return poll.Done
			case "failed", "canceled":
				return poll.Failed
			}
			return poll.Running
		})
	return done.URL, err
}

func cachedAPI(url string, opts ...client.Option) (*client.Client, error) {
	cache := httpcache.New(httpcache.Config{StaleIfError: time.Hour})
	api, err := client.New(url, append(opts,
		client.WithAuth(client.Bearer(secret.Static("token"))),
		client.WithCallMiddleware(cache.Middleware))...)
	return api, err
}

func TestThePartsAreUsedAsTheGuideSays(t *testing.T) {
	t.Setenv("EXAMPLE_API_KEY", "sk_docs")
	for script, want := range map[string]string{
		`200 {"data":{"shop":{"name":"Acme"}}}`:                                           "Acme",
		`200 {"errors":[{"message":"no","extensions":{"code":"NOT_FOUND"}}],"data":null}`: "(none)",
	} {
		api, _ := exampleAPI(t, script)
		name, err := shopName(t.Context(), api, "1")
		require.NoError(t, err)
		require.Equal(t, want, name)
	}
	api, _ := exampleAPI(t, `200 {"id":"o_1"}`)
	require.NoError(t, export(t.Context(), api, io.Discard))
	synctest.Test(t, func(t *testing.T) {
		tr := clienttest.NewTransport(t, clienttest.MustParse(`202 {"id":"r_1"}, 2x 200 Retry-After=30 {"status":"running"}, 200 {"status":"succeeded","url":"https://example.com/r"}`)...)
		api, err := newExampleAPI(client.WithTransport(tr))
		require.NoError(t, err)
		url, err := report(t.Context(), api)
		require.NoError(t, err)
		require.Equal(t, "https://example.com/r", url)
	})
	synctest.Test(t, func(t *testing.T) {
		tr := clienttest.NewTransport(t, clienttest.MustParse(`200 Cache-Control=max-age=60 {"id":"c"}, 503`)...)
		api, err := cachedAPI("https://api.example.com", client.WithTransport(tr))
		require.NoError(t, err)
		for range 2 { // fresh, and then in place of the outage
			got, err := client.Get[Order](t.Context(), api, "/v1/orders/c")
			require.NoError(t, err)
			require.Equal(t, "c", got.ID)
			time.Sleep(2 * time.Minute)
		}
	})
}
