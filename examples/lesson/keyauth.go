// Key authentication: the client has the key, and every request gets it. Nothing else of
// the program ever sees it.
//
//	1. Key authentication
//	   the service got Authorization: Bearer sk_demo_1
//	   with the headers of a visitor passed on, it got Bearer sk_demo_1
//	   redirected to another host, that got nothing
//	   Usually: headers from outside are laid over the client's own, Authorization among them.

package main

import (
	"cmp"
	"context"
	"net/http"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

const keyUsually = "headers from outside are laid over the client's own, Authorization among them."

func keyAuthentication(ctx context.Context, say printf) error {
	other := clienttest.Start(clienttest.JSON(200, `{}`))
	defer other.Close()
	service := clienttest.Start(clienttest.JSON(200, `{}`), clienttest.JSON(200, `{}`), clienttest.Redirect(302, other.URL))
	defer service.Close()

	// In an application: secret.Env("EXAMPLE_API_KEY"), or secret.File.
	api, err := client.New(service.URL, client.WithAuth(client.Bearer(secret.Static("sk_demo_1"))))
	if err != nil {
		return err
	}
	defer api.CloseIdleConnections()
	if _, err := client.Get[client.None](ctx, api, "/v1/account"); err != nil {
		return err
	}
	say("the service got Authorization: %s", service.Last().Header.Get("Authorization"))

	// A gateway passes on what a visitor has sent. The stack puts its own key in the
	// place of theirs.
	visitor := http.Header{"Authorization": {"Bearer of-the-visitor"}, "Accept-Language": {"de"}}
	if err := pass(ctx, api, service.URL+"/v1/account", visitor); err != nil {
		return err
	}
	say("with the headers of a visitor passed on, it got %s", service.Last().Header.Get("Authorization"))

	if err := pass(ctx, api, service.URL+"/v1/moved", visitor); err != nil {
		return err
	}
	say("redirected to another host, that got %s", cmp.Or(other.Last().Header.Get("Authorization"), "nothing"))
	return nil
}

// pass sends a request with somebody's headers, over the stack.
func pass(ctx context.Context, api *client.Client, url string, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header = header.Clone()
	resp, err := api.HTTPClient().Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
